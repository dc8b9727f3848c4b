package client

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"redroom/server/room"
)

// Outbox keeps posts in a file until they are answered, over any number of
// restarts, kill -9 included. It is one user's, in one room. Any number of
// goroutines may use it.
//
// Posts of a topic are sent one at a time, in the order in which Post returned:
// the next one goes when the one before was accepted or refused for good.
// Topics don't wait for each other.
type Outbox struct {
	// Stamp gives the body of a post that is about to be sent for the first time,
	// over the connection of this id; "": it has none. It is kept before it is
	// sent, and is the post's from then on, under the same id. nil: nothing is
	// changed. It is not to be set while Run runs, and holds up the topic.
	Stamp func(p Post, connection string) (body string)

	db   *sql.DB
	more chan struct{} // one slot: there may be something to send

	sending sync.Mutex // held by Run
}

// Kept is a post in an Outbox.
type Kept struct {
	Topic string
	Post
	// Refused is why it was refused for good, or ErrUnknown; nil: it waits to be
	// sent, or for its answer.
	Refused *room.Error

	sent bool // it may be in the log: no answer to it said that it isn't
}

// Answered is what came of a post.
type Answered struct {
	Topic, ID string
	Seq       int64       // where it was accepted
	Epoch     string      // of the log in which it has this seq
	Refused   *room.Error // nil: it was accepted; ErrUnknown: it may have been
}

var (
	// ErrOutboxInUse means that an outbox's file is open elsewhere, mostly in
	// another process.
	ErrOutboxInUse = errors.New("the outbox is in use by another process; stop that first, or choose another path")

	errSending  = errors.New("this outbox is being sent already")
	errNoEpoch  = room.Refuse(room.ErrUnprocessable, "Say of which epoch the log is in which the message has this seq.")
	errNotThere = room.Refuse(room.ErrNotFound, "There is no such refused post in the outbox.")
)

// OpenOutbox opens the outbox in a file, and makes it if there is none. It is for
// its owner's eyes only: wider permissions are tightened to 0600. If it is open
// already, that is ErrOutboxInUse.
func OpenOutbox(ctx context.Context, path string) (*Outbox, error) {
	db, err := openOutboxFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening the outbox %s: %w", path, advisedOutbox(err))
	}
	return &Outbox{db: db, more: make(chan struct{}, 1)}, nil
}

// Close lets the file go. Run must have returned.
func (o *Outbox) Close() error {
	if err := o.db.Close(); err != nil {
		return fmt.Errorf("closing the outbox: %w", err)
	}
	return nil
}

// Post keeps a post and returns its id, which it is given if it has none. It
// doesn't wait for the network: the post is on stable storage, and will be
// sent. With an error it isn't kept. What speaks of another message needs the
// epoch of the log in which that is.
//
// An id that is kept already, with the same post, is that post: one that waits
// stays where it is, and one that was refused is sent again, after those of its
// topic that wait. With another post it is room.ErrIDTaken.
func (o *Outbox) Post(ctx context.Context, topic string, p Post) (id string, err error) {
	p.ID = cmp.Or(p.ID, room.NewClientID(time.Now()))
	p.Kind = cmp.Or(p.Kind, room.Text)
	if err := o.keep(ctx, topic, p); err != nil {
		return "", fmt.Errorf("keeping the post %s: %w", p.ID, advisedOutbox(err))
	}
	o.look()
	return p.ID, nil
}

func (o *Outbox) keep(ctx context.Context, topic string, p Post) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.Ref != 0 && p.Epoch == "" {
		return errNoEpoch
	}
	conn, err := o.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Once begun it isn't given up: it is kept or it isn't, and who asked knows.
	result, err := conn.ExecContext(context.WithoutCancel(ctx), keepPost, topic, p.ID, p.Kind, p.Ref, p.Epoch, p.Body)
	if err != nil {
		return err
	}
	return oneRow(result, room.ErrIDTaken)
}

// Posts are all that were not accepted yet, in the order in which they were
// posted.
func (o *Outbox) Posts(ctx context.Context) (all []Kept, err error) {
	rows, err := o.db.QueryContext(ctx, allPosts)
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
	}
	defer rows.Close()
	for rows.Next() {
		k, err := scanPost(rows)
		if err != nil {
			return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
		}
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
	}
	return all, nil
}

// Size is how many posts are kept, and how many octets of the disk they take.
func (o *Outbox) Size(ctx context.Context) (posts int, octets int64, err error) {
	if err := o.db.QueryRowContext(ctx, sizeOfPosts).Scan(&posts, &octets); err != nil {
		return 0, 0, fmt.Errorf("measuring the outbox: %w", advisedOutbox(err))
	}
	return posts, octets, nil
}

// Again has a refused post sent once more, before those of its topic that were
// posted later and still wait. One of code 409 or 412 would be refused again:
// discard it, and post what is to be said under another id.
func (o *Outbox) Again(ctx context.Context, id string) error {
	if err := o.refused(ctx, markPost, 0, "", true, id); err != nil {
		return fmt.Errorf("sending the post %s again: %w", id, err)
	}
	o.look()
	return nil
}

// Discard gives a refused post up. One that waits can't be: it may be in the log
// already.
func (o *Outbox) Discard(ctx context.Context, id string) error {
	if err := o.refused(ctx, deletePost, id); err != nil {
		return fmt.Errorf("discarding the post %s: %w", id, err)
	}
	return nil
}

// refused changes one post, if that was refused.
func (o *Outbox) refused(ctx context.Context, change string, arguments ...any) error {
	result, err := o.db.ExecContext(context.WithoutCancel(ctx), change+` AND code <> 0`, arguments...)
	if err != nil {
		return advisedOutbox(err)
	}
	return oneRow(result, errNotThere)
}

// oneRow says that a statement has changed a row, or else why it has none.
func oneRow(result sql.Result, none error) error {
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, none)
	}
	return nil
}

// depart notes that a post is on its way from now on, over a connection, and
// with which body.
func (o *Outbox) depart(ctx context.Context, p Post, connection string) (Post, error) {
	if o.Stamp != nil {
		p.Body = o.Stamp(p, connection)
		if err := p.check(); err != nil {
			return p, err
		}
	}
	if _, err := o.db.ExecContext(context.WithoutCancel(ctx), departPost, p.Body, p.ID); err != nil {
		return p, fmt.Errorf("noting that the post %s is on its way: %w", p.ID, advisedOutbox(err))
	}
	return p, nil
}

// settle notes what came of a post that was sent: one that was accepted is kept
// no longer.
func (o *Outbox) settle(ctx context.Context, a Answered) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	if a.Refused == nil {
		_, err = o.db.ExecContext(ctx, deletePost, a.ID)
	} else {
		unsure := a.Refused == ErrUnknown || a.Refused == ErrOutdated // by no answer to it
		_, err = o.db.ExecContext(ctx, markPost, a.Refused.Code, a.Refused.Text, unsure, a.ID)
	}
	if err != nil {
		return fmt.Errorf("noting what came of the post %s: %w", a.ID, advisedOutbox(err))
	}
	return nil
}

// next is the post of a topic to be sent now.
func (o *Outbox) next(ctx context.Context, topic string) (k Kept, ok bool, err error) {
	k, err = scanPost(o.db.QueryRowContext(ctx, nextPost, topic))
	if errors.Is(err, sql.ErrNoRows) {
		return Kept{}, false, nil
	}
	if err != nil {
		return Kept{}, false, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
	}
	return k, true, nil
}

// topics are those that something waits for.
func (o *Outbox) topics(ctx context.Context) (topics []string, err error) {
	rows, err := o.db.QueryContext(ctx, waitingTopics)
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
	}
	defer rows.Close()
	for rows.Next() {
		var topic string
		if err := rows.Scan(&topic); err != nil {
			return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
		}
		topics = append(topics, topic)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", advisedOutbox(err))
	}
	return topics, nil
}

func (o *Outbox) look() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}
