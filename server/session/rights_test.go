package session_test

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

var home = netip.MustParseAddr("127.0.0.1")

func ptr[T any](v T) *T { return &v }

// narrow and widen are how bert loses the topic and gets it back.
func narrow(topic string) room.Event {
	return room.TopicChanged{Stamp: stamp("anna"), ID: topic, Narrowed: ptr(true), Members: []string{"anna"}}
}

func widen(topic string) room.Event {
	return room.TopicChanged{Stamp: stamp("anna"), ID: topic, Narrowed: ptr(false)}
}

// told is a frame, and where it began among the octets of its channel.
type told struct {
	at      int
	header  string
	payload string
}

func (f told) fields() []string { return strings.Fields(f.header)[2:] }

// frames reads frames until one is last, and gives them and how long they were.
func frames(t *testing.T, from io.Reader, last string) (all []told, octets int) {
	t.Helper()
	in := bufio.NewReader(from)
	for {
		header, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", header, err)
		}
		f := told{at: octets, header: strings.TrimSuffix(header, "\n")}
		length, _ := strconv.Atoi(strings.Fields(header)[1])
		payload := make([]byte, length)
		if _, err := io.ReadFull(in, payload); err != nil {
			t.Fatalf("in %q: %v", f.header, err)
		}
		f.payload = string(payload)
		octets += len(header) + length
		all = append(all, f)
		if f.header == last || strings.HasPrefix(f.header, last+" ") {
			return all, octets
		}
	}
}

// toldNext reads all that is told in the next two seconds: of what waits for anything,
// the last is told after one.
func toldNext(t *testing.T, control io.ReadWriter) []told {
	t.Helper()
	go func() {
		time.Sleep(2 * time.Second)
		io.WriteString(control, "PING 0 enough\n")
	}()
	all, _ := frames(t, control, "PONG 0 enough")
	return all
}

// TestWhatIsToldOfTheRoomIsTakenBack stops a reader who watches after every
// number of octets, ends a right of his, and lets him read on: of what he may not
// know any more no frame begins, and what he knows in the end is what he may.
func TestWhatIsToldOfTheRoomIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		end, undo []room.Event
		left      func(topic string) bool
	}{
		"a topic": {
			[]room.Event{narrow(topic)}, []room.Event{widen(topic)},
			func(other string) bool { return other != topic },
		},
		"the deal": {
			[]room.Event{room.MemberRemoved{Stamp: stamp("anna"), Deal: deal, User: "bert"}},
			[]room.Event{room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "bert"}},
			func(string) bool { return false },
		},
		"a topic, which he gets back": {
			[]room.Event{narrow(topic), widen(topic)}, nil,
			func(string) bool { return true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				topics := []string{topic}
				for i := 2; i < 5; i++ {
					id := fmt.Sprintf("topc%012d", i)
					p.append(t, room.TopicCreated{Stamp: stamp("anna"), ID: id, Deal: deal, Title: id, Number: 5 - i})
					topics = append(topics, id)
				}
				_, total := p.watches(t, 0, func() {})
				for n := 0; n < total-len("ACK 0 WATCH\n"); n += 11 {
					said, _ := p.watches(t, n, func() {
						for _, ev := range c.end {
							p.append(t, ev)
						}
					})
					shown, dealShown := make(map[string]bool), false
					for _, f := range said {
						of := f.fields()
						switch kind, _, _ := strings.Cut(f.header, " "); kind {
						case "DEAL":
							dealShown = len(of) == 1
						case "TOPIC":
							if shown[of[0]] = len(of) == 1; shown[of[0]] && f.at >= n && !c.left(of[0]) {
								t.Errorf("stopped at %d, he is told %q at %d", n, f.header, f.at)
							}
						case "UNREAD":
							if f.at >= n && !c.left(of[0]) || !shown[of[0]] {
								t.Errorf("stopped at %d, he is told %q at %d", n, f.header, f.at)
							}
						}
					}
					for _, id := range topics {
						if shown[id] != c.left(id) {
							t.Errorf("stopped at %d, he knows of %s: %t", n, id, shown[id])
						}
					}
					if want := name != "the deal"; dealShown != want {
						t.Errorf("stopped at %d, he knows of the deal: %t", n, dealShown)
					}
					if t.Failed() {
						return
					}
					for _, ev := range c.undo {
						p.append(t, ev)
					}
				}
			})
		})
	}
}

// watches has bert watch, read so many octets, something happen, and read on
// until all that is to be told was told.
func (p *parts) watches(t *testing.T, n int, happens func()) (said []told, octets int) {
	t.Helper()
	client, control := p.signIn(t, "bert")
	control.say(t, "WATCH 0\n")
	before := make([]byte, n)
	if _, err := io.ReadFull(control.Channel, before); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // the server waits for somebody to read on
	happens()
	all := io.MultiReader(strings.NewReader(string(before)), control.Channel)
	said, octets = frames(t, all, "ACK 0 WATCH")
	for _, f := range toldNext(t, control.Channel) {
		f.at += octets
		said = append(said, f)
	}
	client.Close(0, "")
	<-client.ctx.Done()
	synctest.Wait()
	return said, octets
}

// ends are the ways in which bert's right to read in his session can end.
var ends = map[string]func(p *parts) room.Event{
	"the topic is narrowed": func(*parts) room.Event { return narrow(topic) },
	"he is removed": func(*parts) room.Event {
		return room.MemberRemoved{Stamp: stamp("anna"), Deal: deal, User: "bert"}
	},
	"he reads later": func(p *parts) room.Event {
		return room.ReaderMoved{Stamp: stamp("anna"), Topic: topic, User: "bert", Seq: p.store.Head(topic).Seq + 1}
	},
	"he is deactivated": func(*parts) room.Event {
		return room.UserChanged{Stamp: stamp("anna"), Name: "bert", Active: ptr(false)}
	},
	"his sign-ins end": func(*parts) room.Event { return room.SessionsEnded{Stamp: stamp("anna"), User: "bert"} },
	"his password changes": func(*parts) room.Event {
		return room.PasswordChanged{Stamp: stamp("bert"), Name: "bert", PasswordHashed: "other"}
	},
}

// TestNothingIsWrittenOfATopicAfterTheRightEnded ends the right while the answer
// to something is about to be written: not an octet of it follows.
func TestNothingIsWrittenOfATopicAfterTheRightEnded(t *testing.T) {
	for what, say := range map[string]func(t *testing.T, p *parts, c *wire){
		"the ACK of JOIN": func(t *testing.T, p *parts, c *wire) { c.say(t, "JOIN 0 "+topic+" 0\n") },
		"HEAD": func(t *testing.T, p *parts, c *wire) {
			c.joins(t)
			c.say(t, "HEAD 0\n")
		},
		"the ACK of a post": func(t *testing.T, p *parts, c *wire) {
			c.say(t, "JOIN 0 "+topic+" 1\n")
			c.hear(t)
			c.say(t, "POST 2 an-id\nhi")
		},
		"a message": func(t *testing.T, p *parts, c *wire) {
			c.joins(t)
			p.post(t, "unread")
		},
		"nothing": func(t *testing.T, p *parts, c *wire) { c.joins(t) },
	} {
		for name, end := range ends {
			t.Run(what+", "+name, func(t *testing.T) {
				inTime(t, func(t *testing.T, p *parts) {
					p.post(t, "first")
					client, control := p.signIn(t, "bert")
					c := client.channel(t)
					say(t, p, c)
					synctest.Wait() // the server writes, and nobody reads
					began := time.Now()
					p.append(t, end(p))
					p.append(t, room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: "late", Kind: room.Text, Body: []byte("not for you")})
					go func() {
						io.Copy(io.Discard, control)
						control.CloseWrite()
					}()
					octets, _ := io.ReadAll(c.in)
					if len(octets) > 0 {
						t.Errorf("he was told %q", octets)
					}
					if took := time.Since(began); took > time.Second {
						t.Errorf("the channel ended after %v", took)
					}
					client.Close(0, "")
				})
			})
		}
	}
}

// joins joins the topic and reads the message that is there.
func (w *wire) joins(t *testing.T) {
	t.Helper()
	w.say(t, "JOIN 0 "+topic+" 0\n")
	w.hear(t)
	w.hear(t)
}

// TestASessionThatHasEndedIsToldNothingMore stops one who watches after every
// number of octets, and ends his sign-in: BYE follows the frame that was begun.
func TestASessionThatHasEndedIsToldNothingMore(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		_, total := p.watches(t, 0, func() {})
		for n := 0; n < total-len("ACK 0 WATCH\n"); n += 17 {
			client, control := p.signIn(t, "bert")
			control.say(t, "WATCH 0\n")
			before := make([]byte, n)
			if _, err := io.ReadFull(control.Channel, before); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			p.append(t, room.SessionsEnded{Stamp: stamp("anna"), User: "bert"})
			p.post(t, fmt.Sprint("late-", n))
			said, _ := frames(t, io.MultiReader(strings.NewReader(string(before)), control.Channel), "BYE")
			if last := said[len(said)-1]; !strings.HasPrefix(last.header, "BYE ") || !strings.HasSuffix(last.header, " 401") {
				t.Errorf("stopped at %d: the last words are %q", n, last.header)
			}
			if rest := said[:len(said)-1]; len(rest) > 0 && rest[len(rest)-1].at >= max(n, 1) {
				t.Errorf("stopped at %d, he is told %q at %d", n, rest[len(rest)-1].header, rest[len(rest)-1].at)
			}
			control.CloseWrite()
			<-client.ctx.Done()
		}
	})
}

// TestTypingIsNotToldToWhoCanNotReadAnyMore has somebody type before the right
// ends, who is told of it only afterwards, and after it.
func TestTypingIsNotToldToWhoCanNotReadAnyMore(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		control.say(t, "WATCH 0\n")
		control.await(t, "ACK 0 WATCH")
		anna, annas := p.signIn(t, "anna")
		defer anna.Close(0, "")
		control.await(t, "PRESENCE 0 anna online")
		typing := func() {
			annas.say(t, "TYPING 0 "+topic+"\n")
			synctest.Wait()
		}
		heard := func() string {
			select {
			case octets := <-client.datagrams:
				return string(octets)
			default:
				return ""
			}
		}
		typing()
		if got := heard(); got != "TYPING 0 "+topic+" anna\n" {
			t.Fatalf("bert hears %q", got)
		}
		control.say(t, "PING 0 x\n")
		synctest.Wait() // the PONG is about to be written, and nobody reads
		typing()
		p.append(t, narrow(topic))
		typing()
		control.expect(t, "PONG 0 x")
		control.await(t, "TOPIC 0 "+topic+" gone")
		typing()
		if got := heard(); got != "" {
			t.Errorf("bert hears %q", got)
		}
	})
}

// TestATopicsChannelIsCutBeforeTheEndIsAnswered looks at it in the applier, which
// has published what ended the right, and answers nobody before.
func TestATopicsChannelIsCutBeforeTheEndIsAnswered(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				p.post(t, "first")
				client, _ := p.signIn(t, "bert")
				c := client.channel(t)
				c.joins(t)
				synctest.Wait()
				theirs := client.other.channels[1]
				answered := make(chan bool, 1)
				if err := p.journal.Submit(t.Context(), end(p), func(room.Outcome, error) { answered <- theirs.cut.Load() }); err != nil {
					t.Fatal(err)
				}
				if !<-answered {
					t.Error("something could be written still")
				}
				client.Close(0, "")
			})
		})
	}
}

// keyedPipe is a pipe whose further channels would show a key.
type keyedPipe struct {
	*pipe
	dropped atomic.Bool
}

func (p *keyedPipe) Key() string   { return "key" }
func (p *keyedPipe) UseKey(string) {}
func (p *keyedPipe) DropKey()      { p.dropped.Store(true) }

// TestTheKeyIsDeadWhenTheSignInHasEnded looks at it when the end is answered, long
// before the session is over, whose client doesn't say FIN.
func TestTheKeyIsDeadWhenTheSignInHasEnded(t *testing.T) {
	for _, name := range []string{"he is deactivated", "his sign-ins end", "his password changes"} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				cookie, s, err := p.desk.Open(t.Context(), "bert", room.Visitor{Address: home})
				if err != nil {
					t.Fatal(err)
				}
				token, _ := p.desk.IssueToken(cookie, s)
				client, server := newPipe()
				keyed := &keyedPipe{pipe: server}
				go p.server.Serve(keyed)
				control := client.channel(t)
				control.say(t, "TOKEN 0 "+token+"\n")
				control.expect(t, "ACK 0 TOKEN bert key")
				if keyed.dropped.Load() {
					t.Error("the key is dead before")
				}
				p.append(t, ends[name](p))
				if !keyed.dropped.Load() || client.ctx.Err() != nil {
					t.Errorf("the key is dead: %t; the session: %v", keyed.dropped.Load(), client.ctx.Err())
				}
				client.Close(0, "")
			})
		})
	}
}
