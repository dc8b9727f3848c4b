package main_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// numbered is a source of readings that are numbered: 1, 2, 3 … It can go down,
// and come back at the same address.
type numbered struct {
	t       *testing.T
	address string
	server  *http.Server
	over    chan struct{} // ends what hangs

	mu    sync.Mutex
	mode  string         // "": well
	life  int            // of the feed and of the source together: another one says nothing of what was given before
	given int            // the last number
	open  int            // the number that was given in this life and may not have arrived; 0: none
	asked map[string]int // how often, by mode
	taken map[int]bool   // arrived for certain, for a feed asks for the next one when it is done with one
}

func newNumbered(t *testing.T) *numbered {
	s := &numbered{t: t, address: "127.0.0.1:0", asked: make(map[string]int), taken: make(map[int]bool), over: make(chan struct{})}
	s.up()
	t.Cleanup(func() {
		close(s.over)
		s.server.Close()
	})
	return s
}

func (s *numbered) url() string { return "http://" + s.address + "/meter?key=secret" }

// up has it answer.
func (s *numbered) up() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: s}
	server := s.server
	go server.Serve(listener)
}

// down ends it, in the middle of an answer or after it.
func (s *numbered) down(atOnce bool) {
	s.anew()
	if atOnce {
		s.server.Close()
	} else {
		s.server.Shutdown(s.t.Context())
	}
}

// anew says that what was given last may not have arrived.
func (s *numbered) anew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life++
	s.open = 0
}

// be has it answer otherwise from now on; "": well.
func (s *numbered) be(mode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

// next counts a request, which tells that the feed is done with the one before.
func (s *numbered) next() (mode string, life, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[s.mode]++
	if s.open > 0 {
		s.taken[s.open] = true
		s.open = 0
	}
	if s.mode == "" {
		s.given++
		n = s.given
	}
	return s.mode, s.life, n
}

// gave notes that a number went out whole.
func (s *numbered) gave(life, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if life == s.life {
		s.open = n
	}
}

func (s *numbered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mode, life, n := s.next()
	w.Header().Set("Content-Type", "application/json")
	switch mode {
	case "":
		if _, err := fmt.Fprintf(w, `{"n": %d, "power": %d.10, "unit": "kW"}`, n, n); err == nil {
			s.gave(life, n)
		}
	case "an error":
		w.WriteHeader(http.StatusInternalServerError)
	case "broken JSON":
		fmt.Fprint(w, `{"n": `)
	case "5 MiB":
		fmt.Fprintf(w, `"%s"`, strings.Repeat("x", 5<<20))
	case "another type":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
	case "a redirect away":
		http.Redirect(w, r, "http://localhost:1/elsewhere?key=secret", http.StatusFound)
	case "hanging":
		select {
		case <-r.Context().Done():
		case <-s.over:
		}
	}
}

// awaitAsked waits until it was asked so many times more in the mode that it is in.
func (s *numbered) awaitAsked(times int) {
	s.t.Helper()
	asked := func() (string, int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.mode, s.asked[s.mode]
	}
	mode, before := asked()
	until(s.t, fmt.Sprintf("the source is asked %d times (%q)", times, mode), func() bool {
		_, now := asked()
		return now >= before+times
	})
}

// arrived are the numbers that a feed has taken for certain, and how many were
// given.
func (s *numbered) arrived() (taken []int, given int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.taken {
		taken = append(taken, n)
	}
	return taken, s.given
}

// feedPatience is for what takes a moment on a machine that has nothing else to do.
const feedPatience = 2 * time.Minute

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(feedPatience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain was waited until %s", what)
		}
	}
}
