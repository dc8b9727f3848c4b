package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestDrainAnswersWhatWasRead stops a server whose disk takes its time, with
// posts of many sessions under way: each that was read is answered, on its
// channel, before that session's BYE, and none that came later is read. Whoever
// comes meanwhile is told to come back.
func TestDrainAnswersWhatWasRead(t *testing.T) {
	leavesNoGoroutine(t)
	const sessions, posts = 20, 10
	c := servertest.Config(t)
	r, stop := servertest.StartWith(t, c)
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Drain", "all"), "Drain", 1)
	var people []*writer
	for i := range sessions {
		w := &writer{Session: r.Enter(t, anna)}
		w.topic = w.Join(t, topic, -1)
		for n := range posts {
			w.ids = append(w.ids, fmt.Sprintf("post-%d-%d", i, n))
		}
		people = append(people, w)
	}

	release := holdStore(t, c.Data)
	for _, w := range people {
		for _, id := range w.ids {
			w.topic.Say(t, servertest.Post(id, id))
		}
		w.topic.Say(t, "PING 0 read\n") // which is answered when those are read
		w.topic.Expect(t, "PONG read")
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	comeBackLater(t, r, anna)
	for _, w := range people {
		w.Control.Say(t, "PING 0 still\n")
		w.Control.Expect(t, "PONG still")
		w.topic.SetWriteDeadline(time.Now().Add(servertest.Patience))
		io.WriteString(w.topic, servertest.Post("Zu spät.", "late-"+w.ids[0])) // the channel may be closed
	}
	release()
	for i, w := range people {
		unanswered := make(map[string]bool)
		for _, id := range w.ids {
			unanswered[id] = true
		}
		for len(unanswered) > 0 {
			f, err := w.topic.Next()
			if err != nil {
				t.Fatalf("session %d: %d posts were read and not answered: %v", i, len(unanswered), err)
			}
			if f.Type() == "ACK" {
				delete(unanswered, f.Fields()[0])
			}
		}
		if last, err := drain(w.topic); err != io.EOF || last.Type() != "" && last.Type() != "MESSAGE" {
			t.Errorf("session %d: its topic's channel went on with %q, and then %v", i, last, err)
		}
		w.topic.CloseWrite()
		w.Control.Farewell(t, "BYE 503 1")
		w.ExpectOver(t)
	}
	<-stopped

	r, _ = servertest.StartWith(t, c)
	anna = r.SignIn(t, "anna")
	times := make(map[string]int)
	for _, m := range readLog(t, r, anna, topic) {
		times[m.Payload]++
	}
	for _, w := range people {
		for _, id := range w.ids {
			if times[id] != 1 {
				t.Errorf("%s was acknowledged, and is there %d times", id, times[id])
			}
		}
	}
	if late := times["Zu spät."]; late > 0 {
		t.Errorf("%d posts were taken after the drain began", late)
	}
}

// writer is a session with a topic's channel, and what it posts there.
type writer struct {
	*servertest.Session
	topic *servertest.Channel
	ids   []string
}

// comeBackLater waits until the server is drained, and shows what is said to
// whoever comes then.
func comeBackLater(t *testing.T, r *servertest.Room, as *servertest.API) {
	t.Helper()
	await(t, "the server is drained", func() bool {
		status, _ := as.Do(t, "GET", "/api/session", nil)
		return status == 503
	})
	for _, path := range []string{"/", "/api/check", "/readyz", "/rrp"} {
		q, err := http.NewRequestWithContext(t.Context(), "GET", r.Plain+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := as.HTTP.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
		if got.StatusCode != 503 || err != nil || seconds < 1 || seconds > 8 || !got.Close {
			t.Errorf("%s: status %d, Retry-After %q, closed: %v", path, got.StatusCode, got.Header.Get("Retry-After"), got.Close)
		}
	}
	if servertest.OverWebSocket() {
		return // a WebSocket is opened by such a request
	}
	s := r.Open(t)
	c := s.Channel(t)
	c.Say(t, "PING 0\n")
	c.Farewell(t, "BYE 503 *")
	s.ExpectOver(t)
}

// holdStore has whatever is to be written to a store wait until release is
// called: the disk is slow.
func holdStore(t *testing.T, data string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "redroom.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		conn.ExecContext(context.Background(), "ROLLBACK")
		conn.Close()
		db.Close()
	})
	t.Cleanup(release)
	return release
}

// TestDrainWaitsForNobodyWhoReadsNothing stops the real server with hundreds of
// sessions, some of which read nothing of what there is to read: it is gone in
// time, and all others were told when to come back, not all at once.
func TestDrainWaitsForNobodyWhoReadsNothing(t *testing.T) {
	sessions, stalled := 500, 20
	if !fullSize() {
		sessions = 100
	}
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	deal := anna.Deal(t, "Drain", "all")
	topic := anna.Topic(t, deal, "Drain", 1)
	one := p.Enter(t, anna)
	filler := one.Join(t, topic, -1)
	for i := range fillPosts {
		filler.Say(t, servertest.Post(strings.Repeat("x", room.MaxText), fmt.Sprintf("fill-%d", i)))
		filler.Answer(t, fmt.Sprintf("ACK fill-%d *", i))
	}
	one.Close(0, "")

	var guests []*servertest.Session
	users := []*servertest.API{anna} // each of whom may have so many
	for i := range sessions / 100 {
		users = append(users, p.Join(t, anna, fmt.Sprintf("guest%d", i), "member", deal))
	}
	for i := range sessions {
		guests = append(guests, p.Enter(t, users[i%len(users)]))
	}
	for i, s := range guests[:stalled] {
		c := s.Channel(t)
		c.Say(t, "JOIN 0 "+topic+" 0\n"+servertest.Post("Und?", fmt.Sprintf("stalled-%d", i))) // and reads nothing
	}
	for _, s := range guests[stalled:] {
		s.Join(t, topic, -1)
	}
	began := time.Now()
	ended := make(chan int, 1)
	go func() { ended <- p.Stop(t) }()
	seconds := make(map[int]int)
	for _, s := range guests[stalled:] {
		f, err := s.Control.Next()
		if err != nil || f.Is("BYE 503 *") != nil {
			t.Fatalf("a session ended with %q, %v", f, err)
		}
		n, _ := strconv.Atoi(f.Fields()[1])
		seconds[n]++
		s.Control.CloseWrite()
	}
	if status := <-ended; status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	took := time.Since(began)
	if took > 10*time.Second {
		t.Errorf("the end took %v, want at most 10 s", took)
	}
	span := (sessions + 399) / 400
	for n := range seconds {
		if n < 1 || n > span {
			t.Errorf("%d sessions were to come back after %d s, want 1 to %d", seconds[n], n, span)
		}
	}
	if len(seconds) != span {
		t.Errorf("the seconds after which to come back were %v, want all of 1 to %d", seconds, span)
	}
	t.Logf("%d sessions, %d of which read nothing, were gone after %v; to come back after so many seconds: %v", sessions, stalled, took.Round(time.Millisecond), seconds)
}

// TestDrainEndsInTimeOnADiskThatHangs stops the real server while nothing can be
// written any more: its sessions are told, it gives up in time, and what was
// acknowledged before is there at the next start.
func TestDrainEndsInTimeOnADiskThatHangs(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Drain", "all"), "Drain", 1)
	s := p.Enter(t, anna)
	c := s.Join(t, topic, -1)
	for i := range 10 {
		c.Say(t, servertest.Post("Ja.", fmt.Sprintf("known-%d", i)))
		c.Answer(t, fmt.Sprintf("ACK known-%d *", i))
	}
	release := holdStore(t, p.Data)
	c.Say(t, servertest.Post("Und?", "unknown")+"PING 0 read\n")
	for c.Hear(t).Is("PONG read") != nil { // and not the last one's MESSAGE
	}
	began := time.Now()
	ended := make(chan int, 1)
	go func() { ended <- p.Stop(t) }()
	s.Control.Farewell(t, "BYE 503 1")
	if status := <-ended; status != 1 {
		t.Errorf("the server ended with status %d, want 1", status)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the end took %v, want at most 10 s", took)
	}
	release()

	p = p.Again(t)
	times := make(map[string]int)
	for _, m := range readLog(t, p.Room, anna, topic) {
		times[m.Payload]++
	}
	if times["Ja."] != 10 || times["Und?"] > 1 {
		t.Errorf("at the next start there are %v", times)
	}
}

// TestDrainEndsByItselfBesideHalfRequests stops the real server while its disk
// hangs longer than the drain waits, and people have sent requests whose rest
// never comes, or read nothing of what they are sent: all of that together is
// over before it is given up.
func TestDrainEndsByItselfBesideHalfRequests(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Drain", "all"), "Drain", 1)
	filler := p.Enter(t, anna).Join(t, topic, -1)
	for i := range fillPosts {
		filler.Say(t, servertest.Post(strings.Repeat("x", room.MaxText), fmt.Sprintf("fill-%d", i)))
		filler.Answer(t, fmt.Sprintf("ACK fill-%d *", i))
	}
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.Plain, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(servertest.Patience))
		io.WriteString(conn, "POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
		if _, err := conn.Read(make([]byte, 1)); err != nil { // the body is waited for
			t.Fatal(err)
		}
	}
	for i := range 10 {
		c := p.Enter(t, anna).Channel(t)
		c.Say(t, fmt.Sprintf("JOIN 0 %s 0\n", topic)+servertest.Post("Und?", fmt.Sprintf("stalled-%d", i))) // and reads nothing
	}
	s := p.Enter(t, anna)
	c := s.Join(t, topic, -1)
	release := holdStore(t, p.Data)
	c.Say(t, servertest.Post("Und?", "unknown")+"PING 0 read\n")
	for c.Hear(t).Is("PONG read") != nil {
	}
	began := time.Now()
	ended := make(chan int, 1)
	go func() { ended <- p.Stop(t) }()
	s.Control.Farewell(t, "BYE 503 1") // when the drain waits no longer
	release()
	if status := <-ended; status != 0 {
		t.Errorf("the server ended with status %d, want 0", status)
	}
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("the end took %v, want less than 9 s", took)
	} else {
		t.Logf("it took %v", took)
	}
}
