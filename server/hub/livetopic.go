package hub

import (
	"encoding/base64"
	"sync"

	"redroom/server/room"
	"redroom/server/wire"
)

const (
	chunkOctets = 64 << 10 // of a chunk, but for a single larger frame
	firstChunk  = 4 << 10  // of a topic's first chunk; each next one is twice as large
	liveOctets  = 1 << 20  // that a live topic keeps
)

// liveTopic is a topic that somebody reads now: its newest frames, and a
// goroutine that wakes its cursors.
type liveTopic struct {
	cursors int // guarded by the hub's lock

	mu     sync.Mutex
	head   int64 // the newest seq that exists
	chunks []*chunk
	octets int
	wake   chan struct{} // closed when there is more, or rights have changed

	kicked chan struct{} // one slot
	ended  chan struct{}
}

// chunk is a run of frames. Octets that were appended never change, so that
// readers hold parts of data while more is appended behind them.
type chunk struct {
	first int64    // seq of the first frame
	ends  []uint32 // where each frame ends in data
	data  []byte
}

func (c *chunk) last() int64 { return c.first + int64(len(c.ends)) - 1 }

// after gives the frames behind seq, which is first-1 to last.
func (c *chunk) after(seq int64) []byte {
	if seq < c.first {
		return c.data
	}
	return c.data[c.ends[seq-c.first]:]
}

func newLiveTopic() *liveTopic {
	return &liveTopic{
		wake:   make(chan struct{}),
		kicked: make(chan struct{}, 1),
		ended:  make(chan struct{}),
	}
}

// newest is the seq up to which messages are known to exist.
func (t *liveTopic) newest() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head
}

// atLeast notes that messages up to seq exist, and tells whether that is news.
func (t *liveTopic) atLeast(seq int64) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	news = seq > t.head
	t.head = max(t.head, seq)
	return news
}

// add encodes messages, which follow what was added before.
func (t *liveTopic) add(messages []*room.Message) {
	t.mu.Lock()
	for _, m := range messages {
		t.append(m)
	}
	t.mu.Unlock()
	t.kick()
}

func (t *liveTopic) append(m *room.Message) {
	need := frameSize(m)
	c := t.lastChunk()
	if c == nil || m.Seq != c.last()+1 || cap(c.data)-len(c.data) < need {
		if c != nil && m.Seq != c.last()+1 {
			t.chunks, t.octets = nil, 0 // begin anew; cursors read the gap from the store
			c = nil
		}
		size := firstChunk
		if c != nil {
			size = min(2*cap(c.data), chunkOctets)
		}
		c = &chunk{first: m.Seq, data: make([]byte, 0, max(size, need))}
		t.chunks = append(t.chunks, c)
		t.octets += cap(c.data)
	}
	c.data = appendMessage(c.data, m)
	c.ends = append(c.ends, uint32(len(c.data)))
	t.head = max(t.head, m.Seq)
	for t.octets > liveOctets && len(t.chunks) > 1 {
		t.octets -= cap(t.chunks[0].data)
		t.chunks[0] = nil
		t.chunks = t.chunks[1:]
	}
}

func (t *liveTopic) lastChunk() *chunk {
	if len(t.chunks) == 0 {
		return nil
	}
	return t.chunks[len(t.chunks)-1]
}

// read gives the frames behind seq that lie together, and the last one's seq.
// Without any: if there are none yet, wake tells when to ask again; if wake is
// nil, they are in the store only.
func (t *liveTopic) read(seq int64) (octets []byte, last int64, wake <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq >= t.head {
		return nil, seq, t.wake
	}
	for i := len(t.chunks) - 1; i >= 0 && t.chunks[i].last() > seq; i-- {
		if c := t.chunks[i]; c.first <= seq+1 {
			return c.after(seq), c.last(), nil
		}
	}
	return nil, seq, nil
}

// kick has the cursors woken soon; it never waits.
func (t *liveTopic) kick() {
	select {
	case t.kicked <- struct{}{}:
	default:
	}
}

// wakeReaders is the topic's goroutine: to wake many readers takes a while,
// and the applier has better things to do.
func (t *liveTopic) wakeReaders() {
	for {
		select {
		case <-t.kicked:
		case <-t.ended:
			return
		}
		t.mu.Lock()
		wake := t.wake
		t.wake = make(chan struct{})
		t.mu.Unlock()
		close(wake)
	}
}

func (t *liveTopic) end() { close(t.ended) }

// frameSize is more than m's frame takes.
func frameSize(m *room.Message) int { return len(m.Body) + 160 }

// appendMessage encodes m as its MESSAGE frame.
func appendMessage(dst []byte, m *room.Message) []byte {
	dst = wire.Begin(dst, wire.TypeMessage, len(m.Body))
	dst = wire.AppendNumber(dst, m.Seq)
	dst = wire.AppendField(dst, m.Author)
	dst = wire.AppendNumber(dst, m.At)
	dst = wire.AppendField(dst, string(m.Kind))
	if m.Ref == 0 {
		dst = wire.AppendField(dst, "")
	} else {
		dst = wire.AppendNumber(dst, m.Ref)
	}
	dst = append(dst, ' ')
	dst = base64.RawURLEncoding.AppendEncode(dst, m.Salt[:]) // nothing in it needs escaping
	dst = append(dst, '\n')
	return append(dst, m.Body...)
}
