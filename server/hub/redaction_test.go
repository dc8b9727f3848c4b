package hub_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"redroom/server/hub"
	"redroom/server/room"
	"redroom/server/wire"
)

// said is a post that refers to another one.
func (w *world) said(kind room.Kind, ref int64, author, body string) {
	w.t.Helper()
	ev := w.event(author, body)
	ev.Kind, ev.Ref = kind, ref
	w.append(ev)
}

// rest reads on until there is nothing more.
func (r *reader) rest(t *testing.T) (all []byte) {
	t.Helper()
	for {
		octets, wake, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if wake != nil {
			return all
		}
		all = append(all, octets...)
	}
}

// frame is a MESSAGE's header.
type frame struct {
	seq      int64
	kind     string
	length   int
	redacted string // the length as first posted; "": not redacted
}

func frames(t *testing.T, octets []byte) (all []frame) {
	t.Helper()
	for in := wire.NewReader(bytes.NewReader(octets)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		f := frame{kind: h.String(3), length: h.Length}
		f.seq, _ = h.Number(0)
		f.redacted, _ = h.Option("redacted")
		all = append(all, f)
	}
}

// TestRedactedWordsAreNotGivenAnyMore has readers at each place in which the
// words may lie when they are redacted.
func TestRedactedWordsAreNotGivenAnyMore(t *testing.T) {
	for _, c := range []struct {
		what  string
		live  bool  // else nobody reads the topic, so that nothing is kept of it
		after int64 // what the reader has been given by then, at least
	}{
		{"in the live chunks", true, 0},
		{"in the live chunks, some of which were read", true, 1},
		{"in the store", false, 0},
		{"in a page of the store that was begun", false, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			if c.live {
				w.open(t, "carla", 1, 0)
			}
			w.post(490, 100) // a page, and more than Next gives of it at once
			r := w.open(t, "bert", 1, 0)
			if c.after > 0 {
				r.readTo(t, c.after)
			}
			secret := r.last + 2
			w.said(room.Redact, secret, "bert", "why")
			for _, f := range frames(t, r.rest(t)) {
				if want := f.seq == secret; (f.redacted != "") != want || (f.length == 0) != want {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// TestWhatIsStaleIsTakenBack stops readers after every number of octets.
func TestWhatIsStaleIsTakenBack(t *testing.T) {
	w := newWorld(t)
	first := w.open(t, "bert", 1, 0)
	const secret = "the secret"
	w.said(room.Text, 0, "bert", "before")
	w.said(room.Text, 0, "bert", secret)
	w.said(room.Edit, 2, "bert", secret+", mended")
	w.said(room.Text, 0, "bert", "after")
	given, _, err := first.Next(t.Context())
	if err != nil || len(seqs(t, given)) != 4 {
		t.Fatalf("%q, %v", given, err)
	}
	given = bytes.Clone(given)
	var ends []int // of the frames in given
	for i, from := 0, 0; i < 4; i++ {
		from += bytes.IndexByte(given[from:], '\n') + 1
		from += []int{len("before"), len(secret), len(secret + ", mended"), len("after")}[i]
		ends = append(ends, from)
	}

	var stale atomic.Int64
	var readers []*reader
	for range len(given) + 1 {
		r := w.open(t, "bert", 1, 0)
		r.WhenStale(func() { stale.Add(1) })
		if octets, _, err := r.Next(t.Context()); err != nil || !bytes.Equal(octets, given) {
			t.Fatalf("%q, %v", octets, err)
		}
		readers = append(readers, r)
	}
	w.said(room.Redact, 2, "bert", "why")
	if stale.Load() != int64(len(readers)) {
		t.Errorf("%d of %d readers were told", stale.Load(), len(readers))
	}
	for n, r := range readers {
		all := slices.Clone(given[:n])
		begun := took(t, r, n)
		for begun != nil { // it is stopped once more, before anything or after a half
			half := 0
			if n%2 == 1 {
				half = (len(begun) + 1) / 2
			}
			all = append(all, begun[:half]...)
			if begun = took(t, r, half); n%2 == 0 {
				all = append(all, begun...)
				break
			}
		}
		all = append(all, r.rest(t)...)
		if got := seqs(t, all); !slices.Equal(got, []int64{1, 2, 3, 4, 5}) {
			t.Errorf("stopped after %d octets it read %v", n, got)
		}
		// Only a frame that was begun is finished with its words.
		want := 0
		for _, begin := range ends[:2] {
			if n > begin {
				want++
			}
		}
		if got := bytes.Count(all, []byte(secret)); got != want {
			t.Errorf("stopped after %d octets it got the words %d times, want %d: %q", n, got, want, all)
		}
	}
}

func took(t *testing.T, r *reader, n int) []byte {
	t.Helper()
	rest, err := r.Took(n)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

// TestAnEditBelongsToItsOriginal has readers that may read the one and not the
// other.
func TestAnEditBelongsToItsOriginal(t *testing.T) {
	w := newWorld(t)
	late := w.open(t, "bert", 3, 0)
	early := w.open(t, "carla", 1, 0)
	w.said(room.Text, 0, "bert", "one")
	w.said(room.Text, 0, "bert", "two")
	w.said(room.Text, 0, "bert", "three")
	w.said(room.Edit, 2, "bert", "TWO")
	w.said(room.Edit, 3, "bert", "THREE")
	early.readTo(t, 5)
	for _, where := range []string{"live", "from the store"} {
		got := frames(t, late.rest(t))
		want := []frame{{3, "text", 5, ""}, {4, "edit", 0, "3"}, {5, "edit", 5, ""}}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", where, got, want)
		}
		h := hub.New(w.store) // which holds nothing of the topic
		defer h.Close()
		late = &reader{Cursor: h.Open(room.NewActor("bert", ""), topic, 3, 0)}
		defer late.Close()
	}
}
