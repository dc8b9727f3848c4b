package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quic-go/webtransport-go"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

const withinASecond = time.Second

// check shows that it is over, and that it was so in time.
func (r *revocation) check() {
	r.t.Helper()
	at := r.order.appliedAt()
	if at.IsZero() {
		r.t.Fatal("the answer came before it was applied")
	}
	if r.kind.bye != "" {
		r.checkSecrets()
	}
	switch {
	case r.session == nil:
		r.checkHTTP(at)
	case r.kind.bye != "":
		r.checkEnded(at)
	default:
		r.checkLost(at)
	}
	r.checkNothingFollowed()
}

// checkNothingFollowed compares all that was heard with the order.
func (r *revocation) checkNothingFollowed() {
	r.t.Helper()
	r.order.awaitPosts(r.t, 50)
	r.ear.mu.Lock()
	bodies, heads, frames := r.ear.bodies, r.ear.heads, r.ear.frames
	r.ear.mu.Unlock()
	if r.kind.again && r.session == nil {
		return // he reads what is posted now; see checkHTTP
	}
	for i, body := range bodies {
		if r.order.isAfter(body) {
			r.t.Errorf("%s is the %d. message that was heard, and was posted after the right had ended", body, i+1)
			break
		}
	}
	if !r.kind.again {
		for _, f := range frames {
			switch {
			case f.Is("UNREAD "+r.topic+" * * *") == nil:
				head, _ := strconv.ParseInt(f.Fields()[3], 10, 64)
				heads = append(heads, head)
			case f.Is("TOPIC "+r.topic) == nil:
				var topic struct{ Head int64 }
				if err := json.Unmarshal([]byte(f.Payload), &topic); err != nil {
					r.t.Fatal(err)
				}
				heads = append(heads, topic.Head)
			}
		}
		for _, head := range heads {
			if r.order.seqIsAfter(r.t, r.topic, head) {
				r.t.Errorf("the head %d was told, which was posted after the right had ended", head)
				break
			}
		}
	}
}

func (r *revocation) inTime(what string, at, then time.Time) {
	r.t.Helper()
	if took := then.Sub(at); took > withinASecond {
		r.t.Errorf("%s came after %v", what, took)
	}
}

// checkEnded is for a session whose sign-in has ended.
func (r *revocation) checkEnded(at time.Time) {
	r.t.Helper()
	bye, _ := r.ear.frame(r.t, 0, r.kind.bye)
	r.inTime("BYE", at, bye.at)
	r.ear.await(r.t, "the topic's channel ended", func() bool { return r.ear.over != nil })
	r.inTime("the end of the topic's channel", at, r.ear.overAt)
	r.session.ExpectOver(r.t)
	r.ear.mu.Lock()
	defer r.ear.mu.Unlock()
	if last := r.ear.frames[len(r.ear.frames)-1]; last.Is(r.kind.bye) != nil {
		r.t.Errorf("the last words are %q", last.Frame)
	}
}

// checkLost is for a session that goes on without the topic.
func (r *revocation) checkLost(at time.Time) {
	r.t.Helper()
	r.ear.await(r.t, "the topic's channel ended", func() bool { return r.ear.over != nil })
	r.inTime("the end of the topic's channel", at, r.ear.overAt)
	if why := r.ear.over; !r.isReset(why) {
		r.t.Errorf("the topic's channel ended with %v, want a reset with code 404", why)
	}
	gone, next := r.ear.frame(r.t, 0, "TOPIC "+r.topic+" gone")
	r.inTime("TOPIC gone", at, gone.at)
	if r.kind.gone == "DEAL" {
		gone, next = r.ear.frame(r.t, 0, "DEAL "+r.deal+" gone")
		r.inTime("DEAL gone", at, gone.at)
	}
	if r.kind.again {
		again, _ := r.ear.frame(r.t, next, "TOPIC "+r.topic)
		r.inTime("TOPIC", at, again.at)
		r.checkRejoined()
		return
	}
	r.order.awaitPosts(r.t, 50)
	if foreign, unknown := r.joins(r.topic), r.joins(room.NewID()); foreign != unknown || !strings.Contains(foreign, " 404 {topic}\n") {
		r.t.Errorf("JOIN anew is answered %q, and of an unknown topic %q", foreign, unknown)
	}
	r.session.Control.Say(r.t, "PING 0 on\n")
	_, end := r.ear.frame(r.t, 0, "PONG on")
	r.ear.mu.Lock()
	defer r.ear.mu.Unlock()
	for _, f := range r.ear.frames[next:end] {
		of := f.Fields()
		switch f.Type() {
		case "UNREAD", "TYPING":
			r.t.Errorf("afterwards came %q", f.Frame)
		case "TOPIC", "DEAL": // an admin had more of them
			if len(of) != 2 || of[1] != "gone" {
				r.t.Errorf("afterwards came %q", f.Frame)
			}
		}
	}
}

// isReset is wasReset for whichever transport it is.
func (r *revocation) isReset(err error) bool {
	if _, ok := r.session.Session.(transport.Keyed); ok {
		return !errors.Is(err, io.EOF)
	}
	var reset *webtransport.StreamError
	return errors.As(err, &reset) && reset.ErrorCode == 404 && reset.Remote
}

// joins is how a JOIN is answered, with the topic's name blurred.
func (r *revocation) joins(topic string) string {
	c := r.session.Channel(r.t)
	c.Say(r.t, "JOIN 0 "+topic+" 0\n")
	return strings.ReplaceAll(allSaid(c), topic, "{topic}")
}

// allSaid is all that is said on a channel until its end, whose FIN is answered.
func allSaid(c *servertest.Channel) (all string) {
	for {
		f, err := c.Next()
		if err != nil {
			c.CloseWrite()
			if !errors.Is(err, io.EOF) {
				all += "lost"
			}
			return all
		}
		fields := strings.Split(f.Header, " ")
		all += strings.Join(fields, " ") + "\n" + f.Payload + "\n"
	}
}

// checkRejoined reads on where there is less to be read.
func (r *revocation) checkRejoined() {
	r.t.Helper()
	r.order.awaitPosts(r.t, 50)
	c := r.session.Channel(r.t)
	c.Say(r.t, "JOIN 0 "+r.topic+" 0\n")
	from, _ := strconv.ParseInt(c.Expect(r.t, "ACK "+r.topic+" * * * *").Fields()[3], 10, 64)
	if from < 2 {
		r.t.Errorf("reading begins at %d", from)
	}
	for seq, after := from, 0; after < 20; seq++ {
		f := c.Expect(r.t, fmt.Sprintf("MESSAGE %d * * * * *", seq))
		switch is := r.order.isAfter(f.Payload); {
		case is:
			after++
		case after > 0:
			r.t.Errorf("message %d was posted before, and those before it after the right had moved", seq)
		}
	}
	c.CloseWrite()
}

// checkHTTP is for whoever reads by requests.
func (r *revocation) checkHTTP(at time.Time) {
	r.t.Helper()
	if r.kind.again {
		r.checkReadsLater()
		return
	}
	r.ear.await(r.t, "a request was refused", func() bool { return r.ear.over != nil })
	r.inTime("the refusal", at, r.ear.overAt)
	for range 3 {
		r.order.awaitPosts(r.t, 50)
		if r.kind.bye != "" {
			continue // see checkSecrets
		}
		unknown := room.NewID()
		for _, path := range []string{"/api/topics/{topic}/messages?after=0", "/api/topics/{topic}/messages?before=9&limit=1", "/api/topics/{topic}", "/api/topics/{topic}/members"} {
			lost := strings.ReplaceAll(r.ask(r.browser, "GET", strings.ReplaceAll(path, "{topic}", r.topic), "").whole, r.topic, "{topic}")
			never := strings.ReplaceAll(r.ask(r.browser, "GET", strings.ReplaceAll(path, "{topic}", unknown), "").whole, unknown, "{topic}")
			if lost != never || !strings.Contains(lost, " 404 ") {
				r.t.Errorf("%s is answered\n%s\nand of an unknown topic\n%s", path, lost, never)
			}
		}
	}
}

func (r *revocation) checkReadsLater() {
	r.t.Helper()
	r.order.awaitPosts(r.t, 50)
	var page messagesPage
	if err := json.Unmarshal(r.ask(r.browser, "GET", "/api/topics/"+r.topic+"/messages?after=0", "").body, &page); err != nil {
		r.t.Fatal(err)
	}
	if page.From < 2 || len(page.Messages) == 0 || page.Messages[0].Seq != page.From {
		r.t.Errorf("reading begins at %d, with %+v", page.From, page.Messages)
	}
	if page = (messagesPage{}); json.Unmarshal(r.ask(r.browser, "GET", "/api/topics/"+r.topic+"/messages?before=2", "").body, &page) != nil || len(page.Messages) > 0 {
		r.t.Errorf("before 2 there is %+v", page.Messages)
	}
}

// checkSecrets shows that cookie or program's token, connection token and key of an
// ended sign-in are answered as those that nobody ever had, at once.
func (r *revocation) checkSecrets() {
	r.t.Helper()
	never := r.browser.secret.another()
	for _, request := range []string{"GET /api/session", "GET /api/deals", "GET /api/topics/" + r.topic + "/messages", "POST /api/session/token", "DELETE /api/session"} {
		method, path, _ := strings.Cut(request, " ")
		old, unknown := r.browser.ask(r.browser.secret, method, path, "{}"), r.browser.ask(never, method, path, "{}")
		if old.err != nil || old.whole != unknown.whole || old.status != http.StatusUnauthorized {
			r.t.Errorf("%s with an old secret is answered\n%s %v\nand with an unknown one\n%s", request, old.whole, old.err, unknown.whole)
		}
	}
	for _, webSocket := range []bool{false, true} {
		says := func(octets string) string {
			s := r.open(webSocket)
			defer s.Close(0, "")
			c := s.Channel(r.t)
			c.Say(r.t, octets)
			return allSaid(c)
		}
		if old, unknown := says("TOKEN 0 "+r.unspent+"\n"), says("TOKEN 0 "+room.NewToken()+"\n"); old != unknown || !strings.Contains(old, " 401 TOKEN\n") {
			r.t.Errorf("an old token is answered %q, an unknown one %q", old, unknown)
		}
		if r.key == "" || !webSocket {
			continue
		}
		join := "\nJOIN 0 " + r.topic + " 0\n"
		if old, unknown := says("ATTACH 0 "+r.key+join), says("ATTACH 0 "+room.NewToken()[:22]+join); old != unknown || !strings.Contains(old, " 401 ATTACH\n") {
			r.t.Errorf("an old key is answered %q, an unknown one %q", old, unknown)
		}
	}
}
