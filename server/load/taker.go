package load

import (
	"net/netip"
	"time"

	"golang.org/x/sync/semaphore"
)

// who takes: a user, an address, or the strangers at an address.
type who struct {
	user      string
	network   netip.Prefix
	strangers bool
}

// taker is what somebody has taken, and may take.
type taker struct {
	who   who
	share Share

	sessions, channels, connections                            int
	posts, postOctets, requests, typing, frames, input, output meter

	refused  time.Time // until when all posts are refused
	warned   time.Time
	underway *semaphore.Weighted // nil: no limit
}

// firstSweep is from how many takers on it is worth looking for those who can
// be forgotten.
const firstSweep = 1024

// taker finds somebody who takes, or begins to remember him. Those who have
// nothing, and whose meters have come to rest, are forgotten when as many as
// were there the last time have come.
func (g *Guard) taker(w who, share Share) *taker {
	if t := g.takers[w]; t != nil {
		return t
	}
	if len(g.takers) >= g.sweepAt {
		now := time.Now()
		for w, t := range g.takers {
			if t.rests(now) {
				delete(g.takers, w)
			}
		}
		g.sweepAt = max(firstSweep, 2*len(g.takers))
	}
	t := &taker{who: w, share: share, underway: newUnderway(share.Underway)}
	g.takers[w] = t
	return t
}

func (t *taker) mostOwed() time.Duration {
	if t.who.user == "" && !t.who.strangers {
		return mostAddressOwes
	}
	return mostOwed
}

// rests tells whether somebody who is new would be the same.
func (t *taker) rests(now time.Time) bool {
	if t.sessions > 0 || t.channels > 0 || t.connections > 0 {
		return false
	}
	for _, until := range []time.Time{
		t.posts.until, t.postOctets.until, t.requests.until, t.typing.until, t.frames.until, t.input.until, t.output.until,
		t.refused, t.warned.Add(warnEvery),
	} {
		if until.After(now) {
			return false
		}
	}
	return true
}

func newUnderway(octets int64) *semaphore.Weighted {
	if octets == 0 {
		return nil
	}
	return semaphore.NewWeighted(octets)
}
