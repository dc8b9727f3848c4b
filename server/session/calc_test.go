package session_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

var calculations = []struct{ frame, answer string }{
	{"CALC 0 id +,1,1\n", "RESULT 1 200 id\n2"},
	{"CALC 0 id *,1250000,7.5 later=1\n", "RESULT 7 200 id\n9375000"},
	{"CALC 0 id /,1,0\n", "RESULT 2 300 id\n-1"},
	{"CALC 0 id +,1e9,1\n", "RESULT 2 300 id\n-1"},
	{"CALC 0 id ^,1,1\n", "RESULT 2 300 id\n-1"},
	{"CALC 0 id -\n", "RESULT 2 300 id\n-1"},
	{"CALC 0 id\n", "RESULT 2 300 id\n-1"},
	{"CALC 0 id %C3%BC\n", "RESULT 2 300 id\n-1"},
}

func TestCalcIsAnsweredOnTheControlChannel(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		defer client.Close(0, "")
		for _, c := range calculations {
			control.say(t, c.frame)
			header, payload := control.hearAll(t)
			if got := header + "\n" + payload; got != c.answer {
				t.Errorf("%q is answered %q, want %q", c.frame, got, c.answer)
			}
		}
		for _, frame := range []string{"CALC 0\n", "CALC 0 - +,1,1\n", "CALC 0 " + strings.Repeat("i", 65) + " +,1,1\n"} {
			control.say(t, frame)
			control.expect(t, "ERR n 422 CALC")
		}
		control.say(t, "CALC 1 id +,1,1\nx")
		control.expect(t, "ERR n 413 CALC")
		p.post(t, "first")
		topical := client.channel(t)
		topical.joins(t)
		topical.say(t, "CALC 0 id +,1,1\n")
		topical.expect(t, "ERR n 422 CALC")
	})
}

func TestCalcInADatagramIsAnsweredByOne(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		defer client.Close(0, "")
		ask := func(frame string) string {
			client.SendDatagram([]byte(frame))
			synctest.Wait()
			select {
			case octets := <-client.datagrams:
				return string(octets)
			default:
				return ""
			}
		}
		for _, c := range calculations {
			if got := ask(c.frame); got != c.answer {
				t.Errorf("%q is answered %q, want %q", c.frame, got, c.answer)
			}
		}
		for _, frame := range []string{"", "CALC", "CALC 0\n", "CALC 0 - +,1,1\n", "CALC 1 id +,1,1\nx", "CALC 0 id +,1,1\nCALC 0 id +,1,1\n"} {
			if got := ask(frame); got != "" {
				t.Errorf("%q is answered %q", frame, got)
			}
		}
		if stranger := p.open(); stranger != nil {
			defer stranger.Close(0, "")
			stranger.SendDatagram([]byte("CALC 0 id +,1,1\n"))
			synctest.Wait()
			if len(stranger.datagrams) > 0 {
				t.Error("who has not signed in is answered")
			}
		}
		p.server.CalcLoss = 1
		if got := ask("CALC 0 id +,1,1\n"); got != "" {
			t.Errorf("what is lost is answered %q", got)
		}
		control.say(t, "CALC 0 id +,1,1\n")
		control.expect(t, "RESULT 1 200 id")
	})
}
