package hub

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

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

	redactions atomic.Int64 // what was read from the store before the newest is stale

	mu      sync.Mutex
	head    int64 // the newest seq that exists
	chunks  []*chunk
	octets  int
	wake    chan struct{} // closed when there is more, or rights have changed
	readers map[*Cursor]struct{}

	kicked chan struct{} // one slot
	ended  chan struct{}
}

// chunk is a run of frames. Octets that were appended never change, so that
// readers hold parts of data while more is appended behind them.
type chunk struct {
	first int64    // seq of the first frame
	ends  []uint32 // where each frame ends in data
	data  []byte
	edits []edit // among the frames
}

// edit is one whose words not everybody may read.
type edit struct{ seq, ref int64 }

func (c *chunk) last() int64 { return c.first + int64(len(c.ends)) - 1 }

// after gives the frames behind seq, which is first-1 to last.
func (c *chunk) after(seq int64) piece {
	skip := int(seq + 1 - c.first)
	p := piece{first: seq + 1, ends: c.ends[skip:len(c.ends):len(c.ends)]}
	if skip > 0 {
		p.base = c.ends[skip-1]
	}
	p.octets = c.data[p.base:len(c.data):len(c.data)]
	return p
}

// withheldAfter tells whether, behind seq, there is an edit of something before
// from.
func (c *chunk) withheldAfter(seq, from int64) bool {
	return slices.ContainsFunc(c.edits, func(e edit) bool { return e.seq > seq && e.ref < from })
}

func (c *chunk) append(m *room.Message, from int64) {
	c.data = appendMessage(c.data, m, from)
	c.ends = append(c.ends, uint32(len(c.data)))
	if m.Kind == room.Edit {
		c.edits = append(c.edits, edit{m.Seq, m.Ref})
	}
}

// piece is a run of whole frames, or, if begun, the rest of one that was begun.
type piece struct {
	first  int64
	base   uint32   // where the octets begin, as ends count
	ends   []uint32 // where each frame ends
	octets []byte
	begun  bool
}

// upTo shortens the piece to whole frames of at most so many octets, or to a
// single larger one.
func (p piece) upTo(octets int) piece {
	n := 1
	for n < len(p.ends) && int(p.ends[n]-p.base) <= octets {
		n++
	}
	p.ends = p.ends[:n]
	p.octets = p.octets[:p.ends[n-1]-p.base]
	return p
}

// split is for when only n octets were taken: the seq up to which frames were
// begun, and what is missing of the last of these.
func (p piece) split(n int) (seq int64, rest []byte) {
	done, begin := 0, 0 // whole frames that were taken, and where the next begins
	for done < len(p.ends) && int(p.ends[done]-p.base) <= n {
		begin = int(p.ends[done] - p.base)
		done++
	}
	seq = p.first + int64(done) - 1
	if done < len(p.ends) && (n > begin || p.begun) {
		return seq + 1, bytes.Clone(p.octets[n : p.ends[done]-p.base])
	}
	return seq, nil
}

func newLiveTopic() *liveTopic {
	return &liveTopic{
		wake:   make(chan struct{}),
		kicked: make(chan struct{}, 1),
		ended:  make(chan struct{}),

		readers: make(map[*Cursor]struct{}),
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
	c.append(m, 1)
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

// read gives the frames behind seq that lie together and are good for whoever
// may read from seq from on. Without any: if there are none yet, wake tells when
// to ask again; if wake is nil, they are in the store only.
func (t *liveTopic) read(seq, from int64) (p piece, wake <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq >= t.head {
		return piece{}, t.wake
	}
	for i := len(t.chunks) - 1; i >= 0 && t.chunks[i].last() > seq; i-- {
		if c := t.chunks[i]; c.first <= seq+1 && !c.withheldAfter(seq, from) {
			return c.after(seq), nil
		}
	}
	return piece{}, nil
}

// redact forgets all words, and has cursors forget what they hold of them.
func (t *liveTopic) redact(head int64) {
	t.mu.Lock()
	t.head = max(t.head, head)
	t.chunks, t.octets = nil, 0
	t.redactions.Add(1)
	t.mu.Unlock()
	t.interrupt(func(*Cursor) bool { return true })
	t.kick()
}

// interrupt tells some of the cursors that what they have given is stale.
func (t *liveTopic) interrupt(some func(*Cursor) bool) {
	var stale []func()
	t.mu.Lock()
	for c := range t.readers {
		if c.stale != nil && some(c) {
			stale = append(stale, c.stale)
		}
	}
	t.mu.Unlock()
	for _, tell := range stale {
		tell()
	}
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
func frameSize(m *room.Message) int { return len(m.Body) + 256 }

// appendMessage encodes m as its MESSAGE frame, for whoever may read from seq
// from on.
func appendMessage(dst []byte, m *room.Message, from int64) []byte {
	words := m.WordsFor(from)
	length := 0
	if words {
		length = len(m.Body)
	}
	dst = wire.Begin(dst, wire.TypeMessage, length)
	dst = wire.AppendNumber(dst, m.Seq)
	dst = wire.AppendField(dst, m.Author)
	dst = wire.AppendNumber(dst, m.At)
	dst = wire.AppendField(dst, string(m.Kind))
	if m.Ref == 0 {
		dst = wire.AppendField(dst, "")
	} else {
		dst = wire.AppendNumber(dst, m.Ref)
	}
	if !words {
		return appendRedacted(dst, m)
	}
	dst = append(dst, ' ')
	dst = base64.RawURLEncoding.AppendEncode(dst, m.Salt[:]) // nothing in it needs escaping
	dst = append(dst, '\n')
	return append(dst, m.Body...)
}

// appendRedacted ends a header with what is told in place of the words.
func appendRedacted(dst []byte, m *room.Message) []byte {
	length, digest := m.Length, m.Digest
	if !m.Redacted {
		length, digest = len(m.Body), room.Digest(m.Salt, m.Body)
	}
	dst = append(dst, " - redacted="...)
	dst = strconv.AppendInt(dst, int64(length), 10)
	dst = append(dst, " digest="...)
	dst = hex.AppendEncode(dst, digest[:])
	return append(dst, '\n')
}
