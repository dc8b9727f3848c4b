package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"redroom/server/room"
)

// TestASearchMakesWayForARedaction that comes while it is at work: the words are in
// no file any more when the redaction is committed, and the search sees what there
// is then.
func TestASearchMakesWayForARedaction(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	const secret = "ሀለሐመሠረ"
	if _, err := s.Commit(t.Context(), []room.Event{post("secret", secret)}, s.Position()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan error, 1)
	var seen []bool // whether there were words
	go func() {
		ended <- s.searches.run(t.Context(), func(ctx context.Context) error {
			return s.inView(ctx, func(tx *sql.Tx) error {
				var words bool
				if err := tx.QueryRowContext(ctx, `SELECT body IS NOT NULL FROM messages WHERE client_id = 'secret'`).Scan(&words); err != nil {
					return err
				}
				if seen = append(seen, words); len(seen) > 1 {
					return nil
				}
				close(begun)
				<-ctx.Done() // as if it had much to look at
				return ctx.Err()
			})
		})
	}()
	<-begun
	redaction := post("gone", "")
	redaction.Kind, redaction.Ref = room.Redact, 2 // furnish has posted one
	if o, err := s.Commit(t.Context(), []room.Event{redaction}, s.Position()+1); err != nil || !o[0].Redacted {
		t.Fatalf("%+v, %v", o, err)
	}
	for _, name := range []string{s.path(t), s.path(t) + "-wal"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(secret[:9])) {
			t.Errorf("%s has the words yet", name)
		}
	}
	select {
	case err := <-ended:
		if err != nil || !slices.Equal(seen, []bool{true, false}) {
			t.Errorf("the search ended with %v, and has seen words: %v", err, seen)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the search doesn't make way")
	}
}

// TestNoSearchBeginsWhileTheLogIsCut, and it does afterwards.
func TestNoSearchBeginsWhileTheLogIsCut(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	look := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := s.Search(ctx, room.Search{Topics: []room.SearchedTopic{{ID: "t", From: 1}}, Terms: []room.Term{{Text: "word"}}, Limit: 1})
		return err
	}
	resume := s.searches.halt()
	if err := look(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("meanwhile one ended with %v", err)
	}
	resume()
	if err := look(); err != nil {
		t.Error(err)
	}
}

// TestASearchThatMadeWayIsGivenUpAsAnyOther while it waits to begin again.
func TestASearchThatMadeWayIsGivenUpAsAnyOther(t *testing.T) {
	var r searches
	resume := r.halt()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.run(ctx, func(context.Context) error { return nil }); err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
	resume()
	times := 0
	err := r.run(t.Context(), func(ctx context.Context) error {
		if times++; times < 3 {
			r.halt()()
			<-ctx.Done()
			return ctx.Err()
		}
		return ctx.Err()
	})
	if err != nil || times != 3 || len(r.running) != 0 {
		t.Errorf("it ran %d times, ended with %v, and %d are left", times, err, len(r.running))
	}
}
