package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

// BenchmarkCommit posts messages of 128 octets by four users in two topics.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := furnished(b, b.TempDir())
			post := posts()
			batch := make([]room.Event, size)
			for b.Loop() {
				for i := range batch {
					batch[i] = post()
				}
				for _, o := range commit(b, s, batch...) {
					if o.Message == nil {
						b.Fatal(o.Err)
					}
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/message")
		})
	}
}

// BenchmarkMessages reads pages of 500 out of 50,000 messages in two topics.
func BenchmarkMessages(b *testing.B) {
	const all, count = 50_000, 500
	s := furnished(b, b.TempDir())
	post := posts()
	batch := make([]room.Event, 1000)
	for range all / len(batch) {
		for i := range batch {
			batch[i] = post()
		}
		commit(b, s, batch...)
	}
	var after int64
	for b.Loop() {
		page, err := s.Messages(b.Context(), topicOne, after, count, 256<<10)
		if err != nil || len(page) != count {
			b.Fatalf("%d messages, error %v", len(page), err)
		}
		after = (after + count) % (all / 2)
	}
	b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "messages/s")
}

// posts makes fresh posts, round about by all who may post to both topics.
func posts() func() room.MessagePosted {
	authors := []string{"anna", "bert", "carla", "dora"}
	body := []byte(strings.Repeat("A message of some length. ", 5)[:128])
	n := 0
	return func() room.MessagePosted {
		n++
		return room.MessagePosted{
			Stamp: room.Stamp{At: int64(1_767_225_600_000 + n), By: authors[n%len(authors)]},
			Topic: []string{topicOne, topicTwo}[n/3%2],
			ID:    room.NewClientID(time.Now()),
			Kind:  room.Text,
			Salt:  room.NewSalt(),
			Body:  body,
		}
	}
}
