package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"redroom/server/room"
)

// TestNoCopyOfRedactedWordsIsLeftWhereRowsWereMoved redacts among messages that
// come in many topics at once: where SQLite makes room for a row between others
// it moves those to other pages, and doesn't overwrite what they leave behind.
func TestNoCopyOfRedactedWordsIsLeftWhereRowsWereMoved(t *testing.T) {
	const topics, rounds = 12, 150
	dir := t.TempDir()
	s := furnished(t, dir)
	var names []string
	for i := range topics {
		names = append(names, fmt.Sprintf("topic-%d", i))
		applied(t, s, room.TopicCreated{Stamp: by("anna"), ID: names[i], Deal: dealOne, Title: fmt.Sprintf("Topic %d", i), Number: i})
	}

	chance := rand.New(rand.NewPCG(1, 2))
	gone := make(map[string]bool)
	marks := make(map[string]map[int64]string) // by topic and seq
	for round := range rounds {
		var batch []room.Event
		for i := range 100 {
			ev := text("bert", names[chance.IntN(topics)], fmt.Sprintf("%d-%d", round, i), "")
			var mark string
			for seq, m := range marks[ev.Topic] { // any
				if chance.IntN(4) == 0 {
					ev.Kind, ev.Ref = room.Redact, seq
					gone[m] = true
				}
				break
			}
			if ev.Kind == room.Text {
				mark = fmt.Sprintf("mark%016x", chance.Uint64())
				ev.Body = []byte(strings.Repeat(mark+" ", 1+chance.IntN(12)))
			}
			batch = append(batch, ev)
		}
		for i, o := range applied(t, s, batch...) {
			ev := batch[i].(room.MessagePosted)
			if marks[ev.Topic] == nil {
				marks[ev.Topic] = make(map[int64]string)
			}
			if ev.Kind == room.Text {
				marks[ev.Topic][o.Seq] = strings.Fields(string(ev.Body))[0]
			} else {
				delete(marks[ev.Topic], ev.Ref)
			}
		}
	}
	applied(t, s, room.MessagePosted{Stamp: by("bert"), Topic: names[0], ID: "last", Kind: room.Redact, Ref: 1})
	kept := 0
	for _, name := range []string{"redroom.db", "redroom.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		left := make(map[string]bool)
		for _, mark := range regexp.MustCompile(`mark[0-9a-f]{16}`).FindAll(content, -1) {
			if gone[string(mark)] {
				left[string(mark)] = true
			} else {
				kept++
			}
		}
		if len(left) > 0 {
			t.Errorf("%s has words of %d redacted messages, out of %d", name, len(left), len(gone))
		}
	}
	if kept == 0 {
		t.Error("no words were found at all")
	}
}
