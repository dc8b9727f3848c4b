package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

// TestTheRulesOfTheIndexHaveTheirNumber looks at what the index has of texts with
// letters that no version of Unicode will change. If that has changed on purpose,
// raise indexRules, so that stores make an index by the rules before anew, and put
// the sum here. The versions themselves are among the rules.
func TestTheRulesOfTheIndexHaveTheirNumber(t *testing.T) {
	sum := sha256.New()
	add := func(body string) { fmt.Fprintln(sum, tokens(seat{40, 5 * unitLength}.code(), "anna", body)) }
	add("")
	add("Straße, ÆGIR & naïve “Überprüfung” 2026-11-22 — e\u0301tude x")
	add(strings.Repeat("one two three ", maxIndexed/10))
	for _, letters := range [][2]rune{
		{0, 0x24f}, {0x300, 0x36f}, {'Α', 'Ρ'}, {'Σ', 'ώ'}, {0x400, 0x4ff}, {'א', 'ת'}, {0x621, 0x64a},
		{0x904, 0x939}, {0x4e00, 0x4e7f}, {0xac00, 0xac7f}, {0xfb00, 0xfb06}, {0xff01, 0xff5e}, {0x1d400, 0x1d419},
	} {
		var all strings.Builder
		for r := letters[0]; r <= letters[1]; r++ {
			all.WriteRune(r)
		}
		add(all.String())
	}
	const want = "d8eff8ff99bc50b3fbb09812fc0c804465447b9c02d4ebd0c93abda409df76fb"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("the index has other tokens than by rules %d: raise indexRules; the sum is now %s", indexRules, got)
	}
}

// TestARedactionCountsNothing: to find the next token of the index takes as long
// where all messages have it as where one has.
func TestARedactionCountsNothing(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	const messages = 20_000
	for n := 0; n < messages; n += 1000 {
		batch := make([]room.Event, 1000)
		for i := range batch {
			batch[i] = post(fmt.Sprint(n+i), "common")
		}
		if _, err := s.Commit(t.Context(), batch, s.Position()+1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Commit(t.Context(), []room.Event{post("rare", "rarity")}, s.Position()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, _ := s.logs.get("t")
	tx := &transaction{writer: s.writer}
	took := func(seq int64, gram string) time.Duration {
		least := time.Hour
		for range 20 {
			began := time.Now()
			token := seat{log.key, seq}.code() + "." + gram
			if next, err := tx.nextToken(t.Context(), token); err != nil || next != token {
				t.Fatalf("after %s comes %s, %v", token, next, err)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	common, rare := took(1, "omm"), took(s.Head("t").Seq, "rit")
	t.Logf("%v, %v", common, rare)
	if common > 8*rare {
		t.Errorf("the token of %d messages took %v, that of one %v", messages, common, rare)
	}
}

// TestAFollowerThatWaitedForTheWriterPausesNoLongerForIt: the pause is for what the
// step has taken from others, not for what it has given them.
func TestAFollowerThatWaitedForTheWriterPausesNoLongerForIt(t *testing.T) {
	s := openInside(t)
	furnish(t, s) // so that there are commits: it is as when others write
	const held = 300 * time.Millisecond
	s.writing.Lock()
	time.AfterFunc(held, s.writing.Unlock)
	wait, more, err := s.followStep(t.Context(), &place{})
	if err != nil || !more {
		t.Fatalf("the step: %t, %v", more, err)
	}
	if wait <= 0 || wait > time.Duration(whileBusy.pause)*held/2 {
		t.Errorf("after it had waited for %v, it pauses for %v", held, wait)
	}
}

// TestWhatFailsIsTriedAgainAfterPausesThatGrow, and after success they begin anew.
func TestWhatFailsIsTriedAgainAfterPausesThatGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openInside(t)
		furnish(t, s)
		rename := func(from, to string) {
			if _, err := s.writer.conn.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
				t.Error(err)
			}
		}
		rename("index_topics", "away")
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		began := time.Now()
		var told []time.Duration
		done.Go(func() {
			s.Follow(ctx, func(error) { told = append(told, time.Since(began)) })
		})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(told, want) {
			t.Errorf("it was tried after %v, want %v", told, want)
		}
		cancel()
		done.Wait()
	})
}
