package server_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

const (
	backWithin   = 10 * time.Second // of the server's return
	queuesWithin = time.Second      // at the server, of a session that comes back
	staysFor     = 10 * time.Second // after that
)

// TestAllComeBack has the server of many sessions end, and come back on the same
// addresses after a while: all of them are back in their topic within 10 s, with
// what was said meanwhile, and stay. Each of them waits for the server itself for
// less than a second, which its log tells.
func TestAllComeBack(t *testing.T) {
	sessions, users, away := 40, 2, time.Second
	switch {
	case *long:
		// As many as the machine bears: it has the clients, too. After so long away
		// each waits as long as it ever does.
		sessions, users, away = min(2000, 500*runtime.NumCPU()), 50, 20*time.Second
	case fullSize():
		sessions, users, away = 300, 6, 2*time.Second
	}
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(end.String(), func(t *testing.T) {
			leavesNoGoroutine(t)
			log := filepath.Join(t.TempDir(), "log")
			p := startLogging(t, t.TempDir(), log)
			anna := p.Admin(t)
			deal := anna.Deal(t, "Return", "all")
			topic := anna.Topic(t, deal, "Return", 1)
			people := []string{"anna"}
			for i := range users - 1 {
				people = append(people, p.Join(t, anna, fmt.Sprintf("guest%d", i), "member", deal).Name)
			}
			guests := newReturners(t, p, people, topic, sessions)
			first := says(t, p, anna, topic)
			guests.awaitAll(t, first, time.Now(), time.Minute)

			p.StopWith(t, end)
			pause(away)
			p = startLogging(t, p.Data, log, "--http", addressOf(t, p.Plain), "--addr", addressOf(t, p.Rrp))
			back, returned := time.Now(), logged(t, log)
			second := says(t, p, anna, topic)
			took := guests.awaitAll(t, second, back, backWithin)
			pause(staysFor)
			if lost := guests.lostAgain(); lost > 0 {
				t.Errorf("%d sessions were lost again", lost)
			}

			opened, asked := queued(t, log, returned)
			if len(opened) < sessions {
				t.Errorf("%d sessions signed in, want at least %d", len(opened), sessions)
			}
			if worst := opened[len(opened)-1]; worst > queuesWithin {
				t.Errorf("a session waited for the server for %v, want at most %v", worst, queuesWithin)
			}
			t.Logf("%d sessions of %d users, %v after %v away: all were back after %v (median %v, p95 %v); from its opening until it had signed in, one took p99 %v, at most %v, of which the server had the token for %v, %v; the server has taken %s",
				sessions, users, end, away, at(took, 1), at(took, 0.5), at(took, 0.95), at(opened, 0.99), at(opened, 1), at(asked, 0.99), at(asked, 1), taken(p))
			guests.close()
			if status := p.Stop(t); status != 0 {
				t.Errorf("the server ended with status %d", status)
			}
		})
	}
}

// startLogging runs a server whose diagnostics are added to a file.
func startLogging(t *testing.T, data, log string, flags ...string) *servertest.Process {
	t.Helper()
	prefix := []string{"sh", "-c", `log=$1; shift; exec "$@" 2>>"$log"`, "sh", log}
	return servertest.StartProcess(t, data, prefix, append(flags, "--log-level", "info")...)
}

func addressOf(t *testing.T, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// pause lets time pass, which is what is tested.
func pause(d time.Duration) { <-time.After(d) }

// says has somebody post in a topic who hasn't been there, and gives the seq.
func says(t *testing.T, p *servertest.Process, as *servertest.API, topic string) int64 {
	t.Helper()
	s := p.Enter(t, as)
	defer s.Close(0, "")
	c := s.Join(t, topic, -1)
	c.Say(t, servertest.Post("Da.", room.NewClientID(time.Now())))
	for {
		if f := c.Hear(t); f.Type() == "ACK" {
			var seq int64
			if _, err := fmt.Sscan(f.Fields()[1], &seq); err != nil {
				t.Fatal(err)
			}
			return seq
		}
	}
}

// returners are clients that read one topic.
type returners struct {
	each []*returner
}

type returner struct {
	client *client.Client
	place  *place
	topic  *client.Topic
	http   *http.Client
	opened atomic.Bool
	losses atomic.Int64
}

// newReturners makes so many clients, each with connections of its own: nine in
// ten by WebTransport, where it gets through.
func newReturners(t *testing.T, p *servertest.Process, names []string, topic string, count int) *returners {
	t.Helper()
	secure := &servertest.Room{Data: p.Data, Plain: strings.TrimSuffix(p.Rrp, "/rrp"), Rrp: p.Rrp}
	trust := p.Trust(t)
	var signedIn []*servertest.API
	for _, name := range names {
		signedIn = append(signedIn, secure.SignIn(t, name))
	}
	all := &returners{}
	t.Cleanup(all.close)
	for i := range count {
		as := signedIn[i%len(signedIn)]
		g := &returner{place: newPlace(), http: &http.Client{Jar: as.HTTP.Jar, Transport: &http.Transport{TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true}}}
		config := client.Config{
			Ticket:       client.HTTPTickets(g.http, secure.Plain, ""),
			WebTransport: client.WebTransport(trust),
			WebSocket:    client.WebSocket(trust),
			OnState: func(s client.State) {
				if s.Phase == client.Open { // again, perhaps: by WebTransport instead
					g.opened.Store(true)
				} else {
					g.losses.Add(1)
				}
			},
		}
		if i%10 == 9 {
			config.WebTransport = nil
		}
		g.client = client.Connect(config)
		g.topic = g.client.Open(topic, client.Reading{After: -1, Each: g.place.saw})
		all.each = append(all.each, g)
		if i%20 == 19 { // they come one after the other
			await(t, "a session is open", func() bool { return g.opened.Load() })
		}
	}
	return all
}

// awaitAll waits until all have seen a message, and gives how long after since
// each had, in order.
func (all *returners) awaitAll(t *testing.T, seq int64, since time.Time, within time.Duration) []time.Duration {
	t.Helper()
	took := make([]time.Duration, len(all.each))
	var late atomic.Int64
	var waiting sync.WaitGroup
	for i, g := range all.each {
		waiting.Go(func() {
			if !g.place.by(seq, since.Add(within)) {
				late.Add(1)
			}
			took[i] = time.Since(since)
			g.losses.Store(0) // from now on
		})
	}
	waiting.Wait()
	if n := late.Load(); n > 0 {
		for _, g := range all.each {
			if g.place.at() < seq {
				t.Logf("one is %v", g.client.State())
				break
			}
		}
		t.Errorf("%d of %d have not come to message %d within %v", n, len(all.each), seq, within)
	}
	slices.Sort(took)
	return took
}

// by waits until a message was seen, or it is too late.
func (p *place) by(seq int64, end time.Time) bool {
	p.mu.Lock()
	if p.last >= seq {
		p.mu.Unlock()
		return true
	}
	arrived := make(chan struct{})
	p.goal, p.arrived = seq, arrived
	p.mu.Unlock()
	select {
	case <-arrived:
		return true
	case <-time.After(time.Until(end)):
		return false
	}
}

// lostAgain is how many have lost their session since they had all.
func (all *returners) lostAgain() (lost int) {
	for _, g := range all.each {
		if g.losses.Load() > 0 || g.client.State().Phase != client.Open {
			lost++
		}
	}
	return lost
}

func (all *returners) close() {
	var closing sync.WaitGroup
	for _, g := range all.each {
		closing.Go(func() {
			g.client.Close()
			g.http.CloseIdleConnections()
		})
	}
	closing.Wait()
	all.each = nil
}

// logged is how much was logged.
func logged(t *testing.T, log string) int64 {
	t.Helper()
	info, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

var signedIn = regexp.MustCompile(`msg="signed in" .* opened=(\S+) asked=(\S+)`)

// queued is how long sessions took to sign in, in order: from their opening, and
// from when the server had their token.
func queued(t *testing.T, log string, from int64) (opened, asked []time.Duration) {
	t.Helper()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(from, 0); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m := signedIn.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		for i, into := range []*[]time.Duration{&opened, &asked} {
			d, err := time.ParseDuration(m[i+1])
			if err != nil {
				t.Fatal(err)
			}
			*into = append(*into, d)
		}
	}
	slices.Sort(opened)
	slices.Sort(asked)
	return opened, asked
}

// at is the part-th of times in order, 0 to 1.
func at(times []time.Duration, part float64) time.Duration {
	return times[int(part*float64(len(times)-1))].Round(10 * time.Microsecond)
}

// taken is what a process has taken of its machine.
func taken(p *servertest.Process) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	if err != nil {
		return "what this system doesn't tell"
	}
	memory := regexp.MustCompile(`VmHWM:\s+(\d+ kB)`).FindSubmatch(status)
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Cmd.Process.Pid))
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return fmt.Sprintf("%s of memory at most, %s+%s hundredths of a second of CPU", memory[1], fields[11], fields[12])
}
