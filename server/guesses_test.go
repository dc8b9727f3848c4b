package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

const guesses = 500 // a second

// What they may cost the others: so many times their p99 without them. Below the
// floor, what is compared among other tests is how the machine schedules its
// processes; -timing, on one that does nothing else, knows no floor. The time on
// cores tells on any machine.
const (
	mostGuessed  = 2.0
	guessedFloor = 50 * time.Millisecond
	guessedShare = 0.75 // of a core
)

// What they may leave in the audit trail: rows a minute.
const guessedRows = 201

// How long it may take until the right password is let in.
const (
	entersAtHome    = 2 * time.Second
	entersElsewhere = 2 * time.Minute
)

// TestWrongPasswordsSlowNobody has some people talk, each at a steady pace, and
// measures how long it takes from a post to its ACK: in turns with nobody else
// there, and while passwords are guessed, of some accounts and of names of nobody,
// each guess from an address of its own. Meanwhile who knows a password gets in:
// at once at home, even if it's the account that is guessed at, and after some
// tries elsewhere. All guesses are in the audit trail, in a few rows.
func TestWrongPasswordsSlowNobody(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil, "--trusted-proxies", "127.0.0.1/32,::1/128")
	h := furnish(t, p.Room)
	talk := newTalk(t, h)
	g := startGuesser(t, h.Room, guesses, "anna", "bert", "otto")
	talk.listen(t, time.Second) // warms up
	slowsNobody(t, p, talk, g)

	g.flood(t, true)
	began := time.Now()
	h.SignIn(t, "bert")
	if took := time.Since(began); took > entersAtHome {
		t.Errorf("bert's password took %v at home", took)
	}
	began = time.Now()
	tries := 1
	for ; !entersFrom(t, h.Room, "olga", "203.0.113.9"); tries++ {
		if time.Since(began) > entersElsewhere {
			t.Fatalf("olga's password wasn't let in elsewhere, in %d tries", tries)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("elsewhere the right password took %v and %d tries", time.Since(began).Round(time.Millisecond), tries)
	g.flood(t, false)
	var met guessed
	g.end(t, &met)
	t.Logf("guesses met %v, %.0f a second", met.Answers, float64(met.tries())/met.Took.Seconds())
	if met.Failed != "" || met.Answers["401"] == 0 || met.tries() != met.Answers["401"]+met.Answers["429"]+met.Answers["503"] {
		t.Errorf("guesses met %+v, want 401, 429 and 503", met)
	}

	if status := p.Stop(t); status != 0 { // what it has counted is kept
		t.Fatalf("the server has ended with %d", status)
	}
	h.Room = p.Again(t).Room
	rows, minutes, counted := int64(0), make(map[int64]bool), int64(0)
	for _, e := range readTrail(t, h.SignIn(t, "anna")) {
		if e.Action == string(room.ActionSignInFailed) {
			rows++
			minutes[e.Time] = true
			counted += e.Count
		}
	}
	if most := int64(guessedRows * len(minutes)); rows > most {
		t.Errorf("guesses are %d rows of the trail, want at most %d", rows, most)
	}
	if want := met.tries() + int64(tries) - 1; counted != want {
		t.Errorf("the trail tells of %d guesses, want %d", counted, want)
	}
}

// slowsNobody compares, as often as a machine may be busy otherwise.
func slowsNobody(t *testing.T, p *servertest.Process, k *talk, g *flooder) {
	t.Helper()
	rounds, each, floor := 3, 2*time.Second, guessedFloor
	if *timing {
		rounds, each, floor = 5, 6*time.Second, 0
	}
	for attempt := 1; ; attempt++ {
		var calm, rough []time.Duration
		var worked, busy time.Duration
		for range rounds {
			acked, cpu := k.answered(t, p, each)
			calm, worked = append(calm, acked), worked-cpu
			g.flood(t, true)
			k.listen(t, 2*time.Second) // strangers may be ahead of their share
			acked, cpu = k.answered(t, p, each)
			rough, busy = append(rough, acked), busy+cpu
			g.flood(t, false)
			k.listen(t, time.Second) // those are answered who wait in line
		}
		share := float64(worked+busy) / float64(time.Duration(rounds)*each)
		told := fmt.Sprintf("p99 from POST to ACK: %v without guesses, %v with them (medians of %v and %v); these take %.0f %% of a core",
			median(calm), median(rough), rounded(calm), rounded(rough), 100*share)
		if median(rough) <= max(floor, time.Duration(mostGuessed*float64(median(calm)))) && share <= guessedShare {
			t.Log(told)
			return
		}
		if attempt == attempts {
			t.Error(told)
			return
		}
		t.Logf("once more: %s", told)
	}
}

// answered has them talk for a while, and gives the 99th of a hundred times from a
// post to its ACK, and how long the server has worked meanwhile.
func (k *talk) answered(t *testing.T, p *servertest.Process, d time.Duration) (acked, worked time.Duration) {
	t.Helper()
	before := onCores(t, p)
	k.listen(t, d)
	return p99(k.acked), onCores(t, p) - before
}

// onCores is how long a server has worked, on all of them; 0 where the system
// doesn't tell.
func onCores(t *testing.T, p *servertest.Process) (all time.Duration) {
	t.Helper()
	const tick = time.Second / 100 // USER_HZ, see proc_pid_stat(5)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Cmd.Process.Pid))
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(stat), ") ")
	for _, field := range strings.Fields(text)[11:13] { // utime, stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		all += time.Duration(n) * tick
	}
	return all
}

// entersFrom signs in with the right password from an address, as a proxy tells
// it. It's false if too many want to.
func entersFrom(t *testing.T, r *servertest.Room, name, address string) bool {
	t.Helper()
	body, err := json.Marshal(map[string]string{"name": name, "password": servertest.Password})
	if err != nil {
		t.Fatal(err)
	}
	ask, err := http.NewRequestWithContext(t.Context(), "POST", r.Plain+"/api/session", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/json")
	ask.Header.Set("X-Forwarded-For", address)
	a, err := r.Anonymous(t).HTTP.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	switch a.StatusCode {
	case http.StatusOK:
		return true
	case http.StatusServiceUnavailable:
		return false
	}
	t.Fatalf("the right password was answered %s", a.Status)
	return false
}
