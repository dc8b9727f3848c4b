package server_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// malformed are headers against the grammar: ERR 400 wherever they come.
var malformed = map[string]string{
	"no LF within 1,024 octets":      "PING 0 " + strings.Repeat("a", 1024-len("PING 0 ")),
	"an LF one octet too late":       "PING 0 " + strings.Repeat("a", 1024-len("PING 0 ")) + "\n",
	"a length above 1 MiB":           "POST 1048577 id\n",
	"a length of 20 digits":          "POST 10000000000000000000 id\n",
	"a length below zero":            "POST -1 id\n",
	"a length with a leading zero":   "PING 00\n",
	"no length":                      "PING\n",
	"an empty line":                  "\n",
	"a lower-case type":              "ping 0\n",
	"a type of 17 letters":           "ABCDEFGHIJKLMNOPQ 0\n",
	"two spaces":                     "PING  0\n",
	"a space at the end":             "PING 0 \n",
	"CR":                             "PING 0\r\n",
	"an octet that must be escaped":  "PING 0 gr\xc3\xbc\n",
	"an escape that isn't needed":    "PING 0 %41\n",
	"an escape in lower case":        "PING 0 %c3%bc\n",
	"half an escape":                 "PING 0 %C\n",
	"an escaped control character":   "PING 0 %00\n",
	"an escaped DEL":                 "PING 0 %7F\n",
	"a field that isn't UTF-8":       "PING 0 %FF\n",
	"a surrogate in a field":         "PING 0 %ED%A0%80\n",
	"a NUL":                          "\x00",
	"an HTTP request":                "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"the beginning of another frame": "PING 0 PING 0\x0b\n",
}

// whole says whether what comes first in octets has its LF, without which the
// server waits for more.
func whole(octets string) bool { return len(octets) >= 1024 || strings.Contains(octets, "\n") }

// TestBadInputOnATopicChannel shows that a malformed header ends the channel,
// that anything else is refused and goes on, and that the session's other
// channels live on.
func TestBadInputOnATopicChannel(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	witness := s.Join(t, h.topic, 0)
	talks(t, witness)

	for name, octets := range malformed {
		if !whole(octets) {
			octets += "\n"
		}
		t.Run(name, func(t *testing.T) {
			c := s.Join(t, h.topic, 0)
			c.Say(t, octets)
			c.Answer(t, "ERR 400 -")
			c.ExpectEnd(t)
			talks(t, witness)
		})
	}

	text := strings.Repeat("ü", room.MaxText/2)
	long := strings.Repeat("i", 65)
	c := s.Join(t, h.topic, 0)
	for _, bad := range []struct{ name, octets, answer string }{
		{"64 KiB and an octet of text", servertest.Post(text+".", "big"), "ERR 413 big"},
		{"1 MiB of text", servertest.Post(strings.Repeat("x", 1<<20), "huge"), "ERR 413 huge"},
		{"64 KiB of text", servertest.Post(text, "full"), "ACK full *"},
		{"text that isn't UTF-8", servertest.Post("Gr\xfc\xdfe", "latin1"), "ERR 422 latin1"},
		{"text cut within a character", servertest.Post("Gr\xc3", "cut"), "ERR 422 cut"},
		{"no text", servertest.Post("", "empty"), "ERR 422 empty"},
		{"a POST without an id", "POST 2\nhi", "ERR 422 -"},
		{"an empty id", "POST 2 -\nhi", "ERR 422 -"},
		{"an id of 65 octets", servertest.Post("hi", long), "ERR 422 " + long},
		{"an id that isn't ASCII", servertest.Post("hi", "gr%C3%BC"), "ERR 422 gr%C3%BC"},
		{"an id with a space", servertest.Post("hi", "a%20b"), "ERR 422 a%20b"},
		{"the server's kind", servertest.Post("hi", "sys", "system"), "ERR 403 sys"},
		{"an unknown kind", servertest.Post("hi", "poem", "poem"), "ERR 422 poem"},
		{"a ref that is no number", servertest.Post("hi", "ref", "text", "one"), "ERR 422 ref"},
		{"a ref below one", servertest.Post("hi", "ref", "text", "0"), "ERR 422 ref"},
		{"a ref above 2^53-1", servertest.Post("hi", "ref", "text", "9007199254740992"), "ERR 422 ref"},
		{"a ref beyond the head", servertest.Post("hi", "ref", "text", "9007199254740991"), "ERR 422 ref"},
		{"a refused id, now with a good post", servertest.Post("hi", "ref"), "ACK ref *"},
		{"READ without a seq", "READ 0\n", "ERR 422 READ"},
		{"READ up to a word", "READ 0 all\n", "ERR 422 READ"},
		{"READ up to less than nothing", "READ 0 -1\n", "ERR 422 READ"},
		{"READ with a payload", "READ 3 1\nabc", "ERR 413 READ"},
		{"HEAD beyond the head", "HEAD 0 1000000\n", "ERR 422 HEAD"},
		{"HEAD at a word", "HEAD 0 top\n", "ERR 422 HEAD"},
		{"HEAD with a payload", "HEAD 1\n1", "ERR 413 HEAD"},
		{"HEAD with fields that come later", "HEAD 0 0 later=1 more\n", "HEAD 0 " + room.ChainStart(h.topic).String()},
		{"an unknown type with a payload", "POEM 11 a b=c\nPING 0 no\n\nPING 0 yes\n", "PONG yes"},
		{"an unknown type with 1 MiB", "POEM 1048576\n" + strings.Repeat("\n", 1<<20) + "PING 0\n", "PONG"},
		{"an unknown type with the longest header", "POEM 0 " + strings.Repeat("a", 1024-len("POEM 0 \n")) + "\nPING 0 -\n", "PONG -"},
		{"PING with a payload", "PING 1\n1", "ERR 413 PING"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			c.Say(t, bad.octets)
			c.Answer(t, bad.answer)
			talks(t, c)
			talks(t, witness)
		})
	}

	t.Run("half a frame and FIN", func(t *testing.T) {
		for _, half := range []string{"POST 10 half", "POST 10 half\nGrü", "POEM 10\n"} {
			c := s.Join(t, h.topic, -1)
			c.Hear(t) // the newest message
			c.Say(t, half)
			c.Finish(t)
		}
		talks(t, witness)
	})

	t.Run("an observer's POST", func(t *testing.T) {
		c := h.Enter(t, h.olga).Join(t, h.topic, 0)
		c.Say(t, servertest.Post("hi", "may-i"))
		c.Answer(t, "ERR 403 may-i")
		c.Say(t, "PING 0 on\n")
		c.Answer(t, "PONG on")
	})

	t.Run("nothing of it is in the log", func(t *testing.T) {
		for _, m := range readLog(t, h.Room, h.bert, h.topic) {
			if !strings.HasPrefix(m.Payload, "alive-") && m.Payload != text && m.Payload != "hi" {
				t.Errorf("the log has %.80q", m)
			}
		}
	})
}

// TestBadInputOnAFirstFrame shows what a further channel of a session may
// begin with.
func TestBadInputOnAFirstFrame(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	witness := s.Join(t, h.topic, 0)
	talks(t, witness)
	epoch, hash := proof(t, witness, 1)

	refused := map[string]struct{ octets, answer string }{
		"POST":                    {servertest.Post("hi", "early"), "ERR 400 early"},
		"WATCH":                   {"WATCH 0\n", "ERR 400 WATCH"},
		"HEAD":                    {"HEAD 0\n", "ERR 400 HEAD"},
		"READ":                    {"READ 0 1\n", "ERR 400 READ"},
		"a second control, TOKEN": {"TOKEN 0 " + h.bert.Token(t) + "\n", "ERR 409 TOKEN"},
		"a second control, USER":  {"USER 0 bert\n", "ERR 409 USER"},
		"JOIN without a topic":    {"JOIN 0\n", "ERR 404 -"},
		"JOIN without a seq":      {"JOIN 0 " + h.topic + "\n", "ERR 422 " + h.topic},
		"JOIN behind a word":      {"JOIN 0 " + h.topic + " all\n", "ERR 422 " + h.topic},
		"JOIN behind half":        {"JOIN 0 " + h.topic + " 1.5\n", "ERR 422 " + h.topic},
		"JOIN behind -0":          {"JOIN 0 " + h.topic + " -0\n", "ERR 422 " + h.topic},
		"JOIN with 1,001 back":    {"JOIN 0 " + h.topic + " -1001\n", "ERR 422 " + h.topic},
		"JOIN beyond 2^53-1":      {"JOIN 0 " + h.topic + " 9007199254740992\n", "ERR 422 " + h.topic},
		"JOIN with a payload":     {"JOIN 2 " + h.topic + " 0\nhi", "ERR 413 " + h.topic},
		"an epoch without a hash": {"JOIN 0 " + h.topic + " 1 " + epoch + "\n", "ERR 422 " + h.topic},
		"a hash that is none":     {"JOIN 0 " + h.topic + " 1 " + epoch + " " + hash[1:] + "\n", "ERR 422 " + h.topic},
		"a hash in upper case":    {"JOIN 0 " + h.topic + " 1 " + epoch + " " + strings.ToUpper(hash) + "\n", "ERR 422 " + h.topic},
		"another epoch":           {"JOIN 0 " + h.topic + " 1 0123456789abcdef " + hash + "\n", "ERR 409 " + h.topic + " " + epoch},
		"another hash":            {"JOIN 0 " + h.topic + " 0 " + epoch + " " + hash + "\n", "ERR 409 " + h.topic + " " + epoch},
		"a seq beyond the head":   {"JOIN 0 " + h.topic + " 1000000\n", "ERR 409 " + h.topic + " " + epoch},
		"the same with a proof":   {"JOIN 0 " + h.topic + " 1000000 " + epoch + " " + hash + "\n", "ERR 409 " + h.topic + " " + epoch},
	}
	for name, octets := range malformed {
		if !whole(octets) {
			octets += "\n"
		}
		refused[name] = struct{ octets, answer string }{octets, "ERR 400 -"}
	}
	for name, bad := range refused {
		t.Run(name, func(t *testing.T) {
			c := s.Channel(t)
			c.Say(t, bad.octets)
			c.Expect(t, bad.answer)
			c.ExpectEnd(t)
			talks(t, witness)
		})
	}

	t.Run("PING and unknown types, then JOIN", func(t *testing.T) {
		c := s.Channel(t)
		c.Say(t, "PING 0 first\nPOEM 3 x\nabcPING 0\nJOIN 0 "+h.topic+" 1 "+epoch+" "+hash+"\n")
		c.Expect(t, "PONG first")
		c.Expect(t, "PONG")
		c.Expect(t, fmt.Sprintf("ACK %s * %s 1 %s", h.topic, epoch, hash))
		talks(t, c)
	})
	t.Run("nothing, and FIN", func(t *testing.T) {
		c := s.Channel(t)
		c.Say(t, "PIN")
		c.Finish(t)
		talks(t, witness)
	})
}

// TestForeignTopicIsAnsweredAsAnUnknownOne compares whole answers, octet for
// octet but for the topic's own id.
func TestForeignTopicIsAnsweredAsAnUnknownOne(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	foreign := h.Enter(t, h.otto).Join(t, h.foreign, 0)
	talks(t, foreign)
	epoch, hash := proof(t, foreign, 1)
	s := h.Enter(t, h.bert)
	unknown := room.NewID()
	for _, rest := range []string{"0", "1", "-1", "1000000", "all", "", "1 " + epoch + " " + hash, "1 0123456789abcdef " + hash, "1 " + epoch, "0 later=1"} {
		answers := make(map[string]string)
		for _, topic := range []string{h.foreign, unknown} {
			c := s.Channel(t)
			c.Say(t, strings.TrimSuffix("JOIN 0 "+topic+" "+rest, " ")+"\n")
			f := c.Expect(t, "ERR 404 "+topic)
			c.ExpectEnd(t)
			answers[topic] = strings.ReplaceAll(f.String(), topic, "TOPIC")
		}
		if answers[h.foreign] != answers[unknown] {
			t.Errorf("JOIN with %q: a foreign topic is answered %q, an unknown one %q", rest, answers[h.foreign], answers[unknown])
		}
	}
	for _, path := range []string{"", "/messages?after=0"} {
		status, got := h.bert.Do(t, "GET", "/api/topics/"+h.foreign+path, nil)
		status2, want := h.bert.Do(t, "GET", "/api/topics/"+unknown+path, nil)
		if status != 404 || status2 != 404 || string(got) != string(want) {
			t.Errorf("GET of a foreign topic%s: %d %s; of an unknown one: %d %s", path, status, got, status2, want)
		}
	}
	talks(t, foreign)
}

// TestBadInputOnTheControlChannel shows that a malformed header there ends the
// session with ERR and BYE, and no other session.
func TestBadInputOnTheControlChannel(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)

	for name, octets := range malformed {
		if !whole(octets) {
			octets += "\n"
		}
		t.Run(name, func(t *testing.T) {
			s := h.Enter(t, h.bert)
			topic := s.Join(t, h.topic, 0)
			s.Control.Say(t, octets)
			s.Control.Expect(t, "ERR 400 -")
			s.Control.Farewell(t, "BYE 400")
			s.ExpectOver(t)
			if f, err := drain(topic); err == nil {
				t.Errorf("a channel of the session goes on with %q", f)
			}
			talks(t, witness)
		})
	}

	s := h.Enter(t, h.bert)
	topic := s.Join(t, h.topic, 0)
	for _, bad := range []struct{ name, octets, answer string }{
		{"an unknown type with a payload", "POEM 11 a b=c\nPING 0 no\n\nPING 0 yes\n", "PONG yes"},
		{"an unknown type with 1 MiB", "POEM 1048576\n" + strings.Repeat("\n", 1<<20) + "PING 0\n", "PONG"},
		{"WATCH with a payload", "WATCH 2\nhi", "ERR 413 WATCH"},
		{"PING with a payload", "PING 2 a\nhi", "ERR 413 PING"},
		{"PING with more fields", "PING 0 cookie more=1\n", "PONG cookie"},
		{"PING with an escaped cookie", "PING 0 gr%C3%BC%20%25\n", "PONG gr%C3%BC%20%25"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			s.Control.Say(t, bad.octets)
			s.Control.Expect(t, bad.answer)
			talks(t, topic)
		})
	}
	t.Run("a second WATCH", func(t *testing.T) {
		s.Control.Say(t, "WATCH 0\nWATCH 0\n")
		s.Control.Await(t, "ACK WATCH")
		s.Control.Await(t, "ERR 409 WATCH")
		s.Control.Say(t, "PING 0\n")
		s.Control.Await(t, "PONG")
		talks(t, topic)
	})
	t.Run("FIN is the session's end", func(t *testing.T) {
		s := h.Enter(t, h.bert)
		s.Control.CloseWrite()
		s.ExpectOver(t)
	})
	t.Run("a reset is the session's end", func(t *testing.T) {
		s := h.Enter(t, h.bert)
		s.Control.Reset(0)
		s.ExpectOver(t)
	})
	talks(t, witness)
}

// TestBadInputBeforeSignIn shows that nothing but a sign-in opens a session.
func TestBadInputBeforeSignIn(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	witness := h.Enter(t, h.bert).Join(t, h.topic, 0)
	spent := h.bert.Token(t)
	first := h.Open(t).Channel(t)
	first.Say(t, "TOKEN 0 "+spent+"\n")
	first.Expect(t, servertest.SignedIn("bert"))

	refused := map[string]struct{ octets, err, bye string }{
		"POST":                {servertest.Post("hi", "early"), "ERR 401 early", "BYE 401"},
		"JOIN":                {"JOIN 0 " + h.topic + " 0\n", "ERR 401 " + h.topic, "BYE 401"},
		"WATCH":               {"WATCH 0\n", "ERR 401 WATCH", "BYE 401"},
		"HEAD":                {"HEAD 0\n", "ERR 401 HEAD", "BYE 401"},
		"READ":                {"READ 0 1\n", "ERR 401 READ", "BYE 401"},
		"PASS without a USER": {"PASS 0 " + "secret-secret" + "\n", "ERR 401 PASS", "BYE 401"},
		"an unknown token":    {"TOKEN 0 " + room.NewToken() + "\n", "ERR 401 TOKEN", "BYE 401"},
		"a spent token":       {"TOKEN 0 " + spent + "\n", "ERR 401 TOKEN", "BYE 401"},
		"a token of nothing":  {"TOKEN 0 -\n", "ERR 401 TOKEN", "BYE 401"},
	}
	for name, octets := range malformed {
		if !whole(octets) {
			octets += "\n"
		}
		refused[name] = struct{ octets, err, bye string }{octets, "ERR 400 -", "BYE 400"}
	}
	for name, bad := range refused {
		t.Run(name, func(t *testing.T) {
			s := h.Open(t)
			c := s.Channel(t)
			c.Say(t, bad.octets)
			c.Expect(t, bad.err)
			c.Farewell(t, bad.bye)
			s.ExpectOver(t)
		})
	}

	t.Run("PING, unknown types and a payload, then TOKEN", func(t *testing.T) {
		s := h.Open(t)
		c := s.Channel(t)
		c.Say(t, "PING 0 a\nPOEM 3\nabcTOKEN 2 x\nhiPING 0 b\n")
		c.Expect(t, "PONG a")
		c.Expect(t, "ERR 413 TOKEN")
		c.Expect(t, "PONG b")
		s.Control = c
		s.SignIn(t, h.bert)
		talks(t, s.Join(t, h.topic, 0))
	})
	t.Run("a second channel", func(t *testing.T) {
		if servertest.OverWebSocket() {
			t.Skip("a WebSocket is attached by the key that the sign-in gives")
		}
		s := h.Open(t)
		c := s.Channel(t)
		c.Say(t, "PING 0\n")
		c.Expect(t, "PONG")
		second := s.Channel(t)
		second.Say(t, "TOKEN 0 "+h.bert.Token(t)+"\n")
		second.Expect(t, "ERR 429 -")
		second.Finish(t)
		c.Say(t, "TOKEN 0 "+h.bert.Token(t)+"\n")
		c.Expect(t, servertest.SignedIn("bert"))
		talks(t, s.Join(t, h.topic, 0))
	})
	talks(t, witness)
}

// proof is what a reader at seq shows.
func proof(t *testing.T, c *servertest.Channel, seq int64) (epoch, hash string) {
	t.Helper()
	c.Say(t, fmt.Sprintf("HEAD 0 %d\n", seq))
	return c.Epoch, c.Answer(t, fmt.Sprintf("HEAD %d *", seq)).Fields()[1]
}

// drain reads a channel to its end, and gives the error that it ended with.
func drain(c *servertest.Channel) (last servertest.Frame, err error) {
	for {
		f, err := c.Next()
		if err != nil {
			return last, err
		}
		last = f
	}
}
