// Package probe finds out what the network does to what is sent to a server, by the
// server's echo: how long a handshake takes and how long an echo, whether a session
// resumes, whether a connection outlives a change of address. Everything that comes
// back is compared with what was sent.
//
// Both functions wait for the network as long as their context lets them, and for a
// server that has fallen silent some 10 s. They close what they open, and return when
// nothing runs any more, but for Talk's reading of its input, which nobody can end.
package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"redroom/server/transport"
)

// ErrChanged means that something else came back than was sent.
var ErrChanged = errors.New("what came back is not what was sent")

// Config says what is to be measured.
type Config struct {
	Server  string // HOST:PORT
	Trust   *tls.Config
	Count   int  // of echoes, one after the other on one stream
	Size    int  // of each, in octets
	Migrate bool // go on from another UDP port after half of them
}

// Result is what was found. All times are in milliseconds.
type Result struct {
	Server    string     `json:"server"` // its address
	Handshake float64    `json:"handshakeMilliseconds"`
	Count     int        `json:"count"`
	Size      int        `json:"size"`
	RoundTrip Spread     `json:"roundTripMilliseconds"`
	Migration *Migration `json:"migration,omitempty"`
	Again     Again      `json:"again"`
}

// Spread is how times are spread.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
}

// Migration is a change of this side's UDP port.
type Migration struct {
	From  uint16 `json:"fromPort"`
	To    uint16 `json:"toPort"`
	After int    `json:"after"` // so many echoes
}

// Again is a second connection, opened with what the first has left.
type Again struct {
	Resumed   bool    `json:"resumed"`               // no certificate was sent once more
	Early     bool    `json:"zeroRTT"`               // what was sent before the server's answer was taken
	FirstEcho float64 `json:"firstEchoMilliseconds"` // from dialing to the first echo's end
}

// Measure opens two connections, one after the other.
func Measure(ctx context.Context, c Config) (Result, error) {
	trust := c.Trust.Clone()
	trust.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if trust.ServerName == "" { // the second connection is dialed by number
		trust.ServerName, _, _ = net.SplitHostPort(c.Server)
	}
	result := Result{Count: c.Count, Size: c.Size}
	if err := c.first(ctx, trust, &result); err != nil {
		return Result{}, err
	}
	if err := c.again(ctx, trust, &result); err != nil {
		return Result{}, fmt.Errorf("once more: %w", err)
	}
	return result, nil
}

// first has a full handshake, and all echoes.
func (c Config) first(ctx context.Context, trust *tls.Config, result *Result) error {
	began := time.Now()
	conn, err := transport.DialEcho(ctx, c.Server, trust)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Abort)()
	if _, _, err := conn.Established(ctx); err != nil {
		return err
	}
	result.Handshake = milliseconds(time.Since(began))
	result.Server = conn.Remote().String()

	stream, err := conn.Open(ctx)
	if err != nil {
		return err
	}
	took := make([]time.Duration, c.Count)
	for i := range took {
		if c.Migrate && i == c.Count/2 {
			result.Migration = &Migration{From: conn.Port(), After: i}
			if err := conn.Migrate(ctx); err != nil {
				return err
			}
			result.Migration.To = conn.Port()
		}
		if took[i], err = echo(stream, c.Size); err != nil {
			return fmt.Errorf("echo %d of %d: %w", i+1, c.Count, err)
		}
	}
	result.RoundTrip = spread(took)
	return end(stream)
}

// again sends one echo as soon as it can.
func (c Config) again(ctx context.Context, trust *tls.Config, result *Result) error {
	began := time.Now()
	conn, err := transport.DialEcho(ctx, result.Server, trust)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Abort)()
	err = c.echoOnce(ctx, conn)
	if conn.Refused(err) {
		if err = conn.Again(ctx); err == nil {
			err = c.echoOnce(ctx, conn)
		}
	}
	if err != nil {
		return err
	}
	result.Again.FirstEcho = milliseconds(time.Since(began))
	result.Again.Resumed, result.Again.Early, err = conn.Established(ctx)
	return err
}

func (c Config) echoOnce(ctx context.Context, conn *transport.EchoConn) error {
	stream, err := conn.Open(ctx)
	if err != nil {
		return err
	}
	if _, err := echo(stream, c.Size); err != nil {
		return err
	}
	return end(stream)
}

// echo sends octets, and has them back after so long. It reads while it writes: no
// side keeps all of them.
func echo(stream transport.Channel, size int) (time.Duration, error) {
	sent, back := make([]byte, size), make([]byte, size)
	rand.Read(sent)
	began := time.Now()
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write(sent)
		written <- err
	}()
	_, err := io.ReadFull(stream, back)
	if err != nil {
		stream.Reset(0)
	}
	if failed := <-written; err == nil {
		err = failed
	}
	took := time.Since(began)
	if err == nil && !bytes.Equal(sent, back) {
		err = ErrChanged
	}
	return took, err
}

// end sends the FIN of a stream, which comes back, too.
func end(stream transport.Channel) error {
	if err := stream.CloseWrite(); err != nil {
		return fmt.Errorf("ending a stream: %w", err)
	}
	switch n, err := io.Copy(io.Discard, stream); {
	case err != nil:
		return fmt.Errorf("waiting for the end of a stream: %w", err)
	case n > 0:
		return ErrChanged
	}
	return nil
}

// spread is that of one time at least.
func spread(took []time.Duration) Spread {
	slices.Sort(took)
	at := func(share float64) float64 { return milliseconds(took[int(share*float64(len(took)-1)+0.5)]) }
	return Spread{Min: at(0), Median: at(0.5), P99: at(0.99)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
