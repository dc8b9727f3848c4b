package session_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"redroom/server/transport"
)

// pipe is a transport in memory, so that a test can let time pass at once. It
// is a session's one side; channels are two pipes each, one a direction.
type pipe struct {
	ctx      context.Context
	cancel   context.CancelFunc
	incoming chan transport.Channel
	other    *pipe

	datagrams chan []byte

	mu       sync.Mutex
	channels []*pipeChannel
	closed   transport.Code // what Close was given first
}

func newPipe() (client, server *pipe) {
	ctx, cancel := context.WithCancel(context.Background())
	client = &pipe{ctx: ctx, cancel: cancel, incoming: make(chan transport.Channel, 16), datagrams: make(chan []byte, 16)}
	server = &pipe{ctx: ctx, cancel: cancel, incoming: make(chan transport.Channel, 16), datagrams: make(chan []byte, 16), other: client}
	client.other = server
	return client, server
}

func (p *pipe) Transport() string        { return "pipe" }
func (p *pipe) Remote() netip.AddrPort   { return netip.MustParseAddrPort("127.0.0.1:1") }
func (p *pipe) Context() context.Context { return p.ctx }

func (p *pipe) Accept(ctx context.Context) (transport.Channel, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ctx.Done():
		return nil, errPipeClosed
	}
}

var errPipeClosed = errors.New("the pipe is closed")

func (p *pipe) Open(context.Context) (transport.Channel, error) {
	toServer, fromClient := net.Pipe()
	toClient, fromServer := net.Pipe()
	ours := &pipeChannel{in: fromServer, out: toServer}
	theirs := &pipeChannel{in: fromClient, out: toClient}
	p.keep(ours)
	p.other.keep(theirs)
	p.other.incoming <- theirs
	return ours, nil
}

func (p *pipe) SendDatagram(octets []byte) error {
	select {
	case p.other.datagrams <- octets:
	default: // lost
	}
	return nil
}

func (p *pipe) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	select {
	case octets := <-p.datagrams:
		return octets, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ctx.Done():
		return nil, errPipeClosed
	}
}

func (p *pipe) keep(c *pipeChannel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.channels = append(p.channels, c)
}

func (p *pipe) Close(code transport.Code, _ string) error {
	if p.ctx.Err() == nil {
		p.closed = code
	}
	p.cancel()
	for _, side := range []*pipe{p, p.other} {
		side.mu.Lock()
		for _, c := range side.channels {
			c.Reset(code)
		}
		side.mu.Unlock()
	}
	return nil
}

type pipeChannel struct {
	in, out net.Conn
	cut     atomic.Bool // what was being written then was interrupted
}

func (c *pipeChannel) Read(b []byte) (int, error)        { return c.in.Read(b) }
func (c *pipeChannel) Write(b []byte) (int, error)       { return c.out.Write(b) }
func (c *pipeChannel) CloseWrite() error                 { return c.out.Close() }
func (c *pipeChannel) SetReadDeadline(t time.Time) error { return c.in.SetReadDeadline(t) }
func (c *pipeChannel) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(time.Now()) {
		c.cut.Store(true)
	}
	return c.out.SetWriteDeadline(t)
}

func (c *pipeChannel) CloseSession(transport.Code, string) error { return c.out.Close() }

func (c *pipeChannel) Reset(transport.Code) {
	c.in.Close()
	c.out.Close()
}

var _ io.ReadWriter = (*pipeChannel)(nil)
