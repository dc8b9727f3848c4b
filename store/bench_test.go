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

// BenchmarkPost posts messages of 128 octets, 64 at a time, to a topic of the
// whole deal, to one narrowed to 50 of its members, and to a direct one.
func BenchmarkPost(b *testing.B) {
	for _, topic := range []string{"deal", "narrowed", "direct"} {
		b.Run(topic, func(b *testing.B) {
			s := furnished(b, b.TempDir())
			var names []string
			var events []room.Event
			for i := range 50 {
				names = append(names, fmt.Sprint("user-", i))
				events = append(events,
					room.UserAdded{Stamp: by("anna"), Name: names[i], Display: "U", Role: room.Member},
					room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: names[i]})
			}
			applied(b, s, append(events,
				room.TopicCreated{Stamp: by("anna"), ID: "deal", Deal: dealOne, Title: "Deal"},
				room.TopicCreated{Stamp: by("anna"), ID: "narrowed", Deal: dealOne, Title: "Narrowed", Narrowed: true, Members: names},
				room.DirectCreated{Stamp: by(names[0]), ID: "direct", Deal: dealOne, With: names[1]})...)
			if topic == "direct" {
				names = names[:2]
			}
			post, n := posts(), 0
			batch := make([]room.Event, 64)
			for b.Loop() {
				for i := range batch {
					ev := post()
					ev.By, ev.Topic = names[n%len(names)], topic
					batch[i] = ev
					n++
				}
				for _, o := range commit(b, s, batch...) {
					if o.Message == nil {
						b.Fatal(o.Err)
					}
				}
			}
			b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(batch)), "µs/message")
		})
	}
}

// BenchmarkAudit notes openings of topics, 64 at a time, behind 10,000 rows, and
// reads the newest 100 rows of one who did a 50th of them.
func BenchmarkAudit(b *testing.B) {
	s := furnished(b, b.TempDir())
	n := 0
	note := func() room.Event {
		n++
		return room.Noted{Stamp: room.Stamp{At: start, By: fmt.Sprint("user-", n%50), Address: "192.0.2.1"}, Action: room.ActionTopicOpened, Topic: topicOne}
	}
	batch := make([]room.Event, 64)
	commitBatch := func() {
		for i := range batch {
			batch[i] = note()
		}
		applied(b, s, batch...)
	}
	for n < 10_000 {
		commitBatch()
	}
	b.Run("note", func(b *testing.B) {
		for b.Loop() {
			commitBatch()
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(batch)), "µs/row")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			rows, err := s.Audit(b.Context(), room.AuditQuery{User: "user-7", Backwards: true, Limit: 100})
			if err != nil || len(rows) != 100 {
				b.Fatalf("%d rows, error %v", len(rows), err)
			}
		}
	})
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
