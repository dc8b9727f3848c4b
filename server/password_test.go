package server_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// TestAConnectionSignsInByPassword shows that it has a sign-in of its own, which
// is among those that one sees and ends.
func TestAConnectionSignsInByPassword(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	field := strings.ReplaceAll(url.QueryEscape(servertest.Password), "+", "%20")
	s := h.Open(t)
	s.SignInAs(t, "bert", field)
	talks(t, s.Join(t, h.topic, 0))
	type signIn struct {
		ID, Device string
		Transports []string
		Current    bool
	}
	own := func() signIn {
		t.Helper()
		var all struct{ Sessions []signIn }
		h.bert.Must(t, "GET", "/api/sessions", nil, &all, 200)
		for _, one := range all.Sessions {
			if !one.Current && len(one.Transports) == 1 {
				return one
			}
		}
		t.Fatalf("the connection isn't among %+v", all)
		return signIn{}
	}
	one := own()
	if over := one.Transports[0]; over != "WebTransport" && over != "WebSocket" || !strings.HasPrefix(one.Device, over+" ") {
		t.Errorf("it is %+v", one)
	}
	h.bert.Must(t, "DELETE", "/api/sessions/"+one.ID, nil, nil, 204)
	s.Control.Farewell(t, "BYE 401")
	s.ExpectOver(t)

	other := h.Open(t)
	c := other.Channel(t)
	c.Say(t, "USER 0 bert\nPASS 0 not%20this%20one,%20not%20that%20one\n")
	c.Expect(t, "ACK USER")
	c.Expect(t, "ERR 401 PASS")
	c.Farewell(t, "BYE 401")
	other.ExpectOver(t)
}

// TestARefusedPasswordDoesNotTellWhoHasAnAccount compares all that a connection
// hears, until it is closed.
func TestARefusedPasswordDoesNotTellWhoHasAnAccount(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	h.anna.Must(t, "PATCH", "/api/users/otto", map[string]any{"active": false}, nil, 200)
	heard := func(name string) (all string) {
		t.Helper()
		s := h.Open(t)
		c := s.Channel(t)
		c.Say(t, "USER 0 "+name+"\nPASS 0 not%20this%20one,%20not%20that%20one\n")
		for {
			f, err := c.Next()
			if err != nil {
				break
			}
			all += fmt.Sprintf("%q\n", f)
			if f.Type() == "BYE" {
				break
			}
		}
		s.ExpectOver(t)
		return strings.ReplaceAll(all, name, "NAME")
	}
	wrong := heard("bert")
	if !strings.Contains(wrong, "401") || !strings.Contains(wrong, "BYE") {
		t.Fatalf("a wrong password is answered\n%s", wrong)
	}
	for _, name := range []string{"nobody", "otto"} {
		if got := heard(name); got != wrong {
			t.Errorf("%s is answered\n%s\nwant\n%s", name, got, wrong)
		}
	}
}

// TestAProgramSignsInByItsToken any number of times, until it is revoked.
func TestAProgramSignsInByItsToken(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	var made struct{ ID, Token string }
	h.anna.Must(t, "POST", "/api/users/bert/tokens", map[string]any{
		"label": "Feed", "role": "observer", "expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	}, &made, 201)
	first, second := h.Open(t), h.Open(t)
	first.SignInBy(t, made.Token, "bert")
	second.SignInBy(t, made.Token, "bert")
	c := second.Join(t, h.topic, 0)
	c.Say(t, servertest.Post("hi", "may-i"))
	c.Answer(t, "ERR 403 may-i")
	h.anna.Must(t, "DELETE", "/api/users/bert/tokens/"+made.ID, nil, nil, 204)
	for _, s := range []*servertest.Session{first, second} {
		s.Control.Farewell(t, "BYE 401")
		s.ExpectOver(t)
	}
}
