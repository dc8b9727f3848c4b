package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/store"
)

// vocabulary makes texts in which, as in a language, few words are common and many
// are rare.
type vocabulary struct {
	*rand.Rand
	words []string
	zipf  *rand.Zipf
}

func newVocabulary() *vocabulary {
	chance := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("ba ra ti on er de ge len mer sch aft ver an un ing lich keit ment pro con tra ate ple no mi su re ka fo lu")
	v := &vocabulary{Rand: chance, words: make([]string, 50_000)}
	for i := range v.words {
		for range 2 + chance.IntN(3) {
			v.words[i] += syllables[chance.IntN(len(syllables))]
		}
	}
	v.zipf = rand.NewZipf(chance, 1.1, 4, uint64(len(v.words)-1))
	return v
}

func (v *vocabulary) text() string {
	var b strings.Builder
	for b.Len() < 120 {
		b.WriteString(v.words[v.zipf.Uint64()])
		b.WriteByte(' ')
	}
	return b.String()
}

// benchMessages is how many messages BenchmarkSearch searches:
// REDROOM_SEARCH_MESSAGES, of 100,000 by default, in 500 topics. The store is kept
// in the directory REDROOM_SEARCH_DIR, if that is set.
func benchMessages() int {
	n, err := strconv.Atoi(os.Getenv("REDROOM_SEARCH_MESSAGES"))
	if err != nil {
		return 100_000
	}
	return n
}

const benchTopics = 500

// searched makes the store of BenchmarkSearch.
func searchedStore(b *testing.B) *store.Store {
	dir := os.Getenv("REDROOM_SEARCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	if _, err := os.Stat(filepath.Join(dir, "redroom.db")); err == nil {
		return caughtUp(b, open(b, dir)) // it may have been indexed by other rules
	}
	s := furnished(b, dir)
	var made []room.Event
	for i := range benchTopics {
		made = append(made, room.TopicCreated{Stamp: by("anna"), ID: fmt.Sprint("bench-", i), Deal: dealOne, Title: fmt.Sprint("Bench ", i)})
	}
	applied(b, s, made...)
	v := newVocabulary()
	messages := benchMessages()
	began := time.Now()
	for n := 0; n < messages; n += 1000 {
		batch := make([]room.Event, 1000)
		for i := range batch {
			body := v.text()
			if v.IntN(messages/20) == 0 {
				body += "zyklopenmauer"
			}
			ev := text("bert", fmt.Sprint("bench-", v.IntN(benchTopics)), room.NewID(), body)
			ev.At += int64(n + i)
			batch[i] = ev
		}
		applied(b, s, batch...)
	}
	b.Logf("%d messages took %v", messages, time.Since(began))
	began = time.Now()
	caughtUp(b, s)
	b.Logf("the index took %v", time.Since(began))
	return s
}

// BenchmarkSearch looks for the newest 20 messages that have a common, a rare and an
// absent word, and an absent word that is made of common parts, for whoever may
// read 1 of 500 topics, and all of them.
func BenchmarkSearch(b *testing.B) {
	s := searchedStore(b)
	if info, err := os.Stat(filepath.Join(os.Getenv("REDROOM_SEARCH_DIR"), "redroom.db")); err == nil {
		b.Logf("the store has %d MiB", info.Size()>>20)
	}
	words := newVocabulary().words
	for _, topics := range []int{1, benchTopics} {
		var in []room.SearchedTopic
		for i := range topics {
			in = append(in, room.SearchedTopic{ID: fmt.Sprint("bench-", i), From: 1})
		}
		for _, c := range []struct{ name, word string }{
			{"common", words[0]}, {"rare", "zyklopenmauer"}, {"absent", "quizqwertz"}, {"absent, of common parts", "mentprolichver"},
		} {
			b.Run(fmt.Sprintf("%s word/topics=%d", c.name, topics), func(b *testing.B) {
				var took []time.Duration
				found := 0
				for b.Loop() {
					began := time.Now()
					got, err := s.Search(b.Context(), room.Search{Topics: in, Terms: []room.Term{{Text: c.word}}, Limit: 20})
					if err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
					found = len(got.Hits)
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms/p99")
				b.ReportMetric(float64(found), "found")
			})
		}
	}
}

// BenchmarkCommitFollowed is BenchmarkCommit with and without the index that
// follows.
func BenchmarkCommitFollowed(b *testing.B) {
	for _, size := range []int{1, 64} {
		for _, follows := range []bool{false, true} {
			b.Run(fmt.Sprintf("batch=%d/followed=%t", size, follows), func(b *testing.B) {
				s := furnished(b, b.TempDir())
				if follows {
					followed(b, s)
				}
				post := posts()
				batch := make([]room.Event, size)
				var slowest time.Duration
				for b.Loop() {
					for i := range batch {
						batch[i] = post()
					}
					began := time.Now()
					applied(b, s, batch...)
					slowest = max(slowest, time.Since(began))
				}
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "messages/s")
				b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/slowest")
			})
		}
	}
}
