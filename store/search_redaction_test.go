package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redroom/server/room"
)

// TestARedactionLeavesNoWordInTheIndexOrAnyFile has the words indexed, indexed
// and edited, edited and not yet indexed again, and not indexed at all, when they
// are redacted. Each message's words are in letters of its own, so that every
// three of them in a row would give it away.
func TestARedactionLeavesNoWordInTheIndexOrAnyFile(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	ethiopic := func(n int) string { // letters nobody else uses, a word of them
		return strings.Repeat(string(rune(0x1200+8*n))+string(rune(0x1208+8*n)), 4)
	}
	applied(t, s,
		text("bert", topicOne, "one", ethiopic(0)),
		text("bert", topicOne, "two", ethiopic(4)),
		text("bert", topicOne, "stays", "stays "+ethiopic(8)))
	caughtUp(t, s)
	applied(t, s, speaking(room.Edit, 2, "bert", "three", ethiopic(12)))
	caughtUp(t, s)
	applied(t, s, speaking(room.Edit, 2, "bert", "four", ethiopic(16)), text("bert", topicOne, "five", ethiopic(20)))
	for n := range 6 {
		if got := filesWith(t, dir, ethiopic(4 * n)[:6]); len(got) == 0 {
			t.Fatalf("%d is in no file before, so this test shows nothing", n)
		}
	}
	applied(t, s,
		speaking(room.Redact, 1, "bert", "six", ""),
		speaking(room.Redact, 2, "bert", "seven", ""),
		speaking(room.Redact, 6, "bert", "eight", ""))
	check := func(when string) {
		t.Helper()
		for n := range 6 {
			letters := ethiopic(4 * n)
			got := filesWith(t, dir, letters[:3], letters[3:6])
			found := search(t, s, room.Search{Terms: []room.Term{{Text: letters}}}).Hits
			if n == 2 {
				if len(got) == 0 || len(found) != 1 {
					t.Errorf("%s: what stays is in %v and found %d times", when, got, len(found))
				}
				continue
			}
			if len(got) > 0 || len(found) > 0 {
				t.Errorf("%s: words %d are in %v and found %d times", when, n, got, len(found))
			}
		}
		integrity(t, dir)
	}
	check("at once")
	caughtUp(t, s)
	check("when all is in the index")
	s = reopened(t, s, dir)
	caughtUp(t, s)
	check("opened again")
}

// TestNoCopyOfRedactedWordsIsLeftInTheIndex redacts among many messages of many
// topics, while parts of the index are merged: where SQLite or FTS5 move rows or
// terms to other pages, they must not leave a copy behind.
func TestNoCopyOfRedactedWordsIsLeftInTheIndex(t *testing.T) {
	const topics, rounds, letters = 12, 60, 11_000 // that are a word each
	dir := t.TempDir()
	s := furnished(t, dir)
	var names []string
	for i := range topics {
		names = append(names, fmt.Sprintf("topic-%d", i))
		applied(t, s, room.TopicCreated{Stamp: by("anna"), ID: names[i], Deal: dealOne, Title: fmt.Sprintf("Topic %d", i), Number: i})
	}
	chance := rand.New(rand.NewPCG(3, 4))
	free := chance.Perm(letters)
	gone, kept := make(map[string]bool), 0
	marks := make(map[string]map[int64]string) // by topic and seq
	for round := range rounds {
		var batch []room.Event
		for i := range 60 {
			ev := text("bert", names[chance.IntN(topics)], fmt.Sprintf("%d-%d", round, i), "")
			for seq, m := range marks[ev.Topic] { // any
				if chance.IntN(4) == 0 {
					ev.Kind, ev.Ref = room.Redact, seq
					gone[m] = true
				}
				break
			}
			if ev.Kind == room.Text {
				// One letter that is this message's alone.
				ev.Body = []byte(strings.Repeat("so "+string(rune(0x20000+free[0]))+" es ", 1+chance.IntN(30)))
				free = free[1:]
			}
			batch = append(batch, ev)
		}
		for i, o := range applied(t, s, batch...) {
			ev := batch[i].(room.MessagePosted)
			if marks[ev.Topic] == nil {
				marks[ev.Topic] = make(map[int64]string)
			}
			if ev.Kind == room.Text {
				marks[ev.Topic][o.Seq] = strings.Fields(string(ev.Body))[1]
			} else {
				delete(marks[ev.Topic], ev.Ref)
			}
		}
		if round%3 > 0 {
			caughtUp(t, s)
		}
	}
	applied(t, s, room.MessagePosted{Stamp: by("bert"), Topic: names[0], ID: "last", Kind: room.Redact, Ref: 1})
	integrity(t, dir)
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, log := range marks {
			for _, m := range log {
				if inText(content, m) {
					kept++
				}
			}
		}
		for m := range gone {
			if inText(content, m) {
				left = append(left, m)
			}
		}
		if len(left) > 0 {
			t.Errorf("%s has words of %d redacted messages, out of %d", name, len(left), len(gone))
		}
	}
	if kept == 0 || len(gone) < 100 {
		t.Errorf("the index has %d of the words that were kept; %d were redacted", kept, len(gone))
	}
}

// inText tells whether a mark is somewhere in text, or in the index: a few octets
// alone may be in a hash, too.
func inText(content []byte, mark string) bool {
	for at := 0; ; at += len(mark) {
		i := bytes.Index(content[at:], []byte(mark))
		if i < 0 {
			return false
		}
		at += i
		if at > 0 && strings.IndexByte("._ ", content[at-1]) >= 0 || at+len(mark) < len(content) && strings.IndexByte("_ ", content[at+len(mark)]) >= 0 {
			return true
		}
	}
}
