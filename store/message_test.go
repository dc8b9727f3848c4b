package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// TestChainIsTheProtocols has the golden values of PROTOCOL.md section 4.1.
func TestChainIsTheProtocols(t *testing.T) {
	const (
		zero = "2dedd2b2d2e72fce455d9ac15eb1a6573b74eaa5f093b9db0702ff50161ba7c0"
		one  = "ae2c461afd638baa43ff0cf84bcc34ae5b8adff0b02e66bfb4e001db292d902f"
	)
	s := furnished(t, t.TempDir())
	if head := s.Head(topicOne); head.Seq != 0 || head.Hash.String() != zero {
		t.Errorf("an empty topic's head is %d %s", head.Seq, head.Hash)
	}
	ev := room.MessagePosted{Stamp: by("anna"), Topic: topicOne, ID: "1", Kind: room.Text,
		Salt: room.Salt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, Body: []byte("Grüße")}
	applied(t, s, ev)
	if head := s.Head(topicOne); head.Seq != 1 || head.Hash.String() != one {
		t.Errorf("after the golden message the head is %d %s", head.Seq, head.Hash)
	}
}

func TestLogHasNoGapAndItsChainIsThatOfItsMessages(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	post := posts()
	for size := range 20 {
		var batch []room.Event
		for range size {
			batch = append(batch, post(), text("otto", topicOne, "refused", "no right"))
		}
		commit(t, s, batch...)
	}
	for range 2 {
		for _, topic := range []string{topicOne, topicTwo, topicThree} {
			checkChain(t, s, topic)
		}
		s = reopened(t, s, dir)
	}
	if n := s.Head(topicOne).Seq + s.Head(topicTwo).Seq; n != 190 {
		t.Errorf("%d messages, want 190", n)
	}
}

// checkChain computes the topic's chain from its messages.
func checkChain(t *testing.T, s *store.Store, topic string) {
	t.Helper()
	hash := room.ChainStart(topic)
	for i, m := range history(t, s, topic) {
		if m.Seq != int64(i)+1 {
			t.Fatalf("seq %d comes as number %d", m.Seq, i+1)
		}
		hash = room.ChainNext(hash, &m, len(m.Body), room.Digest(m.Salt, m.Body))
		if got, err := s.HashAt(t.Context(), topic, m.Seq); err != nil || got != hash {
			t.Fatalf("hash(%d) is %v, %v; want %v", m.Seq, got, err, hash)
		}
	}
	if head := s.Head(topic); head.Hash != hash {
		t.Errorf("the head's hash is %v, want %v", head.Hash, hash)
	}
}

func TestHashAtTheEnds(t *testing.T) {
	s := furnished(t, t.TempDir())
	applied(t, s, text("bert", topicOne, "1", "Hallo"))
	if hash, err := s.HashAt(t.Context(), topicOne, 0); err != nil || hash != room.ChainStart(topicOne) {
		t.Errorf("at 0: %v, %v", hash, err)
	}
	for _, seq := range []int64{-1, 2} {
		if _, err := s.HashAt(t.Context(), topicOne, seq); !errors.Is(err, room.ErrUnprocessable) {
			t.Errorf("at %d: %v", seq, err)
		}
	}
	if head := s.Head("unknown"); head != (room.Head{Hash: room.ChainStart("unknown")}) {
		t.Errorf("the head of an unknown topic: %+v", head)
	}
}

func TestMessageComesBackAsItWasPosted(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	var want []room.Message
	for i, body := range []string{"Grüße, Müßiggang 🦊👩‍👩‍👧", "", "a\x00b", "line\nline\r\n", strings.Repeat("ß", room.MaxText/2), "'; DROP TABLE messages; --"} {
		ev := text("bert", topicOne, fmt.Sprint(i), body)
		ev.At += int64(i)
		ev.Ref = int64(i)
		if i == 2 {
			ev.Kind = "report"
		}
		o := applied(t, s, ev)[0]
		m := room.Message{Seq: int64(i) + 1, Author: "bert", At: ev.At, Kind: ev.Kind, Ref: ev.Ref, Salt: ev.Salt, Body: ev.Body}
		if o.Seq != m.Seq || !equal(*o.Message, m) {
			t.Errorf("the outcome is %+v", o)
		}
		want = append(want, m)
	}
	for range 2 {
		if got := history(t, s, topicOne); !slices.EqualFunc(got, want, equal) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		s = reopened(t, s, dir)
	}
}

func equal(a, b room.Message) bool {
	return a.Seq == b.Seq && a.Author == b.Author && a.At == b.At && a.Kind == b.Kind && a.Ref == b.Ref && a.Salt == b.Salt && string(a.Body) == string(b.Body)
}

func TestSameClientIDAddsNothing(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	reply := text("bert", topicOne, "b", "second")
	reply.Ref = 1
	applied(t, s, text("bert", topicOne, "a", "first"), reply)

	change := func(ev room.MessagePosted, change func(*room.MessagePosted)) room.MessagePosted {
		ev.At, ev.Salt = ev.At+1000, room.NewSalt() // as the same post stamped anew
		change(&ev)
		return ev
	}
	for when := range 3 {
		batch := []room.Event{
			change(reply, func(*room.MessagePosted) {}),
			change(reply, func(ev *room.MessagePosted) { ev.Body = []byte("other") }),
			change(reply, func(ev *room.MessagePosted) { ev.Kind = "report" }),
			change(reply, func(ev *room.MessagePosted) { ev.Ref = 0 }),
			change(reply, func(ev *room.MessagePosted) { ev.Ref = 99 }),
		}
		out := commit(t, s, batch...)
		if o := out[0]; o.Err != nil || o.Seq != 2 || o.Message != nil {
			t.Errorf("%d: the same again: %+v", when, o)
		}
		for i, o := range out[1:] {
			if !errors.Is(o.Err, room.ErrIDTaken) {
				t.Errorf("%d: change %d: %+v", when, i, o)
			}
		}
		s = reopened(t, s, dir)
	}
	// An id is an author's, in a topic.
	out := applied(t, s, text("carla", topicOne, "b", "second"), text("bert", topicTwo, "b", "second"))
	if out[0].Seq != 3 || out[1].Seq != 1 {
		t.Errorf("elsewhere the same id gives %+v", out)
	}
}

func TestSameClientIDTwiceInOneBatch(t *testing.T) {
	s := furnished(t, t.TempDir())
	out := commit(t, s, text("bert", topicOne, "a", "x"), text("bert", topicOne, "a", "x"), text("bert", topicOne, "a", "y"), text("bert", topicOne, "b", "z"))
	if out[0].Seq != 1 || out[1].Seq != 1 || out[1].Message != nil || !errors.Is(out[2].Err, room.ErrIDTaken) || out[3].Seq != 2 {
		t.Errorf("got %+v", out)
	}
}

func TestClientIDOfARefusedPostIsNotRemembered(t *testing.T) {
	s := furnished(t, t.TempDir())
	closed := room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)}
	opened := room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(true)}
	out := commit(t, s, closed, text("bert", topicOne, "a", "refused"), opened, text("bert", topicOne, "a", "other words"))
	if !errors.Is(out[1].Err, room.ErrTopicClosed) || out[3].Err != nil || out[3].Seq != 1 {
		t.Errorf("got %+v", out)
	}
}

func TestWhatWasAcceptedIsAcknowledgedAgain(t *testing.T) {
	post := text("bert", topicOne, "a", "Hallo")
	other := text("bert", topicOne, "a", "Hello")
	for name, c := range map[string]struct {
		event         room.Event
		same, changed error
	}{
		"after the topic was closed":       {room.TopicChanged{Stamp: by("anna"), ID: topicOne, Open: ptr(false)}, nil, room.ErrIDTaken},
		"after the deal was closed":        {room.DealChanged{Stamp: by("anna"), ID: dealOne, Open: ptr(false)}, nil, room.ErrIDTaken},
		"after the author became observer": {room.UserChanged{Stamp: by("anna"), Name: "bert", Role: ptr(room.Observer)}, nil, room.ErrIDTaken},
		"but not to who was removed":       {room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"}, room.ErrNotFound, room.ErrNotFound},
		"nor to who was deactivated":       {room.UserChanged{Stamp: by("anna"), Name: "bert", Active: ptr(false)}, room.ErrNotFound, room.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := furnished(t, t.TempDir())
			out := commit(t, s, post, c.event, post, other)
			if err := out[2].Err; !errors.Is(err, c.same) || c.same == nil && (err != nil || out[2].Seq != 1) {
				t.Errorf("the same: %+v", out[2])
			}
			if !errors.Is(out[3].Err, c.changed) {
				t.Errorf("other words: %+v", out[3])
			}
		})
	}
}

func TestClientIDOfAMessageWithoutWordsIsTakenForWhateverComes(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "a", "Hallo"))
	closeStore(t, s)
	db := database(t, dir)
	if _, err := db.Exec(`UPDATE messages SET salt = NULL, body = NULL`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s = open(t, dir)
	if o := applied(t, s, text("bert", topicOne, "a", "anything"))[0]; o.Seq != 1 || o.Message != nil {
		t.Errorf("got %+v", o)
	}
	if page := history(t, s, topicOne); len(page) != 1 || len(page[0].Body) != 0 {
		t.Errorf("got %+v", page)
	}
}

func TestBatchOfGoodAndRefusedEvents(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	out := commit(t, s,
		text("bert", topicOne, "1", "one"),
		text("otto", topicOne, "1", "no right"),
		room.TopicCreated{Stamp: by("bert"), ID: "t", Deal: dealOne, Title: "no admin"},
		text("carla", topicOne, "1", "two"),
		room.InvitationAccepted{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "no invitation"},
		text("bert", topicOne, "1", "taken"),
		room.SessionEnded{Stamp: by("bert"), ID: "no session"},
		room.TopicCreated{Stamp: by("anna"), ID: "t", Deal: dealOne, Title: "made in the batch"},
		text("bert", "t", "2", "in the new topic"),
		room.MemberRemoved{Stamp: by("anna"), Deal: dealOne, User: "bert"},
		text("bert", topicOne, "3", "no right any more"),
		text("dora", topicOne, "1", "three"),
	)
	var codes []int
	var seqs []int64
	for _, o := range out {
		code := 0
		if o.Err != nil {
			code = room.AsError(o.Err).Code
		}
		codes, seqs = append(codes, code), append(seqs, o.Seq)
	}
	if want := []int{0, 404, 403, 0, 404, 409, 404, 0, 0, 0, 404, 0}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	if want := []int64{1, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 3}; !slices.Equal(seqs, want) {
		t.Errorf("seqs %v, want %v", seqs, want)
	}
	for range 2 {
		checkChain(t, s, topicOne)
		checkChain(t, s, "t")
		s = reopened(t, s, dir)
	}
}

func TestPagesOfHistory(t *testing.T) {
	s := furnished(t, t.TempDir())
	for i := range 10 {
		applied(t, s, text("bert", topicOne, fmt.Sprint(i), strings.Repeat("x", 100)), text("bert", topicTwo, fmt.Sprint(i), "other"))
	}
	for name, c := range map[string]struct {
		before             bool
		at                 int64
		maxCount, maxBytes int
		want               []int64
	}{
		"from the beginning":                  {at: 0, maxCount: 3, maxBytes: 1000, want: []int64{1, 2, 3}},
		"from the middle":                     {at: 8, maxCount: 100, maxBytes: 1000, want: []int64{9, 10}},
		"from the head":                       {at: 10, maxCount: 100, maxBytes: 1000},
		"from beyond the head":                {at: 99, maxCount: 100, maxBytes: 1000},
		"as many octets as may be":            {at: 0, maxCount: 100, maxBytes: 300, want: []int64{1, 2, 3}},
		"one octet less":                      {at: 0, maxCount: 100, maxBytes: 299, want: []int64{1, 2}},
		"one at least":                        {at: 4, maxCount: 100, maxBytes: 1, want: []int64{5}},
		"none when none may be":               {at: 4, maxCount: 0, maxBytes: 1000},
		"backwards from beyond the head":      {before: true, at: 1 << 40, maxCount: 3, maxBytes: 1000, want: []int64{8, 9, 10}},
		"backwards from the middle":           {before: true, at: 5, maxCount: 2, maxBytes: 1000, want: []int64{3, 4}},
		"backwards to the beginning":          {before: true, at: 3, maxCount: 100, maxBytes: 1000, want: []int64{1, 2}},
		"backwards from the beginning":        {before: true, at: 1, maxCount: 100, maxBytes: 1000},
		"backwards, one at least":             {before: true, at: 5, maxCount: 100, maxBytes: 1, want: []int64{4}},
		"backwards, as many octets as may be": {before: true, at: 9, maxCount: 100, maxBytes: 250, want: []int64{7, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			read := s.Messages
			if c.before {
				read = s.MessagesBefore
			}
			page, err := read(t.Context(), topicOne, c.at, c.maxCount, c.maxBytes)
			if err != nil {
				t.Fatal(err)
			}
			var seqs []int64
			for _, m := range page {
				seqs = append(seqs, m.Seq)
			}
			if !slices.Equal(seqs, c.want) {
				t.Errorf("got %v, want %v", seqs, c.want)
			}
		})
	}
	if page := history(t, s, "unknown"); page != nil {
		t.Errorf("an unknown topic has %+v", page)
	}
}

func TestReadMarkMovesForwardUpToTheHead(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, text("bert", topicOne, "1", "one"), text("bert", topicOne, "2", "two"), text("bert", topicOne, "3", "three"), text("bert", topicTwo, "1", "one"))
	for _, c := range []struct {
		topic     string
		seq, want int64
	}{
		{topicOne, -5, 0}, {topicOne, 0, 0}, {topicOne, 2, 2}, {topicOne, 1, 2}, {topicOne, 2, 2}, {topicOne, 99, 3}, {topicThree, 1, 0}, {topicTwo, 1, 1},
	} {
		applied(t, s, room.TopicRead{Stamp: by("anna"), Topic: c.topic, Seq: c.seq})
		marks, err := s.ReadMarks(t.Context(), "anna")
		if err != nil || marks[c.topic] != c.want {
			t.Errorf("after reading up to %d the mark is %d, %v; want %d", c.seq, marks[c.topic], err, c.want)
		}
	}
	s = reopened(t, s, dir)
	if marks, err := s.ReadMarks(t.Context(), "anna"); err != nil || !maps.Equal(marks, map[string]int64{topicOne: 3, topicTwo: 1}) {
		t.Errorf("anna's marks are %v, %v", marks, err)
	}
	if marks, err := s.ReadMarks(t.Context(), "bert"); err != nil || len(marks) != 0 {
		t.Errorf("bert's marks are %v, %v", marks, err)
	}
}
