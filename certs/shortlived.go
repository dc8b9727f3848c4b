package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// leafLife is a leaf's whole validity, the backdated part included, a day
	// below what browsers accept.
	leafLife = 13 * 24 * time.Hour
	// leafRest is what a leaf still has to live when the next one is made.
	leafRest = 4 * 24 * time.Hour
	// leafNotice is how long a leaf's hash is told before it is shown: many
	// times the life of the token answer that carries the hashes.
	leafNotice = time.Hour
	// leafCheck is how often Run compares with the wall clock, which goes on
	// while the machine sleeps and timers stand still.
	leafCheck = time.Minute
)

// ShortLived is the certificate for browsers that trust by hash: ECDSA P-256,
// valid for 13 days, signed by the CA and sent with the CA's certificate. It
// lives in memory only; while Run runs, the next one is made when this one has
// four days left, told for an hour, and then shown.
type ShortLived struct {
	ca    *CA
	names []string
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	leaves []leaf // those valid now, oldest first; never empty
}

type leaf struct {
	certificate *tls.Certificate
	hash        [sha256.Size]byte // of the DER
	showFrom    time.Time
}

func (l leaf) validAt(t time.Time) bool {
	x := l.certificate.Leaf
	return !t.Before(x.NotBefore) && !t.After(x.NotAfter)
}

// NewShortLived makes the first certificate, for localhost, 127.0.0.1, ::1 and
// names: host names (in their ASCII form) or IP addresses. now is the wall
// clock, time.Now but in tests.
func NewShortLived(ca *CA, names []string, now func() time.Time, log *slog.Logger) (*ShortLived, error) {
	s := &ShortLived{ca: ca, now: now, log: log}
	for _, name := range append([]string{"localhost", "127.0.0.1", "::1"}, names...) {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
		if name == "" {
			return nil, fmt.Errorf("making the server's certificate: one of the names %q is empty", names)
		}
		if !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
	if err := s.renew(); err != nil {
		return nil, err
	}
	return s, nil
}

// Certificate gives the leaf to show now, followed by the CA's certificate.
func (s *ShortLived) Certificate() *tls.Certificate {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, leaf := range slices.Backward(s.leaves) {
		if !now.Before(leaf.showFrom) {
			return leaf.certificate
		}
	}
	return s.leaves[0].certificate
}

// Hashes gives the SHA-256 of each leaf's DER that is or may soon be shown,
// for WebTransport's serverCertificateHashes.
func (s *ShortLived) Hashes() [][32]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	hashes := make([][32]byte, len(s.leaves))
	for i, leaf := range s.leaves {
		hashes[i] = leaf.hash
	}
	return hashes
}

// Run makes new leaves in time, until ctx is done; then it returns nil. A leaf
// that can't be made is logged and tried again.
func (s *ShortLived) Run(ctx context.Context) error {
	ticker := time.NewTicker(leafCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := s.renew(); err != nil {
				s.log.Error("the server's certificate can't be renewed", "error", err)
			}
		}
	}
}

// renew forgets the leaves that have ended and makes a new one if it's time.
// Only NewShortLived and Run call it, so leaves changes nowhere else.
func (s *ShortLived) renew() error {
	now := s.now()
	s.mu.Lock()
	valid := slices.Clone(s.leaves)
	s.mu.Unlock()

	valid = slices.DeleteFunc(valid, func(l leaf) bool { return !l.validAt(now) })
	showFrom := now
	if n := len(valid); n > 0 {
		newest := valid[n-1].certificate.Leaf
		if newest.NotAfter.Sub(now) > leafRest {
			s.keep(valid)
			return nil
		}
		showFrom = now.Add(leafNotice)
	}
	next, err := s.sign(now, showFrom)
	if err != nil {
		if len(valid) > 0 {
			s.keep(valid)
		}
		return err
	}
	s.keep(append(valid, next))
	s.log.Info("a short-lived certificate was made",
		"sha256", hex.EncodeToString(next.hash[:]), "shown", showFrom, "ends", next.certificate.Leaf.NotAfter)
	return nil
}

func (s *ShortLived) keep(leaves []leaf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaves = leaves
}

// sign makes a leaf and its key.
func (s *ShortLived) sign(now, showFrom time.Time) (leaf, error) {
	from := now.Add(-backdate)
	certificate, err := s.ca.sign(s.names, from, from.Add(leafLife))
	if err != nil {
		return leaf{}, err
	}
	return leaf{certificate: certificate, hash: sha256.Sum256(certificate.Leaf.Raw), showFrom: showFrom}, nil
}
