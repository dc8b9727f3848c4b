// Package bench loads servers and says what they can do: [Run] puts readers
// and writers on one server, [Floor] measures it beside what its parts can do
// at best.
//
// # What is measured
//
// A delivery is one MESSAGE that one channel received, the writers' channels
// included, since they are cursors like all others. Deliveries and
// acknowledged posts are counted in a window of time after a warm-up, and the
// server's own use of the CPU is asked for at the window's two ends. Latencies
// are of the messages that were posted in the window. Load and server usually
// share a machine: what a server can do is therefore told for each second of
// CPU time that it used, which the load's own work doesn't change.
//
// Flat out, each writer has 64 posts outstanding, fewer if they are long, and
// waits while any reader of the topic is more than some 2,000 messages behind:
// what is measured can go on for ever. At a rate, posts are made when their
// time has come, however late the server is, and latencies count from that
// time.
//
// # What must hold
//
// Run fails unless every channel got every acknowledged message of its topic
// exactly once, in the order of seq, with the words that were posted, and
// nothing else.
//
// # Goroutines and shutdown
//
// Each channel has a goroutine that reads it, each writer one that posts. All
// have ended, and all sessions are closed, when Run returns, however it ends.
// Floor also waits for the processes that it started and removes its files.
package bench

import (
	"fmt"
	"time"
)

// Load is what Run puts on a server.
type Load struct {
	Readers  int           // sessions that only read
	Writers  int           // sessions that post, and read what they post to
	Rate     float64       // posts a second, of all writers together; 0: flat out
	Size     int           // octets of a text
	WarmUp   time.Duration // before the window
	Duration time.Duration // of the window
	Check    bool          // readers check the topics' chains too, which costs the load's side
}

// Limits of a Load.
const (
	MinSize = 32       // octets: a text says when it was posted, and which one it is
	MaxSize = 64 << 10 // octets, the protocol's own
	MaxRate = 1e6      // posts a second
	// MaxTopics is so many because a session has at most 256 channels, and a
	// single reader or writer may have to have them all.
	MaxTopics = 255
)

// Flat out a writer has so many posts outstanding, but no more octets of them
// than that, if it's more than one.
const (
	outstanding       = 64
	outstandingOctets = 512 << 10
)

// Valid tells why a load on so many topics makes no sense; nil: it does.
func (l Load) Valid(topics int) error {
	switch {
	case l.Readers < 1 || l.Writers < 1:
		return fmt.Errorf("a load has at least one reader and one writer, not %d and %d", l.Readers, l.Writers)
	case topics < 1 || topics > MaxTopics:
		return fmt.Errorf("a load has 1 to %d topics, not %d", MaxTopics, topics)
	case l.Size < MinSize || l.Size > MaxSize:
		return fmt.Errorf("a text has %d to %d octets, not %d", MinSize, MaxSize, l.Size)
	case !(l.Rate >= 0 && l.Rate <= MaxRate): // so that NaN is none, too
		return fmt.Errorf("a rate is 0 to %.0f posts a second, not %v", float64(MaxRate), l.Rate)
	case l.Duration <= 0 || l.WarmUp < 0:
		return fmt.Errorf("a duration is longer than 0, not %v", min(l.Duration, l.WarmUp))
	}
	return nil
}

// Result is what Run found.
type Result struct {
	Readers int     `json:"readers"`
	Writers int     `json:"writers"`
	Topics  int     `json:"topics"`
	Rate    float64 `json:"rate"` // asked for; 0: flat out
	Size    int     `json:"size"`

	Seconds             float64 `json:"seconds"` // of the window
	Deliveries          int64   `json:"deliveries"`
	DeliveriesPerSecond float64 `json:"deliveriesPerSecond"`
	Posts               int64   `json:"posts"` // acknowledged
	PostsPerSecond      float64 `json:"postsPerSecond"`

	Receipt Latency `json:"receiptMilliseconds"` // from post to receipt
	Ack     Latency `json:"ackMilliseconds"`     // from post to ACK

	ServerCPUSeconds       float64 `json:"serverCPUSeconds"` // in the window
	DeliveriesPerCPUSecond float64 `json:"deliveriesPerServerCPUSecond"`
	PostsPerCPUSecond      float64 `json:"postsPerServerCPUSecond"`
	Before                 Usage   `json:"serverBefore"` // before the first session
	After                  Usage   `json:"serverAfter"`  // at the window's end

	// Verified are the messages of the whole run, warm-up included, that every
	// channel was seen to get once, in order, with their words.
	Verified int64 `json:"messagesVerified"`
}
