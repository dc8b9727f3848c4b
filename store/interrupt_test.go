package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"redroom/server/room"
)

// TestWhatIsGivenUpWhileItRunsGivesItsReaderBack gives up a search that is at work,
// again and again: it ends at once, and leaves nothing open.
func TestWhatIsGivenUpWhileItRunsGivesItsReaderBack(t *testing.T) {
	s := openInside(t)
	const messages = 20_000
	const topic = "t"
	furnish(t, s)
	const said = "market share marke ets tsh har" // has the letters of the word, but not the word
	var batch []room.Event
	for range messages {
		batch = append(batch, post(room.NewID(), said))
	}
	if _, err := s.Commit(t.Context(), batch, s.Position()+messages); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(ctx context.Context) (took time.Duration, err error) {
		began := time.Now()
		_, err = s.Search(ctx, room.Search{Topics: []room.SearchedTopic{{ID: topic, From: 1}}, Terms: []room.Term{{Text: "marketshare"}}, Limit: 1})
		return time.Since(began), err
	}
	whole, err := look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("the whole search takes", whole)
	for range readerCount + 1 {
		ctx, cancel := context.WithTimeout(t.Context(), whole/10)
		took, err := look(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || took > whole/2 {
			t.Errorf("it ended after %v of %v with %v", took, whole, err)
		}
	}
	// All readers can be had at once again.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range readerCount {
		conn, err := s.readers.db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
}

// TestLookingForATimeEndsWhenItIsGivenUp looks through what isn't in the index yet,
// all of which has to be read.
func TestLookingForATimeEndsWhenItIsGivenUp(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	const messages = 30_000
	batch := make([]room.Event, messages)
	for i := range batch {
		batch[i] = post(room.NewID(), "x")
	}
	if _, err := s.Commit(t.Context(), batch, s.Position()+messages); err != nil {
		t.Fatal(err)
	}
	look := func(ctx context.Context) (took time.Duration, err error) {
		began := time.Now()
		seq, err := s.Since(ctx, "t", 1, 1)
		if seq != 0 {
			t.Errorf("of a time that isn't there yet it finds %d", seq)
		}
		return time.Since(began), err
	}
	whole, err := look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// On a machine that has much to do, a timer may be late.
	for range 10 {
		var took time.Duration
		ctx, cancel := context.WithTimeout(t.Context(), whole/10)
		took, err = look(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && took < whole/2 {
			return
		}
		t.Logf("it ended after %v of %v with %v", took, whole, err)
	}
	t.Error("it didn't end when it was given up")
}
