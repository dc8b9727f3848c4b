package main_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"redroom/server/client"
	"redroom/server/servertest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// fed is a room with a topic, and a program's account in it that feeds there.
type fed struct {
	p      *servertest.Process
	anna   *servertest.API
	deal   string
	topic  string // its id; its name is Alpha/Figures
	token  string
	spool  string
	source *numbered
	errors string // the file that has what the server says of itself

	from, to    string   // a feed's arguments
	environment []string // of a feed
}

func newFed(t *testing.T) *fed {
	t.Helper()
	source := newNumbered(t)
	f := &fed{source: source, from: source.url(), to: "Alpha/Figures", spool: filepath.Join(t.TempDir(), "readings.spool"), errors: filepath.Join(t.TempDir(), "server.log")}
	f.p = servertest.StartProcess(t, t.TempDir(), []string{"sh", "-c", `exec "$@" 2>"$0"`, f.errors}, "--log-level", "info")
	f.anna = f.p.Admin(t)
	f.deal = f.anna.Deal(t, "Alpha", "all")
	f.topic = f.anna.Topic(t, f.deal, "Figures", 1)
	f.p.Join(t, f.anna, "meter", "bot", f.deal)
	f.token = f.newToken(t)
	return f
}

func (f *fed) newToken(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(redroom(t, "", nil, "user", "token", "meter", "--label", "feed", "--data", f.p.Data).succeeds(t, "rr_"))
}

// again starts the server anew, after its end.
func (f *fed) again(t *testing.T) {
	t.Helper()
	f.p = f.p.Again(t)
}

// feeding is a feed that runs.
type feeding struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	said bytes.Buffer
}

func (f *feeding) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.said.Write(b)
}

func (f *feeding) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.said.String()
}

// feed starts one, that asks 50 times a second. What the flags say counts.
func (f *fed) feed(t *testing.T, flags ...string) *feeding {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	at, err := url.Parse(f.p.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	f.source.anew()
	line := append([]string{"feed", f.from, f.to, "--every", "20ms", "--source-timeout", "30s", "--log-level", "debug",
		"--server", at.Host, "--data", f.p.Data, "--spool", f.spool}, flags...)
	running := &feeding{cmd: exec.Command(binary, line...), exited: make(chan struct{})}
	running.cmd.Env = append(append(os.Environ(), f.environment...), "REDROOM_TOKEN="+f.token, "REDROOM_FEED_AUTHORIZATION=Bearer secret")
	running.cmd.Stderr = running
	if err := running.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(running.exited)
		running.cmd.Wait()
	}()
	t.Cleanup(func() {
		running.kill()
		if t.Failed() {
			log, _ := os.ReadFile(f.errors)
			t.Logf("a feed said\n%s\nand the server\n%s", running.log(), log)
		}
		if strings.Contains(running.log(), "secret") {
			t.Error("a feed told a secret")
		}
	})
	return running
}

// feedByID names the topic by its id, which the server need not be asked for.
func (f *fed) feedByID(t *testing.T, flags ...string) *feeding {
	t.Helper()
	byID := *f
	byID.to = f.topic
	return byID.feed(t, flags...)
}

func (f *feeding) kill() {
	f.cmd.Process.Kill()
	<-f.exited
}

// end asks it to end, and wants it to end well.
func (f *feeding) end(t *testing.T, signal os.Signal) {
	t.Helper()
	f.cmd.Process.Signal(signal)
	if status := f.status(t); status != 0 {
		t.Errorf("a feed ended with status %d", status)
	}
}

// status is what it ends with.
func (f *feeding) status(t *testing.T) int {
	t.Helper()
	until(t, "the feed has ended", func() bool {
		select {
		case <-f.exited:
			return true
		default:
			return false
		}
	})
	return f.cmd.ProcessState.ExitCode()
}

// awaitSaid waits for a line that matches, and gives the first with its groups.
func (f *feeding) awaitSaid(t *testing.T, line string) (groups []string) {
	t.Helper()
	pattern := regexp.MustCompile("(?m)^.*" + line + ".*$")
	until(t, "the feed says "+line, func() bool {
		groups = pattern.FindStringSubmatch(f.log())
		return groups != nil
	})
	return groups
}

// count is how many lines match.
func (f *feeding) count(line string) int {
	return len(regexp.MustCompile("(?m)^.*"+line+".*$").FindAllString(f.log(), -1))
}

// numberedReport is a report of the source's.
type numberedReport struct {
	Seq                      int64 `json:"-"`
	Source, Time, Connection string
	Reading                  json.RawMessage
	N                        int `json:"-"`
}

func parseReport(t *testing.T, body string) (r numberedReport) {
	t.Helper()
	var n struct{ N int }
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("the report %q: %v", body, err)
	}
	if err := json.Unmarshal(r.Reading, &n); err == nil {
		r.N = n.N
	}
	return r
}

// reports are those that the topic has.
func (f *fed) reports(t *testing.T) (all []numberedReport) {
	t.Helper()
	for after := int64(0); ; after = all[len(all)-1].Seq {
		var page struct {
			Messages []struct {
				Seq                int64
				Author, Kind, Body string
			}
		}
		f.anna.Must(t, "GET", "/api/topics/"+f.topic+"/messages?limit=1000&after="+itoa(after), nil, &page, 200)
		if len(page.Messages) == 0 {
			return all
		}
		for _, m := range page.Messages {
			if m.Author != "meter" || m.Kind != "report" {
				t.Fatalf("message %d is a %s of %s", m.Seq, m.Kind, m.Author)
			}
			r := parseReport(t, m.Body)
			r.Seq = m.Seq
			all = append(all, r)
		}
	}
}

// awaitReports waits until the topic has so many.
func (f *fed) awaitReports(t *testing.T, n int) (all []numberedReport) {
	t.Helper()
	until(t, "the topic has "+itoa(int64(n))+" reports", func() bool {
		all = f.reports(t)
		return len(all) >= n
	})
	return all
}

// spooled are the numbers in the spool, while no feed runs.
func (f *fed) spooled(t *testing.T) (numbers []int) {
	t.Helper()
	o, err := client.OpenOutbox(t.Context(), f.spool)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	posts, err := o.Posts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range posts {
		numbers = append(numbers, parseReport(t, k.Body).N)
	}
	return numbers
}
