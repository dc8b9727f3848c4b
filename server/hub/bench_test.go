package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"redroom/server/hub"
	"redroom/server/room"
)

// BenchmarkFanOut publishes batches of 64 messages of 128 octets, each when
// every cursor, in a goroutine of its own, has given the one before.
func BenchmarkFanOut(b *testing.B) {
	const size = 64
	for _, cursors := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("cursors=%d", cursors), func(b *testing.B) {
			w := newWorld(b)
			ctx, cancel := context.WithCancel(b.Context())
			var reading, behind sync.WaitGroup
			for range cursors {
				c := w.hub.Open(room.NewActor("carla", ""), topic, 1, 0)
				reading.Go(func() {
					defer c.Close()
					for {
						seq, err := nextSeq(ctx, c)
						if ctx.Err() != nil {
							return
						}
						if err != nil {
							b.Error(err)
						}
						if err != nil || seq%size == 0 {
							behind.Done()
						}
					}
				})
			}
			body := []byte(strings.Repeat("x", 128))
			batch, outcomes := make([]room.Event, size), make([]room.Outcome, size)
			var seq int64
			for b.Loop() {
				for i := range batch {
					seq++
					m := &room.Message{Seq: seq, Author: "bert", At: 1767225600000, Kind: room.Text, Body: body}
					batch[i] = room.MessagePosted{Stamp: by("bert"), Topic: topic, Kind: room.Text, Body: body}
					outcomes[i] = room.Outcome{Seq: seq, Message: m}
				}
				behind.Add(cursors)
				w.hub.Publish(batch, outcomes)
				behind.Wait()
			}
			b.ReportMetric(float64(b.N*size*cursors)/b.Elapsed().Seconds(), "deliveries/s")
			cancel()
			reading.Wait()
		})
	}
}

// BenchmarkDelivery publishes a message of 128 octets, which one cursor gives, in
// a topic of 50 people's: open to their whole deal, and narrowed to half of them.
func BenchmarkDelivery(b *testing.B) {
	for _, narrowed := range []bool{false, true} {
		b.Run(fmt.Sprintf("narrowed=%t", narrowed), func(b *testing.B) {
			w := newWorld(b)
			members := []string{"carla"}
			for i := range 50 {
				name := fmt.Sprint("member-", i)
				w.append(room.UserAdded{Stamp: by("anna"), Name: name, Display: name, Role: room.Member})
				w.append(room.MemberAdded{Stamp: by("anna"), Deal: deal, User: name})
				if i%2 == 0 {
					members = append(members, name)
				}
			}
			if narrowed {
				w.append(room.TopicChanged{Stamp: by("anna"), ID: topic, Narrowed: ptr(true), Members: members})
			}
			c := w.hub.Open(room.NewActor("carla", ""), topic, 1, 0)
			defer c.Close()
			body := []byte(strings.Repeat("x", 128))
			batch, outcomes := make([]room.Event, 1), make([]room.Outcome, 1)
			batch[0] = room.MessagePosted{Stamp: by("bert"), Topic: topic, Kind: room.Text, Body: body}
			var seq int64
			b.ReportAllocs()
			for b.Loop() {
				seq++
				m := &room.Message{Seq: seq, Author: "bert", At: 1767225600000, Kind: room.Text, Body: body}
				outcomes[0] = room.Outcome{Seq: seq, Message: m}
				w.hub.Publish(batch, outcomes)
				if octets, _, err := c.Next(b.Context()); err != nil || len(octets) < 128 {
					b.Fatal(len(octets), err)
				}
			}
		})
	}
}

// BenchmarkCatchUp reads 10,000 messages of 128 octets from the store, as a
// reader does who comes late.
func BenchmarkCatchUp(b *testing.B) {
	const all = 10_000
	w := newWorld(b)
	w.post(all, 128)
	for b.Loop() {
		c := w.hub.Open(room.NewActor("carla", ""), topic, 1, 0)
		for seq := int64(0); seq < all; {
			var err error
			if seq, err = nextSeq(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
		c.Close()
	}
	b.ReportMetric(float64(b.N*all)/b.Elapsed().Seconds(), "messages/s")
}

// nextSeq waits for what c gives next, and gives the seq of the last message in
// it.
func nextSeq(ctx context.Context, c *hub.Cursor) (int64, error) {
	for {
		octets, wake, err := c.Next(ctx)
		if err != nil {
			return 0, err
		}
		if wake == nil {
			last := octets[bytes.LastIndex(octets, []byte("MESSAGE 128 "))+len("MESSAGE 128 "):]
			return strconv.ParseInt(string(last[:bytes.IndexByte(last, ' ')]), 10, 64)
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
