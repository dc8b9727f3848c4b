package servertest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
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

// Limit has the router send at most so many octets a second to this machine.
// What comes faster waits in one queue, whosever it is, and is dropped if it
// would wait longer than that (tc-tbf(8)).
func (m *Machine) Limit(rate int, wait time.Duration) {
	m.network.t.Helper()
	run(m.network.t, "", "ip", "netns", "exec", m.network.router, "tc", "qdisc", "replace", "dev", m.cable, "root",
		"tbf", "rate", fmt.Sprintf("%dbps", rate), "burst", "16kb", "latency", wait.String())
}

// Listen listens for TCP connections on this machine, at any free port.
func (m *Machine) Listen(t testing.TB) (l net.Listener) {
	t.Helper()
	err := within(m.namespace, func() (err error) {
		l, err = net.Listen("tcp4", net.JoinHostPort(m.address, "0"))
		return err
	})
	if err != nil {
		t.Fatalf("listening in a network of one's own: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Wire is a WebTransport session that notes in which order the octets of its
// channels come, packet by packet.
type Wire struct {
	transport.Session
	order *order
}

// Turn is what came of one channel with nothing of another in between.
type Turn struct {
	Channel int // in order of opening; 0 is the control channel
	Octets  int64
}

// OpenWire opens a WebTransport session from this machine.
func (m *Machine) OpenWire(t testing.TB, r *Room) *Wire {
	t.Helper()
	w := &Wire{order: &order{channels: make(map[quic.StreamID]int)}}
	var socket *net.UDPConn
	err := within(m.namespace, func() (err error) {
		socket, err = net.ListenUDP("udp4", nil)
		return err
	})
	if err != nil {
		t.Fatalf("opening a socket in a network of one's own: %v", err)
	}
	server := net.JoinHostPort(m.network.server.address, roomPort)
	via := &quic.Transport{Conn: socket}
	t.Cleanup(func() { via.Close(); socket.Close() })
	trust := r.Trust(t)
	trust.NextProtos, trust.ServerName = []string{http3.NextProtoH3}, RoomHost
	dialer := webtransport.Transport{
		TLSClientConfig:      trust,
		ApplicationProtocols: []string{transport.Protocol},
		QUICConfig: &quic.Config{
			EnableDatagrams:                  true,
			EnableStreamResetPartialDelivery: true,
			Tracer:                           func(context.Context, bool, quic.ConnectionID) qlogwriter.Trace { return frameTrace(w.order.see) },
		},
		DialAddr: func(ctx context.Context, _ string, trust *tls.Config, config *quic.Config) (*quic.Conn, error) {
			to, err := net.ResolveUDPAddr("udp4", server)
			if err != nil {
				return nil, err
			}
			return via.DialEarly(ctx, to, trust, config)
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	_, s, err := dialer.Dial(ctx, r.Rrp, nil)
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	t.Cleanup(func() { s.CloseWithError(0, "") })
	w.Session = narrowSession{s}
	return w
}

// Open opens a channel, and gives it its number.
func (w *Wire) Open(ctx context.Context) (transport.Channel, error) {
	c, err := w.Session.Open(ctx)
	if err != nil {
		return nil, err
	}
	w.order.number(c.(*narrowChannel).StreamID())
	return c, nil
}

// Turns is the order in which the channels' octets came so far.
func (w *Wire) Turns() []Turn {
	w.order.mu.Lock()
	defer w.order.mu.Unlock()
	return slices.Clone(w.order.turns)
}

// order is that in which streams' octets come.
type order struct {
	mu       sync.Mutex
	channels map[quic.StreamID]int
	turns    []Turn
}

func (o *order) number(id quic.StreamID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.channels[id] = len(o.channels)
}

func (o *order) see(frames []qlog.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range frames {
		stream, ok := f.Frame.(*qlog.StreamFrame)
		if !ok {
			continue
		}
		channel, ok := o.channels[stream.StreamID]
		if !ok {
			continue // HTTP's own
		}
		if n := len(o.turns); n == 0 || o.turns[n-1].Channel != channel {
			o.turns = append(o.turns, Turn{Channel: channel})
		}
		o.turns[len(o.turns)-1].Octets += stream.Length
	}
}
