package probe

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"redroom/server/transport"
)

// Talking is what is to be sent, and where to what comes back.
type Talking struct {
	Server    string // HOST:PORT
	Trust     *tls.Config
	In        io.Reader
	Out       io.Writer
	Connected func(at string) // is told of the server's address
}

// Talk sends an input to a server on one stream, and writes what comes back to its
// output, until the end of both. It gives the octets that came back.
func Talk(ctx context.Context, t Talking) (octets int64, err error) {
	conn, err := transport.DialEcho(ctx, t.Server, t.Trust)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Abort)()
	if _, _, err := conn.Established(ctx); err != nil {
		return 0, err
	}
	t.Connected(conn.Remote().String())
	stream, err := conn.Open(ctx)
	if err != nil {
		return 0, err
	}

	var sent atomic.Pointer[sum] // when all is
	go func() {
		s := newSum()
		if _, err := io.Copy(io.MultiWriter(s, stream), t.In); err != nil {
			stream.Reset(0) // and reading tells why
			return
		}
		sent.Store(s)
		stream.CloseWrite()
	}()
	back := newSum()
	if _, err := io.Copy(io.MultiWriter(back, t.Out), stream); err != nil {
		return back.octets, fmt.Errorf("reading the echo: %w", err)
	}
	if s := sent.Load(); s == nil || s.octets != back.octets || [32]byte(s.Sum(nil)) != [32]byte(back.Sum(nil)) {
		return back.octets, ErrChanged
	}
	return back.octets, nil
}

// sum is of octets that were written to it.
type sum struct {
	hash.Hash
	octets int64
}

func newSum() *sum { return &sum{Hash: sha256.New()} }

func (s *sum) Write(p []byte) (int, error) {
	s.octets += int64(len(p))
	return s.Hash.Write(p)
}
