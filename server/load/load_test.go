package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

var (
	home   = netip.MustParsePrefix("192.0.2.1/32")
	office = netip.MustParsePrefix("2001:db8::/64")
)

// small are limits that are soon reached.
func small() Limits {
	share := Share{
		Sessions:   3,
		Channels:   4,
		Posts:      Rate{2, 6},
		PostOctets: Rate{100, 400},
		Requests:   Rate{2, 6},
		Typing:     Rate{2, 6},
		Frames:     Rate{10, 20},
		Input:      Rate{1000, 2000},
		Underway:   2 * room.PostWeight,
	}
	return Limits{
		User: share,
		Address: Share{
			Sessions: 5, Channels: 6, Connections: 2,
			Posts: Rate{3, 9}, PostOctets: Rate{150, 600}, Requests: Rate{3, 9}, Typing: Rate{3, 9},
			Frames: Rate{15, 30}, Input: Rate{1500, 3000},
		},
		Sessions:    7,
		Connections: 3,
	}
}

func guard(limits Limits) *Guard { return New(limits, slog.New(slog.DiscardHandler)) }

func (g *Guard) enter(t *testing.T, from netip.Prefix, user string) *Session {
	t.Helper()
	s, err := g.Open(from)
	if err != nil {
		t.Fatalf("opening a session from %v: %v", from, err)
	}
	if err := s.SignIn(user); err != nil {
		t.Fatalf("signing in as %s: %v", user, err)
	}
	return s
}

// isRefused checks a refusal's code, and that its seconds are whole and within
// a span.
func isRefused(t *testing.T, err error, reason *room.Error, from, to int64) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || !errors.Is(err, reason) {
		t.Fatalf("got %v, want a refusal %q", err, reason.Text)
	}
	if r.Seconds() < from || r.Seconds() > to || time.Duration(r.Seconds())*time.Second != r.RetryAfter() {
		t.Fatalf("wait %v, want %d to %d whole seconds", r.RetryAfter(), from, to)
	}
}

func TestARateLetsABurstThroughAndThenSoManyASecond(t *testing.T) {
	tests := map[string]struct {
		rate   Rate
		atOnce int           // of size each
		size   float64       // of each
		next   time.Duration // until one more
	}{
		"ones":                 {Rate{50, 500}, 500, 1, 20 * time.Millisecond},
		"one a second":         {Rate{1, 1}, 1, 1, time.Second},
		"octets":               {Rate{1 << 20, 16 << 20}, 256, 64 << 10, 62500 * time.Microsecond},
		"more than a burst":    {Rate{10, 5}, 1, 100, 10 * time.Second},
		"a third of a second":  {Rate{3, 3}, 3, 1, 333333333},
		"a burst below a unit": {Rate{2, 0.5}, 1, 1, 500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			var m meter
			for i := range tt.atOnce {
				if wait := m.wait(tt.rate, tt.size, now); wait != 0 {
					t.Fatalf("number %d of a burst must wait %v", i+1, wait)
				}
				m.add(tt.rate, tt.size, now)
			}
			wait := m.wait(tt.rate, tt.size, now)
			if off := wait - tt.next; off < -time.Microsecond || off > time.Microsecond {
				t.Fatalf("one more must wait %v, want %v", wait, tt.next)
			}
			if wait := m.wait(tt.rate, tt.size, now.Add(wait)); wait != 0 {
				t.Errorf("after the wait it must wait %v more", wait)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		var m meter
		for range 100_000 {
			m.add(Rate{}, 1e9, time.Now())
		}
		if wait := m.wait(Rate{}, 1e9, time.Now()); wait != 0 {
			t.Errorf("without a limit one waits %v", wait)
		}
	})
}

func TestSessionsAreCountedByUserAddressAndServer(t *testing.T) {
	g := guard(small())
	var anna []*Session
	for range 3 {
		anna = append(anna, g.enter(t, home, "anna"))
	}
	fourth, err := g.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	isRefused(t, fourth.SignIn("anna"), room.ErrTooManySessions, 1, placeOfUser)
	if err := fourth.SignIn("bert"); err != nil {
		t.Fatalf("another user: %v", err)
	}
	g.enter(t, home, "bert")
	_, err = g.Open(home) // a sixth
	isRefused(t, err, room.ErrFull, 1, placeOfAddress)
	if !strings.Contains(err.Error(), "from this address") {
		t.Errorf("an address is told %q", err)
	}
	g.enter(t, office, "bert")
	carla := g.enter(t, office, "carla")
	_, err = g.Open(netip.MustParsePrefix("192.0.2.9/32")) // an eighth
	isRefused(t, err, room.ErrFull, 1, placeOfAddress)

	carla.Close()
	carla.Close() // once is enough
	anna[0].Close()
	g.enter(t, home, "anna")
	g.enter(t, office, "dora")
	if _, err := g.Open(office); err == nil {
		t.Error("closing twice has made room twice")
	}
}

func TestChannelsAreCountedOverAllSessions(t *testing.T) {
	g := guard(small())
	one, two, other := g.enter(t, home, "anna"), g.enter(t, office, "anna"), g.enter(t, home, "bert")
	for i, s := range []*Session{one, one, two, two, other, other} {
		if err := s.Channel(); err != nil {
			t.Fatalf("channel %d: %v", i+1, err)
		}
	}
	isRefused(t, one.Channel(), room.ErrTooManyChannels, 1, placeOfUser)
	one.ChannelOver()
	one.ChannelOver()
	if err := two.Channel(); err != nil {
		t.Errorf("when a channel is over: %v", err)
	}
	two.Close()
	for range 3 {
		if err := one.Channel(); err != nil {
			t.Errorf("when a session is over: %v", err)
		}
	}
	isRefused(t, other.Channel(), room.ErrTooManyChannels, 1, placeOfUser) // the address has seven
	two.ChannelOver()                                                      // later than its session: it counts no more
	if one.user.channels != 4 || one.address.channels != 7 {
		t.Errorf("counted are %d and %d channels, want 4 and 7", one.user.channels, one.address.channels)
	}
}

func TestAChannelFromBeforeTheSignInIsTheUsers(t *testing.T) {
	g := guard(small())
	s, err := g.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Channel(); err != nil {
		t.Fatal(err)
	}
	strangers := s.user
	if err := s.SignIn("anna"); err != nil {
		t.Fatal(err)
	}
	if strangers.channels != 0 || strangers.sessions != 0 || s.user.channels != 1 || s.user.sessions != 1 {
		t.Errorf("strangers have %+v, anna has %+v", strangers, s.user)
	}
}

func TestPostsAreRefusedUntilTheSecondsAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		phone, laptop := g.enter(t, home, "anna"), g.enter(t, office, "anna")
		bert := g.enter(t, home, "bert")
		for i := range 6 {
			if err := phone.Post(1); err != nil {
				t.Fatalf("post %d: %v", i+1, err)
			}
		}
		isRefused(t, phone.Post(1), room.ErrTooManyPosts, 1, 1)
		// Half a second later there is room for one, but it was told otherwise.
		time.Sleep(600 * time.Millisecond)
		isRefused(t, laptop.Post(1), room.ErrTooManyPosts, 1, 1)
		if err := bert.Post(1); err != nil {
			t.Errorf("bert must wait for anna: %v", err)
		}
		time.Sleep(400 * time.Millisecond)
		for i := range 2 {
			if err := phone.Post(1); err != nil {
				t.Errorf("post %d after the seconds: %v", i+1, err)
			}
		}
		isRefused(t, phone.Post(1), room.ErrTooManyPosts, 1, 1)
	})
}

func TestPostsAreCountedByTheirOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		s := g.enter(t, home, "anna")
		if err := s.Post(400); err != nil {
			t.Fatal(err)
		}
		isRefused(t, s.Post(250), room.ErrTooManyPosts, 3, 3)
		time.Sleep(3 * time.Second)
		if err := s.Post(250); err != nil {
			t.Errorf("after as many seconds as were told: %v", err)
		}
		time.Sleep(time.Minute)
		if err := s.Post(1000); err != nil { // more than a burst
			t.Errorf("a post larger than a burst, after a pause: %v", err)
		}
	})
}

// What is refused takes nothing, or a user who goes on would never be let
// through again.
func TestWhatIsRefusedTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		s := g.enter(t, home, "anna")
		taken := 0
		for range 1000 { // 100 seconds
			if s.Post(1) == nil {
				taken++
			}
			if g.Request("anna", home) == nil {
				taken++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if want := 2 * (6 + 2*100); taken < want-10 || taken > want {
			t.Errorf("%d were taken in 100 seconds, want about %d", taken, want)
		}
	})
}

func TestManyUsersOfOneAddressShareItsPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		one, two := g.enter(t, home, "anna"), g.enter(t, home, "bert")
		elsewhere := g.enter(t, office, "carla")
		for range 5 {
			if err := one.Post(1); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			if err := two.Post(1); err != nil {
				t.Fatal(err)
			}
		}
		isRefused(t, two.Post(1), room.ErrTooManyPosts, 1, 1)
		if err := elsewhere.Post(1); err != nil {
			t.Errorf("another address must wait: %v", err)
		}
	})
}

func TestInputIsPacedOverAllOfAUsersSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		one, two, bert := g.enter(t, home, "anna"), g.enter(t, office, "anna"), g.enter(t, home, "bert")
		if wait := one.Spend(20, 0); wait != 0 {
			t.Fatalf("a burst waits %v", wait)
		}
		if wait := two.Spend(5, 0); wait != 500*time.Millisecond {
			t.Errorf("5 frames beyond the burst wait %v, want half a second", wait)
		}
		if wait := one.Spend(1, 0); wait != 600*time.Millisecond {
			t.Errorf("the next one waits %v, want 600ms", wait)
		}
		if wait := bert.Spend(1, 0); wait != 0 {
			t.Errorf("bert waits %v", wait)
		}
		time.Sleep(time.Minute)
		if wait := one.Spend(1, 3000); wait != time.Second {
			t.Errorf("1000 octets beyond the burst wait %v, want a second", wait)
		}

		// What waits takes nothing from others at the same address.
		for range 100 {
			one.Spend(10, 1000)
		}
		if wait := bert.Spend(1, 100) + bert.SpendOfAddress(1, 100); wait != 0 {
			t.Errorf("bert waits %v because anna does", wait)
		}
		if wait := bert.SpendOfAddress(35, 0); wait.Round(time.Millisecond) != 400*time.Millisecond {
			t.Errorf("6 frames beyond the address' burst wait %v, want 400ms", wait)
		}
	})
}

func TestMessagesArePacedOverAllOfAUsersSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const a = 100 * room.OutputWeight // octets a second
		g := guard(Limits{User: Share{Output: Rate{a, 2 * a}}})
		one, two, bert := g.enter(t, home, "anna"), g.enter(t, office, "anna"), g.enter(t, home, "bert")
		one.Wrote(2*a - room.OutputWeight)
		if wait := two.Behind(); wait != 0 {
			t.Errorf("a burst waits %v", wait)
		}
		for range 50 {
			two.Wrote(0)
		}
		if wait := one.Behind(); wait != 500*time.Millisecond {
			t.Errorf("after 50 writes beyond the burst one waits %v, want half a second", wait)
		}
		if wait := bert.Behind(); wait != 0 {
			t.Errorf("bert waits %v", wait)
		}
		time.Sleep(500 * time.Millisecond)
		if wait := two.Behind(); wait != 0 {
			t.Errorf("half a second later one waits %v", wait)
		}
	})
}

// The pace holds in the long run, however many read at once.
func TestPacedReadersComeToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(Limits{User: Share{Frames: Rate{100, 200}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var mu sync.Mutex
		read := 0
		var readers sync.WaitGroup
		for range 50 {
			s := g.enter(t, home, "anna")
			readers.Go(func() {
				for {
					select {
					case <-time.After(s.Spend(1, 0)):
					case <-ctx.Done():
						return
					}
					if ctx.Err() != nil {
						return
					}
					mu.Lock()
					read++
					mu.Unlock()
				}
			})
		}
		readers.Wait()
		if read < 1100 || read > 1250 {
			t.Errorf("%d frames were read in 10 seconds, want about 1200", read)
		}
	})
}

func TestRequestsOfAUserOfStrangersAndOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		for _, who := range []string{"anna", "bert", ""} {
			for i := range 6 {
				if err := g.Request(who, home); err != nil {
					t.Fatalf("request %d of %q: %v", i+1, who, err)
				}
			}
			isRefused(t, g.Request(who, home), room.ErrTooManyRequests, 1, 1)
		}
		if err := g.Request("", office); err != nil {
			t.Errorf("strangers elsewhere: %v", err)
		}
		isRefused(t, g.Request("anna", office), room.ErrTooManyRequests, 1, 1)
		for range 9 {
			if err := g.Arrival(home); err != nil {
				t.Fatal(err)
			}
		}
		isRefused(t, g.Arrival(home), room.ErrTooManyRequests, 1, 1)
		time.Sleep(time.Second)
		if err := errors.Join(g.Arrival(home), g.Request("anna", office), g.Request("", home)); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

func TestConnectionsAreCountedByAddressAndServer(t *testing.T) {
	g := guard(small())
	var releases []func()
	for _, from := range []netip.Prefix{home, home, office} {
		release, err := g.Connect(from)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	_, err := g.Connect(office)
	isRefused(t, err, room.ErrFull, 1, placeOfAddress) // of the server
	releases[2]()
	releases[2]()
	_, err = g.Connect(home)
	isRefused(t, err, room.ErrFull, 1, placeOfAddress) // of the address
	if _, err := g.Connect(office); err != nil {
		t.Errorf("a place that was given back: %v", err)
	}
}

func TestPostsUnderwayWaitForTheirUsersOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		anna, bert := g.enter(t, home, "anna"), g.enter(t, home, "bert")
		first, err := anna.Underway(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		large := make(chan func())
		go func() {
			done, err := anna.Underway(t.Context(), 1<<20) // more than may be under way: it goes alone
			if err != nil {
				t.Error(err)
			}
			large <- done
		}()
		synctest.Wait()
		select {
		case <-large:
			t.Fatal("too much is under way")
		default:
		}
		done, err := bert.Underway(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		done()
		first()
		(<-large)()

		done, err = anna.Underway(t.Context(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := anna.Underway(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting ended with %v", err)
		}
		done()
	})
}

func TestTypingIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		s := g.enter(t, home, "anna")
		for i := range 6 {
			if !s.Typing() {
				t.Fatalf("TYPING %d is too much", i+1)
			}
		}
		if s.Typing() {
			t.Error("a seventh at once isn't too much")
		}
		time.Sleep(500 * time.Millisecond)
		if !s.Typing() {
			t.Error("half a second later it is too much")
		}
	})
}

func TestWhoseLimitsAreLiftedTakesNothingFromAnybody(t *testing.T) {
	g := guard(small())
	g.Lift("bench")
	s := g.enter(t, home, "bench")
	for range 1000 {
		if err := errors.Join(s.Post(1<<20), s.Channel(), g.Request("bench", home)); err != nil {
			t.Fatal(err)
		}
		if wait := s.Spend(1000, 1<<20); wait != 0 {
			t.Fatalf("it waits %v", wait)
		}
		if _, err := s.Underway(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	bert := g.enter(t, home, "bert")
	if err := bert.Post(1); err != nil {
		t.Errorf("bert must wait for it: %v", err)
	}
	g.Restore("bench")
	if err := g.enter(t, office, "bench").Post(1); err != nil {
		t.Errorf("the first post of a new session: %v", err)
	}
	for range 10 {
		if g.Request("bench", home) != nil {
			return
		}
	}
	t.Error("its limits were not restored")
}

func TestWithoutLimitsNothingIsRefused(t *testing.T) {
	g := guard(Limits{})
	s := g.enter(t, home, "anna")
	for range 100_000 {
		_, connected := g.Connect(home)
		if err := errors.Join(s.Post(1<<20), s.Channel(), g.Request("", home), g.Arrival(home), connected); err != nil || s.Spend(1, 1<<20) > 0 || !s.Typing() {
			t.Fatal(err)
		}
	}
}

func TestWhoHasTakenNothingLatelyIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(Defaults())
		stays := g.enter(t, home, "anna")
		most := 0
		for i := range 20_000 {
			from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
			s := g.enter(t, from, fmt.Sprint("user-", i))
			if err := errors.Join(s.Channel(), s.Post(100), g.Arrival(from)); err != nil {
				t.Fatal(err)
			}
			s.Spend(1, 100)
			s.ChannelOver()
			s.Close()
			if i%10 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			most = max(most, len(g.takers))
		}
		if most > 5*firstSweep {
			t.Errorf("%d are remembered of 20,000 users", most)
		}
		if g.takers[who{user: "anna"}] != stays.user {
			t.Error("somebody who is here was forgotten")
		}
	})
}

// Nobody gets a second burst by being forgotten.
func TestWhoHasTakenMuchIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(small())
		s := g.enter(t, home, "anna")
		for range 6 {
			if err := s.Post(1); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		for i := range 3 * firstSweep {
			g.Request(fmt.Sprint("user-", i), home)
		}
		isRefused(t, g.enter(t, home, "anna").Post(1), room.ErrTooManyPosts, 1, 1)
	})
}

func TestAWarningAMinuteAndNeverAWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := New(small(), slog.New(slog.NewTextHandler(&log, nil)))
		s := g.enter(t, home, "anna")
		warnings := func() int { return strings.Count(log.String(), "level=WARN") }
		for range 1000 {
			s.Post(1)
			s.Spend(1, 1)
		}
		if got := warnings(); got != 1 {
			t.Errorf("there are %d warnings, want 1:\n%s", got, &log)
		}
		time.Sleep(59 * time.Second)
		for range 1000 {
			s.Post(1)
		}
		if got := warnings(); got != 1 {
			t.Errorf("there are %d warnings within a minute, want 1:\n%s", got, &log)
		}
		time.Sleep(time.Second)
		for range 1000 {
			s.Post(1)
		}
		if got := warnings(); got != 2 || !strings.Contains(log.String(), "user=anna") {
			t.Errorf("there are %d warnings after a minute, want 2:\n%s", got, &log)
		}
	})
}

func TestUseByManyAtOnce(t *testing.T) {
	g := guard(Defaults())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 200 {
				s, err := g.Open(home)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.SignIn(fmt.Sprint("user-", i%2)); err != nil {
					t.Error(err)
				}
				s.Channel()
				s.Post(10)
				s.Spend(1, 10)
				g.Request("", home)
				if release, err := g.Connect(home); err == nil {
					release()
				}
				s.ChannelOver()
				s.Close()
			}
		})
	}
	all.Wait()
	if g.sessions != 0 || g.connections != 0 || g.takers[who{network: home}].sessions != 0 || g.takers[who{user: "user-1"}].channels != 0 {
		t.Errorf("something is counted still: %+v", g)
	}
}

func TestLimitsWithOtherPosts(t *testing.T) {
	l := Defaults()
	tests := map[string]struct {
		perSecond            float64
		posts, octets, input Rate
	}{
		"as many":  {room.PostRate, l.User.Posts, l.User.PostOctets, l.User.Input},
		"fewer":    {room.PostRate / 2, l.User.Posts.times(0.5), l.User.PostOctets.times(0.5), l.User.Input},
		"more":     {room.PostRate * 10, l.User.Posts.times(10), l.User.PostOctets.times(10), l.User.Input.times(10)},
		"no limit": {0, Rate{}, Rate{}, Rate{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := l.WithPosts(tt.perSecond)
			if u := got.User; u.Posts != tt.posts || u.PostOctets != tt.octets || u.Input != tt.input {
				t.Errorf("a user's are %+v", u)
			}
			if a := got.Address; a.Posts != tt.posts.times(room.AddressTimes) || a.Input != tt.input.times(room.AddressTimes) {
				t.Errorf("an address' are %+v", a)
			}
			if got.User.Sessions != l.User.Sessions || got.Sessions != l.Sessions {
				t.Error("sessions are limited otherwise")
			}
		})
	}
}

// Whatever was taken and not waited for, it has an end: an address, whose others
// wait for it, is free again sooner than a user.
func TestWhatIsOwedHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := small()
		limits.User.Output, limits.Address.Output = limits.User.Input, limits.Address.Input
		g := guard(limits)
		anna, bert := g.enter(t, home, "anna"), g.enter(t, home, "bert")
		for range 1000 {
			anna.Spend(1000, 1<<20)
			anna.SpendOfAddress(1000, 1<<20)
			anna.Wrote(1 << 20)
		}
		if wait := anna.Spend(0, 0); wait != mostOwed {
			t.Errorf("what comes in waits %v for its user, want %v", wait, mostOwed)
		}
		if wait := anna.Behind(); wait != mostOwed {
			t.Errorf("messages wait %v for their user, want %v", wait, mostOwed)
		}
		if wait := bert.SpendOfAddress(0, 0); wait != mostAddressOwes {
			t.Errorf("what comes in waits %v for the address, want %v", wait, mostAddressOwes)
		}
		if wait := bert.Behind(); wait != mostAddressOwes {
			t.Errorf("messages wait %v for the address, want %v", wait, mostAddressOwes)
		}
	})
}

// Sessions that nobody signs in, from however many addresses, leave places to
// those who are signed in.
func TestUnsignedSessionsNeverFillTheServer(t *testing.T) {
	limits := Limits{Sessions: 8, Unsigned: 2}
	g := guard(limits)
	anna := g.enter(t, home, "anna")
	var strangers []*Session
	for i := range limits.Unsigned {
		s, err := g.Open(netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32))
		if err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, s)
	}
	_, err := g.Open(office)
	isRefused(t, err, room.ErrFull, 1, placeOfAddress)
	strangers[0].Close()
	bert := g.enter(t, office, "bert") // whose place is free again once he is signed in
	cora := g.enter(t, office, "cora")
	for _, s := range []*Session{anna, bert, cora, strangers[1]} {
		s.Close()
	}
	if g.unsigned != 0 || g.sessions != 0 {
		t.Errorf("%d sessions are counted still, %d of them as not signed in", g.sessions, g.unsigned)
	}
}

// Who asks a full server how it is, from the machine it runs on, is answered.
func TestConnectionsOfThisMachineFindAPlaceWhenTheServerIsFull(t *testing.T) {
	g := guard(Limits{Address: Share{Connections: 2}, Connections: 1})
	if _, err := g.Connect(home); err != nil {
		t.Fatal(err)
	}
	_, err := g.Connect(office)
	isRefused(t, err, room.ErrFull, 1, placeOfAddress)
	for _, local := range []string{"127.0.0.1/32", "::1/64"} {
		network := netip.MustParsePrefix(local)
		for range 2 {
			release, err := g.Connect(network)
			if err != nil {
				t.Fatalf("a connection from %s: %v", local, err)
			}
			defer release()
		}
		_, err := g.Connect(network)
		isRefused(t, err, room.ErrFull, 1, placeOfAddress)
	}
}

// handler is a log that takes as long as it takes.
type handler func()

func (h handler) Enabled(context.Context, slog.Level) bool  { return true }
func (h handler) Handle(context.Context, slog.Record) error { h(); return nil }
func (h handler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h handler) WithGroup(string) slog.Handler             { return h }

func TestNobodyWaitsForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g *Guard
		told := 0
		g = New(small(), slog.New(handler(func() {
			told++
			if !g.mu.TryLock() {
				t.Error("a limit is logged while everybody waits")
				return
			}
			g.mu.Unlock()
		})))
		s := g.enter(t, home, "anna")
		for range 100 {
			s.Post(1)
			g.Request("bert", home)
			g.Connect(office)
			s.Spend(1, 0)
		}
		for range 10 {
			g.Open(office)
		}
		if told == 0 {
			t.Error("nothing was logged")
		}
	})
}

// The lowest rate that can be asked for, and lower ones, make nobody wait for no
// time because a number was too large.
func TestARateNeverOverflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, perSecond := range []float64{0.01, 1e-9, 1e-300} {
			s := guard(Defaults().WithPosts(perSecond)).enter(t, home, "anna")
			if err := s.Post(room.MaxText); err != nil {
				t.Fatalf("the first post at %v a second: %v", perSecond, err)
			}
			for range 3 {
				isRefused(t, s.Post(room.MaxText), room.ErrTooManyPosts, 1, int64(2*year/time.Second))
				time.Sleep(time.Second)
			}
		}
	})
}
