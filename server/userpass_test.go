package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"

	"redroom/server/servertest"
)

// TestPasswordsWrongInEveryWay has USER and PASS be said in every way that must
// fail: each is told by one ERR and BYE, with which the session closes, and does
// nothing to anybody else. That nobody may take longer than ten seconds is shown by
// TestHalfAFrameAndSilence.
func TestPasswordsWrongInEveryWay(t *testing.T) {
	leavesNoGoroutine(t)
	s := newSiege(t)
	right := "PASS 0 " + field(servertest.Password) + "\n"
	witness := s.Enter(t, s.bert).Join(t, s.topic, 0)
	s.house.Join(t, s.anna, "gone", "member", s.deal)
	s.anna.Must(t, "PATCH", "/api/users/gone", map[string]any{"active": false}, nil, 200)

	sentences := make(map[string]string) // of ERR 401 PASS -> who was told so
	for what, wrong := range map[string]struct{ say, err, bye string }{
		"an unknown user":                {"USER 0 nobody\n" + right, "ERR 401 PASS", "BYE 401"},
		"no user's name":                 {"USER 0 %C3%BC%20\n" + right, "ERR 401 PASS", "BYE 401"},
		"an empty name":                  {"USER 0 -\n" + right, "ERR 401 PASS", "BYE 401"},
		"a deactivated account":          {"USER 0 gone\n" + right, "ERR 401 PASS", "BYE 401"},
		"a wrong password":               {"USER 0 bert\nPASS 0 not-this-one,-not-that-one\n", "ERR 401 PASS", "BYE 401"},
		"an empty password":              {"USER 0 bert\nPASS 0 -\n", "ERR 401 PASS", "BYE 401"},
		"a password that is cut":         {"USER 0 bert\n" + right[:len(right)-2] + "\n", "ERR 401 PASS", "BYE 401"},
		"a password in two fields":       {"USER 0 bert\nPASS 0 correct horse%20battery\n", "ERR 401 PASS", "BYE 401"},
		"a password in another encoding": {"USER 0 bert\nPASS 0 gr%FC%DFe\n", "ERR 400 -", "BYE 400"},
		"a password that isn't encoded":  {"USER 0 bert\nPASS 0 grüße\n", "ERR 400 -", "BYE 400"},
		"half an escape":                 {"USER 0 bert\nPASS 0 100%\n", "ERR 400 -", "BYE 400"},
		"PASS first":                     {right, "ERR 401 PASS", "BYE 401"},
		"JOIN after USER":                {"USER 0 bert\nJOIN 0 " + s.topic + " 0\n", "ERR 401 " + s.topic, "BYE 401"},
		"POST after USER":                {"USER 0 bert\n" + servertest.Post("hi", "early"), "ERR 401 early", "BYE 401"},
		"WATCH after USER":               {"USER 0 bert\nWATCH 0\n", "ERR 401 WATCH", "BYE 401"},
		"READ after USER":                {"USER 0 bert\nREAD 0 1\n", "ERR 401 READ", "BYE 401"},
		"HEAD after USER":                {"USER 0 bert\nHEAD 0\n", "ERR 401 HEAD", "BYE 401"},
		"a wrong TOKEN after USER":       {"USER 0 bert\nTOKEN 0 x\n", "ERR 401 TOKEN", "BYE 401"},
	} {
		t.Run(what, func(t *testing.T) {
			in := s.Open(t)
			c := in.Channel(t)
			c.Say(t, wrong.say)
			if strings.HasPrefix(wrong.say, "USER") {
				c.Expect(t, "ACK USER")
			}
			told := c.Expect(t, wrong.err)
			if wrong.err == "ERR 401 PASS" && what != "PASS first" {
				sentences[told.Payload] = what
			}
			ends(t, in, c, wrong.bye)
		})
	}
	if len(sentences) != 1 {
		t.Errorf("whose name or password is wrong is told by what is said to him which: %v", sentences)
	}
	talks(t, witness)

	t.Run("what is corrected", func(t *testing.T) {
		in := s.Open(t)
		in.Control = in.Channel(t)
		in.Control.Say(t, "USER 0\nUSER 2 bert\nhiUSER 0 olga\nPASS 0\nPOEM 0 x\nPING 0 1\nUSER 0 bert\n"+right)
		for _, want := range []string{"ERR 422 USER", "ERR 413 USER", "ACK USER", "ERR 422 PASS", "PONG 1", "ACK USER"} {
			in.Control.Expect(t, want)
		}
		in.Entered(t, "ACK PASS bert")
		talks(t, in.Join(t, s.topic, 0))
	})
	t.Run("twice", func(t *testing.T) {
		in := s.Open(t)
		in.SignInAs(t, "bert", field(servertest.Password))
		for frame, want := range map[string]string{right: "ERR 409 PASS", "USER 0 olga\n": "ERR 409 USER", "TOKEN 0 " + s.olga.Token(t) + "\n": "ERR 409 TOKEN"} {
			in.Control.Say(t, frame)
			in.Control.Expect(t, want)
		}
		for _, first := range []string{"USER 0 olga\n", "TOKEN 0 " + s.olga.Token(t) + "\n"} {
			second := in.Channel(t)
			second.Say(t, first)
			second.Expect(t, "ERR 409 "+strings.Fields(first)[0])
			second.Finish(t)
		}
		talks(t, in.Join(t, s.topic, 0))
	})
	t.Run("on a channel before its time", func(t *testing.T) {
		if servertest.OverWebSocket() {
			t.Skip("a WebSocket is attached by the key that the sign-in gives")
		}
		in := s.Open(t)
		in.Control = in.Channel(t)
		in.Control.Say(t, "USER 0 bert\n")
		in.Control.Expect(t, "ACK USER")
		for _, first := range []string{right, "USER 0 bert\n", "JOIN 0 " + s.topic + " 0\n"} {
			early := in.Channel(t)
			early.Say(t, first)
			early.Expect(t, "ERR 429 -")
			early.Finish(t)
		}
		in.Control.Say(t, right)
		in.Entered(t, "ACK PASS bert")
		talks(t, in.Join(t, s.topic, 0))
	})
	t.Run("without the right code", func(t *testing.T) {
		codes, _ := s.in(t).enroll(s.signsIn("otto", ""))
		one := codes.next()
		refused := func(what, code string) {
			t.Helper()
			in := s.Open(t)
			c := in.Channel(t)
			c.Say(t, "USER 0 otto\n"+strings.TrimSuffix(right, "\n")+code+"\n")
			c.Expect(t, "ACK USER")
			if f := c.Hear(t); f.Is("ERR 401 PASS code") != nil {
				t.Errorf("%s is answered %q", what, f)
			}
			ends(t, in, c, "BYE 401")
		}
		refused("no code", "")
		refused("an empty code", " -")
		refused("a wrong code", " abcdef")
		in := s.Open(t)
		in.SignInAs(t, "otto", field(servertest.Password)+" "+one)
		talks(t, in.Join(t, s.foreign, 0))
		refused("a code for the second time", " "+one)
	})
	t.Run("too often", func(t *testing.T) {
		for tried := 0; ; tried++ {
			in := s.Open(t)
			c := in.Channel(t)
			c.Say(t, "USER 0 olga\nPASS 0 not-this-one,-not-that-one\n")
			c.Expect(t, "ACK USER")
			told := c.Hear(t)
			if told.Is("ERR 401 PASS") == nil && tried < 30 {
				ends(t, in, c, "BYE 401")
				continue
			}
			if err := told.Is("ERR 429 PASS *"); err != nil || tried < 10 {
				t.Fatalf("after %d failures: %q, %v", tried, told, err)
			}
			ends(t, in, c, "BYE 503 "+told.Fields()[2])
			break
		}
	})
	talks(t, witness)
}

// ends hears the last words of a session, and sees it closed, with their code where
// that arrives.
func ends(t *testing.T, s *servertest.Session, c *servertest.Channel, bye string) {
	t.Helper()
	code := strings.Fields(bye)[1]
	c.Farewell(t, bye)
	s.ExpectOver(t)
	if !servertest.OverQUIC() {
		return
	}
	var closed *quic.ApplicationError
	if why := context.Cause(s.Context()); !errors.As(why, &closed) || !closed.Remote || fmt.Sprint(uint64(closed.ErrorCode)) != code {
		t.Errorf("after %s the connection closed with %v", bye, why)
	}
}
