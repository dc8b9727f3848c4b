// Package client speaks to a server as a program.
//
// A [Client] is for whoever wants to be in the room: it connects over what the
// network lets through, stays connected, and keeps a cursor in each [Topic]. A
// [Session] is one session over one connection, with a [Channel] a topic, for
// whoever wants to see each of them end.
//
// # Order
//
// A topic's messages are handed to the function that Open or Join was given, in
// the order of seq, each once, from one goroutine a topic, over any number of
// reconnects. Each was checked against the chain before. Posts of one Topic are
// sent in the order in which Post was called, and until they are answered again
// after each JOIN, always under the same client id, which the server counts
// once: so a post is neither lost nor doubled. Whoever waits for one Post before
// the next has them in that order in the log; of those that are on their way
// together a later one may overtake one that the server answered with 429 or 503.
//
// An [Outbox] keeps posts in a file, and sends those of a topic one at a time: so
// they are in the log in the order in which they were posted, over any number of
// restarts too, each once.
//
// # Who may block
//
// That function holds up its own topic only, its answers included: it must not
// wait for a Post in the same topic, nor for Close. Post waits for the server's
// answer, however often the connection is lost in between. What Config calls
// is called from goroutines that must not be held up, but for Ticket and the
// dialers, which end with their context. SignIn, Join, a Channel's Post, and what
// asks the directory wait for the server's answer or the session's end, Calculate for a
// time at most; a Client's Bind, Query, Leave, PeerTicket and Calculate for a session
// first. A Session's Finish waits for a second at most. An Outbox's Post waits for the
// disk only, and its Run for as long as it is to send.
//
// # What follows which end
//
//	POST /api/session/token    401             the end: nobody is signed in
//	                           anything else   a pause, after its Retry-After
//	BYE, ERR TOKEN             401             another token at once, if the last one was not had so
//	BYE                        410             the end: the account is deactivated
//	                           503 seconds     a pause, after so many seconds
//	                           anything else   a pause
//	ERR TOKEN                  429 seconds     too many sessions: as the BYE 503 that follows says
//	an opening that is refused                 a pause
//	silence                                    at once, over all transports; then a pause
//	a lost connection                          a pause
//	ERR JOIN                   404             the end of the topic
//	                           409             the topic begins anew
//	ERR JOIN, or of a channel  429, 503        a pause, after as many seconds as it says; JOIN again
//	ERR ATTACH                 401             as a lost connection
//	a channel's FIN, reset, silence            a pause; JOIN again where it was
//	a MESSAGE that isn't the next one          the same; once more there: the topic begins anew, after a pause
//	ERR of a POST              429, 503        it is sent again, after as many seconds as it says, or 2 s
//	                           anything else   the answer of Post
//
// A pause is drawn at random from 0 to 500 ms, doubled with each failure up to
// Config.MaxPause, and ends early with [Client.Nudge]. A session that has lived
// for 5 s starts the count of failures anew, and so does a topic's channel in
// that of its topic.
//
// The quick transport, raw QUIC where Config and ticket have it, else WebTransport,
// is tried alone for 400 ms, or for as long as the ticket took, up to 3 s, then a
// WebSocket beside it; the first that is ready spends the token. While a WebSocket
// is what works, the quick one is tried every 30 s, one try at a time, and taken
// when it has signed in.
//
// # Shutdown
//
// Close ends everything and waits until no goroutine is left. What was posted
// and not answered may have been accepted or not: the same id may be posted
// again.
package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"redroom/server/room"
)

// Config is what a Client is made of.
type Config struct {
	// Ticket asks for a ticket, as HTTPTickets does. An error in which errors.As
	// finds a *room.Error of code 401 means that nobody is signed in.
	Ticket func(ctx context.Context) (Ticket, error)
	// QUIC, WebTransport and WebSocket open connections; nil: never. Where QUIC is
	// set, and a ticket has a place of it, WebTransport isn't tried.
	QUIC, WebTransport, WebSocket Dialer

	MaxPause time.Duration  // between two tries; 0: 8 s
	Jitter   func() float64 // 0 to 1; nil: random

	// OnState is called with each new state, in their order; may be nil.
	OnState func(State)
	// OnRoom is called with the room's state, in its order: WATCH when it begins
	// anew, DEAL, TOPIC, UNREAD and PRESENCE, and ACK when all that exists was
	// told. May be nil.
	OnRoom func(typ string, fields []string, payload []byte)
}

const (
	ticketWithin = 10 * time.Second
	signInWithin = 10 * time.Second
	steady       = 5 * time.Second // a session or a channel that lived so long is no failure
)

// Client stays connected until it is closed, or until the server says that this
// sign-in is over.
type Client struct {
	config  Config
	ctx     context.Context // ends with the client; its cause is Err
	end     context.CancelCauseFunc
	news    chan struct{} // of the network
	running sync.WaitGroup

	// Of the one goroutine that connects.
	ticket       Ticket    // the last one
	primary      *try      // by the quick transport, under way
	primaryBegan time.Time // the last one
	blocked      bool      // a WebSocket got through where the quick transport had not
	silenced     bool      // the last session fell silent

	telling sync.Mutex // one call of OnRoom at a time

	mu      sync.Mutex
	state   State
	session *Session          // that topics use; nil: none is open
	changed chan struct{}     // closed with the next change of session
	topics  map[string]*Topic // that are open, the last one of each id
}

// Connect makes a client, which connects from now on.
func Connect(config Config) *Client {
	if config.MaxPause == 0 {
		config.MaxPause = maxPause
	}
	if config.Jitter == nil {
		config.Jitter = rand.Float64
	}
	c := &Client{config: config, news: make(chan struct{}, 1), changed: make(chan struct{}), topics: make(map[string]*Topic)}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.running.Go(func() {
		err := c.run(c.ctx)
		c.say(State{Phase: Ended, Err: err})
		c.end(err)
	})
	return c
}

// State is what the client is at.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Done is closed when the client has ended for good; Err says why.
func (c *Client) Done() <-chan struct{} { return c.ctx.Done() }

// Err is room.ErrSessionEnded, room.ErrDeactivated or ErrClosed; nil while the
// client lives.
func (c *Client) Err() error { return context.Cause(c.ctx) }

// Nudge says that there is news of the network or of this computer: it is tried
// at once what would be tried later, and what is open is asked whether it lives.
func (c *Client) Nudge() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Close leaves for good and waits until all goroutines have ended.
func (c *Client) Close() {
	c.mu.Lock() // no topic is opened after it
	c.end(ErrClosed)
	c.mu.Unlock()
	c.running.Wait()
}

var (
	errTicket = errors.New("no ticket")
	errNews   = errors.New("there is news of the network")
)

// run connects again and again, and says why it doesn't any more.
func (c *Client) run(ctx context.Context) error {
	failures, renewed := 0, false
	for {
		err := c.connect(ctx)
		var lost *lostSession
		if errors.As(err, &lost) && lost.lived >= steady {
			failures, renewed = 0, false
		}
		code := codeOf(err)
		c.silenced = errors.Is(err, errSilent)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case code == 401 && errors.Is(err, errTicket):
			return room.ErrSessionEnded
		case code == 410 && !errors.Is(err, errTicket):
			return room.ErrDeactivated
		case errors.Is(err, errNews):
			c.blocked = false
			continue
		case code == 401 && !renewed:
			renewed = true
			continue
		case c.silenced && failures == 0: // it has taken long enough
			c.say(State{Phase: Waiting, Err: err})
			failures++
			continue
		}
		renewed = false
		c.say(State{Phase: Waiting, Err: err})
		if pause(ctx, waitFor(err)+backoff(failures, c.config.MaxPause, c.config.Jitter), c.news) {
			c.blocked = false // what was known of the network may no longer be so
		}
		failures++
	}
}

// connect opens a session, from its ticket on, and holds it until its end.
func (c *Client) connect(ctx context.Context) error {
	c.say(State{Phase: Connecting})
	defer c.givePrimaryUp()
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	return &lostSession{c.hold(ctx, l), time.Since(began)}
}

// lostSession is the end of a session that was open.
type lostSession struct {
	why   error
	lived time.Duration
}

func (l *lostSession) Error() string { return l.why.Error() }
func (l *lostSession) Unwrap() error { return l.why }

// open gets a ticket, a connection and a signed-in session. News of the network
// ends it.
func (c *Client) open(ctx context.Context) (*live, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		select {
		case <-c.news:
			cancel(errNews)
		case <-ctx.Done():
		}
	})
	defer listening.Wait()
	defer cancel(nil)

	ticket, err := c.askTicket(ctx)
	if err == nil {
		c.ticket = ticket
		var l link
		if l, err = c.race(ctx, ticket); err == nil {
			var opened *live
			if opened, err = c.enter(ctx, l, ticket.Token); err == nil {
				return opened, nil
			}
		}
	}
	if errors.Is(context.Cause(ctx), errNews) {
		return nil, errNews
	}
	return nil, err
}

func (c *Client) askTicket(ctx context.Context) (Ticket, error) {
	ctx, cancel := context.WithTimeout(ctx, ticketWithin)
	defer cancel()
	asked := time.Now()
	t, err := c.config.Ticket(ctx)
	if err != nil {
		return t, fmt.Errorf("%w: %w", errTicket, err)
	}
	t.came, t.took = time.Now(), time.Since(asked)
	return t, nil
}

// enter signs in on a connection, and closes it if that fails.
func (c *Client) enter(ctx context.Context, l link, token string) (*live, error) {
	ctx, cancel := context.WithTimeout(ctx, signInWithin)
	defer cancel()
	s := New(l.conn)
	user, err := s.SignIn(ctx, token)
	if err == nil {
		return &live{Session: s, user: user, fallback: l.fallback, doubts: make(chan struct{}, 1)}, nil
	}
	var refusal *Refused
	if errors.As(err, &refusal) { // a BYE follows, which says more
		select {
		case <-s.Done():
		case <-ctx.Done():
		}
	}
	var bye *Bye
	if errors.As(s.Err(), &bye) {
		err = bye
	}
	c.drop(s)
	return nil, err
}

// say notes a new state and tells it.
func (c *Client) say(s State) {
	c.mu.Lock()
	c.state = s
	c.mu.Unlock()
	if c.config.OnState != nil {
		c.config.OnState(s)
	}
}
