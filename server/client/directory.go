package client

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// Bound is the server's answer to who said where peers reach it.
type Bound struct {
	Key  ed25519.PublicKey // which signs the tickets of peers
	Time time.Time         // the server's, in milliseconds, when it answered
}

// Reachable is somebody whom peers reach directly.
type Reachable struct {
	Name        string
	At          netip.AddrPort
	Fingerprint [32]byte // SHA-256 of the certificate's DER
}

// Bind says that peers reach one at an address, "" being the session's own, and a
// port, with the certificate of that fingerprint. The server looks whether it is so,
// which takes a moment, and 3 s where it isn't: then it is a [Refused] of code 422.
// It holds until Leave, the next Bind, or the session's end.
func (s *Session) Bind(ctx context.Context, address string, port uint16, fingerprint [32]byte) (Bound, error) {
	a, err := s.ask(ctx, wire.TypeBind, address, strconv.Itoa(int(port)), hex.EncodeToString(fingerprint[:]))
	if err != nil {
		return Bound{}, fmt.Errorf("binding: %w", err)
	}
	key, err := base64.RawURLEncoding.DecodeString(a.field(1))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return Bound{}, errors.New("binding: the answer has no key")
	}
	ms, err := strconv.ParseInt(a.field(2), 10, 64)
	if err != nil {
		return Bound{}, errors.New("binding: the answer has no time")
	}
	return Bound{Key: key, Time: time.UnixMilli(ms)}, nil
}

// Query asks who can be reached directly: those with whom one shares a deal, and
// oneself, by name; where name isn't "", that one only, if at all.
func (s *Session) Query(ctx context.Context, name string) ([]Reachable, error) {
	var of []string
	if name != "" {
		if !room.ValidUserName(name) {
			return nil, nil // and it might not fit into a header
		}
		of = append(of, name)
	}
	a, err := s.ask(ctx, wire.TypeQuery, of...)
	if err != nil {
		return nil, fmt.Errorf("asking the directory: %w", err)
	}
	var all []Reachable
	for line := range strings.Lines(string(a.payload)) {
		r, err := parseReachable(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("asking the directory: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}

// parseReachable reads a line of the directory, name,address,port,fingerprint.
func parseReachable(line string) (r Reachable, err error) {
	parts := strings.Split(line, ",")
	if len(parts) < 4 { // there may be more, later
		return r, errors.New("a line of the answer makes no sense")
	}
	address, err := netip.ParseAddr(parts[1])
	port, bad := strconv.ParseUint(parts[2], 10, 16)
	fingerprint, ok := room.ParseHash(parts[3])
	if !room.ValidUserName(parts[0]) || err != nil || bad != nil || !ok {
		return r, errors.New("a line of the answer makes no sense")
	}
	return Reachable{Name: parts[0], At: netip.AddrPortFrom(address, uint16(port)), Fingerprint: fingerprint}, nil
}

// Leave takes a Bind back; without one it does nothing.
func (s *Session) Leave(ctx context.Context) error {
	if _, err := s.ask(ctx, wire.TypeLeave); err != nil {
		return fmt.Errorf("leaving the directory: %w", err)
	}
	return nil
}

// PeerTicket asks for the server's word, to be shown to the peer of that name, that
// one is who one is. It is good for room.PeerTicketTime, once, together with the
// certificate whose DER has the SHA-256 key. Of who can't be reached, or shares no
// deal, it is a [Refused] of code 404.
func (s *Session) PeerTicket(ctx context.Context, name string, key [32]byte) (string, error) {
	if !room.ValidUserName(name) {
		return "", fmt.Errorf("asking for a ticket: %w", &Refused{Reason: room.ErrNotFound, Ref: wire.TypeTicket})
	}
	a, err := s.ask(ctx, wire.TypeTicket, name, hex.EncodeToString(key[:]))
	if err != nil {
		return "", fmt.Errorf("asking for a ticket: %w", err)
	}
	return string(a.payload), nil
}

// Bind is a Session's, on the one that is open.
func (c *Client) Bind(ctx context.Context, address string, port uint16, fingerprint [32]byte) (Bound, error) {
	s, err := c.inTime(ctx)
	if err != nil {
		return Bound{}, fmt.Errorf("binding: %w", err)
	}
	return s.Bind(ctx, address, port, fingerprint)
}

// Query is a Session's, on the one that is open.
func (c *Client) Query(ctx context.Context, name string) ([]Reachable, error) {
	s, err := c.inTime(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the directory: %w", err)
	}
	return s.Query(ctx, name)
}

// Leave is a Session's, on the one that is open.
func (c *Client) Leave(ctx context.Context) error {
	s, err := c.inTime(ctx)
	if err != nil {
		return fmt.Errorf("leaving the directory: %w", err)
	}
	return s.Leave(ctx)
}

// PeerTicket is a Session's, on the one that is open.
func (c *Client) PeerTicket(ctx context.Context, name string, key [32]byte) (string, error) {
	s, err := c.inTime(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for a ticket: %w", err)
	}
	return s.PeerTicket(ctx, name, key)
}

// inTime is the session that is open, or the next one that is. What is asked on it
// and not answered before its end fails with that.
func (c *Client) inTime(ctx context.Context) (*Session, error) {
	for {
		s, changed := c.inUse()
		if s != nil && s.Err() == nil {
			return s, nil
		}
		select {
		case <-changed:
		case <-c.Done():
			return nil, c.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
