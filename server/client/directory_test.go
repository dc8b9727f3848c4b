package client

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/wire"
)

var (
	print7      = [32]byte{7}
	print7InHex = "07" + strings.Repeat("0", 62)
	peersKey    = base64.RawURLEncoding.EncodeToString(make([]byte, 32))
)

// TestTheDirectoryIsAskedBySession has BIND answered last, as servers do, and each
// answer come to who has asked for it.
func TestTheDirectoryIsAskedBySession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, control := signIn(t, newScriptedLink("QUIC"))
		bound, left := make(chan Bound, 1), make(chan error, 1)
		go func() {
			b, err := s.Bind(t.Context(), "", 4435, print7)
			if err != nil {
				t.Error(err)
			}
			bound <- b
		}()
		synctest.Wait()
		go func() { left <- s.Leave(t.Context()) }()
		ticket := make(chan string, 1)
		go func() {
			got, err := s.PeerTicket(t.Context(), "bert", print7)
			if err != nil {
				t.Error(err)
			}
			ticket <- got
		}()
		synctest.Wait()
		if got := control.got(wire.TypeBind); len(got) != 1 || strings.Join(got[0].fields, " ") != "- 4435 "+print7InHex {
			t.Errorf("bound was by %v", got)
		}
		if got := control.got(wire.TypeTicket); len(got) != 1 || strings.Join(got[0].fields, " ") != "bert "+print7InHex {
			t.Errorf("a ticket was asked for by %v", got)
		}
		control.say(wire.TypeResult, "the.ticket", "200", wire.TypeTicket)
		control.say(wire.TypeAck, "", wire.TypeLeave)
		if err := <-left; err != nil {
			t.Error(err)
		}
		if got := <-ticket; got != "the.ticket" {
			t.Errorf("the ticket is %q", got)
		}
		control.say(wire.TypeAck, "", wire.TypeBind, peersKey, "1767225600000")
		if b := <-bound; len(b.Key) != 32 || !b.Time.Equal(time.UnixMilli(1767225600000)) {
			t.Errorf("bound is %v", b)
		}
	})
}

func TestALineOfTheDirectoryIsReadAsAWholeOrNotAtAll(t *testing.T) {
	for lines, want := range map[string]int{
		"": 0,
		"anna,192.0.2.1,4435," + print7InHex + "\n":                                     1,
		"anna,192.0.2.1,4435," + print7InHex + "\nbert,2001:db8::1,1024," + print7InHex: 2,
		"anna,192.0.2.1,4435," + print7InHex + ",and more\n":                            1,
		"anna,192.0.2.1,4435\n":                                                         -1,
		"Anna,192.0.2.1,4435," + print7InHex + "\n":                                     -1,
		"anna,example.com,4435," + print7InHex + "\n":                                   -1,
		"anna,192.0.2.1,65536," + print7InHex + "\n":                                    -1,
		"anna,192.0.2.1,4435," + print7InHex[:62] + "\n":                                -1,
		"\n": -1,
	} {
		synctest.Test(t, func(t *testing.T) {
			s, control := signIn(t, newScriptedLink("QUIC"))
			go func() {
				synctest.Wait()
				control.say(wire.TypeResult, lines, "200", wire.TypeQuery)
			}()
			got, err := s.Query(t.Context(), "")
			if want < 0 && err == nil || want >= 0 && (err != nil || len(got) != want) {
				t.Errorf("%q gave %v, %v", lines, got, err)
			}
			for _, r := range got {
				if r.Fingerprint != print7 || !r.At.IsValid() {
					t.Errorf("%q gave %v", lines, r)
				}
			}
		})
	}
}

// TestAnAnswerThatCameTooLateIsNobodyElses gives up a BIND, and the next one waits
// for what comes of it.
func TestAnAnswerThatCameTooLateIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, control := signIn(t, newScriptedLink("QUIC"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Bind(short, "", 4435, print7); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first one: %v", err)
		}
		second := make(chan error, 1)
		go func() {
			_, err := s.Bind(t.Context(), "", 4436, print7)
			second <- err
		}()
		synctest.Wait()
		if got := control.got(wire.TypeBind); len(got) != 1 {
			t.Errorf("before the answer there were %v", got)
		}
		control.say(wire.TypeErr, "You can't be reached there.", "422", wire.TypeBind)
		synctest.Wait()
		if got := control.got(wire.TypeBind); len(got) != 2 || got[1].fields[1] != "4436" {
			t.Errorf("after it there were %v", got)
		}
		control.say(wire.TypeAck, "", wire.TypeBind, peersKey, "1767225600000")
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}

// TestAClientAsksOnTheSessionThatIsOpen waits for the first one, and loses it
// before it has answered.
func TestAClientAsksOnTheSessionThatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScene(t)
		p.start()
		synctest.Wait()
		asked := func() <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := p.client.Query(context.Background(), "")
				done <- err
			}()
			synctest.Wait()
			return done
		}
		first := asked()
		p.play("ready WebTransport", "signs-in WebTransport")
		p.server.signed.control().say(wire.TypeResult, "", "200", wire.TypeQuery)
		if err := <-first; err != nil {
			t.Errorf("before there was a session: %v", err)
		}
		if got := p.client.State().User; got != "anna" {
			t.Errorf("signed in is %q", got)
		}
		second := asked()
		p.play("lost")
		if err := <-second; !errors.Is(err, ErrLost) {
			t.Errorf("asked on a session that was lost: %v", err)
		}
		third := asked()
		p.client.Close()
		if err := <-third; !errors.Is(err, ErrClosed) {
			t.Errorf("asked on a client that was closed: %v", err)
		}
	})
}
