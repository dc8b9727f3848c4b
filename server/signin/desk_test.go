package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"redroom/server/journal"
	"redroom/server/room"
	"redroom/store"
)

const (
	goodPassword = "correct horse"
	badPassword  = "wrong battery"
)

var home = netip.MustParseAddr("192.0.2.1")

var visitor = room.Visitor{Address: home, Device: "a browser"}

// clock is set by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// nobody is told what was committed.
type nobody struct{}

func (nobody) Publish([]room.Event, []room.Outcome) {}

// desk is a Desk on a store of its own with an admin, anna, whose password is
// goodPassword.
type desk struct {
	*Desk
	key   Key
	clock *clock
	store *store.Store
	t     *testing.T
}

func newDesk(t *testing.T) desk {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	clock := &clock{now: time.UnixMilli(1767225600000)}
	j := journal.New(s, nobody{}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		j.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	key := NewKey()
	d := desk{Desk: New(Config{Store: s, Journal: j, Key: key, Now: clock.Now}), key: key, clock: clock, store: s, t: t}
	d.add("anna", room.Admin, goodPassword)
	return d
}

func (d desk) append(ev room.Event) {
	d.t.Helper()
	if _, err := d.journal.Append(d.t.Context(), ev); err != nil {
		d.t.Fatal(err)
	}
}

func (d desk) add(name string, role room.Role, password string) {
	d.t.Helper()
	hashed := ""
	if password != "" {
		hashed = d.hashed(password)
	}
	d.append(room.UserAdded{Name: name, Display: name, Role: role, PasswordHashed: hashed})
}

func (d desk) hashed(password string) string {
	d.t.Helper()
	hashed, err := d.HashPassword(d.t.Context(), password, "")
	if err != nil {
		d.t.Fatal(err)
	}
	return hashed
}

func (d desk) deactivate(name string) {
	d.t.Helper()
	no := false
	d.append(room.UserChanged{Name: name, Active: &no})
}

func (d desk) open(name string) (cookie string, s room.Session) {
	d.t.Helper()
	cookie, s, err := d.Open(d.t.Context(), name, visitor)
	if err != nil {
		d.t.Fatal(err)
	}
	return cookie, s
}

// cheaply makes hashing cost nothing, for tests that try often.
func (d desk) cheaply() desk {
	d.derive = func(password string, salt []byte, p parameters) []byte {
		key := make([]byte, keyLength)
		copy(key, password)
		return key
	}
	d.append(room.PasswordChanged{Name: "anna", PasswordHashed: d.hashed(goodPassword)})
	return d
}

func (d desk) try(name, password, from string) error {
	return d.Password(d.t.Context(), name, password, netip.MustParseAddr(from))
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func TestEveryRefusedPasswordIsTheSameErrorAfterTheSameWork(t *testing.T) {
	d := newDesk(t)
	d.add("gone", room.Member, goodPassword)
	d.deactivate("gone")
	d.add("linked", room.Member, "")
	d.append(room.UserAdded{Name: "broken", Display: "broken", Role: room.Member, PasswordHashed: "$argon2id$v=19$m=0"})

	var derived []parameters
	d.derive = func(password string, salt []byte, p parameters) []byte {
		derived = append(derived, p)
		return argon2id(password, salt, p)
	}
	for _, c := range []struct{ what, name, password string }{
		{"a wrong password", "anna", badPassword},
		{"an unknown name", "nobody", goodPassword},
		{"a deactivated account, right password", "gone", goodPassword},
		{"a deactivated account, wrong password", "gone", badPassword},
		{"an account without a password", "linked", ""},
		{"an account whose hash can't be read", "broken", goodPassword},
		{"a name that can't be one", "Anna Anders", goodPassword},
		{"a password that can't be one", "anna", string(make([]byte, 1<<20))},
		{"nothing at all", "", ""},
	} {
		derived = nil
		if err := d.try(c.name, c.password, "192.0.2.1"); err != room.ErrWrongSignIn {
			t.Errorf("%s: %v", c.what, err)
		}
		if len(derived) != 1 || derived[0] != current {
			t.Errorf("%s: derived keys with %v, want one with %v", c.what, derived, current)
		}
	}
	derived = nil
	if err := d.try("anna", goodPassword, "192.0.2.1"); err != nil {
		t.Errorf("the right password: %v", err)
	}
	if len(derived) != 1 {
		t.Errorf("the right password: derived %d keys", len(derived))
	}
}

func TestAPasswordIsTheSameFromEveryKeyboard(t *testing.T) {
	d := newDesk(t)
	d.append(room.PasswordChanged{Name: "anna", PasswordHashed: d.hashed("Gr\u00fc\u00dfe aus K\u00f6ln")})
	if err := d.try("anna", "Gru\u0308\u00dfe aus Ko\u0308ln", "192.0.2.1"); err != nil {
		t.Error(err)
	}
}

func TestAPasswordHas12To256Octets(t *testing.T) {
	d := newDesk(t)
	for length, ok := range map[int]bool{0: false, 11: false, 12: true, 256: true, 257: false} {
		_, err := d.HashPassword(t.Context(), string(make([]byte, length)), "")
		if ok != (err == nil) || !ok && !errors.Is(err, room.ErrUnprocessable) {
			t.Errorf("%d octets: %v", length, err)
		}
	}
}

func TestHashingTakesTurns(t *testing.T) {
	d := newDesk(t)
	const many = 20
	var mu sync.Mutex
	var running, most int
	started, finish := make(chan struct{}, many), make(chan struct{})
	d.derive = func(string, []byte, parameters) []byte {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		started <- struct{}{}
		<-finish
		mu.Lock()
		running--
		mu.Unlock()
		return make([]byte, keyLength)
	}
	var all sync.WaitGroup
	for range many {
		all.Go(func() { d.HashPassword(t.Context(), goodPassword, "") })
	}
	<-started

	// Whoever goes away while waiting is gone, and was no failed try.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, d.Password(ctx, "anna", goodPassword, home), context.Canceled)
	if len(d.tries.counted) != 0 {
		t.Error("a try without an answer was counted as failed")
	}

	close(finish)
	all.Wait()
	if limit := concurrency(); most > limit {
		t.Errorf("%d at a time, want at most %d", most, limit)
	}
}

func TestASignInLastsUntilItExpires(t *testing.T) {
	d := newDesk(t)
	cookie, opened := d.open("anna")
	s, u, err := d.Session(t.Context(), cookie)
	if err != nil || s != opened || u.Name != "anna" {
		t.Fatalf("got %v, %v, %v", s, u, err)
	}
	// It is used now and then, and so doesn't end for being idle.
	for d.clock.Now().Before(time.UnixMilli(opened.Opened).Add(room.SessionLife - 24*time.Hour)) {
		d.clock.pass(24 * time.Hour)
		d.Use(opened)
	}
	d.clock.pass(24*time.Hour - time.Millisecond)
	if _, _, err := d.Session(t.Context(), cookie); err != nil {
		t.Fatal(err)
	}
	d.clock.pass(time.Millisecond)
	_, _, err = d.Session(t.Context(), cookie)
	wantError(t, err, room.ErrSessionEnded)
}

func TestASignInEnds(t *testing.T) {
	for name, end := range map[string]func(desk, room.Session){
		"signed out": func(d desk, s room.Session) {
			if err := d.End(t.Context(), s, "bert", home); err != nil {
				t.Error(err)
			}
		},
		"signed out twice": func(d desk, s room.Session) {
			d.End(t.Context(), s, "bert", home)
			if err := d.End(t.Context(), s, "bert", home); err != nil {
				t.Error(err)
			}
		},
		"deactivated": func(d desk, s room.Session) { d.deactivate("bert") },
		"all of them": func(d desk, s room.Session) {
			d.append(room.SessionsEnded{Stamp: room.Stamp{By: "anna"}, User: "bert"})
		},
		"password changed elsewhere": func(d desk, s room.Session) {
			d.append(room.PasswordChanged{Name: "bert", PasswordHashed: "x"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.add("bert", room.Member, "")
			cookie, s := d.open("bert")
			token, _ := d.IssueToken(cookie, s)
			spent, _ := d.IssueToken(cookie, s)
			if _, _, err := d.SpendToken(t.Context(), spent); err != nil {
				t.Fatal(err)
			}
			wantError(t, d.Lives(t.Context(), s), nil)

			end(d, s)
			_, _, err := d.Session(t.Context(), cookie)
			wantError(t, err, room.ErrSessionEnded)
			_, _, err = d.SpendToken(t.Context(), token)
			wantError(t, err, room.ErrTokenUnknown)
			wantError(t, d.Lives(t.Context(), s), room.ErrSessionEnded)
		})
	}
}

func TestNobodyElseEndsASignIn(t *testing.T) {
	d := newDesk(t)
	d.add("bert", room.Member, "")
	cookie, s := d.open("anna")
	d.End(t.Context(), s, "bert", home)
	if _, _, err := d.Session(t.Context(), cookie); err != nil {
		t.Error(err)
	}
}

func TestADeactivatedAccountOpensNoSignIn(t *testing.T) {
	d := newDesk(t)
	d.add("gone", room.Member, "")
	d.deactivate("gone")
	_, _, err := d.Open(t.Context(), "gone", visitor)
	wantError(t, err, room.ErrDeactivated)
}

func TestAnUnknownCookieIsNoSignIn(t *testing.T) {
	d := newDesk(t)
	for _, cookie := range []string{"", "x", room.NewToken()} {
		_, _, err := d.Session(t.Context(), cookie)
		wantError(t, err, room.ErrSessionEnded)
	}
}

// TestAPasswordThatIsChangedMeanwhileOpensNothing changes it while it is compared.
func TestAPasswordThatIsChangedMeanwhileOpensNothing(t *testing.T) {
	d := newDesk(t)
	if _, _, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor); err != nil {
		t.Fatal(err)
	}
	next := d.hashed(goodPassword) // the same words: it is another one all the same
	d.derive = func(password string, salt []byte, p parameters) []byte {
		d.append(room.PasswordChanged{Name: "anna", PasswordHashed: next})
		return argon2id(password, salt, p)
	}
	cookie, _, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor)
	wantError(t, err, room.ErrWrongSignIn)
	if cookie != "" {
		t.Error("there is a cookie")
	}
}
