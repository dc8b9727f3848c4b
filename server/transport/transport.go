// Package transport makes sessions and channels of whatever carries them, so
// that nothing above it knows which it is (PROTOCOL.md section 2).
//
// A [Session] is one connection of one client; a [Channel] is an ordered,
// reliable byte stream in it. Channels come in the order in which they arrive,
// which is not always that in which they were opened. Whoever opens a channel
// writes first. A slow channel never holds up another one.
//
// # Who may block
//
// Accept waits for a channel, Read for octets, Write for the receiver's flow
// control. All of them end when the session does; a deadline or Reset ends
// Read and Write of one channel earlier. One goroutine may read and one may
// write a channel at a time; deadlines, Reset and Close may come from any.
//
// # Shutdown
//
// Close ends the session and everything in it at once. What was to be said
// must have been said, and its FIN sent, before.
//
// # The transports
//
// WebTransport (webtransport.go) is what browsers use where UDP gets through, raw
// QUIC (rawquic.go) what programs do, and WebSocket (websocket.go) is for both
// where it doesn't. The UDP socket is shared by ALPN (quic.go), which is where
// another protocol on QUIC has its place. Peers among themselves, and the
// directory that looks whether they are there, have QUIC sockets of their own
// (peer.go): no session of the room is on them.
//
// On WebTransport and raw QUIC a channel is a stream, and FIN ends one direction
// of it. On a WebSocket it is a connection, FIN is its close frame, and ends both.
package transport

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"
)

// Code is the application's reason for an end: 400, 401, 404, 410 or 503 of
// PROTOCOL.md section 5; 0 where there is none to give.
type Code uint32

// ErrNoDatagrams means that a transport has none: what may be lost goes over a
// channel.
var ErrNoDatagrams = errors.New("the transport has no datagrams")

// Session is one connection of one client.
type Session interface {
	// Transport is its name as people read it, such as "WebTransport".
	Transport() string
	// Remote is the client's address.
	Remote() netip.AddrPort
	// Accept waits for the next channel that the other side opens.
	Accept(ctx context.Context) (Channel, error)
	// Open opens a channel; it waits where the other side's limit is reached.
	Open(ctx context.Context) (Channel, error)
	// SendDatagram sends octets that may be lost, or fails with ErrNoDatagrams.
	// At the server it doesn't wait.
	SendDatagram(octets []byte) error
	// ReceiveDatagram waits for the next ones.
	ReceiveDatagram(ctx context.Context) ([]byte, error)
	// Close ends the session. The sentence may not arrive, nor the code.
	Close(code Code, sentence string) error
	// Context ends with the session.
	Context() context.Context
}

// Named is a Session that knows at the server what the client calls itself, in a
// request's User-Agent (RFC 9110 section 10.1.5).
type Named interface {
	Agent() string
}

// Identified is a Session on a QUIC connection of its own, which both sides know
// by the same id.
type Identified interface {
	// ConnectionID is that id in hex; it never changes.
	ConnectionID() string
}

// Channel is one ordered, reliable byte stream.
type Channel interface {
	io.Reader
	io.Writer
	// CloseWrite says FIN: what was written before still arrives.
	CloseWrite() error
	// CloseSession is CloseWrite of the channel that the session ends with. It
	// tells how, where FIN has a place for it: on a WebSocket.
	CloseSession(code Code, sentence string) error
	// Reset ends both directions at once; what was written before may not
	// arrive. Once the session ends, it waits for that.
	Reset(code Code)
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Network is what counts as one address: a /64 in IPv6.
func Network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address at all, as of a test's pipe
	}
	return p
}
