package client

import (
	"slices"
	"sync"
	"time"
)

// resendAfter is when a post is sent again that was answered with 503, unless
// that says when.
const resendAfter = 2 * time.Second

// outbox holds the posts of one topic that are not answered yet, in the order
// in which they are sent.
type outbox struct {
	more chan struct{} // one slot: there may be something to send

	mu    sync.Mutex
	posts []*posting
	held  time.Time // nothing is sent before
}

type posting struct {
	id       string
	frame    []byte
	sent     bool // on the channel that there is
	answered chan answer
}

func newOutbox() *outbox { return &outbox{more: make(chan struct{}, 1)} }

// add puts a post at the end.
func (o *outbox) add(p Post) (*posting, error) {
	entry := &posting{id: p.ID, frame: p.frame(), answered: make(chan answer, 1)}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.find(p.ID) >= 0 {
		return nil, errTwice
	}
	o.posts = append(o.posts, entry)
	o.look()
	return entry, nil
}

// remove takes a post out that nobody waits for.
func (o *outbox) remove(p *posting) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posts = slices.DeleteFunc(o.posts, func(other *posting) bool { return other == p })
}

// begin makes everything be sent, on a new channel.
func (o *outbox) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sendFrom(0)
	o.held = time.Time{}
}

// next is the post to send now, which counts as sent from then on. Without one,
// it says after how long to look again; 0: when there is more.
func (o *outbox) next() (p *posting, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.posts, func(p *posting) bool { return !p.sent })
	if i < 0 {
		return nil, 0
	}
	if wait := time.Until(o.held); wait > 0 {
		return nil, wait
	}
	o.posts[i].sent = true
	return o.posts[i], 0
}

// answer takes what the server said to a post. 503 means that it isn't known
// yet: it is sent again later, and so is what came after it.
func (o *outbox) answer(id string, a answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.find(id)
	if i < 0 {
		return
	}
	if codeOf(a.err) == 503 {
		o.sendFrom(i)
		o.held = time.Now().Add(max(waitFor(a.err), resendAfter))
		o.look()
		return
	}
	o.posts[i].answered <- a
	o.posts = slices.Delete(o.posts, i, i+1)
}

func (o *outbox) sendFrom(i int) {
	for _, p := range o.posts[i:] {
		p.sent = false
	}
}

func (o *outbox) find(id string) int {
	return slices.IndexFunc(o.posts, func(p *posting) bool { return p.id == id })
}

func (o *outbox) look() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}
