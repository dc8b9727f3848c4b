package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"redroom/certs"
	"redroom/server"
	"redroom/server/client"
	"redroom/server/room"
)

// remote is the room of a server on the network, as whoever runs the tool.
type remote struct {
	at       address
	trust    *tls.Config
	advice   string // if the certificate isn't trusted
	direct   bool   // see trust
	who      credential
	http     *http.Client
	operator *server.Operator
}

func newRemote(at address, t trust) *remote {
	r := &remote{at: at, trust: t.tls, advice: t.advice, direct: t.direct}
	r.http = &http.Client{
		Transport: &signed{by: r, next: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			TLSClientConfig:       t.tls.Clone(),
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			IdleConnTimeout:       30 * time.Second,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r.operator = server.Administer(r.http, r.base())
	return r
}

func (r *remote) base() string { return "https://" + r.at.String() }

// Config is for client.Connect.
func (r *remote) Config() client.Config {
	return client.Config{
		Ticket:    r.ticket,
		QUIC:      client.QUIC(r.trust),
		WebSocket: client.WebSocket(r.trust),
	}
}

// ticketWithin is how long a program waits for a ticket of HTTP, without which it
// can do.
const ticketWithin = 3 * time.Second

// ticket is what a session is opened with. Where nothing else is to be dialed, it is
// for where one has asked.
func (r *remote) ticket(ctx context.Context) (client.Ticket, error) {
	ticket, err := r.askTicket(ctx)
	if err == nil && r.direct {
		ticket = client.TokenTicket(ticket.Token, r.at.String())
	}
	return ticket, err
}

// askTicket asks for one over HTTP. A program's token opens sessions by itself: where
// HTTP can't be reached, as where only UDP gets through, it goes without.
func (r *remote) askTicket(ctx context.Context) (client.Ticket, error) {
	ask := client.HTTPTickets(r.http, r.base(), "") // r.http says who asks
	if r.who.Token == "" {
		return ask(ctx)
	}
	soon, cancel := context.WithTimeout(ctx, ticketWithin)
	defer cancel()
	ticket, err := ask(soon)
	if errors.Is(err, errUnreachable) && ctx.Err() == nil {
		return client.TokenTicket(r.who.Token, r.at.String()), nil
	}
	return ticket, err
}

// errUnreachable is an error of who got no answer at all.
var errUnreachable = errors.New("no server can be reached")

var errSignInOver = errors.New("this sign-in has ended: sign in again with redroom signin")

// errTokenOver is an errSignInOver.
var errTokenOver = fmt.Errorf("the program's token is unknown, or has ended: ask for another one%w", hidden{errSignInOver})

// enrollFirst says what somebody has to do who can do nothing else yet.
func enrollFirst(at address) error {
	return fmt.Errorf("a second factor is demanded of you: open https://%s in a browser and set one up, then sign in again", at)
}

// Do sends a request, such as GET /api/deals, with a body unless that is nil, and
// decodes the answer into answer, unless that is nil or there is none. A refusal is
// a *room.Error, whose text is the server's sentence.
func (r *remote) Do(ctx context.Context, method, path string, body, answer any) error {
	err := r.operator.Do(ctx, method, path, body, answer)
	var refusal *room.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == http.StatusUnauthorized:
		over := errSignInOver
		if r.who.Token != "" {
			over = errTokenOver
		}
		return fmt.Errorf("%w%w", over, hidden{refusal})
	case errors.Is(err, room.ErrEnroll):
		return enrollFirst(r.at)
	case errors.Is(err, room.ErrProve):
		return fmt.Errorf("the server wants to know once more that it is you: sign in again with redroom signin, and do it within ten minutes%w", hidden{err})
	}
	return said(err)
}

// said is an error of HTTP without the request, which says nothing to who has
// made none.
func said(err error) error {
	var sending *url.Error
	if errors.As(err, &sending) {
		return sending.Err
	}
	return err
}

// hidden is an error that can be found, and says nothing.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }

// Close gives the connections back.
func (r *remote) Close() error { return r.operator.Close() }

// Topic is the id of a topic that is named by its id, or by Deal/Title.
func (r *remote) Topic(ctx context.Context, name string) (id string, err error) {
	if room.ValidID(name) {
		err := r.Do(ctx, http.MethodGet, topicPath(name), nil, nil)
		var refusal *room.Error
		if !errors.As(err, &refusal) || refusal.Code != http.StatusNotFound {
			return name, err
		}
	}
	o := operator{room: r}
	all, err := o.topics(ctx, "")
	if err != nil {
		return "", err
	}
	var found []string
	for _, t := range all {
		if t.deal.Name+"/"+t.Title == norm.NFC.String(name) {
			found = append(found, t.ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%d topics can be meant by %q; give the id of one: %s", len(found), name, strings.Join(found, ", "))
	}
	for _, t := range all {
		if t.Title == norm.NFC.String(name) {
			return "", fmt.Errorf("there is no topic %q; a topic is named by its id or by Deal/Title: did you mean %q?", name, t.deal.Name+"/"+t.Title)
		}
	}
	return "", fmt.Errorf("there is no topic %q that you can see; a topic is named by its id or by Deal/Title, see redroom topic list --server %s", name, r.at)
}

// signed is HTTP as whoever runs the tool, to one server only.
type signed struct {
	by   *remote
	next http.RoundTripper
}

func (s *signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", device())
	if r.URL.Host == s.by.at.String() {
		s.by.who.sign(r.Header)
	}
	got, err := s.next.RoundTrip(r)
	switch {
	case err == nil:
		return got, nil
	case certs.Refused(err):
		return nil, s.by.untrusted(err)
	}
	return nil, fmt.Errorf("%w at %s: %w", errUnreachable, s.by.at, err)
}

// untrusted adds to the error of a connection, if it is that the server's certificate
// isn't trusted, who has signed that and what to do.
func (r *remote) untrusted(err error) error {
	if !certs.Refused(err) {
		return err
	}
	why := ""
	if signer := certs.Signer(err); signer != "" {
		why = fmt.Sprintf(", who is %q", signer)
	}
	return fmt.Errorf("the certificate that %s shows is not trusted: %w%s; %s", r.at, err, why, r.advice)
}

func (s *signed) CloseIdleConnections() {
	if c, ok := s.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
