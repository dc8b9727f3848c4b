//go:build linux

package server_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// TestDiskIsFull has the real server's data directory on a small disk, which
// other files fill while everybody posts. What was acknowledged stays, all can
// be read, and when there is room, writing goes on by itself; also if the
// server was killed meanwhile and started again on the full disk.
func TestDiskIsFull(t *testing.T) {
	disk := mountSmall(t, "16m")
	p := servertest.StartProcess(t, filepath.Join(disk, "data"), nil)
	b := newBroken(t, p.Room)
	b.breaks(t, func() { fillDisk(t, disk, 256<<10) })
	fillDisk(t, disk, 0) // what the last refused batch left

	p.Kill()
	p = p.Again(t)
	b.Room = p.Room
	b.joins(t)
	b.reads(t)

	b.mends(t, func() { emptyDisk(t, disk) })
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	b.log.expectGone(t, "after a clean stop", p.Data)

	fillDisk(t, disk, 0)
	said := refusesToStart(t, p.Data)
	if !strings.Contains(said, "full; make room on it") {
		t.Errorf("started on a full disk, the server says %q", said)
	}
}

// TestFilesMayNotGrow is TestDiskIsFull where nothing can be mounted: no file
// of the process may grow beyond what the database has.
func TestFilesMayNotGrow(t *testing.T) {
	r := servertest.StartQuietly(t)
	b := newBroken(t, r)
	b.breaks(t, func() { limitFiles(t, 1<<20) }) // more than what go test itself notes in a file
	b.mends(t, func() { limitFiles(t, 0) })
}

// TestDiskTurnsReadOnly has each write to the database's files answered as a
// file system answers that has turned read-only.
func TestDiskTurnsReadOnly(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	b := newBroken(t, p.Room)
	var again func()
	b.breaks(t, func() { again = failWrites(t, p, "EROFS") })
	b.mends(t, again)
}

// TestRedactionOnAFullDisk redacts when the database can't grow, so that the
// write-ahead log can't be brought into it: the words are gone for everybody at
// once, and from the files when there is room.
func TestRedactionOnAFullDisk(t *testing.T) {
	r := servertest.StartQuietly(t)
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Full", "all"), "Full", 1)
	c := join(t, r.Connect(t, anna), topic, 0, nil)
	send := func(p client.Post) (seq int64) {
		t.Helper()
		seq, err := c.Send(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	big := func(count int, what string) {
		for i := range count {
			send(client.Post{ID: fmt.Sprint(what, i), Body: strings.Repeat("x", room.MaxText)})
		}
	}
	big(20, "database-")
	send(client.Post{ID: "cut", Kind: room.Redact, Ref: 1}) // brings all that into it
	big(4, "log-")
	secret := "a secret, " + room.NewToken()
	seq := send(client.Post{ID: "secret", Body: strings.Repeat(secret+" ", 1000)})

	database, err := os.Stat(filepath.Join(r.Data, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, uint64(database.Size()))
	send(client.Post{ID: "gone", Kind: room.Redact, Ref: seq})
	if left := filesWith(t, r.Data, secret); len(left) == 0 {
		t.Error("the log was brought into a database that may not grow, so this test shows nothing")
	}
	if m := readLog(t, r, anna, topic)[seq-1]; !m.Redacted() {
		t.Errorf("the redaction was acknowledged, and %d is %.80q", seq, m)
	}
	_, page := anna.Do(t, "GET", fmt.Sprintf("/api/topics/%s/messages?after=%d", topic, seq-1), nil)
	if bytes.Contains(page, []byte(secret)) {
		t.Error("the redaction was acknowledged, and HTTP shows the words")
	}

	limitFiles(t, 0)
	await(t, "the words are in no file", func() bool { return len(filesWith(t, r.Data, secret)) == 0 })
	talks(t, r.Enter(t, anna).Join(t, topic, -1))
}

// TestReadOnlyDirectory shows what a start says where nothing can be written.
func TestReadOnlyDirectory(t *testing.T) {
	disk := mountSmall(t, "8m")
	p := servertest.StartProcess(t, filepath.Join(disk, "data"), nil)
	p.Admin(t)
	p.Stop(t)
	remount(t, disk, "ro")
	if said := refusesToStart(t, p.Data); !strings.Contains(said, "read-only file system: the data directory must be writable") {
		t.Errorf("started in a read-only directory, the server says %q", said)
	}
	remount(t, disk, "rw")
	p.Again(t)
}

// broken is a room whose disk breaks under load.
type broken struct {
	*servertest.Room
	anna, bert *servertest.API
	topics     []string
	log        *ledger
	reader     *client.Channel // that had joined before the disk broke
	seen       *progress
}

func newBroken(t *testing.T, r *servertest.Room) *broken {
	t.Helper()
	b := &broken{Room: r, anna: r.Admin(t)}
	deal := b.anna.Deal(t, "Disk", "all")
	for i := range 4 {
		b.topics = append(b.topics, b.anna.Topic(t, deal, fmt.Sprintf("Topic %d", i), i))
	}
	b.bert = r.Join(t, b.anna, "bert", "member", deal)
	b.log = newLedger(b.topics...)
	return b
}

// joins has somebody read from the beginning.
func (b *broken) joins(t *testing.T) {
	t.Helper()
	b.seen = newProgress()
	b.reader = join(t, b.Connect(t, b.bert), b.topics[0], 0, b.seen.saw)
}

// breaks breaks the disk while everybody posts, and returns when all posts are
// refused; it shows that reading goes on.
func (b *broken) breaks(t *testing.T, the func()) {
	t.Helper()
	b.joins(t)
	var running sync.WaitGroup
	chance := servertest.Rand(t)
	load, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	for w, as := range []*servertest.API{b.anna, b.bert} {
		c := b.Connect(t, as)
		for i, topic := range b.topics {
			channel, seed := join(t, c, topic, -1, nil), chance.Uint64()
			running.Go(func() {
				b.log.postUntilItFails(load, t, channel, as.Name, fmt.Sprintf("%d-%d", w, i), seed)
			})
		}
	}
	b.log.waitForAnswers(t, 200)
	the()
	running.Wait()
	if load.Err() != nil {
		t.Fatal("posts are acknowledged as before")
	}
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
		if status, answer := b.anna.Do(t, "GET", path, nil); status != want {
			t.Errorf("%s: status %d, want %d: %s", path, status, want, answer)
		}
	}
	b.reads(t)
	c := b.Enter(t, b.anna).Join(t, b.topics[0], -1)
	c.Say(t, servertest.Post("Jetzt?", "now"))
	c.Answer(t, "ERR 503 now 1")
	c.Say(t, servertest.Post("", "now-gone", "redact", "1"))
	c.Answer(t, "ERR 503 now-gone 1")
	c.Say(t, servertest.Post("Nein.", "never", "text", "1000000"))
	c.Answer(t, "ERR 503 never 1")
	if head, err := b.reader.HeadAt(t.Context(), 1); err != nil || head.Seq != 1 {
		t.Errorf("HEAD on a channel that was open before: %v, %v", head, err)
	}
}

// reads shows that everything acknowledged can be read, by all ways.
func (b *broken) reads(t *testing.T) {
	t.Helper()
	logs := readLogs(t, b.Room, b.anna, b.topics)
	b.log.verifyAnswered(t, logs)
	expectNoRedactedWords(t, b.Room, b.bert, b.log, logs)
	for _, path := range []string{"/", "/api/deals", "/api/users"} {
		if status, answer := b.anna.Do(t, "GET", path, nil); status != 200 {
			t.Errorf("%s: status %d: %.100s", path, status, answer)
		}
	}
}

// mends mends the disk, and shows that everything goes on as if nothing had
// been.
func (b *broken) mends(t *testing.T, the func()) {
	t.Helper()
	the()
	await(t, "the server is ready", func() bool {
		status, _ := b.anna.Do(t, "GET", "/readyz", nil)
		return status == 200
	})
	unknown := len(b.log.unanswered())
	if unknown == 0 {
		t.Error("no post was refused")
	}
	b.log.resend(t, b.Room, b.anna, b.bert)
	logs := readLogs(t, b.Room, b.anna, b.topics)
	b.log.verify(t, logs)
	expectRedacted(t, b.Room, b.bert, b.log, logs)
	b.seen.wait(t, int64(len(logs[b.topics[0]])), b.reader.Done())
	t.Logf("%d posts, %d of them were sent again, %d are without words", len(b.log.sent), unknown, len(b.log.gone()))
}
