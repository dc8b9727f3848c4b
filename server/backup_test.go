package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// longestACK is how long a post may take beside a backup. A backup that held
// the writer up would take it for as long as it lasts itself.
const longestACK = time.Second

// TestBackupUnderLoadIsRestored backs a server up while writers post in two
// topics as fast as they can, restores that into a new directory and serves it
// at the same addresses. With texts alone, the newest are in the write-ahead
// log only; each redaction empties that.
func TestBackupUnderLoadIsRestored(t *testing.T) {
	t.Run("of texts", func(t *testing.T) { backUpUnderLoad(t, false) })
	t.Run("with edits and redactions", func(t *testing.T) { backUpUnderLoad(t, true) })
}

func backUpUnderLoad(t *testing.T, redacting bool) {
	p := servertest.StartProcess(t, t.TempDir(), nil, anyNumberOfPosts...)
	anna := p.Admin(t)
	deal := anna.Deal(t, "Backup", "all")
	topics := []string{anna.Topic(t, deal, "One", 1), anna.Topic(t, deal, "Two", 2)}
	bert := p.Join(t, anna, "bert", "member", deal)
	l := &load{redacting: redacting}
	megabytes := 16
	if testing.Short() {
		megabytes = 4
	}
	fill(t, p, anna, topics[0], megabytes)

	running, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	chance := servertest.Rand(t)
	for w := range 6 {
		as := []*servertest.API{anna, bert}[w%2]
		channel := join(t, p.Connect(t, as), topics[w/2%2], -1, nil)
		seed := chance.Uint64()
		writers.Go(func() { l.write(running, t, channel, fmt.Sprintf("w%d", w), seed) })
	}
	l.await(t, 300)

	before := l.begin()
	file := filepath.Join(t.TempDir(), "room.backup")
	began := time.Now()
	made := backUp(t, p.Data, file)
	took, during, longest := time.Since(began), l.count()-len(before), l.longest()
	stop()
	writers.Wait()
	t.Logf("the backup took %v in all; meanwhile %d posts were acknowledged, the slowest after %v", took.Round(time.Millisecond), during, longest.Round(time.Millisecond))
	if during == 0 {
		t.Error("nothing was acknowledged while the backup was made")
	}
	if longest > longestACK {
		t.Errorf("while the backup was made a post took %v", longest)
	}

	// What the old server has, and a client that knows it to its end.
	old := make(map[string][]room.Hash)
	ends := make(map[string]room.Head)
	for _, topic := range topics {
		at := room.Head{Hash: room.ChainStart(topic)}
		for _, frame := range readLog(t, p.Room, anna, topic) {
			at = frame.Follows(t, at)
			old[topic] = append(old[topic], at.Hash)
		}
		ends[topic] = at
	}
	oldEpoch := epochOf(t, p.Room, anna, topics[0])
	if oldEpoch != made.Epoch {
		t.Errorf("the backup is of epoch %s, the server's is %s", made.Epoch, oldEpoch)
	}
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}

	data := filepath.Join(t.TempDir(), "restored")
	var restored holding
	decodeJSON(t, run(t, "restore", file, "--data", data, "--json"), &restored)
	if restored.Epoch == made.Epoch || restored.Messages != made.Messages || restored.Position != made.Position {
		t.Errorf("backed up was %+v, restored is %+v", made, restored)
	}
	run(t, "verify", "--data", data)
	p.Data = data
	p = p.Again(t)

	// The restored log is the old one up to the mark, with all that was
	// acknowledged before the backup began.
	anna = p.SignIn(t, anna.Name)
	total := 0
	for _, topic := range topics {
		log := readLog(t, p.Room, anna, topic)
		total += len(log)
		if len(log) == 0 || len(log) > len(old[topic]) {
			t.Fatalf("restored are %d messages of %d", len(log), len(old[topic]))
		}
		at := room.Head{Hash: room.ChainStart(topic)}
		for _, frame := range log {
			at = frame.Follows(t, at)
		}
		if at.Hash != old[topic][at.Seq-1] {
			t.Errorf("the restored log is another one than that which was backed up, up to %d", at.Seq)
		}
		for _, said := range before {
			if said.topic != topic {
				continue
			}
			if said.seq > at.Seq {
				t.Errorf("%s was acknowledged as %d before the backup began; the log ends with %d", said.ID, said.seq, at.Seq)
			} else if m := log[said.seq-1]; m.Payload != said.Body && !strings.Contains(m.Header, " redacted=") {
				t.Errorf("%s was acknowledged as %d, but there is %.80q", said.ID, said.seq, m)
			}
		}
	}
	if int64(total) != restored.Messages {
		t.Errorf("%d messages are there, and %d were said to be", total, restored.Messages)
	}

	// Who knows the old epoch is told the new one and reads anew.
	s := p.Enter(t, anna)
	for topic, end := range ends {
		c := s.Channel(t)
		c.Say(t, fmt.Sprintf("JOIN 0 %s %d %s %s\n", topic, end.Seq, oldEpoch, end.Hash))
		c.Expect(t, "ERR 409 "+topic+" "+restored.Epoch)
		_, err := p.Connect(t, anna).Join(t.Context(), topic, 1, &client.Proof{Epoch: oldEpoch, Hash: old[topic][0]}, nil)
		if refusal := new(room.Error); !errors.As(err, &refusal) || refusal.Code != 409 {
			t.Errorf("a client with the old epoch, at a place that is the same, is answered %v", err)
		}
		anew := join(t, p.Connect(t, anna), topic, 0, nil)
		if _, err := anew.Post(t.Context(), "after-the-restore", "It goes on", 0); err != nil {
			t.Error(err)
		}
	}
}

// holding is what the commands print of a backup.
type holding struct {
	Epoch    string
	Position int64
	Messages int64
}

// run runs the real command to its good end.
func run(t *testing.T, args ...string) (out []byte) {
	t.Helper()
	out, said, err := redroom(t, args...)
	if err != nil {
		t.Fatalf("redroom %v: %v: %s%s", args, err, out, said)
	}
	return out
}

func redroom(t *testing.T, args ...string) (out, said []byte, err error) {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	var o, e bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.Bytes(), e.Bytes(), err
}

func backUp(t *testing.T, data, file string) (h holding) {
	t.Helper()
	decodeJSON(t, run(t, "backup", file, "--data", data, "--json"), &h)
	if h.Position == 0 || h.Messages == 0 {
		t.Errorf("the backup is %+v", h)
	}
	return h
}

func decodeJSON(t *testing.T, encoded []byte, value any) {
	t.Helper()
	if err := json.Unmarshal(encoded, value); err != nil {
		t.Fatalf("%s: %v", encoded, err)
	}
}

func epochOf(t *testing.T, r *servertest.Room, as *servertest.API, topic string) string {
	t.Helper()
	s := r.Enter(t, as)
	defer s.Close(0, "")
	return s.Join(t, topic, 0).Epoch
}

// fill posts so much that a backup takes some time.
func fill(t *testing.T, p *servertest.Process, as *servertest.API, topic string, megabytes int) {
	t.Helper()
	channel := join(t, p.Connect(t, as), topic, -1, nil)
	body := strings.Repeat("Grüße ", 8000)
	for n := 0; n*len(body) < megabytes<<20; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		_, err := channel.Post(ctx, fmt.Sprintf("fill-%d", n), body, 0)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// load is what writers post, until they are stopped.
type load struct {
	redacting bool // and editing

	mu    sync.Mutex
	acked []entry
	slow  time.Duration // the slowest since begin
	want  int           // acknowledged posts that somebody waits for
	more  chan struct{}
}

type entry struct {
	client.Post
	topic string
	seq   int64
}

// write posts texts, and edits and redacts some of its own if that is wanted.
func (l *load) write(ctx context.Context, t *testing.T, channel *client.Channel, name string, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 0))
	var own int64 // a text that can be edited and redacted still
	for n := 0; ctx.Err() == nil; n++ {
		p := client.Post{ID: fmt.Sprintf("%s-%d", name, n), Body: fmt.Sprintf("%s %d %s", name, n, words(chance, n))}
		switch {
		case own != 0 && n%7 == 3:
			p.Kind, p.Ref = room.Edit, own
		case own != 0 && n%7 == 6:
			p.Kind, p.Ref, p.Body, own = room.Redact, own, "reason", 0
		}
		began := time.Now()
		seq, err := channel.Send(ctx, p)
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("%s: %v", p.ID, err)
			}
			return
		}
		if p.Kind == "" && l.redacting {
			own = seq
		}
		l.ack(entry{p, channel.ID, seq}, time.Since(began))
	}
}

func (l *load) ack(e entry, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = append(l.acked, e)
	l.slow = max(l.slow, took)
	if l.more != nil && len(l.acked) >= l.want {
		close(l.more)
		l.more = nil
	}
}

// await waits until so many posts were acknowledged.
func (l *load) await(t *testing.T, count int) {
	t.Helper()
	more := make(chan struct{})
	l.mu.Lock()
	l.want, l.more = count, more
	l.mu.Unlock()
	select {
	case <-more:
	case <-time.After(servertest.Patience):
		t.Fatalf("%d posts were not acknowledged in time", count)
	}
}

// begin gives what was acknowledged, and begins to look for the slowest.
func (l *load) begin() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow = 0
	return l.acked[:len(l.acked):len(l.acked)]
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

func (l *load) longest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.slow
}

// TestPageForgetsWhatARestoreTookBack shows messages in a browser that the
// restored log doesn't have.
func TestPageForgetsWhatARestoreTookBack(t *testing.T) {
	p := servertest.OpenPage(t)
	process := servertest.StartProcess(t, t.TempDir(), nil, anyNumberOfPosts...)
	anna := process.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Restored", 1)
	post := poster(t, process.Room, anna)
	post(topic, "eins", "zwei", "drei")
	signIn(p, process.Plain+"/t/"+topic, anna.Name, servertest.Password)
	connected(p)
	reads(t, p, "eins", "zwei", "drei")

	file := filepath.Join(t.TempDir(), "room.backup")
	if made := backUp(t, process.Data, file); made.Messages != 3 {
		t.Errorf("the backup is %+v", made)
	}
	post(topic, "vier, nach dem Backup", "fünf, nach dem Backup")
	reads(t, p, "eins", "zwei", "drei", "vier, nach dem Backup", "fünf, nach dem Backup")

	if _, said, err := redroom(t, "restore", file, "--data", process.Data, "--force"); err == nil || !strings.Contains(string(said), "in use by another redroom") {
		t.Errorf("restoring under a running server: %v, %s", err, said)
	}
	if status := process.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	if _, said, err := redroom(t, "restore", file, "--data", process.Data); err == nil || !strings.Contains(string(said), "--force") {
		t.Errorf("restoring over a store: %v, %s", err, said)
	}
	p.UntilText("status", "Connection", "Offline")
	run(t, "restore", file, "--data", process.Data, "--force")
	process = process.Again(t)

	connected(p)
	p.Until("the three messages of the restored log", func() bool { return len(p.Messages()) == 3 })
	reads(t, p, "eins", "zwei", "drei")
	poster(t, process.Room, process.SignIn(t, anna.Name))(topic, "vier, nach der Rückkehr")
	reads(t, p, "eins", "zwei", "drei", "vier, nach der Rückkehr")
	if strings.Contains(servertest.Evaluate[string](p, "document.documentElement.outerHTML"), "nach dem Backup") {
		t.Error("what the restored log doesn't have is in the page still")
	}
}

// TestBackupThatBreaksOffIsNoBackup kills the server while it sends one.
func TestBackupThatBreaksOffIsNoBackup(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil, anyNumberOfPosts...)
	anna := p.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Broken", "all"), "Broken", 1)
	fill(t, p, anna, topic, 16)
	dir := t.TempDir()
	file := filepath.Join(dir, "room.backup")
	for try := range 10 {
		begun, ended := make(chan struct{}), make(chan struct{})
		go awaitOctets(filepath.Join(dir, "room.backup.*.tmp"), begun, ended)
		var said []byte
		var err error
		var command sync.WaitGroup
		command.Go(func() {
			defer close(ended)
			_, said, err = redroom(t, "backup", file, "--data", p.Data, "--force")
		})
		<-begun
		p.Kill()
		command.Wait()
		p = p.Again(t)
		if left, globErr := filepath.Glob(filepath.Join(p.Data, "backup-*")); globErr != nil || len(left) > 0 {
			t.Errorf("the server has left %q, %v", left, globErr)
		}
		if err == nil {
			t.Logf("try %d: the backup was whole already", try+1)
			continue
		}
		if !strings.Contains(string(said), "receiving the backup from the running server") || strings.Count(string(said), "\n") != 1 {
			t.Errorf("the command said %q", said)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 1 || len(entries) == 1 && try == 0 {
			t.Errorf("it left %v, %v", entries, err)
		}
		return
	}
	t.Error("no backup could be interrupted")
}

// awaitOctets returns when a file of this pattern has octets in it, or with
// ended.
func awaitOctets(pattern string, begun chan<- struct{}, ended <-chan struct{}) {
	defer close(begun)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		files, _ := filepath.Glob(pattern) // the pattern is a good one
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Size() > 0 {
				return
			}
		}
		select {
		case <-ended:
			return
		case <-again.C:
		}
	}
}
