package signin

import (
	"testing"
	"time"
)

// TestStrangersPushOutNoChallengeOfAUser, however many they begin.
func TestStrangersPushOutNoChallengeOfAUser(t *testing.T) {
	c, now := newCeremonies(), time.Now()
	own := c.add(ceremony{user: "anna", session: "s"}, now)
	first := c.add(ceremony{}, now)
	for range 2 * maxCeremonies {
		c.add(ceremony{}, now)
	}
	if one, ok := c.take(own, now); !ok || one.user != "anna" {
		t.Error("anna's challenge is gone")
	}
	if _, ok := c.take(own, now); ok {
		t.Error("anna's challenge is good twice")
	}
	if _, ok := c.take(first, now); ok {
		t.Error("of strangers' challenges all are kept")
	}
}
