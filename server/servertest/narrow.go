package servertest

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/quic-go/webtransport-go"

	"redroom/server/transport"
)

// Narrow is a session whose channels take few octets that nobody has read, so
// that the server's writes stall there, and that is told when they do.
type Narrow struct {
	*Session
	blocked *blocked
}

// EnterNarrow opens a session as whom the API is. A channel takes so many octets
// that were not read.
func (r *Room) EnterNarrow(t testing.TB, as *API, window uint64) *Narrow {
	t.Helper()
	trust := r.Trust(t)
	trust.NextProtos = []string{http3.NextProtoH3}
	n := &Narrow{blocked: newBlocked()}
	dialer := webtransport.Transport{
		TLSClientConfig:      trust,
		ApplicationProtocols: []string{transport.Protocol},
		QUICConfig: &quic.Config{
			EnableDatagrams:                  true,
			EnableStreamResetPartialDelivery: true,
			InitialStreamReceiveWindow:       window,
			MaxStreamReceiveWindow:           window,
			Tracer: func(context.Context, bool, quic.ConnectionID) qlogwriter.Trace {
				return frameTrace(n.blocked.see)
			},
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	_, s, err := dialer.Dial(ctx, r.Rrp, nil)
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	t.Cleanup(func() { s.CloseWithError(0, "") })
	n.Session = &Session{Session: narrowSession{s}}
	n.SignIn(t, as)
	return n
}

// AwaitReset returns when the server has reset the channel. Nobody reads meanwhile,
// so that nothing is on its way that was not when this was called.
func (n *Narrow) AwaitReset(t testing.TB, c *Channel) {
	t.Helper()
	timeout := time.After(Patience)
	for id := c.Channel.(*narrowChannel).StreamID(); ; {
		reset, more := n.blocked.reset(id)
		if reset {
			return
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatal("the server did not reset the channel")
		}
	}
}

// AwaitBlocked returns when the server has written more to the channel than was
// read of it, and can write no more.
func (n *Narrow) AwaitBlocked(t testing.TB, c *Channel) {
	t.Helper()
	timeout := time.After(Patience)
	for stream := c.Channel.(*narrowChannel); ; {
		at, more := n.blocked.of(stream.StreamID())
		if at > stream.read {
			return
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("the server was stopped at octet %d; %d were read", at, stream.read)
		}
	}
}

type narrowSession struct{ *webtransport.Session }

func (s narrowSession) Transport() string      { return "WebTransport" }
func (s narrowSession) Remote() netip.AddrPort { return netip.AddrPort{} }

func (s narrowSession) Accept(ctx context.Context) (transport.Channel, error) {
	stream, err := s.AcceptStream(ctx)
	return &narrowChannel{Stream: stream}, err
}

func (s narrowSession) Open(ctx context.Context) (transport.Channel, error) {
	stream, err := s.OpenStreamSync(ctx)
	return &narrowChannel{Stream: stream}, err
}

func (s narrowSession) Close(code transport.Code, sentence string) error {
	return s.CloseWithError(webtransport.SessionErrorCode(code), sentence)
}

// narrowChannel counts what is read.
type narrowChannel struct {
	*webtransport.Stream
	read int64
}

var _ io.Reader = (*narrowChannel)(nil)

func (c *narrowChannel) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	c.read += int64(n)
	return n, err
}

func (c *narrowChannel) CloseWrite() error { return c.Stream.Close() }

func (c *narrowChannel) CloseSession(transport.Code, string) error { return c.Stream.Close() }

func (c *narrowChannel) Reset(code transport.Code) {
	c.CancelRead(webtransport.StreamErrorCode(code))
	c.CancelWrite(webtransport.StreamErrorCode(code))
}

// blocked is up to which octet of each stream the server wrote when it said that
// flow control lets it write no more (RFC 9000 section 19.13), and which ones it
// reset.
type blocked struct {
	mu     sync.Mutex
	at     map[quic.StreamID]int64
	resets map[quic.StreamID]bool
	more   chan struct{} // closed with each
}

func newBlocked() *blocked {
	return &blocked{at: make(map[quic.StreamID]int64), resets: make(map[quic.StreamID]bool), more: make(chan struct{})}
}

func (b *blocked) reset(id quic.StreamID) (reset bool, more <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.resets[id], b.more
}

func (b *blocked) of(id quic.StreamID) (at int64, more <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at[id], b.more
}

func (b *blocked) see(frames []qlog.Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range frames {
		switch f := f.Frame.(type) {
		case *qlog.StreamDataBlockedFrame:
			b.at[f.StreamID] = max(b.at[f.StreamID], int64(f.MaximumStreamData))
		case *qlog.ResetStreamFrame:
			b.resets[f.StreamID] = true
		default:
			continue
		}
		close(b.more)
		b.more = make(chan struct{})
	}
}
