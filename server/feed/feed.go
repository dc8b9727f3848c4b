// Package feed reports a source of JSON into a topic: it fetches a reading,
// picks what is wanted of it, keeps that in a spool on the disk, and posts it.
//
// # What is never lost
//
// A reading is taken when it is in the spool. Each that was taken is in the
// topic in the end, once, in the order in which they were taken, over any number
// of restarts of the feed, of the server and of both, kill -9 included: the spool
// is a [client.Outbox], which sends a topic's posts one at a time, each always
// under the same id and with the same octets. The id of the connection that a
// report came over is in it; it is fixed in the spool before it is sent.
//
// A reading that could not be taken is missed: the source was down, slow or
// wrong, the filter failed, or the spool was full. A full spool takes nothing,
// so that nothing that it has is lost.
//
// # Who may block
//
// Taking and posting don't wait for each other. A fetch, and a filter, have a
// time of their own. Whoever is slower than Config.Every misses ticks, and never
// catches up on them.
//
// # What is said
//
// Each kind of trouble is said once, on Config.Log, then when it changes, and
// when it is over, with how many readings were missed. Neither a reading nor the
// authorization is ever said, nor the query of the source's URL.
//
// # What ends it
//
// Its context; and what only a person can mend: the sign-in has ended (401), the
// account is deactivated (410), the topic takes no posts of this account or isn't
// there (403, 404). The spool stays as it is, and the next Run goes on with it. A
// report that is refused for what it says, which a server of the same version
// doesn't do, is kept aside in the spool and said.
//
// # Shutdown
//
// Run returns when all of its goroutines have ended. It doesn't wait until what
// is taken was posted.
package feed

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

// MaxSpool is how many octets of the disk a spool may take before nothing more
// is taken.
const MaxSpool = 256 << 20

// Config is what a feed is made of.
type Config struct {
	Source  *Source
	Filter  *Filter       // nil: a reading is reported whole
	Every   time.Duration // between the beginnings of two fetches
	Changed bool          // only what differs from the reading before is taken

	Spool     *client.Outbox // of this feed alone, which sets its Stamp
	SpoolPath string         // where it is, to be said
	SpoolMax  int            // how many readings it may have before nothing more is taken

	Topic  string        // its id
	Client client.Config // its OnState is the feed's
	Log    *slog.Logger
}

// Run feeds until ctx is over, which is no error, or until a person is needed.
func Run(ctx context.Context, config Config) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	f := &feed{
		Config: config,
		end:    func(why error) { end(&ending{why}) },
		intake: trouble{log: config.Log, begins: "no reading was taken", changes: "still no reading was taken", ends: "readings are taken again", counts: "missed"},
		link:   trouble{log: config.Log, begins: "the room can not be reached; readings are kept", changes: "the room still can not be reached", ends: "the room is reached again", counts: "tries"},
		disk:   trouble{log: config.Log, begins: "the spool fails; it is tried again", changes: "the spool still fails", ends: "the spool works again", counts: "tries"},
	}
	waiting, err := f.resume(ctx)
	if err != nil {
		return err
	}
	f.Log.Info("feeding", "source", f.Source.Name(), "topic", f.Topic, "every", f.Every, "spool", f.SpoolPath, "waiting", waiting)
	f.Client.OnState = f.state
	c := client.Connect(f.Client)
	var running sync.WaitGroup
	running.Go(func() { f.post(ctx, c) })
	f.take(ctx)
	running.Wait()
	c.Close()
	var ended *ending
	if errors.As(context.Cause(ctx), &ended) {
		return f.explain(ended.why)
	}
	return nil
}

// ending is why a feed ends by itself.
type ending struct{ why error }

func (e *ending) Error() string { return e.why.Error() }

type feed struct {
	Config
	end func(why error) // ends the feed for good

	intake, link, disk trouble // each of one goroutine
	last               []byte  // what was taken before; of take's goroutine
	refusals           int     // of the sign-in, in a row; of the client's goroutine
}

// resume has what a person had to mend be sent again, before anything that came
// later, and counts what waits.
func (f *feed) resume(ctx context.Context) (waiting int, err error) {
	f.Spool.Stamp = stamp
	posts, err := f.Spool.Posts(ctx)
	if err != nil {
		return 0, err
	}
	for _, kept := range posts {
		if kept.Refused == nil || needsAPerson(kept.Refused) {
			waiting++
		}
		if kept.Refused == nil || !needsAPerson(kept.Refused) {
			continue
		}
		if err := f.Spool.Again(ctx, kept.ID); err != nil {
			return 0, err
		}
	}
	return waiting, nil
}

// take takes a reading each tick.
func (f *feed) take(ctx context.Context) {
	tick := time.NewTicker(f.Every)
	defer tick.Stop()
	for {
		err := f.takeOne(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.intake.is(kindOf(err), err)
		default:
			f.intake.over()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// takeOne takes one, if there is something to take. It is not taken with an
// error.
func (f *feed) takeOne(ctx context.Context) error {
	posts, octets, err := f.Spool.Size(ctx)
	if err != nil {
		return &failure{"spool", err}
	}
	if posts >= f.SpoolMax || octets >= MaxSpool {
		return &failure{"full", fmt.Errorf("the spool is full: %d readings in %d MiB; nothing is taken until some were posted", posts, octets>>20)}
	}
	reading, err := f.Source.Fetch(ctx)
	if err != nil {
		return err
	}
	at := time.Now()
	picked, err := f.Filter.Pick(ctx, reading)
	if err != nil {
		return err
	}
	if picked == nil || f.Changed && bytes.Equal(picked, f.last) {
		return nil
	}
	body, err := newReport(f.Source.Name(), at, picked)
	if err != nil {
		return err
	}
	id, err := f.Spool.Post(ctx, f.Topic, client.Post{Kind: room.Report, Body: body})
	if err != nil {
		return &failure{"spool", err}
	}
	f.last = picked
	f.Log.Debug("taken", "id", id, "octets", len(body))
	return nil
}

// post sends what the spool has until the end.
func (f *feed) post(ctx context.Context, c *client.Client) {
	const again = time.Second
	for {
		err := f.Spool.Run(ctx, c, f.answered)
		switch {
		case ctx.Err() != nil:
			return
		case c.Err() != nil:
			f.end(c.Err())
			return
		}
		f.disk.is("spool", err)
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
	}
}

// answered is told what came of a report. Where a person is needed nothing else
// is sent before that one.
func (f *feed) answered(a client.Answered) {
	f.disk.over()
	switch {
	case a.Refused == nil:
		f.Log.Debug("posted", "id", a.ID, "seq", a.Seq)
	case needsAPerson(a.Refused):
		f.end(a.Refused)
	default:
		f.Log.Error("a report was refused for good, and is kept aside in the spool", "id", a.ID, "status", a.Refused.Code, "why", a.Refused.Text)
	}
}

// needsAPerson tells a refusal that stays as long as nobody changes a right.
func needsAPerson(why *room.Error) bool {
	switch why.Code {
	case room.ErrNotSignedIn.Code, room.ErrForbidden.Code, room.ErrNotFound.Code, room.ErrDeactivated.Code:
		return true
	}
	return false
}

// explain says what is to be done about the end of a feed.
func (f *feed) explain(why error) error {
	what := "the room refuses it"
	var reason *room.Error
	if errors.As(why, &reason) {
		switch reason.Code {
		case room.ErrNotSignedIn.Code:
			what = "the sign-in has ended; give it another token, or sign in again"
		case room.ErrDeactivated.Code:
			what = "the account is deactivated; have it activated by an admin"
		case room.ErrForbidden.Code:
			what = "the account may not post in the topic; have it reopened, or the account's role changed, by an admin"
		case room.ErrNotFound.Code:
			what = "the topic is not there, or not for this account; have it added to the deal by an admin"
		}
	}
	posts, _, err := f.Spool.Size(context.Background())
	return cmp.Or(err, fmt.Errorf("%s, then start the feed again; %d readings wait in %s: %w", what, posts, f.SpoolPath, why))
}
