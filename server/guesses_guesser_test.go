package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// guessOrders are what the process is told in the environment that guesses
// passwords.
const guessOrders = "REDROOM_TEST_GUESS"

type guessPlan struct {
	URL       string
	PerSecond int
	Names     []string // accounts whose passwords are guessed, besides names of nobody
}

// guessed is what the guesser has met.
type guessed struct {
	Answers map[string]int64 // by status
	Failed  string           // what was no answer; "": all were
	Took    time.Duration    // while it guessed
}

func (g guessed) tries() (n int64) {
	for _, answers := range g.Answers {
		n += answers
	}
	return n
}

// startGuesser is one who guesses so many passwords a second, from now and then,
// half of them of these accounts, each from an address of its own: he says so as
// a proxy would that the server trusts.
func startGuesser(t *testing.T, r *servertest.Room, perSecond int, names ...string) *flooder {
	t.Helper()
	return runAside(t, politely, guessOrders, guessPlan{URL: r.Plain + "/api/session", PerSecond: perSecond, Names: names})
}

// guess is the whole of the process that guesses.
func guess(orders string) error {
	var plan guessPlan
	if err := json.Unmarshal([]byte(orders), &plan); err != nil {
		return err
	}
	g := &guesser{plan: plan, met: guessed{Answers: make(map[string]int64)}}
	// The server closes connections that wait; so many wait at most.
	g.client = &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: servertest.Patience}).DialContext,
		MaxIdleConnsPerHost: 2 * plan.PerSecond,
	}}
	fmt.Println("ready")
	var stop func()
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		if stop != nil {
			stop()
			stop = nil
		}
		if orders.Text() == "true" {
			stop = g.start()
		}
	}
	if stop != nil {
		stop()
	}
	return json.NewEncoder(os.Stdout).Encode(g.met)
}

type guesser struct {
	plan   guessPlan
	client *http.Client

	mu  sync.Mutex
	met guessed
}

// start has it guess until stop, which waits for the answers that are due.
func (g *guesser) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		began := time.Now()
		for n := 0; ctx.Err() == nil; n++ {
			all.Go(g.try)
			time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(g.plan.PerSecond))))
		}
		g.mu.Lock()
		g.met.Took += time.Since(began)
		g.mu.Unlock()
	})
	return func() {
		cancel()
		all.Wait()
	}
}

func (g *guesser) try() {
	status, err := g.ask()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.met.Failed = err.Error()
		return
	}
	g.met.Answers[strconv.Itoa(status)]++
}

func (g *guesser) ask() (status int, err error) {
	name := fmt.Sprintf("nobody-%d", rand.Uint32())
	if i := rand.IntN(2 * len(g.plan.Names)); i < len(g.plan.Names) {
		name = g.plan.Names[i]
	}
	body, err := json.Marshal(map[string]string{"name": name, "password": fmt.Sprintf("a guess, no. %d", rand.Uint64())})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest("POST", g.plan.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	n := rand.Uint32()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{byte(n>>24)%126 + 128, byte(n >> 16), byte(n >> 8), byte(n)}).String())
	a, err := g.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	_, err = io.Copy(io.Discard, a.Body)
	return a.StatusCode, err
}
