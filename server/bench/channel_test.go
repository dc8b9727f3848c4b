package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/transport"
	"redroom/server/wire"
)

// said is a channel on which a server has said something, and then FIN.
type said struct {
	transport.Channel
	octets *strings.Reader
}

func (s said) Read(p []byte) (int, error) { return s.octets.Read(p) }

func message(seq, number int64) string {
	text := posting{number, time.Duration(number)}.appendText(nil, MinSize)
	return string(wire.AppendFrame(nil, wire.TypeMessage, text, fmt.Sprint(seq), "bench", "1767225600000", "text", "", "AAECAwQFBgcICQoL"))
}

func ack(id string, seq int64) string {
	return string(wire.AppendFrame(nil, wire.TypeAck, nil, id, fmt.Sprint(seq)))
}

// TestWhatIsWrongIsFoundOut lets a server say things to the channel of a
// writer whose posts 1 and 2 have the ids "one" and "two".
func TestWhatIsWrongIsFoundOut(t *testing.T) {
	two := ack("one", 1) + ack("two", 2)
	for _, c := range []struct {
		name, says, want string
	}{
		{"all is well", message(1, 1) + message(2, 2) + two, ""},
		{"ACKs come first", two + message(1, 1) + message(2, 2), ""},
		{"the other order", ack("one", 2) + ack("two", 1) + message(1, 2) + message(2, 1), ""},
		{"types that come later", message(1, 1) + "NEWS 3 x\nabc" + message(2, 2) + two, ""},
		{"a message twice", message(1, 1) + message(1, 1) + message(2, 2) + two, "message 1 came after message 1"},
		{"a message left out", message(2, 2) + two, "message 2 came after message 0"},
		{"messages out of order", message(2, 2) + message(1, 1) + two, "message 2 came after message 0"},
		{"the last one missing", message(1, 1) + two, "ended after message 1"},
		{"words of another message", message(1, 1) + message(2, 1) + two, "are not the 2"},
		{"words exchanged", message(1, 2) + message(2, 1) + two, "are not the 2"},
		{"more than was acknowledged", two + message(1, 1) + message(2, 2) + message(3, 3), "only 2 were acknowledged"},
		{"words of nobody", string(wire.AppendFrame(nil, wire.TypeMessage, []byte("hello"), "1", "bench", "1", "text", "", "-")), "none that was posted"},
		{"an ACK twice", two + ack("one", 1), "does not wait"},
		{"an ACK of nothing", ack("three", 3), "does not wait"},
		{"a refusal", "ERR 4 503 one 1\nnope", "refused one: 503 nope"},
		{"a frame cut off", message(1, 1)[:20], "ended after message 0"},
		{"no frame", "message!\n", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			r := &run{load: Load{Size: MinSize}, cancel: cancel, began: time.Now()}
			w := newWriter(r, 0)
			w.places <- struct{}{}
			w.places <- struct{}{}
			w.waiting["one"], w.waiting["two"] = posting{number: 1}, posting{number: 2}
			topic := newTopic("t", MinSize)
			topic.cursors = 1
			topic.total.Store(2)
			ch := &channel{run: r, topic: topic, writer: w, name: "writer 1", stream: said{octets: strings.NewReader(c.says)}, complete: make(chan struct{})}
			ch.in = wire.NewReader(arrivals{ch})
			err := ch.read()
			if err == nil {
				err = ch.verify()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want something of %q", err, c.want)
			}
			if ctx.Err() != nil {
				t.Error(context.Cause(ctx))
			}
		})
	}
}

func TestWritersWaitForTheSlowestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topic := newTopic("t", 128)
		topic.cursors = 2
		if !topic.mayPost(t.Context(), int(topic.limit)+1) {
			t.Fatal("the first may not post")
		}
		posted := make(chan bool)
		go func() { posted <- topic.mayPost(t.Context(), 1) }()
		come := func(to int64) {
			for seq := range to {
				topic.came(seq + 1)
			}
		}
		come(topic.limit + 1) // the first reader, as far as there is something
		synctest.Wait()
		select {
		case <-posted:
			t.Fatal("a writer did not wait for the second reader")
		default:
		}
		come(topic.lap) // the second, a little
		if !<-posted {
			t.Error("a writer may not go on")
		}

		ctx, cancel := context.WithCancel(t.Context())
		topic.mayPost(t.Context(), int(topic.limit))
		go func() { posted <- topic.mayPost(ctx, 1) }()
		synctest.Wait()
		cancel()
		if <-posted {
			t.Error("a writer goes on after the end")
		}
	})
}

func TestLagIsBoundedInOctetsToo(t *testing.T) {
	for _, c := range []struct {
		size       int
		limit, lap int64
	}{{MinSize, 2048, 128}, {128, 2048, 128}, {4096, 125, 7}, {MaxSize, 7, 1}} {
		if topic := newTopic("t", c.size); topic.limit != c.limit || topic.lap != c.lap {
			t.Errorf("texts of %d: %d behind, in laps of %d; want %d and %d", c.size, topic.limit, topic.lap, c.limit, c.lap)
		}
	}
}
