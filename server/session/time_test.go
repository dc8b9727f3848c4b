package session_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/directory"
	"redroom/server/hub"
	"redroom/server/journal"
	"redroom/server/load"
	"redroom/server/room"
	"redroom/server/session"
	"redroom/server/signin"
	"redroom/server/transport"
	"redroom/store"
)

const (
	deal  = "deal000000000001"
	topic = "topc000000000001"
)

// parts are the real ones but for the transport, so that these tests can wait
// for hours in no time.
type parts struct {
	journal *journal.Journal
	store   *store.Store
	desk    *signin.Desk
	server  *session.Server
	peers   *peers
	log     *strings.Builder // what the parts say; to be read when all wait
}

type sessionHub struct{ *hub.Hub }

func (h sessionHub) Open(as *room.Actor, topic string, from, seq int64) session.Cursor {
	return h.Hub.Open(as, topic, from, seq)
}

type sessionDirectory struct{ *directory.Directory }

func (d sessionDirectory) Enter(as *room.Actor) session.Entry { return d.Directory.Enter(as) }

func (h sessionHub) Watch(a room.Attendance) session.Watcher { return h.Hub.Watch(a) }

// inTime runs a test where time passes when everybody waits for it.
func inTime(t *testing.T, test func(t *testing.T, p *parts)) {
	inTimeWith(t, load.Limits{}, test)
}

func inTimeWith(t *testing.T, limits load.Limits, test func(t *testing.T, p *parts)) {
	data := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		said := new(strings.Builder)
		log := slog.New(slog.NewTextHandler(said, nil))
		st, err := store.Open(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		h := hub.New(st)
		p := &parts{store: st, journal: journal.New(st, h, log), peers: newPeers(), log: said}
		p.desk = signin.New(signin.Config{Store: st, Journal: p.journal, Log: log})
		listed := directory.New(directory.Config{State: st.State, Key: p.peers.key, Dial: p.peers.dial, Changed: h.TellPresence, Log: log})
		p.server = session.New(session.Config{
			Journal: p.journal, Store: st, Desk: p.desk, Hub: sessionHub{h}, Directory: sessionDirectory{listed}, Load: load.New(limits, log), Log: log,
		})
		for _, ev := range []room.Event{
			room.UserAdded{Stamp: stamp(""), Name: "anna", Display: "Anna", Role: room.Admin, PasswordHashed: "none"},
			room.UserAdded{Stamp: stamp(""), Name: "bert", Display: "Bert", Role: room.Member, PasswordHashed: "none"},
			room.DealCreated{Stamp: stamp("anna"), ID: deal, Name: "Deal", History: room.HistoryAll},
			room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "bert"},
			room.TopicCreated{Stamp: stamp("anna"), ID: topic, Deal: deal, Title: "Topic", Number: 1},
		} {
			p.append(t, ev)
		}
		test(t, p)
		p.server.Close()
		listed.Close()
		p.journal.Close()
		h.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
}

func stamp(by string) room.Stamp { return room.Stamp{At: time.Now().UnixMilli(), By: by} }

func (p *parts) append(t *testing.T, ev room.Event) {
	t.Helper()
	if _, err := p.journal.Append(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

// post says something in the topic.
func (p *parts) post(t *testing.T, id string) {
	t.Helper()
	p.append(t, room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: id, Kind: room.Text, Salt: room.NewSalt(), Body: []byte("hi")})
}

// open opens a session, which nobody has signed in.
func (p *parts) open() *pipe {
	client, server := newPipe()
	go p.server.Serve(server)
	return client
}

// wire is a channel's frames, as lines: payloads are told by their length.
type wire struct {
	transport.Channel
	in *bufio.Reader
}

func (p *pipe) channel(t *testing.T) *wire {
	t.Helper()
	c, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &wire{c, bufio.NewReader(c)}
}

// signIn opens a session of user's, with its control channel.
func (p *parts) signIn(t *testing.T, user string) (*pipe, *wire) {
	t.Helper()
	cookie, s, err := p.desk.Open(t.Context(), user, room.Visitor{Address: home})
	if err != nil {
		t.Fatal(err)
	}
	token, _ := p.desk.IssueToken(cookie, s)
	client := p.open()
	control := client.channel(t)
	control.say(t, "TOKEN 0 "+token+"\n")
	control.expect(t, "ACK 0 TOKEN "+user)
	return client, control
}

func (w *wire) say(t *testing.T, octets string) {
	t.Helper()
	if _, err := io.WriteString(w, octets); err != nil {
		t.Fatalf("writing %q: %v", octets, err)
	}
}

// hear is the next frame's header; its payload is passed over.
func (w *wire) hear(t *testing.T) string {
	t.Helper()
	header, err := w.in.ReadString('\n')
	if err != nil {
		t.Fatalf("waiting for a frame: %v", err)
	}
	length := 0
	if _, err := fmt.Sscanf(header[strings.IndexByte(header, ' '):], "%d", &length); err != nil {
		t.Fatalf("%q is no header: %v", header, err)
	}
	if _, err := w.in.Discard(length); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(header, "\n")
}

// expect hears a frame; a BYE's and an ERR's length is not compared.
func (w *wire) expect(t *testing.T, want string) {
	t.Helper()
	got := w.hear(t)
	fields, wanted := strings.Fields(got), strings.Fields(want)
	if len(wanted) > 1 && wanted[1] == "n" {
		fields[1] = "n"
	}
	if strings.Join(fields, " ") != want {
		t.Fatalf("heard %q, want %q", got, want)
	}
}

func (w *wire) await(t *testing.T, want string) {
	t.Helper()
	for w.hear(t) != want {
	}
}

// expectAfter fails the test unless just so much time went by since.
func expectAfter(t *testing.T, since time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(since); took != want {
		t.Errorf("it took %v, want %v", took, want)
	}
}

func TestServerAsksAfter15SecondsOfSilence(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		for range 20 {
			quiet := time.Now()
			control.expect(t, "PING 0")
			expectAfter(t, quiet, 15*time.Second)
			control.say(t, "PONG 0\n")
		}

		// Whatever comes on whatever channel is no silence.
		c := client.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		for range 20 {
			time.Sleep(14 * time.Second)
			c.say(t, "PING 0 x\n")
			c.expect(t, "PONG 0 x")
		}
		quiet := time.Now()
		control.expect(t, "PING 0")
		expectAfter(t, quiet, 15*time.Second)
	})
}

func TestNothingHeardFor30SecondsIsTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		quiet := time.Now()
		control.expect(t, "PING 0")
		if _, err := control.in.ReadByte(); err == nil {
			t.Error("a lost session was told something")
		}
		<-client.ctx.Done()
		if took := time.Since(quiet); took < 30*time.Second || took > 32*time.Second {
			t.Errorf("it took %v, want 30 s and a moment", took)
		}
	})
}

func TestSessionThatNobodySignsInIsClosed(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		for name, begin := range map[string]func(*pipe){
			"no channel":      func(*pipe) {},
			"PING":            func(c *pipe) { c.channel(t).say(t, "PING 0\n") },
			"half a TOKEN":    func(c *pipe) { c.channel(t).say(t, "TOKEN 0 ab") },
			"an unknown type": func(c *pipe) { c.channel(t).say(t, "POEM 0\n") },
		} {
			opened := time.Now()
			client := p.open()
			begin(client)
			<-client.ctx.Done()
			if took := time.Since(opened); took < 10*time.Second || took > 12*time.Second {
				t.Errorf("%s: it took %v, want 10 s and a moment", name, took)
			}
		}
	})
}

func TestClientThatDoesNotSayFINIsWaitedForOneSecond(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		control.say(t, "nonsense\n")
		control.expect(t, "ERR n 400 -")
		control.expect(t, "BYE n 400")
		said := time.Now()
		if _, err := control.in.ReadByte(); err != io.EOF {
			t.Errorf("after BYE came %v, want FIN", err)
		}
		<-client.ctx.Done()
		expectAfter(t, said, time.Second)
		if client.other.closed != 400 {
			t.Errorf("closed with code %d, want 400", client.other.closed)
		}
	})
}

func TestClientThatReadsNothingDoesNotHoldUpTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		control.say(t, "WATCH 0\n") // nobody will read what it gives
		for range 3 {
			c := client.channel(t)
			c.say(t, "JOIN 0 "+topic+" 0\n")
		}
		p.post(t, "unread")
		synctest.Wait()
		began := time.Now()
		p.server.Close()
		<-client.ctx.Done()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func TestUnreadIsToldOnceASecondATopic(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		_, control := p.signIn(t, "bert")
		control.say(t, "WATCH 0\n")
		control.await(t, "ACK 0 WATCH")
		time.Sleep(5 * time.Second)
		go func() {
			for i := range 100 { // in five seconds
				p.post(t, fmt.Sprintf("post-%d", i))
				time.Sleep(50 * time.Millisecond)
			}
		}()
		var last time.Time
		told, final := 0, fmt.Sprintf("UNREAD 0 %s 100 0 100", topic)
		for frame := ""; frame != final; told++ {
			frame = control.hear(t)
			if !strings.HasPrefix(frame, "UNREAD 0 "+topic) {
				t.Fatalf("heard %q", frame)
			}
			if since := time.Since(last); since < time.Second {
				t.Errorf("UNREAD came again after %v", since)
			}
			last = time.Now()
		}
		if told < 4 || told > 7 {
			t.Errorf("UNREAD was told %d times in five seconds", told)
		}
	})
}

func TestReadMarksAreJournaledOnceInTwoSeconds(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		for i := range 200 {
			p.post(t, fmt.Sprintf("post-%d", i))
		}
		client, _ := p.signIn(t, "bert")
		c := client.channel(t)
		c.say(t, "JOIN 0 "+topic+" 200\n")
		c.hear(t)
		before := p.store.Position()
		for seq := 1; seq <= 200; seq++ { // in ten seconds
			c.say(t, fmt.Sprintf("READ 0 %d\n", seq))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if events := p.store.Position() - before; events < 5 || events > 7 {
			t.Errorf("%d events for ten seconds of READ", events)
		}
		marks, err := p.store.ReadMarks(t.Context(), "bert")
		if err != nil || marks[topic] != 200 {
			t.Errorf("the mark is %d, want 200 (%v)", marks[topic], err)
		}

		// What was read last counts, also when the channel ends at once.
		p.post(t, "last")
		c.hear(t) // it, or the writer would wait for a reader
		c.say(t, "READ 0 201\n")
		c.CloseWrite()
		time.Sleep(time.Second)
		synctest.Wait()
		if marks, err = p.store.ReadMarks(t.Context(), "bert"); err != nil || marks[topic] != 201 {
			t.Errorf("the mark is %d, want 201 (%v)", marks[topic], err)
		}
	})
}
