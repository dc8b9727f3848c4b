package signin

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"
)

const (
	forErrand  = "errand" // what an errand is sealed for
	errandLife = 10 * time.Minute
	maxErrands = 1 << 14 // that are known to be done
)

// errand is a browser's way to the provider and back. The browser keeps it,
// sealed; To is where it wants to be then, and Session and User what it was
// signed in as.
type errand struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // RFC 7636
	Redirect string `json:"redirect"`
	To       string `json:"to"`
	Rules    int64  `json:"rules"`
	Ends     int64  `json:"ends"` // unix-ms
	Session  string `json:"session,omitempty"`
	User     string `json:"user,omitempty"`
}

// errands remembers the states of those that came back, so that none does twice.
type errands struct {
	mu   sync.Mutex
	done *recent[string, struct{}]
}

func newErrands() *errands { return &errands{done: newRecent[string, struct{}](maxErrands)} }

// first tells whether a state has not come back before.
func (e *errands) first(state string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, done := e.done.get(state)
	e.done.put(state, struct{}{})
	return !done
}

// errand is the one that a browser was on, if it comes back as it should.
func (d *Desk) errand(kept, redirect string, answer url.Values) (e errand, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || kept == "" {
		return e, errors.New("the cookie is missing or damaged")
	}
	b, err := d.sealer.open(sealed, forErrand)
	if err != nil {
		return e, fmt.Errorf("opening the cookie: %w", err)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("reading the cookie: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(e.State)) != 1:
		return e, errors.New("the state is another browser's")
	case e.Ends <= d.now().UnixMilli():
		return e, errors.New("it took too long")
	case e.Redirect != redirect:
		return e, errors.New("it began at another origin")
	case !d.errands.first(e.State):
		return e, errors.New("it has come back already")
	}
	return e, nil
}
