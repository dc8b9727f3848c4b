package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"redroom/server/room"
	"redroom/server/wire"
)

// signIn is a session over a link, whose control channel the test has.
func signIn(t *testing.T, l *scriptedLink) (*Session, *scriptedChannel) {
	t.Helper()
	s := New(l)
	t.Cleanup(func() { s.Close() })
	signed := make(chan error, 1)
	go func() {
		_, err := s.SignIn(context.Background(), "token")
		signed <- err
	}()
	synctest.Wait()
	l.control().say(wire.TypeAck, "", wire.TypeToken, "anna")
	if err := <-signed; err != nil {
		t.Fatal(err)
	}
	return s, l.control()
}

// TestWhatWasReadSaysWhyASessionEnded has the connection end together with the
// BYE: it is the reason, however the two are met.
func TestWhatWasReadSaysWhyASessionEnded(t *testing.T) {
	for range 1000 {
		synctest.Test(t, func(t *testing.T) {
			l := newScriptedLink("WebTransport")
			s, control := signIn(t, l)
			control.say(wire.TypeBye, "The server is stopping.", "503", "7")
			l.over()
			<-s.Done()
			var bye *Bye
			if !errors.As(s.Err(), &bye) || *bye != (Bye{503, 7, "The server is stopping."}) {
				t.Fatalf("the session ended with %v", s.Err())
			}
		})
	}
}

func TestASessionWithoutAReasonWasLost(t *testing.T) {
	for name, test := range map[string]struct {
		signedIn bool
		end      func(l *scriptedLink)
	}{
		"before the sign-in":      {false, (*scriptedLink).over},
		"after it":                {true, (*scriptedLink).over},
		"by the control channel":  {true, func(l *scriptedLink) { l.control().Reset(0) }},
		"by what makes no sense":  {true, func(l *scriptedLink) { l.control().say("bye", "") }},
		"by half a frame, and no": {true, func(l *scriptedLink) { l.control().unfinished("BYE 100 4"); l.over() }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newScriptedLink("WebTransport")
				s := New(l)
				if test.signedIn {
					s, _ = signIn(t, l)
				}
				if s.Err() != nil {
					t.Fatalf("it is over before: %v", s.Err())
				}
				test.end(l)
				<-s.Done()
				if !errors.Is(s.Err(), ErrLost) {
					t.Errorf("it ended with %v", s.Err())
				}
			})
		})
	}
}

func TestARefusedTokenSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScriptedLink("WebTransport")
		s := New(l)
		defer s.Close()
		go func() {
			synctest.Wait()
			l.control().say(wire.TypeErr, "The token was used.", "401", wire.TypeToken)
		}()
		_, err := s.SignIn(t.Context(), "token")
		var refusal *Refused
		var reason *room.Error
		if !errors.As(err, &refusal) || refusal.Ref != wire.TypeToken || !errors.As(err, &reason) || reason.Code != 401 || reason.Text != "The token was used." {
			t.Errorf("signing in: %v", err)
		}
	})
}

func TestPingIsAnsweredWithItsCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, control := signIn(t, newScriptedLink("WebTransport"))
		control.say(wire.TypePing, "", "cookie")
		synctest.Wait()
		if got := control.got(wire.TypePong); len(got) != 1 || got[0].fields[0] != "cookie" {
			t.Errorf("PING was answered with %v", got)
		}
	})
}

// TestAPasswordIsSaidAfterItsName shows what is said, with what needs escaping,
// and how a missing code is told.
func TestAPasswordIsSaidAfterItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScriptedLink("WebTransport")
		s := New(l)
		defer s.Close()
		go func() {
			synctest.Wait()
			if got := l.control().got(wire.TypeUser); len(got) != 1 || got[0].fields[0] != "bert" || len(l.control().got(wire.TypePass)) > 0 {
				t.Errorf("first was said %v", got)
			}
			l.control().say(wire.TypeAck, "", wire.TypeUser)
			synctest.Wait()
			if got := l.control().got(wire.TypePass); len(got) != 1 || len(got[0].fields) != 1 || got[0].fields[0] != "sch%C3%B6ner%20gro%C3%9Fer%20Garten" {
				t.Errorf("then was said %v", got)
			}
			l.control().say(wire.TypeErr, "Enter the code, too.", "401", wire.TypePass, "code")
		}()
		_, err := s.SignInAs(t.Context(), "bert", "schöner großer Garten", "")
		var refusal *Refused
		if !errors.As(err, &refusal) || refusal.Reason.Code != 401 || refusal.Detail != "code" {
			t.Errorf("signing in: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := newScriptedLink("WebTransport")
		s := New(l)
		defer s.Close()
		go func() {
			synctest.Wait()
			l.control().say(wire.TypeAck, "", wire.TypeUser)
			synctest.Wait()
			if got := l.control().got(wire.TypePass); len(got) != 1 || len(got[0].fields) != 2 || got[0].fields[1] != "123456" {
				t.Errorf("with a code was said %v", got)
			}
			l.control().say(wire.TypeAck, "", wire.TypePass, "bert")
		}()
		if user, err := s.SignInAs(t.Context(), "bert", "password", "123456"); err != nil || user != "bert" {
			t.Errorf("signing in: %q, %v", user, err)
		}
	})
}
