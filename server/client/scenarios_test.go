package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// TestScenarios runs what testdata/scenarios.json says that a client does,
// whatever it is written in. What its words mean stands there, under "about". What
// they say of WebTransport holds for raw QUIC.
func TestScenarios(t *testing.T) {
	octets, err := os.ReadFile("testdata/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Scenarios []struct {
			Name  string
			Steps []string
		}
	}
	if err := json.Unmarshal(octets, &file); err != nil {
		t.Fatal(err)
	}
	for _, s := range file.Scenarios {
		t.Run(s.Name, func(t *testing.T) { playScenario(t, "WebTransport", s.Steps) })
		t.Run(s.Name+", by QUIC", func(t *testing.T) { playScenario(t, "QUIC", s.Steps) })
	}
}

func playScenario(t *testing.T, quick string, steps []string) {
	synctest.Test(t, func(t *testing.T) {
		play := newScene(t)
		play.quick = quick
		for i, step := range steps {
			step = strings.ReplaceAll(step, "WebTransport", quick)
			verb, words, _ := strings.Cut(step, " ")
			do, known := verbs[verb]
			if !known {
				t.Fatalf("step %d, %q, is unknown", i+1, step)
			}
			if verb != "tickets" {
				play.start()
			}
			play.step = fmt.Sprintf("step %d, %q", i+1, step)
			do(play, strings.Fields(words))
			synctest.Wait()
		}
		if quick == "QUIC" && len(play.server.of("WebTransport")) > 0 {
			t.Error("WebTransport was tried where there is QUIC")
		}
	})
}

const sceneTopic = "0123456789abcdef"

// scene is a scenario that is played.
type scene struct {
	t      *testing.T
	step   string
	server *scriptedServer
	client *Client // nil before it is started
	quick  string  // "WebTransport", or "QUIC" where there is that too
	topic  *Topic

	mu       sync.Mutex
	has      []int64
	accepted map[string]int64
	failed   map[string]error
}

func newScene(t *testing.T) *scene {
	return &scene{t: t, quick: "WebTransport", server: newScriptedServer(), accepted: make(map[string]int64), failed: make(map[string]error)}
}

func (p *scene) start() {
	if p.client != nil {
		return
	}
	config := Config{
		Ticket:       p.server.ticket,
		WebTransport: p.server.dialer("WebTransport"),
		WebSocket:    p.server.dialer("WebSocket"),
		Jitter:       func() float64 { return 1 },
	}
	if p.quick == "QUIC" {
		config.QUIC = p.server.dialer("QUIC")
	}
	p.client = Connect(config)
	p.t.Cleanup(p.client.Close)
	synctest.Wait()
}

func (p *scene) must(holds bool, format string, args ...any) {
	p.t.Helper()
	if !holds {
		p.t.Fatalf("%s: %s", p.step, fmt.Sprintf(format, args...))
	}
}

func (p *scene) number(word string) int {
	p.t.Helper()
	n, err := strconv.Atoi(word)
	p.must(err == nil, "%v", err)
	return n
}

var verbs = map[string]func(p *scene, words []string){
	"open": (*scene).open, "post": (*scene).post, "online": (*scene).online, "stop": (*scene).stop,

	"tickets": (*scene).tickets, "ready": (*scene).ready, "fails": (*scene).fails, "signs-in": (*scene).signsIn, "joins": (*scene).joins,
	"message": (*scene).message, "ack": (*scene).ack, "bye": (*scene).bye, "lost": (*scene).lost, "silent": (*scene).silent,
	"refuses-post": (*scene).refusesPost, "refuses-join": (*scene).refusesJoin, "refuses-token": (*scene).refusesToken, "resets": (*scene).resets, "fin": (*scene).fin,

	"asked": (*scene).asked, "tried": (*scene).tried, "pending": (*scene).pending, "closed": (*scene).closed, "state": (*scene).state,
	"posted": (*scene).posted, "posts": (*scene).posts, "has": (*scene).hasAll, "accepted": (*scene).isAccepted, "failed": (*scene).hasFailed, "silence": (*scene).silence,
	"forward": (*scene).forward,
}

// What the client is made to do.

func (p *scene) open([]string) {
	p.topic = p.client.Open(sceneTopic, Reading{
		Each: func(m room.Message) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.has = append(p.has, m.Seq)
		},
		Anew: func(error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.has = nil
		},
	})
}

func (p *scene) post(words []string) {
	go func() {
		seq, err := p.topic.Post(context.Background(), Post{Body: words[0]})
		p.mu.Lock()
		defer p.mu.Unlock()
		if err == nil {
			p.accepted[words[0]] = seq
		} else {
			p.failed[words[0]] = err
		}
	}()
}

func (p *scene) online([]string) { p.client.Nudge() }

func (p *scene) stop([]string) { p.client.Close() }

// What the server does.

func (p *scene) tickets(words []string) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.server.tickets = strings.Join(words, " ")
}

func (p *scene) ready(words []string) { p.decide(words[0], nil) }

func (p *scene) fails(words []string) {
	if t := p.server.newest(words[0]); t != nil && t.link != nil {
		t.link.over()
		return
	}
	p.decide(words[0], fmt.Errorf("%s does not get through", words[0]))
}

func (p *scene) decide(by string, outcome error) {
	p.t.Helper()
	t := p.server.newest(by)
	p.must(t != nil && p.server.pending(by) > 0, "no %s try is pending", by)
	select {
	case t.outcome <- outcome:
	default:
		p.must(false, "the newest %s try is not pending", by)
	}
}

// link is the newest ready link of a transport.
func (p *scene) link(by string) *scriptedLink {
	p.t.Helper()
	t := p.server.newest(by)
	p.must(t != nil && t.link != nil, "no %s link is ready", by)
	return t.link
}

func (p *scene) signsIn(words []string) {
	l := p.link(words[0])
	control := p.token(l)
	ack := []string{wire.TypeToken, "anna"}
	if l.by == "WebSocket" {
		ack = append(ack, scriptedKey)
	}
	control.say(wire.TypeAck, "", ack...)
	synctest.Wait()
	p.must(len(control.got(wire.TypeWatch)) == 1, "there was no WATCH: %v", control.got())
	control.say(wire.TypeAck, "", wire.TypeWatch)
	p.server.signed = l
}

// token is the control channel, on which a token came first, that is good.
func (p *scene) token(l *scriptedLink) *scriptedChannel {
	p.t.Helper()
	control := l.control()
	p.must(control != nil, "there is no control channel")
	got := control.got()
	p.must(len(got) == 1 && got[0].typ == wire.TypeToken, "the control channel began with %v", got)
	token := got[0].fields[0]
	p.must(!p.server.spent[token], "%s was spent twice", token)
	p.server.spent[token] = true
	return control
}

// asking is the newest channel of the topic, which must have begun with JOIN.
func (p *scene) asking() (c *scriptedChannel, join frame) {
	p.t.Helper()
	c = p.channel()
	got := c.got()
	p.must(len(got) == 1 && got[0].typ == wire.TypeJoin && got[0].fields[0] == sceneTopic, "the channel began with %v", got)
	return c, got[0]
}

// channel is the newest one of the topic.
func (p *scene) channel() *scriptedChannel {
	p.t.Helper()
	p.must(p.server.signed != nil && p.server.signed.topic() != nil, "there is no channel of the topic")
	return p.server.signed.topic()
}

func (p *scene) joins(words []string) {
	n := p.number(words[0])
	c, join := p.asking()
	hash := p.log(n).hash.String()
	want := []string{sceneTopic, words[0]}
	if n > 0 {
		want = append(want, p.server.epoch, hash)
	}
	p.must(slices.Equal(join.fields, want), "it asked for %v, not for %v", join.fields, want)
	c.say(wire.TypeAck, "", sceneTopic, words[0], p.server.epoch, "1", hash)
}

// entry is a message of the log that the server has, and the chain's value at
// it.
type entry struct {
	room.Message
	hash room.Hash
}

func (p *scene) log(seq int) entry {
	e := entry{hash: room.ChainStart(sceneTopic)}
	for n := range int64(seq) {
		e.Message = room.Message{Seq: n + 1, Author: "anna", At: 1767225600000 + n, Kind: room.Text, Body: fmt.Appendf(nil, "message %d", n+1)}
		e.hash = room.ChainNext(e.hash, &e.Message, len(e.Body), room.Digest(e.Salt, e.Body))
	}
	return e
}

func (p *scene) message(words []string) {
	m := p.log(p.number(words[0]))
	p.channel().say(wire.TypeMessage, string(m.Body), words[0], m.Author, fmt.Sprint(m.At), string(m.Kind), "", m.Salt.String())
}

func (p *scene) ack(words []string) {
	p.channel().say(wire.TypeAck, "", p.id(words[0]), words[1])
}

func (p *scene) refusesPost(words []string) {
	p.channel().say(wire.TypeErr, "It is refused.", slices.Concat([]string{words[1], p.id(words[0])}, words[2:])...)
}

// id is that of a post that the newest channel has got.
func (p *scene) id(text string) string {
	p.t.Helper()
	posts := p.channel().got(wire.TypePost)
	at := slices.IndexFunc(posts, func(f frame) bool { return f.payload == text })
	p.must(at >= 0, "there was no such post")
	return posts[at].fields[0]
}

func (p *scene) bye(words []string) {
	p.server.signed.control().sayLast(wire.TypeBye, "The session is over.", words...)
}

func (p *scene) lost([]string)   { p.server.signed.over() }
func (p *scene) silent([]string) { p.server.signed.fallSilent() }

func (p *scene) refusesJoin(words []string) {
	ref := sceneTopic
	switch words[0] {
	case "401":
		ref = wire.TypeAttach
	case "409":
		p.server.epoch = room.NewEpoch()
		words = append(words, p.server.epoch)
	}
	c, _ := p.asking()
	c.sayLast(wire.TypeErr, "It is refused.", slices.Insert(words, 1, ref)...)
}

func (p *scene) refusesToken([]string) {
	control := p.token(p.link(p.quick))
	control.say(wire.TypeErr, "The token was used.", "401", wire.TypeToken)
	control.sayLast(wire.TypeBye, "The token was used.", "401")
}

func (p *scene) resets(words []string) {
	p.channel().fail(fmt.Errorf("the stream was reset with code %s", words[0]))
}

func (p *scene) fin([]string) { p.channel().fail(io.EOF) }

// What must be so.

func (p *scene) asked(words []string) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.must(p.server.asked == p.number(words[0]), "tickets were asked for %d times", p.server.asked)
}

func (p *scene) tried(words []string) {
	n := len(p.server.of(words[0]))
	p.must(n == p.number(words[1]), "it was tried %d times", n)
}

func (p *scene) pending(words []string) {
	n := p.server.pending(words[0])
	p.must(n == p.number(words[1]), "%d are", n)
}

func (p *scene) closed(words []string) {
	tries := slices.DeleteFunc(p.server.of(words[0]), func(t *scriptedTry) bool { return t.pending })
	p.must(len(tries) > 0, "nothing came of any try")
	t := tries[len(tries)-1]
	p.must(t.closed || t.link != nil && t.link.wasClosed(), "it was not")
}

func (p *scene) state(words []string) {
	want := State{Phase: Phase(words[0])}
	if len(words) > 1 {
		switch words[1] {
		case "signed-out":
			want.Err = room.ErrSessionEnded
		case "deactivated":
			want.Err = room.ErrDeactivated
		default:
			want.Via, want.Connection, want.User = words[1], p.server.signed.id, "anna"
		}
	}
	is := p.client.State()
	if is.Phase == Waiting {
		is.Err = nil
	}
	p.must(is == want, "it is %v", is)
	if want.Phase == Ended {
		p.must(p.client.Err() == want.Err, "Err is %v", p.client.Err())
	}
}

func (p *scene) posted(words []string) {
	posts := p.channel().got(wire.TypePost)
	times := 0
	for _, f := range posts {
		if f.payload == words[0] {
			times++
		}
	}
	p.must(times > 0 && (len(words) == 1 || times == p.number(words[1])), "the channel has got %v", posts)
}

func (p *scene) posts(words []string) {
	posts := p.channel().got(wire.TypePost)
	p.must(len(posts) == p.number(words[0]), "there were %v", posts)
}

func (p *scene) hasAll(words []string) {
	var want []int64
	for n := range p.number(words[0]) {
		want = append(want, int64(n+1))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.must(slices.Equal(p.has, want), "it has %v", p.has)
}

func (p *scene) isAccepted(words []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.must(p.accepted[words[0]] > 0, "accepted were %v", p.accepted)
}

func (p *scene) hasFailed(words []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.must(p.failed[words[0]] != nil, "failed were %v", p.failed)
}

// silence: no goroutine is left that could wait for anything.
func (p *scene) silence([]string) {
	ended := make(chan struct{})
	go func() {
		p.client.running.Wait()
		close(ended)
	}()
	synctest.Wait()
	select {
	case <-ended:
	default:
		p.must(false, "the client goes on")
	}
	for _, by := range []string{p.quick, "WebSocket"} {
		p.must(p.server.pending(by) == 0, "a %s try is pending", by)
		for _, t := range p.server.of(by) {
			p.must(t.link == nil || t.link.wasClosed(), "a %s link is open", by)
		}
	}
}

func (p *scene) forward(words []string) {
	seconds, err := strconv.ParseFloat(words[0], 64)
	p.must(err == nil, "%v", err)
	time.Sleep(time.Duration(seconds * float64(time.Second)))
}
