package directory_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/directory"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

var print = strings.Repeat("ab", 32)

// peers answer, or don't, and count how often they are asked.
type peers struct {
	silent atomic.Bool

	mu      sync.Mutex
	asked   []time.Time
	at      netip.AddrPort // the last one that was dialed
	open    int
	dialed  int
	conns   []*conn
	waiting int // from being dialed, or asked again, to the answer
	atOnce  int // of these at most
}

// conn is a connection with a peer.
type conn struct {
	transport.Session
	peers  *peers
	closed chan struct{}
	close  func()
	waits  bool
}

func (p *peers) dial(_ context.Context, at netip.AddrPort, _ [32]byte) (transport.PeerConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	p.open++
	p.dialed++
	c := &conn{peers: p, closed: make(chan struct{})}
	p.conns = append(p.conns, c)
	c.wait()
	c.close = sync.OnceFunc(func() {
		close(c.closed)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open--
		c.answered()
	})
	return transport.PeerConn{Session: c}, nil
}

// wait and answered count who waits for an answer, once a connection. They are called
// with the lock held.
func (c *conn) wait() {
	if !c.waits {
		c.waits = true
		c.peers.waiting++
		c.peers.atOnce = max(c.peers.atOnce, c.peers.waiting)
	}
}

func (c *conn) answered() {
	if c.waits {
		c.waits = false
		c.peers.waiting--
	}
}

// answer says PONG to each PING, unless the peers are silent.
func (c *conn) answer(from io.Reader, to io.Writer) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		p := c.peers
		p.mu.Lock()
		p.asked = append(p.asked, time.Now())
		c.wait()
		silent := p.silent.Load()
		if !silent {
			c.answered()
		}
		p.mu.Unlock()
		if !silent {
			io.WriteString(to, strings.Replace(lines.Text(), "PING", "PONG", 1)+"\n")
		}
	}
}

func (c *conn) Open(context.Context) (transport.Channel, error) {
	ours, theirs := net.Pipe()
	go func() {
		<-c.closed
		ours.Close()
		theirs.Close()
	}()
	go c.answer(theirs, theirs)
	return channel{ours}, nil
}

func (c *conn) Close(transport.Code, string) error { c.close(); return nil }

type channel struct{ net.Conn }

func (channel) CloseWrite() error                         { return nil }
func (channel) CloseSession(transport.Code, string) error { return nil }
func (channel) Reset(transport.Code)                      {}

// counted is when peers were asked, and how many at most at once, since it was
// called last.
func (p *peers) counted() (asked []time.Time, atOnce int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, atOnce = p.asked, p.atOnce
	p.asked, p.atOnce = nil, 0
	return asked, atOnce
}

// left is how many connections are open.
func (p *peers) left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// inTime runs a test with so many users in one deal, u0000 and on, where time
// passes when everybody waits for it.
func inTime(t *testing.T, users int, from []netip.Prefix, test func(t *testing.T, d *directory.Directory, p *peers, changes func() int)) {
	var all []room.User
	deal := room.Deal{ID: "deal000000000001", Name: "Deal", Open: true, History: room.HistoryAll, Members: make(map[string]room.Membership)}
	for i := range users {
		all = append(all, room.User{Name: name(i), Display: "U", Role: room.Member, Active: true})
		deal.Members[name(i)] = room.Membership{}
	}
	state := room.NewState(all, []room.Deal{deal}, nil, nil)
	synctest.Test(t, func(t *testing.T) {
		_, key, _ := ed25519.GenerateKey(nil)
		p := new(peers)
		var changes atomic.Int64
		d := directory.New(directory.Config{
			State: func() *room.State { return state }, Key: key, Dial: p.dial, From: from,
			Changed: func(string) { changes.Add(1) }, Log: slog.New(slog.DiscardHandler),
		})
		test(t, d, p, func() int { return int(changes.Load()) })
		d.Close()
		if n := p.left(); n > 0 {
			t.Errorf("%d connections are left open", n)
		}
	})
}

func name(i int) string { return fmt.Sprintf("u%04d", i) }

// bind is a BIND of the session of a user from an address.
func bind(ctx context.Context, e *directory.Entry, from, address string) error {
	look, err := e.Bind(ctx, netip.MustParseAddr(from), address, "2000", print)
	if err == nil {
		_, _, err = look()
	}
	return err
}

// However many come at once, as after the server's restart, they are looked at
// spread over the round; when all of them stop, all are gone within it, and the
// directory keeps nothing when all have left.
func TestAThousandAreLookedAtSpreadOut(t *testing.T) {
	const users, round, bindTime = 1000, 30 * time.Second, 3 * time.Second
	inTime(t, users, nil, func(t *testing.T, d *directory.Directory, p *peers, changes func() int) {
		var entries []*directory.Entry
		var binding sync.WaitGroup
		for i := range users {
			e := d.Enter(room.NewActor(name(i), ""))
			entries = append(entries, e)
			binding.Go(func() {
				if err := bind(t.Context(), e, "127.0.0.1", ""); err != nil {
					t.Error(err)
				}
			})
		}
		binding.Wait()
		time.Sleep(time.Second / 2) // and between two seconds from then on
		if _, atOnce := p.counted(); atOnce > 256 {
			t.Errorf("%d peers were dialed at once", atOnce)
		}
		const rounds = 5
		began := time.Now()
		time.Sleep(rounds * round)
		seconds := make([]int, rounds*30+1)
		asked, _ := p.counted()
		if n := len(asked); n != rounds*users {
			t.Errorf("in %d rounds peers were asked %d times", rounds, n)
		}
		for _, at := range asked {
			seconds[at.Sub(began)/time.Second]++
		}
		// 33 on average; 75 is seven standard deviations above that.
		if most := slices.Max(seconds); most > 75 {
			t.Errorf("%d were asked within a second", most)
		}

		if n := strings.Count(string(d.Query(room.NewActor(name(0), ""), "")), "\n"); n != users || changes() != users {
			t.Errorf("%d are listed after %d changes", n, changes())
		}
		p.silent.Store(true)
		time.Sleep(round + bindTime)
		if lines := d.Query(room.NewActor(name(0), ""), ""); len(lines) > 0 || changes() != 2*users {
			t.Errorf("a round after all have stopped there are %d lines, after %d changes", len(lines), changes())
		}
		p.silent.Store(false)
		time.Sleep(round)
		if n := strings.Count(string(d.Query(room.NewActor(name(0), ""), "")), "\n"); n != users {
			t.Errorf("a round after all are back %d are listed", n)
		}
		for _, e := range entries {
			e.Leave()
		}
		time.Sleep(bindTime)
		p.counted()
		time.Sleep(2 * round)
		if asked, _ := p.counted(); len(asked) > 0 {
			t.Errorf("%d peers were asked although all have left", len(asked))
		}
	})
}

// An answer has room for what a frame may bear, and no more.
func TestAnAnswerIsNoLargerThanAFrame(t *testing.T) {
	const users = 9200
	inTime(t, users, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, func(t *testing.T, d *directory.Directory, _ *peers, _ func() int) {
		var binding sync.WaitGroup
		for i := range users {
			e := d.Enter(room.NewActor(name(i), ""))
			binding.Go(func() {
				if err := bind(t.Context(), e, "127.0.0.1", "2001:db8:1111:2222:3333:4444:5555:6666"); err != nil {
					t.Error(err)
				}
			})
		}
		binding.Wait()
		lines := string(d.Query(room.NewActor(name(users-1), ""), ""))
		if len(lines) > wire.MaxLength || len(lines) < wire.MaxLength-200 || !strings.HasPrefix(lines, name(0)+",") || !strings.HasSuffix(lines, "\n") {
			t.Errorf("%d octets, from %.20q", len(lines), lines)
		}
		if one := string(d.Query(room.NewActor(name(0), ""), name(users-1))); one != name(users-1)+",2001:db8:1111:2222:3333:4444:5555:6666,2000,"+print+"\n" {
			t.Errorf("who has no room there is found by name as %q", one)
		}
	})
}

// Nothing is dialed but the session's own address, or on the machine itself its
// own ones; those in networks that are believed may name any.
func TestWhatAddressMayBeNamed(t *testing.T) {
	believed := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	inTime(t, 1, believed, func(t *testing.T, d *directory.Directory, p *peers, _ func() int) {
		for _, c := range []struct{ from, named, dialed string }{ // dialed "": refused
			{"192.0.2.1", "", "192.0.2.1"},
			{"192.0.2.1", "192.0.2.1", "192.0.2.1"},
			{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"},
			{"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"},
			{"::ffff:192.0.2.1", "", "192.0.2.1"},
			{"192.0.2.1", "192.0.2.2", ""},
			{"192.0.2.1", "127.0.0.1", ""},
			{"192.0.2.1", "10.0.0.1", ""},
			{"192.0.2.1", "0.0.0.0", ""},
			{"2001:db8::1", "2001:db8::1", "2001:db8::1"},
			{"2001:db8::1", "2001:0db8:0::1", "2001:db8::1"},
			{"2001:db8::1", "2001:db8::2", ""},
			{"2001:db8::1", "[2001:db8::1]", ""},
			{"fe80::1%eth0", "", "fe80::1%eth0"},
			{"fe80::1%eth0", "fe80::1", "fe80::1%eth0"},
			{"fe80::1%eth0", "fe80::1%eth0", ""},
			{"fe80::1%eth0", "fe80::2", ""},
			{"127.0.0.1", "", "127.0.0.1"},
			{"127.0.0.1", "::1", "::1"},
			{"::1", "127.9.9.9", "127.9.9.9"},
			{"127.0.0.1", "0.0.0.0", ""},
			{"127.0.0.1", "::", ""},
			{"127.0.0.1", "192.0.2.1", ""},
			{"127.0.0.1", "localhost", ""},
			{"127.0.0.1", "0177.0.0.1", ""},
			{"10.1.2.3", "192.0.2.1", "192.0.2.1"},
			{"10.1.2.3", "2001:db8::1", "2001:db8::1"},
			{"10.1.2.3", "127.0.0.1", "127.0.0.1"},
			{"10.1.2.3", "0.0.0.0", ""},
			{"10.1.2.3", "::", ""},
			{"10.1.2.3", "224.0.0.1", ""},
			{"10.1.2.3", "ff02::1", ""},
			{"fd00::1", "192.0.2.1", "192.0.2.1"},
		} {
			e := d.Enter(room.NewActor(name(0), ""))
			p.at = netip.AddrPort{}
			err := bind(t.Context(), e, c.from, c.named)
			switch {
			case c.dialed == "":
				if !errors.Is(err, room.ErrUnreachable) || p.at.IsValid() {
					t.Errorf("from %s, %q: %v, and %v was dialed", c.from, c.named, err, p.at)
				}
			case err != nil || p.at != netip.AddrPortFrom(netip.MustParseAddr(c.dialed), 2000):
				t.Errorf("from %s, %q: %v, and %v was dialed, want %s", c.from, c.named, err, p.at, c.dialed)
			default:
				want := name(0) + "," + netip.MustParseAddr(c.dialed).WithZone("").String() + ",2000," + print + "\n"
				if got := string(d.Query(room.NewActor(name(0), ""), "")); got != want {
					t.Errorf("from %s, %q: it is listed as %q", c.from, c.named, got)
				}
			}
			e.Leave()
		}
	})
}

// One user's binds that are nothing, of however many sessions, take no time of
// others.
func TestNobodyTakesAllThatIsLookedAtAtATime(t *testing.T) {
	inTime(t, 2, nil, func(t *testing.T, d *directory.Directory, _ *peers, _ func() int) {
		var looking sync.WaitGroup
		refused := 0
		for range room.UserSessions {
			look, err := d.Enter(room.NewActor(name(0), "")).Bind(t.Context(), netip.MustParseAddr("192.0.2.1"), "192.0.2.2", "2000", print)
			if errors.Is(err, room.ErrTooManyBinds) {
				refused++
				continue
			}
			looking.Go(func() { look() })
		}
		synctest.Wait()
		began := time.Now()
		if err := bind(t.Context(), d.Enter(room.NewActor(name(1), "")), "127.0.0.1", ""); err != nil || time.Since(began) > 0 {
			t.Errorf("another's bind took %v (%v), while %d sessions of one were told to wait", time.Since(began), err, refused)
		}
		looking.Wait()
		if err := bind(t.Context(), d.Enter(room.NewActor(name(0), "")), "127.0.0.1", ""); err != nil {
			t.Errorf("when they were looked at, the user's own: %v", err)
		}
	})
}

// A program that may only read isn't taken for whom it reads for.
func TestWhoOnlyReadsIsNotReached(t *testing.T) {
	inTime(t, 1, nil, func(t *testing.T, d *directory.Directory, p *peers, _ func() int) {
		for role, want := range map[room.Role]error{room.Observer: room.ErrObserver, room.Member: nil} {
			e := d.Enter(room.NewActor(name(0), role))
			if err := bind(t.Context(), e, "127.0.0.1", ""); !errors.Is(err, want) {
				t.Errorf("a program in the role of %s binds: %v", role, err)
			}
			if d.Reachable(name(0)) != (want == nil) {
				t.Errorf("a program in the role of %s: reachable is %v", role, d.Reachable(name(0)))
			}
			e.Leave()
		}
	})
}

// A peer is dialed once and asked on that connection, round after round; where it has
// closed it, it is dialed anew, and never counts as gone by that.
func TestAPeerIsAskedOnTheConnectionThatIsOpen(t *testing.T) {
	inTime(t, 1, nil, func(t *testing.T, d *directory.Directory, p *peers, changes func() int) {
		e := d.Enter(room.NewActor(name(0), ""))
		if err := bind(t.Context(), e, "127.0.0.1", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * 30 * time.Second)
		synctest.Wait()
		if asked, _ := p.counted(); p.dialed != 1 || len(asked) != 11 {
			t.Errorf("in ten rounds it was dialed %d times and asked %d times", p.dialed, len(asked))
		}
		p.conns[0].close()
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if p.dialed != 2 || p.left() != 1 || changes() != 1 {
			t.Errorf("after it has hung up it was dialed %d times in all, has %d connections, and was told of %d times", p.dialed, p.left(), changes())
		}
		e.Leave()
		synctest.Wait()
		if p.left() != 0 {
			t.Errorf("after it has left there are %d connections", p.left())
		}
	})
}

// Who is made an observer while he is listed isn't any more, a round later.
func TestWhoBecomesAnObserverIsNotReachedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var state atomic.Pointer[room.State]
		become := func(role room.Role) {
			state.Store(room.NewState([]room.User{{Name: "anna", Role: role, Active: true}}, nil, nil, nil))
		}
		become(room.Member)
		_, key, _ := ed25519.GenerateKey(nil)
		d := directory.New(directory.Config{
			State: state.Load, Key: key, Dial: new(peers).dial, Log: slog.New(slog.DiscardHandler), Changed: func(string) {},
		})
		defer d.Close()
		if err := bind(t.Context(), d.Enter(room.NewActor("anna", "")), "127.0.0.1", ""); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			role      room.Role
			reachable bool
		}{{room.Member, true}, {room.Observer, false}, {room.Member, true}} {
			become(c.role)
			time.Sleep(31 * time.Second)
			if d.Reachable("anna") != c.reachable {
				t.Errorf("a round after anna became %s: reachable is %v", c.role, !c.reachable)
			}
		}
	})
}

// However many sessions somebody has, the trail isn't flooded by what they ask for.
func TestTicketsAreCountedByUser(t *testing.T) {
	inTime(t, 2, nil, func(t *testing.T, d *directory.Directory, _ *peers, _ func() int) {
		if err := bind(t.Context(), d.Enter(room.NewActor(name(1), "")), "127.0.0.1", ""); err != nil {
			t.Fatal(err)
		}
		given := 0
		ask := func() error {
			_, err := d.Enter(room.NewActor(name(0), "")).Ticket(name(1), [32]byte{}, func() error { given++; return nil })
			return err
		}
		for range 70 {
			if err := ask(); err != nil && !errors.Is(err, room.ErrTooManyTickets) {
				t.Fatal(err)
			}
		}
		if given != 60 {
			t.Errorf("within a minute %d tickets were given", given)
		}
		time.Sleep(time.Minute)
		if err := ask(); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

// Somebody sets the server's clock while peers count on from what it was.
func TestAClockThatIsSetMakesNoTicketUntimely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := []room.User{{Name: "anna", Role: room.Member, Active: true}, {Name: "bert", Role: room.Member, Active: true}}
		deal := room.Deal{ID: "deal000000000001", Open: true, Members: map[string]room.Membership{"anna": {}, "bert": {}}}
		state := room.NewState(users, []room.Deal{deal}, nil, nil)
		public, key, _ := ed25519.GenerateKey(nil)
		set := time.Hour
		d := directory.New(directory.Config{
			State: func() *room.State { return state }, Key: key, Dial: new(peers).dial, Log: slog.New(slog.DiscardHandler),
			Changed: func(string) {}, Clock: func() time.Time { return time.Now().Add(set) },
		})
		defer d.Close()
		look, err := d.Enter(room.NewActor("bert", "")).Bind(t.Context(), netip.MustParseAddr("127.0.0.1"), "", "2000", print)
		if err != nil {
			t.Fatal(err)
		}
		_, told, err := look()
		if err != nil || time.Until(told) != time.Hour {
			t.Fatalf("the time that bert is told is %v (%v)", told, err)
		}
		time.Sleep(10 * time.Second)
		set = 0
		text, err := d.Enter(room.NewActor("anna", "")).Ticket("bert", [32]byte{}, func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if ticket, err := room.ReadPeerTicket(public, text); err != nil || ticket.Expires.Sub(told) != 10*time.Second+room.PeerTicketTime {
			t.Errorf("by bert's clock a ticket is good for %v (%v)", ticket.Expires.Sub(told)-10*time.Second, err)
		}
	})
}

// Close ends what is being looked at, at once.
func TestCloseWaitsForNoPeer(t *testing.T) {
	inTime(t, 100, nil, func(t *testing.T, d *directory.Directory, p *peers, _ func() int) {
		for i := range 100 {
			if err := bind(t.Context(), d.Enter(room.NewActor(name(i), "")), "127.0.0.1", ""); err != nil {
				t.Fatal(err)
			}
		}
		p.silent.Store(true)
		time.Sleep(10 * time.Second)
		p.mu.Lock()
		waiting := p.waiting
		p.mu.Unlock()
		if waiting == 0 {
			t.Fatal("nobody is looked at")
		}
		began := time.Now()
		d.Close()
		if took := time.Since(began); took > 0 || p.left() > 0 {
			t.Errorf("Close took %v, and %d connections are open", took, p.left())
		}
		if err := bind(t.Context(), d.Enter(room.NewActor(name(0), "")), "127.0.0.1", ""); !errors.Is(err, room.ErrUnreachable) {
			t.Errorf("a bind after Close: %v", err)
		}
	})
}
