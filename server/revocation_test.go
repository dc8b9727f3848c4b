package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	limits "redroom/server/load"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// revocationWays are those by which somebody reads a topic. A new transport is
// a row.
var revocationWays = []struct {
	name     string
	protocol string // of HTTP, by which the reader signs in
	listen   func(*revocation)
}{
	{"WebTransport", "HTTP/1.1", func(r *revocation) { r.listenOn(r.open(false)) }},
	{"WebSocket", "HTTP/1.1", func(r *revocation) { r.listenOn(r.open(true)) }},
	{"HTTP 1.1", "HTTP/1.1", (*revocation).poll},
	{"HTTP 2", "HTTP/2.0", (*revocation).poll},
	{"HTTP 3", "HTTP/3.0", (*revocation).poll},
}

// kindOfRevocation is a way to lose a right, or a part of it.
type kindOfRevocation struct {
	name  string
	role  string // the reader's; "": member
	setUp func(r *revocation)
	bye   string // how the session ends; "": it goes on, without the topic
	gone  string // TOPIC or DEAL: what is gone
	again bool   // the topic is there again, from a later message on
	tool  bool   // the reader is a program, by a token

	is     func(r *revocation, ev room.Event) bool
	revoke func(r *revocation)
	undo   func(r *revocation) // nil: nothing to be undone
}

var kindsOfRevocation = []kindOfRevocation{
	{
		name: "deactivated", bye: "BYE 410",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.UserChanged)
			return ok && c.Name == r.name && c.Active != nil && !*c.Active
		},
		revoke: func(r *revocation) { r.patch("/api/users/"+r.name, "active", false) },
		undo:   func(r *revocation) { r.patch("/api/users/"+r.name, "active", true) },
	},
	{
		name: "removed from the deal", gone: "DEAL",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.MemberRemoved)
			return ok && c.User == r.name
		},
		revoke: func(r *revocation) {
			r.anna.Must(r.t, "DELETE", "/api/deals/"+r.deal+"/members/"+r.name, nil, nil, 204)
		},
		undo: func(r *revocation) { r.anna.Must(r.t, "PUT", "/api/deals/"+r.deal+"/members/"+r.name, nil, nil, 204) },
	},
	{
		name: "removed from a narrowed topic", gone: "TOPIC",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.TopicMemberRemoved)
			return ok && c.User == r.name
		},
		revoke: func(r *revocation) {
			r.anna.Must(r.t, "DELETE", "/api/topics/"+r.topic+"/members/"+r.name, nil, nil, 204)
		},
		setUp: func(r *revocation) {
			r.anna.Must(r.t, "PATCH", "/api/topics/"+r.topic, map[string]any{"narrowed": true, "members": []string{r.name, "wanda", "willy"}}, nil, 200)
		},
		undo: func(r *revocation) {
			r.anna.Must(r.t, "PUT", "/api/topics/"+r.topic+"/members/"+r.name, nil, nil, 204)
		},
	},
	{
		name: "topic narrowed", gone: "TOPIC",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.TopicChanged)
			return ok && c.ID == r.topic && c.Narrowed != nil && *c.Narrowed
		},
		revoke: func(r *revocation) {
			r.anna.Must(r.t, "PATCH", "/api/topics/"+r.topic, map[string]any{"narrowed": true, "members": []string{"wanda", "willy"}}, nil, 200)
		},
		undo: func(r *revocation) { r.patch("/api/topics/"+r.topic, "narrowed", false) },
	},
	{
		name: "admin no more", role: "admin", gone: "DEAL",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.UserChanged)
			return ok && c.Name == r.name && c.Role != nil && *c.Role == room.Member
		},
		revoke: func(r *revocation) { r.patch("/api/users/"+r.name, "role", "member") },
		undo:   func(r *revocation) { r.patch("/api/users/"+r.name, "role", "admin") },
	},
	{
		name: "reads the deal from now on", gone: "TOPIC", again: true,
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.MemberMoved)
			return ok && c.User == r.name && c.History == room.HistoryJoined
		},
		revoke: func(r *revocation) { r.move("/api/deals/"+r.deal+"/members/"+r.name, "history", "joined") },
		undo:   func(r *revocation) { r.move("/api/deals/"+r.deal+"/members/"+r.name, "history", "all") },
	},
	{
		name: "reads the topic from later on", gone: "TOPIC", again: true,
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.ReaderMoved)
			return ok && c.User == r.name && c.Seq > 1
		},
		revoke: func(r *revocation) {
			// To where the head is by then, or a little before.
			var topic struct{ Head int64 }
			r.anna.Must(r.t, "GET", "/api/topics/"+r.topic, nil, &topic, 200)
			r.move("/api/topics/"+r.topic+"/members/"+r.name, "from", topic.Head+1)
		},
		undo: func(r *revocation) { r.move("/api/topics/"+r.topic+"/members/"+r.name, "from", 1) },
	},
	{
		name: "signed out", bye: "BYE 401",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.SessionEnded)
			return ok && c.By == r.name
		},
		revoke: func(r *revocation) { r.expect(r.ask(r.browser, "DELETE", "/api/session", ""), 204) },
	},
	{
		name: "all sessions ended", bye: "BYE 401",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.SessionsEnded)
			return ok && c.User == r.name
		},
		revoke: func(r *revocation) { r.anna.Must(r.t, "DELETE", "/api/users/"+r.name+"/sessions", nil, nil, 204) },
	},
	{
		name: "password changed", bye: "BYE 401",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.PasswordChanged)
			return ok && c.Name == r.name
		},
		revoke: func(r *revocation) {
			next := r.password + "!"
			r.expect(r.ask(r.signIn("HTTP/1.1"), "POST", "/api/session/password", fmt.Sprintf(`{"old":%q,"new":%q}`, r.password, next)), 204)
			r.password = next
		},
	},
	{
		name: "token revoked", tool: true, bye: "BYE 401",
		is: func(r *revocation, ev room.Event) bool {
			c, ok := ev.(room.ToolTokenRevoked)
			return ok && c.ID == r.tool
		},
		revoke: func(r *revocation) {
			r.anna.Must(r.t, "DELETE", "/api/users/"+r.name+"/tokens/"+r.tool, nil, nil, 204)
		},
	},
}

// TestRevocationIsWithinASecondAndNothingFollows takes a right from somebody who
// reads a topic in which others post all the time. Of what was posted after that
// he gets nothing, and all that he is told, and can do with what he has, is as if
// he had never had it, within a second.
func TestRevocationIsWithinASecondAndNothingFollows(t *testing.T) {
	leavesNoGoroutine(t)
	rounds := 1
	switch {
	case *long:
		rounds = 100
	case fullSize():
		rounds = 2
	}
	applied := new(appliedOrder)
	c := servertest.Config(t)
	c.Limits = limits.Defaults().WithPosts(0)
	c.Limits.User.Requests, c.Limits.Address.Requests = limits.Rate{}, limits.Rate{}
	c.Applied = applied.add
	house, _ := servertest.StartWith(t, c)
	anna := house.Admin(t)
	writers := []*servertest.API{house.Join(t, anna, "wanda", "member"), house.Join(t, anna, "willy", "member")}
	n := 0
	for w, way := range revocationWays {
		for k, kind := range kindsOfRevocation {
			if testing.Short() && w != k%2 && w != 2+k%3 { // a session and an HTTP of each
				continue
			}
			n++
			t.Run(way.name+", "+kind.name, func(t *testing.T) {
				r := &revocation{
					Room: house, t: t, order: applied, anna: anna,
					kind: kind, protocol: way.protocol,
					name: fmt.Sprintf("reader-%d", n), password: servertest.Password,
				}
				r.furnish(writers)
				defer r.write(writers)()
				for range rounds {
					r.begin()
					way.listen(r)
					r.awaitMessages(20)
					kind.revoke(r)
					r.check()
					r.end()
					if t.Failed() {
						return
					}
				}
			})
		}
	}
}

// revocation is one kind of it, again and again, of one reader in one topic.
type revocation struct {
	*servertest.Room
	t        *testing.T
	order    *appliedOrder
	anna     *servertest.API
	kind     kindOfRevocation
	protocol string

	deal, topic    string
	name, password string // the reader's

	// Of one round:
	browser *browserOf
	tool    string // the id of the program's token
	unspent string // a connection token
	session *servertest.Session
	key     string // that attaches a WebSocket
	ear     *ear
	stop    []func()
}

func (r *revocation) furnish(writers []*servertest.API) {
	r.deal = r.anna.Deal(r.t, "Deal of "+r.name, "all")
	r.topic = r.anna.Topic(r.t, r.deal, "Under load", 1)
	for _, w := range writers {
		r.anna.Must(r.t, "PUT", "/api/deals/"+r.deal+"/members/"+w.Name, nil, nil, 204)
	}
	if r.kind.role == "" {
		r.Room.Join(r.t, r.anna, r.name, "member", r.deal)
	} else {
		r.Room.Join(r.t, r.anna, r.name, r.kind.role)
	}
	if r.kind.setUp != nil {
		r.kind.setUp(r)
	}
}

// write has people post one message after the other until stop is called.
func (r *revocation) write(writers []*servertest.API) (stop func()) {
	var running sync.WaitGroup
	over := make(chan struct{})
	for _, as := range writers {
		s := r.Enter(r.t, as)
		c := s.Join(r.t, r.topic, -1)
		running.Go(func() {
			defer s.Close(0, "")
			for {
				select {
				case <-over:
					return
				default:
				}
				id := fmt.Sprintf("load-%d", clientIDs.Add(1))
				c.SetWriteDeadline(time.Now().Add(servertest.Patience))
				if _, err := io.WriteString(c.Channel, servertest.Post(id, id)); err != nil {
					r.t.Errorf("posting: %v", err)
					return
				}
				for {
					f, err := c.Next()
					if err != nil {
						r.t.Errorf("posting: %v", err)
						return
					}
					if f.Is("ACK "+id+" *") == nil {
						r.order.acknowledged(r.topic, id, f.Fields()[1])
						break
					}
					if f.Type() != "MESSAGE" {
						r.t.Errorf("a post is answered by %q", f)
						return
					}
				}
			}
		})
	}
	return func() {
		close(over)
		running.Wait()
	}
}

// begin signs the reader in, and has the order watch out for what takes the right.
func (r *revocation) begin() {
	enter := r.signIn
	if r.kind.tool {
		enter = r.program
	}
	r.browser = enter(r.protocol)
	r.unspent = r.token()
	r.session, r.key, r.stop = nil, "", nil
	r.ear = newEar()
	r.order.watchFor(func(ev room.Event) bool { return r.kind.is(r, ev) })
}

// end gives the right back for the next round.
func (r *revocation) end() {
	if r.session != nil {
		r.session.Close(0, "")
	}
	for _, stop := range r.stop {
		stop()
	}
	r.order.forget()
	if r.kind.undo != nil {
		r.kind.undo(r)
	}
}

func (r *revocation) move(path, field string, to any) {
	r.t.Helper()
	r.anna.Must(r.t, "PATCH", path, map[string]any{field: to}, nil, 204)
}

func (r *revocation) patch(path, field string, to any) {
	r.t.Helper()
	r.anna.Must(r.t, "PATCH", path, map[string]any{field: to}, nil, 200)
}

func (r *revocation) awaitMessages(n int) {
	r.t.Helper()
	var over error
	r.ear.await(r.t, "messages were heard", func() bool {
		over = r.ear.over
		return len(r.ear.bodies) >= n || over != nil
	})
	if over != nil {
		r.t.Fatalf("the reader hears nothing: %v", over)
	}
}

// open opens a session by one transport, as nobody yet.
func (r *revocation) open(webSocket bool) *servertest.Session {
	if webSocket == servertest.OverWebSocket() {
		return r.Open(r.t)
	}
	return r.OpenOther(r.t)
}

// listenOn signs in by a session, watches, and reads the topic, from the
// beginning or from now on.
func (r *revocation) listenOn(s *servertest.Session) {
	r.t.Helper()
	r.session = s
	s.Control = s.Channel(r.t)
	s.Control.Say(r.t, "TOKEN 0 "+r.token()+"\n")
	ack := s.Control.Hear(r.t)
	if keyed, ok := s.Session.(transport.Keyed); ok {
		if err := ack.Is("ACK TOKEN " + r.name + " *"); err != nil {
			r.t.Fatal(err)
		}
		r.key = ack.Fields()[2]
		keyed.UseKey(r.key)
	} else if err := ack.Is("ACK TOKEN " + r.name); err != nil {
		r.t.Fatal(err)
	}
	s.Control.Say(r.t, "WATCH 0\n")
	var running sync.WaitGroup
	running.Go(func() {
		for {
			f, err := s.Control.Next()
			if err != nil {
				s.Control.CloseWrite() // the server waits for it
				return
			}
			r.ear.hear(func() { r.ear.frames = append(r.ear.frames, heardFrame{f, time.Now()}) })
		}
	})
	r.ear.frame(r.t, 0, "ACK WATCH")
	c := s.Join(r.t, r.topic, []int64{0, -1}[clientIDs.Add(1)%2])
	running.Go(func() {
		for {
			f, err := c.Next()
			if err != nil {
				r.ear.end(err)
				return
			}
			r.ear.hear(func() { r.ear.bodies = append(r.ear.bodies, f.Payload) })
		}
	})
	r.stop = append(r.stop, running.Wait)
}

// poll reads the topic over HTTP, page after page, by some requests at a time, so
// that one is under way whenever the right ends.
func (r *revocation) poll() {
	over := make(chan struct{})
	var polling sync.WaitGroup
	for range 4 {
		polling.Go(func() { r.pollUntil(over) })
	}
	r.stop = append(r.stop, func() {
		close(over)
		polling.Wait()
	})
}

func (r *revocation) pollUntil(over <-chan struct{}) {
	after := int64(0)
	for {
		select {
		case <-over:
			return
		default:
		}
		answer := r.browser.ask(r.browser.secret, "GET", fmt.Sprintf("/api/topics/%s/messages?after=%d&limit=1000", r.topic, after), "")
		if answer.err != nil || answer.status != http.StatusOK {
			r.ear.end(fmt.Errorf("status %d: %w", answer.status, answer.err))
			return
		}
		var page messagesPage
		if err := json.Unmarshal(answer.body, &page); err != nil {
			r.ear.end(err)
			return
		}
		r.ear.hear(func() {
			for _, m := range page.Messages {
				r.ear.bodies = append(r.ear.bodies, m.Body)
				after = m.Seq
			}
			r.ear.heads = append(r.ear.heads, page.Head)
		})
	}
}

type messagesPage struct {
	Head, From int64
	Messages   []struct {
		Seq  int64
		Body string
	}
}
