package chat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

const (
	backlog      = 100  // messages of a topic that come when it is opened
	maxWaiting   = 64   // posts of a topic that aren't answered
	maxNews      = 1000 // that are not shown yet, before whoever reads a topic waits
	searchLimit  = "50"
	askedOfHTTP  = 20 * time.Second
	askedOfRoom  = 10 * time.Second
	errTooMany   = "too many messages wait to be sent; wait a moment"
	errNotOpened = "the topic is not open"
)

// hands do what a Model says, and tell what comes of it.
type hands struct {
	ctx     context.Context // ends with them
	config  Config
	client  *client.Client
	news    *inbox
	broke   func(any) // takes a panic
	running sync.WaitGroup

	followed map[string]*followed // of the goroutine that calls do
}

// followed is a topic that is read, with the posts that wait for their turn.
type followed struct {
	*client.Topic
	posts chan client.Post
}

// newHands connects.
func newHands(ctx context.Context, c Config, broke func(any)) *hands {
	h := &hands{ctx: ctx, config: c, news: newInbox(), broke: broke, followed: make(map[string]*followed)}
	c.Client.OnState = func(s client.State) { h.news.put(s) }
	c.Client.OnRoom = func(typ string, fields []string, payload []byte) { h.news.put(frame{typ, fields, payload}) }
	h.client = client.Connect(c.Client)
	return h
}

// do does one thing, and waits for nothing.
func (h *hands) do(a action) {
	switch a := a.(type) {
	case follow:
		h.follow(a.topic)
	case leave:
		if f := h.followed[a.topic]; f != nil {
			delete(h.followed, a.topic)
			h.run(f.Close)
		}
	case markRead:
		if f := h.followed[a.topic]; f != nil {
			f.Read(a.seq)
		}
	case send:
		h.send(a)
	case fetch:
		h.run(func() {
			got, err := h.page(a)
			h.news.put(fetched{a, got, err})
		})
	case calculate:
		h.run(func() {
			answer, err := h.calculate(a.request)
			h.news.put(calculated{a, answer, err})
		})
	case find:
		h.run(func() {
			hits, err := h.find(a.query)
			h.news.put(found{a.query, hits, err})
		})
	}
}

// run does something that waits.
func (h *hands) run(do func()) {
	h.running.Go(func() {
		defer func() {
			if broken := recover(); broken != nil {
				h.broke(broken)
			}
		}()
		do()
	})
}

func (h *hands) follow(id string) {
	f := &followed{posts: make(chan client.Post, maxWaiting)}
	h.followed[id] = f
	reading := client.Reading{After: -backlog, Anew: func(error) { h.news.put(anew{id}) }}
	opened := make(chan struct{})
	reading.Each = func(m room.Message) {
		<-opened
		_, proof := f.At()
		epoch := ""
		if proof != nil {
			epoch = proof.Epoch
		}
		h.news.putInTurn(h.ctx, arrived{id, epoch, m})
	}
	f.Topic = h.client.Open(id, reading)
	close(opened)
	h.run(func() { h.post(f) })
}

// post sends what is to be posted in a topic, one after the other, until it ends.
func (h *hands) post(f *followed) {
	for {
		select {
		case p := <-f.posts:
			seq, err := f.Post(h.ctx, p)
			if h.ctx.Err() == nil {
				h.news.put(sent{f.ID, p.ID, seq, err})
			}
		case <-f.Done():
			h.news.put(ended{f.ID, f.Err()})
			return
		case <-h.ctx.Done():
			return
		}
	}
}

func (h *hands) send(s send) {
	f := h.followed[s.topic]
	if f == nil {
		h.news.put(sent{topic: s.topic, id: s.post.ID, err: room.Refuse(room.ErrNotFound, errNotOpened)})
		return
	}
	select {
	case f.posts <- s.post:
	default:
		h.news.put(sent{topic: s.topic, id: s.post.ID, err: room.Refuse(room.ErrTooManyPosts, errTooMany)})
	}
}

// page asks for a part of a topic's log.
func (h *hands) page(asked fetch) (part, error) {
	ctx, cancel := context.WithTimeout(h.ctx, askedOfHTTP)
	defer cancel()
	where := fmt.Sprintf("after=%d", asked.after)
	if asked.before > 0 {
		where = fmt.Sprintf("before=%d", asked.before)
	}
	var got struct {
		Messages, Edits []struct {
			Seq, Time, Ref int64
			Author         string
			Kind           room.Kind
			Body           string
			Redacted       *int
		}
		Head  int64
		Epoch string
	}
	path := fmt.Sprintf("/api/topics/%s/messages?%s&limit=%d&edits=1", url.PathEscape(asked.topic), where, pageSize)
	if err := h.config.Do(ctx, "GET", path, nil, &got); err != nil {
		return part{}, err
	}
	p := part{head: got.Head, epoch: got.Epoch}
	for i := range got.Messages {
		m := &got.Messages[i]
		p.messages = append(p.messages, room.Message{Seq: m.Seq, Author: m.Author, At: m.Time, Kind: m.Kind, Ref: m.Ref, Body: []byte(m.Body), Redacted: m.Redacted != nil})
	}
	for i := range got.Edits {
		m := &got.Edits[i]
		p.edits = append(p.edits, room.Message{Seq: m.Seq, Author: m.Author, At: m.Time, Kind: m.Kind, Ref: m.Ref, Body: []byte(m.Body), Redacted: m.Redacted != nil})
	}
	return p, nil
}

func (h *hands) find(query string) ([]hit, error) {
	ctx, cancel := context.WithTimeout(h.ctx, askedOfHTTP)
	defer cancel()
	var got struct{ Hits []hit }
	err := h.config.Do(ctx, "GET", "/api/search?"+url.Values{"q": {query}, "limit": {searchLimit}}.Encode(), nil, &got)
	return got.Hits, err
}

func (h *hands) calculate(request string) (client.Calculated, error) {
	ctx, cancel := context.WithTimeoutCause(h.ctx, askedOfRoom, client.ErrNoAnswer)
	defer cancel()
	answer, err := h.client.Calculate(ctx, request)
	if err != nil && errors.Is(context.Cause(ctx), client.ErrNoAnswer) {
		err = client.ErrNoAnswer
	}
	return answer, err
}

// close ends all, once its context has ended.
func (h *hands) close() {
	h.client.Close()
	h.running.Wait()
}

// inbox holds what a Model is to be told, in its order.
type inbox struct {
	more chan struct{} // one slot: there is something

	mu    sync.Mutex
	news  events
	taken chan struct{} // closed when news was
}

func newInbox() *inbox {
	return &inbox{more: make(chan struct{}, 1), taken: make(chan struct{})}
}

// put waits for nothing.
func (b *inbox) put(one any) {
	b.mu.Lock()
	b.news = append(b.news, one)
	b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// putInTurn is put that waits while there is much.
func (b *inbox) putInTurn(ctx context.Context, one any) {
	for {
		b.mu.Lock()
		full, taken := len(b.news) >= maxNews, b.taken
		b.mu.Unlock()
		if !full {
			b.put(one)
			return
		}
		select {
		case <-taken:
		case <-ctx.Done():
			return
		}
	}
}

// take takes all that there is.
func (b *inbox) take() events {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.news
	b.news = nil
	close(b.taken)
	b.taken = make(chan struct{})
	return all
}
