package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
	"redroom/server/wire"
)

// flooder is a client that sends a server more than anybody needs. It is a
// process of its own, and a polite one to the machine, so that what it costs is
// what it costs the server.
type flooder struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	said   *bufio.Scanner
}

// floodOrders are what the process is told in the environment that sends frames.
const floodOrders = "REDROOM_TEST_FLOOD"

type floodPlan struct {
	URL    string
	CA     string   // its file
	Tokens []string // one a session
	Topics []string
}

// flooded is what it has met, over all its channels.
type flooded struct {
	Acked   int64
	Refused map[string]int64 // by code
	Sent    int64            // octets
	Lost    string           // why a session ended; "": none has
}

// startFlooder is one who sends as fast as the line allows, whatever he is told, on
// several channels of several sessions: he floods these topics from now and then.
func startFlooder(t *testing.T, r *servertest.Room, as *servertest.API, sessions int, topics ...string) *flooder {
	t.Helper()
	plan := floodPlan{URL: r.Rrp, CA: r.Data + "/keys/ca.pem", Topics: topics}
	for range sessions {
		plan.Tokens = append(plan.Tokens, as.Token(t))
	}
	return runAside(t, politely, floodOrders, plan)
}

// politely is the niceness of a process that is to leave the machine to the server;
// one that must answer in time has 0.
const politely = 19

// runAside starts the process, which is told its plan by that variable.
func runAside(t *testing.T, niceness int, variable string, plan any) *flooder {
	t.Helper()
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	command := []string{os.Args[0]}
	if nice, err := exec.LookPath("nice"); err == nil {
		command = []string{nice, "-n", strconv.Itoa(niceness), os.Args[0]}
	}
	f := &flooder{cmd: exec.Command(command[0], command[1:]...)}
	f.cmd.Env = append(os.Environ(), variable+"="+string(text))
	f.cmd.Stderr = os.Stderr
	if f.orders, err = f.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f.said = bufio.NewScanner(out)
	if err := f.cmd.Start(); err != nil {
		t.Fatalf("starting the flooder: %v", err)
	}
	t.Cleanup(func() {
		f.cmd.Process.Kill()
		f.cmd.Wait()
	})
	f.hears(t, "ready")
	return f
}

func (f *flooder) hears(t *testing.T, want string) {
	t.Helper()
	if !f.said.Scan() || f.said.Text() != want {
		t.Fatalf("the flooder said %q, want %q", f.said.Text(), want)
	}
}

// flood has it begin, or end.
func (f *flooder) flood(t *testing.T, on bool) {
	t.Helper()
	if _, err := fmt.Fprintln(f.orders, on); err != nil {
		t.Fatalf("telling the flooder: %v", err)
	}
}

// end ends it, and reads what it has met.
func (f *flooder) end(t *testing.T, met any) {
	t.Helper()
	f.orders.Close()
	if !f.said.Scan() {
		t.Fatal("the flooder has ended without a word")
	}
	if err := json.Unmarshal(f.said.Bytes(), met); err != nil {
		t.Fatalf("the flooder said %q: %v", f.said.Text(), err)
	}
}

// flood is the whole of the process that sends frames.
func flood(orders string) error {
	var plan floodPlan
	if err := json.Unmarshal([]byte(orders), &plan); err != nil {
		return err
	}
	pem, err := os.ReadFile(plan.CA)
	if err != nil {
		return err
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool()}
	trust.RootCAs.AppendCertsFromPEM(pem)
	tide := &tide{met: flooded{Refused: make(map[string]int64)}, on: make(chan struct{})}
	for _, token := range plan.Tokens {
		if err := tide.session(plan, trust, token); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		tide.turn(orders.Text() == "true")
	}
	tide.mu.Lock()
	defer tide.mu.Unlock()
	tide.met.Sent = tide.sent.Load()
	return json.NewEncoder(os.Stdout).Encode(tide.met)
}

// tide is when its channels send.
type tide struct {
	sent atomic.Int64

	mu  sync.Mutex
	met flooded
	on  chan struct{} // closed while they do
}

func (s *tide) turn(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		close(s.on)
	} else {
		s.on = make(chan struct{})
	}
}

func (s *tide) wait() {
	s.mu.Lock()
	on := s.on
	s.mu.Unlock()
	<-on
}

// session opens one, with a channel for each topic and a flood for each.
func (s *tide) session(plan floodPlan, trust *tls.Config, token string) error {
	ctx, cancel := context.WithTimeout(context.Background(), servertest.Patience)
	defer cancel()
	conn, err := transport.DialWebTransport(ctx, plan.URL, "", trust)
	if err != nil {
		return err
	}
	control, err := s.channel(conn, "TOKEN 0 "+token+"\n")
	if err != nil {
		return err
	}
	go s.send(control, func(i int) string { return "TYPING 0 " + plan.Topics[i%len(plan.Topics)] + "\nPING 0\n" })
	id := func(i int) string { return fmt.Sprintf("%s-%d", token[:8], i) }
	long, tooLong, unknown := strings.Repeat("l", room.MaxText), strings.Repeat("t", 4*room.MaxText), strings.Repeat("u", 1<<20)
	floods := []func(i int) string{
		func(i int) string { return servertest.Post("short", id(2*i)) },
		func(i int) string { return servertest.Post(long, id(2*i+1)) },
		func(i int) string { return fmt.Sprintf("READ 0 %d\nHEAD 0\nPING 0 %d\nHEAD 0 1\n", i, i) },
		func(i int) string { return servertest.Post(tooLong, id(2*i)) },
		func(i int) string { return "WHATEVER 1048576\n" + unknown },
		func(i int) string { return servertest.Post("again", id(-1)) },
	}
	for i, topic := range plan.Topics {
		c, err := s.channel(conn, "JOIN 0 "+topic+" -1\n")
		if err != nil {
			return err
		}
		go s.send(c, floods[i%len(floods)])
	}
	go s.reopen(conn, plan.Topics)
	return nil
}

// channel opens one and follows what it is answered.
func (s *tide) channel(conn transport.Session, first string) (transport.Channel, error) {
	c, err := conn.Open(conn.Context())
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, first); err != nil {
		return nil, err
	}
	in := wire.NewReader(c)
	h, err := in.Next()
	if err != nil {
		return nil, err
	}
	if h.Type != wire.TypeAck {
		return nil, fmt.Errorf("%.20q was answered by %s %s", first, h.Type, h.String(0))
	}
	go func() {
		for {
			h, err := in.Next()
			if err != nil {
				return
			}
			s.hear(h)
		}
	}()
	return c, nil
}

func (s *tide) hear(h *wire.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch h.Type {
	case wire.TypeAck:
		s.met.Acked++
	case wire.TypeErr:
		s.met.Refused[h.String(0)]++
	case wire.TypeBye:
		s.met.Lost = "BYE " + h.String(0)
	}
}

// send sends without an end, while it may.
func (s *tide) send(c transport.Channel, frames func(i int) string) {
	for i := 0; ; i++ {
		s.wait()
		octets := frames(i)
		if _, err := io.WriteString(c, octets); err != nil {
			s.lost(err)
			return
		}
		s.sent.Add(int64(len(octets)))
	}
}

// reopen opens channels one after the other, and reads nothing there.
func (s *tide) reopen(conn transport.Session, topics []string) {
	for i := 0; ; i++ {
		s.wait()
		c, err := s.channel(conn, "JOIN 0 "+topics[i%len(topics)]+" 0\n")
		if err != nil {
			s.lost(err)
			return
		}
		c.Reset(0)
	}
}

func (s *tide) lost(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.met.Lost == "" {
		s.met.Lost = why.Error()
	}
}

// runFlooder is a flooder's process; it gives its exit status.
func runFlooder(flood func(orders string) error, orders string) int {
	if err := flood(orders); err != nil {
		fmt.Fprintln(os.Stderr, "flooding:", err)
		return 1
	}
	return 0
}
