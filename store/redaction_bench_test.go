package store_test

import (
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

// BenchmarkRedact redacts in a topic of 100,000 messages, of REDROOM_SEARCH_MESSAGES
// if that is set: messages like all others, and such as have as many different
// letters in a row as there can be in what is indexed of one.
func BenchmarkRedact(b *testing.B) {
	s := furnished(b, b.TempDir())
	v := newVocabulary()
	messages := benchMessages()
	for range messages / 1000 {
		batch := make([]room.Event, 1000)
		for i := range batch {
			batch[i] = text("bert", topicOne, room.NewID(), v.text())
		}
		applied(b, s, batch...)
	}
	caughtUp(b, s)
	for _, c := range []struct {
		name string
		text func() string
	}{
		{"usual", v.text},
		{"long", func() string { return manyTexts(v, 16<<10) }},
		{"strange", func() string { return letters(v, 'a', 36, 16<<10) }},
		{"Chinese", func() string { return letters(v, 0x4e00, 20_000, 16<<10) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var slowest time.Duration
			for b.Loop() {
				b.StopTimer()
				applied(b, s, text("bert", topicOne, room.NewID(), c.text()))
				caughtUp(b, s)
				seq := s.Head(topicOne).Seq
				b.StartTimer()
				began := time.Now()
				applied(b, s, speaking(room.Redact, seq, "bert", room.NewID(), ""))
				slowest = max(slowest, time.Since(began))
			}
			b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/slowest")
		})
	}
}

// manyTexts are some, of so many octets.
func manyTexts(v *vocabulary, octets int) string {
	var b strings.Builder
	for b.Len() < octets {
		b.WriteString(v.text())
	}
	return b.String()
}

// letters are words of any of so many letters.
func letters(v *vocabulary, first rune, count, octets int) string {
	var b strings.Builder
	for b.Len() < octets {
		for range 12 {
			r := first + rune(v.IntN(count))
			if first == 'a' && r > 'z' {
				r += '0' - 'z' - 1
			}
			b.WriteRune(r)
		}
		b.WriteByte(' ')
	}
	return b.String()
}
