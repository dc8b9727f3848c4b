package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"redroom/server"
	limits "redroom/server/load"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// narrow is a server's configuration with limits that change sees to.
func narrow(t *testing.T, change func(*limits.Limits)) server.Config {
	t.Helper()
	c := servertest.Config(t)
	c.Log = nil // it complains
	c.Limits = limits.Defaults()
	change(&c.Limits)
	return c
}

// waitOf is a field that says how long to wait, which must be from 1 to most.
func waitOf(t *testing.T, field string, most int) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(field)
	if err != nil || n < 1 || n > most {
		t.Fatalf("wait %q seconds, want 1 to %d", field, most)
	}
	return time.Duration(n) * time.Second
}

// TestPostsOverTheLimitComeOnceInOrder has somebody post as fast as he is
// answered, and wait when he is told to. All of it is there then, once, as he
// said it, and what was acknowledged before is acknowledged at any time.
func TestPostsOverTheLimitComeOnceInOrder(t *testing.T) {
	leavesNoGoroutine(t)
	const posts = 100
	h := newHouseOf(t, narrow(t, func(l *limits.Limits) { l.User.Posts = limits.Rate{PerSecond: 25, Burst: 25} }))
	c := h.Enter(t, h.bert).Join(t, h.topic, 0)
	witness := h.Enter(t, h.olga).Join(t, h.topic, 0)
	other := h.Enter(t, h.anna).Join(t, h.topic, 0)

	refused := 0
	for i := 0; i < posts; {
		id := fmt.Sprintf("post-%d", i)
		c.Say(t, servertest.Post(fmt.Sprintf("Nr. %d", i), id))
		f := answerOf(t, c)
		if f.Is("ACK "+id+" *") == nil {
			i++
			continue
		}
		if err := f.Is("ERR 429 " + id + " *"); err != nil {
			t.Fatal(err)
		}
		refused++
		wait := waitOf(t, f.Fields()[2], 1)
		began := time.Now()

		c.Say(t, servertest.Post("Nr. 0", "post-0")) // is known
		c.Answer(t, "ACK post-0 1")
		c.Say(t, servertest.Post("something else", "post-0"))
		c.Answer(t, "ERR 409 post-0")
		c.Say(t, servertest.Post("overtaking", "overtaking"))
		c.Answer(t, "ERR 429 overtaking *")
		talks(t, other)
		<-time.After(wait - time.Since(began))
	}
	if refused == 0 {
		t.Fatal("nothing was refused")
	}
	said := 0
	for said < posts {
		f := witness.Expect(t, "MESSAGE * * * text - *")
		if f.Fields()[1] != "bert" {
			continue
		}
		if want := fmt.Sprintf("Nr. %d", said); f.Payload != want {
			t.Fatalf("bert says %q, want %q", f.Payload, want)
		}
		said++
	}
}

// answerOf passes over messages.
func answerOf(t *testing.T, c *servertest.Channel) servertest.Frame {
	t.Helper()
	for {
		if f := c.Hear(t); f.Type() != "MESSAGE" {
			return f
		}
	}
}

// TestTooManySessionsOfAUser tells one too many so, in words of the sign-in, and
// takes another when one has ended. Other users don't notice.
func TestTooManySessionsOfAUser(t *testing.T) {
	leavesNoGoroutine(t)
	const most = 5
	h := newHouseOf(t, narrow(t, func(l *limits.Limits) { l.User.Sessions = most }))
	var all []*servertest.Session
	for range most {
		all = append(all, h.Enter(t, h.bert))
	}
	s := h.Open(t)
	c := s.Channel(t)
	c.Say(t, "TOKEN 0 "+h.bert.Token(t)+"\n")
	wait := waitOf(t, c.Expect(t, "ERR 429 TOKEN *").Fields()[2], 8)
	if bye := c.Farewell(t, "BYE 503 *"); waitOf(t, bye.Fields()[1], 8) != wait {
		t.Errorf("BYE says another time than ERR: %q", bye)
	}
	s.ExpectOver(t)
	talks(t, h.Enter(t, h.anna).Join(t, h.topic, 0))
	talks(t, all[0].Join(t, h.topic, 0))

	all[1].Close(0, "")
	for deadline := time.Now().Add(servertest.Patience); !entersAgain(t, h, h.bert); {
		if time.Now().After(deadline) {
			t.Fatal("the end of a session has made no room")
		}
	}
}

// entersAgain tells whether there is room for one session more, which it needs
// not be at once after another's end.
func entersAgain(t *testing.T, h *house, as *servertest.API) bool {
	t.Helper()
	s := h.Open(t)
	c := s.Channel(t)
	c.Say(t, "TOKEN 0 "+as.Token(t)+"\n")
	f, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	return f.Is(servertest.SignedIn(as.Name)) == nil
}

// TestTooManySessionsOfAnAddressOrOfTheServer turns one too many away before its
// sign-in, for a moment that differs.
func TestTooManySessionsOfAnAddressOrOfTheServer(t *testing.T) {
	for name, change := range map[string]func(*limits.Limits){
		"address": func(l *limits.Limits) { l.Address.Sessions = 4 },
		"server":  func(l *limits.Limits) { l.Sessions = 4 },
	} {
		t.Run(name, func(t *testing.T) {
			leavesNoGoroutine(t)
			h := newHouseOf(t, narrow(t, change))
			all := []*servertest.Session{h.Enter(t, h.anna), h.Enter(t, h.bert), h.Enter(t, h.olga), h.Open(t)}
			all[3].Control = all[3].Channel(t)
			all[3].Control.Say(t, "PING 0\n")
			all[3].Control.Expect(t, "PONG")
			for range 3 {
				s := h.Open(t)
				c := s.Channel(t)
				c.Say(t, "PING 0\n")
				waitOf(t, c.Farewell(t, "BYE 503 *").Fields()[1], 3)
				s.ExpectOver(t)
			}
			talks(t, all[1].Join(t, h.topic, 0))
			all[0].Close(0, "")
			for deadline := time.Now().Add(servertest.Patience); ; {
				s := h.Open(t)
				c := s.Channel(t)
				c.Say(t, "PING 0\n")
				f, err := c.Next()
				if err != nil {
					t.Fatal(err)
				}
				if f.Is("PONG") == nil {
					return
				}
				if time.Now().After(deadline) {
					t.Fatal("the end of a session has made no room")
				}
			}
		})
	}
}

// TestTooManyChannelsOfAUser counts them over all of the user's sessions.
func TestTooManyChannelsOfAUser(t *testing.T) {
	leavesNoGoroutine(t)
	const most = 6
	h := newHouseOf(t, narrow(t, func(l *limits.Limits) { l.User.Channels = most }))
	one, two := h.Enter(t, h.bert), h.Enter(t, h.bert)
	open := []*servertest.Channel{one.Join(t, h.topic, 0), one.Join(t, h.topic, 0), two.Join(t, h.topic, 0), two.Join(t, h.topic, 0)}
	full := func() bool {
		c := two.Channel(t)
		c.Say(t, "JOIN 0 "+h.topic+" 0\n")
		f := c.Hear(t)
		if f.Is("ERR 429 - *") == nil {
			waitOf(t, f.Fields()[2], 8)
			c.Finish(t)
			return true
		}
		if err := f.Is("ACK " + h.topic + " * * * *"); err != nil {
			t.Fatal(err)
		}
		return false
	}
	if !full() {
		t.Fatal("there was room for one too many")
	}
	talks(t, h.Enter(t, h.anna).Join(t, h.topic, 0))
	open[0].CloseWrite()
	drain(open[0])
	for deadline := time.Now().Add(servertest.Patience); full(); {
		if time.Now().After(deadline) {
			t.Fatal("the end of a channel has made no room")
		}
	}
}

// TestTooManyRequests refuses those of a user, of the strangers at an address,
// and of an address altogether, with the time to wait; health and the page's
// files are never refused.
func TestTooManyRequests(t *testing.T) {
	h := newHouseOf(t, narrow(t, func(l *limits.Limits) {
		l.User.Requests = limits.Rate{PerSecond: 20, Burst: 40}
		l.Address.Requests = limits.Rate{PerSecond: 100, Burst: 150}
	}))
	page, _ := ask(t, h.Anonymous(t), h.Plain, "GET", "/")
	_, rest, _ := strings.Cut(page, `src="/assets/`)
	asset, _, _ := strings.Cut(rest, `"`)
	if asset == "" {
		t.Fatalf("the page has no script: %.300s", page)
	}

	var last time.Duration
	// refuses asks until it is refused, which it must be within so many.
	refuses := func(as *servertest.API, path string, within int) {
		t.Helper()
		for range within {
			body, answer := ask(t, as, h.Plain, "GET", path)
			if answer.StatusCode != http.StatusTooManyRequests {
				continue
			}
			var problem struct {
				Status int
				Detail string
			}
			if err := json.Unmarshal([]byte(body), &problem); err != nil || answer.Header.Get("Content-Type") != "application/problem+json" || problem.Status != 429 || problem.Detail == "" {
				t.Fatalf("%s was refused with %v %s", path, answer.Header, body)
			}
			last = waitOf(t, answer.Header.Get("Retry-After"), 1)
			return
		}
		t.Fatalf("%d requests for %s were not too many", within, path)
	}
	refuses(h.bert, "/api/deals", 80)
	h.anna.Must(t, "GET", "/api/deals", nil, nil, 200) // from the same address
	stranger := h.Anonymous(t)
	refuses(stranger, "/api/session", 80)
	h.anna.Must(t, "GET", "/api/deals", nil, nil, 200)
	<-time.After(last)
	h.bert.Must(t, "GET", "/api/deals", nil, nil, 200)
	stranger.Must(t, "GET", "/api/session", nil, nil, 401)

	refuses(stranger, "/", 1000)
	for range 200 {
		for _, path := range []string{"/healthz", "/readyz", "/assets/" + asset} {
			if _, answer := ask(t, stranger, h.Plain, "GET", path); answer.StatusCode != 200 {
				t.Fatalf("%s is answered with %s", path, answer.Status)
			}
		}
		refuses(stranger, "/", 1000)
	}
	// A WebSocket's opening is a request like any other.
	body, answer := ask(t, stranger, h.Plain, "GET", transport.Path, "Connection", "Upgrade", "Upgrade", "websocket")
	for range 1000 {
		if answer.StatusCode == http.StatusTooManyRequests {
			break
		}
		body, answer = ask(t, stranger, h.Plain, "GET", transport.Path, "Connection", "Upgrade", "Upgrade", "websocket")
	}
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("opening a WebSocket is answered with %s, %v: %s", answer.Status, answer.Header, body)
	}
	<-time.After(last)
	h.anna.Must(t, "GET", "/api/deals", nil, nil, 200)
}

// ask asks with header fields, and gives the answer with its body.
func ask(t *testing.T, as *servertest.API, base, method, path string, header ...string) (string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := as.HTTP.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return string(body), answer
}

// TestTooManyConnections closes TCP connections of an address that has many,
// whether nothing comes on them or requests of which the rest never comes. That
// the server is full of others' is nothing to those of its own machine.
func TestTooManyConnections(t *testing.T) {
	for name, first := range map[string]string{
		"silent":         "",
		"half a request": "POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) { tooManyConnections(t, first) })
	}
}

// tooManyConnections has connections begin with what is given, if it isn't "".
func tooManyConnections(t *testing.T, first string) {
	const most = 10
	r, _ := servertest.StartWith(t, narrow(t, func(l *limits.Limits) { l.Address.Connections, l.Connections = most, 1 }))
	address := strings.TrimPrefix(r.Plain, "http://")
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	// answers tells whether a request on a connection is answered.
	answers := func(conn net.Conn) bool {
		conn.SetDeadline(time.Now().Add(servertest.Patience))
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == 200
	}
	var silent []net.Conn
	for range most {
		conn := dial()
		if first != "" {
			conn.SetDeadline(time.Now().Add(servertest.Patience))
			io.WriteString(conn, first)
			if _, err := conn.Read(make([]byte, 1)); err != nil { // the body is waited for
				t.Fatal(err)
			}
		}
		silent = append(silent, conn)
	}
	closed := dial()
	closed.SetDeadline(time.Now().Add(5 * time.Second)) // before it is closed because nothing comes
	if _, err := closed.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a connection too many goes on: %v", err)
	}
	if first == "" && !answers(silent[0]) {
		t.Fatal("a connection that was there before is not answered")
	}
	for _, conn := range silent {
		conn.Close()
	}
	for deadline := time.Now().Add(servertest.Patience); !answers(dial()); {
		if time.Now().After(deadline) {
			t.Fatal("closed connections have made no room")
		}
	}
}

// TestTooManyQUICConnections ends those of an address that has many, whatever they
// speak.
func TestTooManyQUICConnections(t *testing.T) {
	leavesNoGoroutine(t)
	for by, dial := range map[string]func(context.Context, *servertest.Room) (transport.Session, error){
		"WebTransport": func(ctx context.Context, r *servertest.Room) (transport.Session, error) {
			return transport.DialWebTransport(ctx, r.Rrp, "", r.Trust(t))
		},
		"QUIC": func(ctx context.Context, r *servertest.Room) (transport.Session, error) {
			return transport.DialQUIC(ctx, r.QUIC(), r.Trust(t))
		},
	} {
		t.Run(by, func(t *testing.T) {
			const most = 8
			c := narrow(t, func(l *limits.Limits) { l.Address.Connections = most })
			r, _ := servertest.StartWith(t, c)
			// A raw QUIC connection is open before it is refused.
			open := func() (s transport.Session, taken bool) {
				ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
				defer cancel()
				s, err := dial(ctx, r)
				if err != nil {
					return nil, false
				}
				t.Cleanup(func() { s.Close(0, "") })
				return s, answersPING(ctx, s)
			}
			var all []transport.Session
			for range most {
				s, taken := open()
				if !taken {
					t.Fatal("a connection was refused that is not too many")
				}
				all = append(all, s)
			}
			if _, taken := open(); taken {
				t.Fatal("a connection too many was taken")
			}
			all[0].Close(0, "")
			for deadline := time.Now().Add(servertest.Patience); ; {
				if _, taken := open(); taken {
					return
				}
				if time.Now().After(deadline) {
					t.Fatal("the end of a connection has made no room")
				}
			}
		})
	}
}

// answersPING tells whether there is somebody in a session.
func answersPING(ctx context.Context, s transport.Session) bool {
	c, err := s.Open(ctx)
	if err != nil {
		return false
	}
	c.SetReadDeadline(time.Now().Add(servertest.Patience))
	io.WriteString(c, "PING 0\n")
	got := make([]byte, len("PONG 0\n"))
	_, err = io.ReadFull(c, got)
	return err == nil && string(got) == "PONG 0\n"
}
