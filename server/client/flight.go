package client

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// resendAfter is when a post is sent again that was answered with 429 or 503,
// unless that says when.
const resendAfter = 2 * time.Second

// flight holds the posts of one topic that are not answered yet, in the order
// in which they are sent, and up to where it was read.
type flight struct {
	more chan struct{} // one slot: there may be something to send

	mu         sync.Mutex
	posts      []*posting
	epoch      string    // of the log that there is; "": none yet
	connection string    // the id of that over which is sent; "": it has none
	held       time.Time // nothing is sent before
	upTo       int64     // the topic was read up to here; 0: not said
	told       int64     // and was said to be, on the channel that there is
}

type posting struct {
	id    string
	epoch string // of the log in which it may be; "": any
	frame []byte
	// departs is called before each sending, with the connection's id, while the
	// topic waits. It may give another frame, which is sent from then on; if it
	// fails, that is the answer, and nothing is sent. nil: it isn't called.
	departs  func(connection string) (frame []byte, err error)
	sent     bool // on the channel that there is
	unsure   bool // sent before, with no answer that says what came of it
	answered chan answer
}

func newPosting(p Post) *posting {
	return &posting{id: p.ID, epoch: p.Epoch, frame: p.frame(), answered: make(chan answer, 1)}
}

func newFlight() *flight { return &flight{more: make(chan struct{}, 1)} }

// add puts a post at the end.
func (f *flight) add(p *posting) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.find(p.id) >= 0 {
		return errTwice
	}
	f.posts = append(f.posts, p)
	f.look()
	return nil
}

// remove takes a post out that nobody waits for.
func (f *flight) remove(p *posting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = slices.DeleteFunc(f.posts, func(other *posting) bool { return other == p })
}

// wasSent says whether a post may be in the log.
func (f *flight) wasSent(p *posting) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.sent || p.unsure
}

// begin makes everything be sent, on a new channel to the log of an epoch, over
// the connection of an id.
func (f *flight) begin(epoch, connection string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.epoch != "" && f.epoch != epoch {
		f.upTo = 0 // it was said of another log
	}
	f.epoch, f.connection, f.told = epoch, connection, 0
	f.sendFrom(0)
	f.held = time.Time{}
}

// read notes up to where the topic was read.
func (f *flight) read(seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if seq > f.upTo {
		f.upTo = seq
		f.look()
	}
}

// unread is up to where to say that the topic was read, once on a channel; 0:
// there is nothing to say.
func (f *flight) unread() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.upTo == f.told {
		return 0
	}
	f.told = f.upTo
	return f.upTo
}

// next is the post to send now, which counts as sent from then on. Without one,
// it says after how long to look again; 0: when there is more. What is of
// another log isn't sent.
func (f *flight) next() (p *posting, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = slices.DeleteFunc(f.posts, func(p *posting) bool {
		outdated := p.epoch != "" && p.epoch != f.epoch
		if outdated {
			p.answered <- answer{err: ErrOutdated}
		}
		return outdated
	})
	i := slices.IndexFunc(f.posts, func(p *posting) bool { return !p.sent })
	if i < 0 {
		return nil, 0
	}
	if wait := time.Until(f.held); wait > 0 {
		return nil, wait
	}
	p = f.posts[i]
	if p.departs != nil {
		frame, err := p.departs(f.connection)
		if err != nil {
			p.answered <- answer{err: err}
			f.posts = slices.Delete(f.posts, i, i+1)
			f.look() // for those after it
			return nil, 0
		}
		if frame != nil {
			p.frame = frame
		}
	}
	p.sent = true
	return p, 0
}

// answer takes what the server said to a post. 429 and 503 mean that it wasn't
// taken, or isn't known yet: it is sent again later, and so is what came after
// it.
func (f *flight) answer(id string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.find(id)
	if i < 0 {
		return
	}
	if code := codeOf(a.err); code == 429 || code == 503 {
		f.sendFrom(i)
		f.held = time.Now().Add(cmp.Or(waitFor(a.err), resendAfter))
		f.look()
		return
	}
	if codeOf(a.err) == 404 && f.posts[i].unsure {
		a.err = ErrUnknown
	}
	a.epoch = f.epoch
	f.posts[i].answered <- a
	f.posts = slices.Delete(f.posts, i, i+1)
}

func (f *flight) sendFrom(i int) {
	for _, p := range f.posts[i:] {
		p.sent, p.unsure = false, p.sent || p.unsure
	}
}

func (f *flight) find(id string) int {
	return slices.IndexFunc(f.posts, func(p *posting) bool { return p.id == id })
}

func (f *flight) look() {
	select {
	case f.more <- struct{}{}:
	default:
	}
}
