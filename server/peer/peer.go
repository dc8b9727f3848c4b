// Package peer talks with other peers directly, past the server (PROTOCOL.md
// section 6). The server says who is where and who may talk to whom; what is
// said it never sees.
//
// A [Peer] listens with a certificate of its own, which it makes anew for each
// run, has the directory list it, and takes whoever shows a ticket of the server's
// that is for it, for the certificate that is shown, in time, and the first time.
// Whom it wants to talk to itself it dials, unless a connection is open: both sides
// of one say what they like, and it doesn't matter who has dialed.
//
// # Order
//
// What is sent on a connection arrives in the order of the calls of Send, each
// message once. It is acknowledged when the other side's OnMessage has taken it,
// and then Send returns nil. A Send that fails after it has begun to write
// doesn't know whether the message arrived, unless it is a [Refused]; nothing is
// sent twice. Of two connections with one peer the newest is used to send.
//
// # Who may block
//
// OnMessage is called from its connection's one reader: while it blocks, nothing
// is read there, and the peer who sends has to wait. So it must not wait for a
// Send to the same peer, and it must return for Run to. OnPeer must not block, nor
// call the Peer. Send waits for the directory, the connection and the other side's
// acknowledgment, each for a bounded time. What somebody sends faster than
// messages may be posted in a room is read as slowly as that.
//
// # What others may take
//
// A connection that has not shown a good ticket has 10 s, from a PING on 65 s, and
// gets nothing but PONGs; there are 64 of these at most, 16 an address, and the
// oldest makes room. Of one name there are 4 connections, of all names 256. A
// connection holds one message, of 64 KiB at most. A peer that doesn't take what is
// written is gone after 10 s, one of which QUIC hears nothing after 15 s: QUIC
// itself asks after 5 s of silence, so that PINGs are only answered.
//
// # Shutdown
//
// When Run's context ends, the directory is told LEAVE, then every peer BYE, FIN;
// Run returns when all have heard it, or after some 3 s, and no goroutine is left.
package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/transport"
)

var (
	// ErrNotListed means that the directory doesn't list somebody, or not for us.
	ErrNotListed = errors.New("nobody of that name can be reached directly")
	// ErrSilent means that somebody who is listed has not answered in time.
	ErrSilent = errors.New("there is no answer")
	// ErrLost means that a connection ended without a word.
	ErrLost = errors.New("the connection was lost")
	// ErrLeft means that the other side has said BYE.
	ErrLeft = errors.New("the other side has left")
	// ErrClosed means that the Peer has left.
	ErrClosed = errors.New("this peer has left")
	// ErrBroken means that the other side doesn't keep to the protocol.
	ErrBroken = errors.New("the other side does not keep to the protocol")
)

// Refused is the other side's refusal of a ticket or a message.
type Refused struct{ Code int64 } // of PROTOCOL.md section 5

func (r *Refused) Error() string { return fmt.Sprintf("the other side refuses it (%d)", r.Code) }

const (
	dialWithin   = 10 * time.Second // the directory, the connection and HELLO together
	answerWithin = 30 * time.Second // a message
	helloWithin  = 10 * time.Second // from a connection's start
	askAgain     = 65 * time.Second // from a PING before HELLO to the next frame; the directory asks every 30 s
	writeWithin  = 10 * time.Second // a frame
	farewellTime = time.Second      // for the last words, and for the other side's FIN
)

// Directory is where peers find each other: a client.Client.
type Directory interface {
	Bind(ctx context.Context, address string, port uint16, fingerprint [32]byte) (client.Bound, error)
	Query(ctx context.Context, name string) ([]client.Reachable, error)
	Leave(ctx context.Context) error
	PeerTicket(ctx context.Context, name string, key [32]byte) (string, error)
}

// Message is what somebody has said.
type Message struct {
	From string
	Text string    // UTF-8, at most room.MaxText octets, control characters and all
	At   time.Time // by the sender's clock
	Seq  int64     // from 1 on a connection
}

// Config is what a Peer is made of.
type Config struct {
	Name      string // who is signed in at the directory
	Port      uint16 // UDP; 0: any that is free
	Address   string // at which others find the port; "": that of the session with the server
	DialOnly  bool   // it isn't listed, and takes nobody
	Directory Directory
	// OnMessage takes what was said, in its order of a connection; an error, or
	// nil for the function, refuses it.
	OnMessage func(Message) error
	// OnPeer is told when the first connection with somebody is open, and when the
	// last one is over; may be nil.
	OnPeer func(name string, here bool)
	Log    *slog.Logger // nil: none
}

// Peer is one who talks with others directly.
type Peer struct {
	config      Config
	sockets     *transport.PeerSockets
	cert        tls.Certificate
	fingerprint [32]byte
	tickets     tickets
	rebind      chan struct{}
	binding     sync.WaitGroup
	running     sync.WaitGroup

	over  context.Context // ends, by ErrClosed, when nothing is begun any more
	close context.CancelCauseFunc

	mu sync.Mutex
	conns
	dialing map[string]chan struct{} // closed when it is over
}

// Listen opens a peer's port. Its Run must be called, which does all else, and
// closes the port.
func Listen(ctx context.Context, config Config) (*Peer, error) {
	p := &Peer{config: config, rebind: make(chan struct{}, 1), conns: newConns(), dialing: make(map[string]chan struct{})}
	p.over, p.close = context.WithCancelCause(context.Background())
	if p.config.Log == nil {
		p.config.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	if p.cert, p.fingerprint, err = transport.NewPeerCertificate(); err != nil {
		return nil, err
	}
	if p.sockets, err = transport.OpenPeerSockets(ctx, config.Port); err != nil {
		return nil, err
	}
	if config.DialOnly {
		return p, nil
	}
	if err := p.sockets.Listen(p.cert); err != nil {
		p.sockets.Close()
		return nil, err
	}
	return p, nil
}

// Port is the one on which it listens.
func (p *Peer) Port() uint16 { return p.sockets.Port() }

// Run is the peer's life. It returns when ctx has ended and all is over.
func (p *Peer) Run(ctx context.Context) error {
	if !p.config.DialOnly {
		p.binding.Go(func() { p.bind(ctx) })
		p.begin(func() { p.acceptAll(ctx) })
	}
	<-ctx.Done()
	p.leave(ctx) // first, so that nobody finds it who is told BYE
	p.mu.Lock()
	p.close(ErrClosed)
	all := p.all()
	p.mu.Unlock()
	for _, c := range all {
		c.end(&ending{code: 410, sentence: p.config.Name + " has left.", why: ErrClosed})
	}
	p.running.Wait()
	return p.sockets.Close()
}

// begin runs something that Run waits for, unless it doesn't any more.
func (p *Peer) begin(run func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over.Err() != nil {
		return false
	}
	p.running.Go(run)
	return true
}

func (p *Peer) acceptAll(ctx context.Context) {
	for {
		net, err := p.sockets.Accept(ctx)
		if err != nil {
			return // ctx has ended
		}
		c := newConn(p, net)
		if !p.enter(c) {
			net.Close(0, "")
			return
		}
		p.begin(func() { c.serve(net.Accept) })
	}
}
