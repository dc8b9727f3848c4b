package transport

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"
)

// ServeQUIC hands a connection that has negotiated Protocol to serve, as a
// session, and closes it when serve returns.
func ServeQUIC(conn *quic.Conn, serve func(Session)) {
	s := quicSession{conn, ConnectionID(conn), make(datagrams, datagramsWaiting)}
	var sending sync.WaitGroup
	sending.Go(func() { s.waiting.sendAll(conn) })
	serve(s)
	s.Close(0, "")
	sending.Wait()
}

// quicSession is a raw QUIC connection.
type quicSession struct {
	conn    *quic.Conn
	id      string
	waiting datagrams // at the server; else nil
}

func (s quicSession) Transport() string        { return "QUIC" }
func (s quicSession) ConnectionID() string     { return s.id }
func (s quicSession) Remote() netip.AddrPort   { return addrPort(s.conn.RemoteAddr()) }
func (s quicSession) Context() context.Context { return s.conn.Context() }

func (s quicSession) Accept(ctx context.Context) (Channel, error) {
	stream, err := s.conn.AcceptStream(ctx)
	if err != nil {
		return nil, fmt.Errorf("accepting a channel: %w", err)
	}
	return quicChannel{stream}, nil
}

func (s quicSession) Open(ctx context.Context) (Channel, error) {
	stream, err := s.conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	return quicChannel{stream}, nil
}

func (s quicSession) SendDatagram(octets []byte) error {
	if s.waiting == nil {
		return s.conn.SendDatagram(octets)
	}
	s.waiting.add(octets)
	return nil
}

func (s quicSession) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return s.conn.ReceiveDatagram(ctx)
}

func (s quicSession) Close(code Code, sentence string) error {
	return s.conn.CloseWithError(quic.ApplicationErrorCode(code), sentence)
}

type quicChannel struct{ *quic.Stream }

func (c quicChannel) CloseWrite() error { return c.Stream.Close() }

func (c quicChannel) CloseSession(Code, string) error { return c.Stream.Close() }

func (c quicChannel) Reset(code Code) {
	c.CancelRead(quic.StreamErrorCode(code))
	c.CancelWrite(quic.StreamErrorCode(code))
}

// End is how a QUIC connection ended.
type End struct {
	Code   uint64 // the application's or QUIC's own; 0: none was given
	Reason string // in maxEnd octets at most: it may be a stranger's words, for a log
	Remote bool   // the other side ended it
}

const maxEnd = 200

// EndOf is how a connection ended that is over. One on which nothing came for the
// smaller one of both sides' idle timeouts has no code.
func EndOf(conn *quic.Conn) End {
	end := endOf(context.Cause(conn.Context()))
	end.Reason = end.Reason[:min(len(end.Reason), maxEnd)]
	return end
}

func endOf(why error) End {
	var application *quic.ApplicationError
	var transport *quic.TransportError
	switch {
	case errors.As(why, &application):
		return End{uint64(application.ErrorCode), application.ErrorMessage, application.Remote}
	case errors.As(why, &transport):
		return End{uint64(transport.ErrorCode), transport.Error(), transport.Remote}
	}
	return End{Reason: fmt.Sprint(why)}
}

// idKey is where a connection's context has its *connectionID.
type idKey struct{}

// connectionID is the id that the client gave a connection in its first packet
// (RFC 9000 section 7.2), which both sides know it by.
type connectionID struct{ hex string }

// ConnectionID is the id of a connection that a QUIC has accepted, in hex.
func ConnectionID(conn *quic.Conn) string {
	if id, ok := conn.Context().Value(idKey{}).(*connectionID); ok {
		return id.hex
	}
	return ""
}

// withID gives a connection a place for its id, which noteID fills.
func withID(ctx context.Context) context.Context {
	return context.WithValue(ctx, idKey{}, new(connectionID))
}

// noteID is a quic.Config's Tracer that traces nothing.
func noteID(ctx context.Context, _ bool, id quic.ConnectionID) qlogwriter.Trace {
	if noted, ok := ctx.Value(idKey{}).(*connectionID); ok {
		noted.hex = id.String()
	}
	return nil
}
