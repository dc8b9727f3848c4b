package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"redroom/server/room"
)

// TestRowsDoNotDependOnTheBatches applies one story cut in different ways.
func TestRowsDoNotDependOnTheBatches(t *testing.T) {
	story := append(furniture(),
		session("bert", "s1", tokenOne),
		session("bert", "s2", tokenTwo),
		room.InvitationMade{Stamp: by("anna"), Token: tokenThree, Deals: []string{dealOne, dealTwo}, Role: room.Member, Expires: start + 1},
		text("anna", topicThree, "1", "before"),
		room.InvitationAccepted{Stamp: by("emil"), Token: tokenThree, Name: "emil", Display: "Emil"},
		room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "new", Keep: "s2"},
	)
	post := posts()
	for i := range 60 {
		ev := post()
		copy(ev.Salt[:], "always as is") // the salt of both runs
		ev.ID = fmt.Sprint(i % 50)       // some come again
		story = append(story, ev, room.TopicRead{Stamp: by("olga"), Topic: ev.Topic, Seq: int64(i / 2)}, text("otto", topicOne, "1", "refused"))
	}
	story = append(story,
		room.MemberRemoved{Stamp: by("anna"), Deal: dealTwo, User: "emil"},
		room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)},
		text("bert", topicOne, "99", "closed"))

	var want, state string
	for _, size := range []int{len(story), 1, 7, 64} {
		dir := t.TempDir()
		s := open(t, dir)
		for rest := story; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			commit(t, s, rest[:min(size, len(rest))]...)
		}
		got := tables(t, dir)
		if want == "" {
			want, state = got, described(s.State())
		}
		if got != want {
			t.Errorf("in batches of %d:\n%s\nin one:\n%s", size, got, want)
		}
		if now := described(s.State()); now != state {
			t.Errorf("in batches of %d:\n%s\nin one:\n%s", size, now, state)
		}
	}
}

func TestEmptyBatchMovesThePosition(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.Commit(t.Context(), nil, 7); err != nil {
		t.Fatal(err)
	}
	if s = reopened(t, s, dir); s.Position() != 7 {
		t.Errorf("position %d", s.Position())
	}
}

// TestReadersSeeWhatHeadSays reads on all ways while a writer commits.
func TestReadersSeeWhatHeadSays(t *testing.T) {
	s := furnished(t, t.TempDir())
	const batches, size = 100, 20
	var done atomic.Bool
	var readers sync.WaitGroup
	for i := range 8 {
		readers.Go(func() {
			var after int64
			for !done.Load() || after < s.Head(topicOne).Seq {
				head := s.Head(topicOne)
				page, err := s.Messages(t.Context(), topicOne, after, 50, 1<<20)
				if err != nil || after < head.Seq && len(page) == 0 {
					t.Errorf("reader %d: %d messages after %d, the head was %d, error %v", i, len(page), after, head.Seq, err)
					return
				}
				for _, m := range page {
					if m.Seq != after+1 {
						t.Errorf("reader %d: seq %d after %d", i, m.Seq, after)
						return
					}
					after = m.Seq
				}
				if hash, err := s.HashAt(t.Context(), topicOne, head.Seq); err != nil || hash != head.Hash {
					t.Errorf("reader %d: hash(%d) is %v, %v; the head's was %v", i, head.Seq, hash, err, head.Hash)
					return
				}
				if _, ok := s.State().ReadsFrom("bert", topicOne); !ok {
					t.Errorf("reader %d: the State has lost a right", i)
					return
				}
			}
			if after != batches*size {
				t.Errorf("reader %d has come to %d", i, after)
			}
		})
	}
	for i := range batches {
		var batch []room.Event
		for j := range size {
			batch = append(batch, text("bert", topicOne, fmt.Sprint(i, "-", j), "Hallo"))
		}
		applied(t, s, batch...)
	}
	done.Store(true)
	readers.Wait()
}
