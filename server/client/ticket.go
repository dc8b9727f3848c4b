package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"redroom/server/room"
	"redroom/server/transport"
)

// Ticket is what a session is opened with: the answer of
// POST /api/session/token. A transport without a place is not tried.
type Ticket struct {
	Token        string `json:"token"` // spent by its first use, within 60 s
	WebTransport struct {
		URL               string   `json:"url"`
		CertificateHashes [][]byte `json:"certificateHashes"` // SHA-256 of the leaf's DER; none: the usual roots decide
	} `json:"webtransport"`
	QUIC struct {
		Address string `json:"address"` // HOST:PORT
	} `json:"quic"`
	WebSocket struct {
		URL string `json:"url"`
	} `json:"websocket"`

	came time.Time     // when a Client had it
	took time.Duration // how long it had asked for it
}

// TokenTicket is what a program's token opens sessions with, any number of them,
// at HOST:PORT, without having asked there.
func TokenTicket(token, at string) (t Ticket) {
	t.Token = token
	t.WebTransport.URL = "https://" + at + transport.Path
	t.QUIC.Address = at
	t.WebSocket.URL = "wss://" + at + transport.Path
	return t
}

const (
	ticketPath    = "/api/session/token"
	maxTicketSize = 64 << 10 // octets of an answer
)

// HTTPTickets asks for tickets over HTTP, of the server at base, such as
// https://room.example:4433. Who asks is told by bearer, or, if that is empty,
// by the cookies of h.
func HTTPTickets(h *http.Client, base, bearer string) func(context.Context) (Ticket, error) {
	return func(ctx context.Context) (t Ticket, err error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+ticketPath, bytes.NewReader([]byte("{}")))
		if err != nil {
			return t, fmt.Errorf("asking for a token: %w", err)
		}
		r.Header.Set("Content-Type", "application/json")
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		got, err := h.Do(r)
		if err != nil {
			return t, fmt.Errorf("asking for a token: %w", err)
		}
		defer got.Body.Close()
		body, err := io.ReadAll(io.LimitReader(got.Body, maxTicketSize))
		if err != nil {
			return t, fmt.Errorf("asking for a token: %w", err)
		}
		if got.StatusCode != http.StatusOK {
			return t, fmt.Errorf("asking for a token: %w", refusedTicket(got, body))
		}
		if err := json.Unmarshal(body, &t); err != nil {
			return t, fmt.Errorf("asking for a token: the answer is no ticket: %w", err)
		}
		return t, nil
	}
}

// refusedTicket is an answer of RFC 9457 as an error.
func refusedTicket(got *http.Response, body []byte) error {
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		problem.Detail = got.Status
	}
	retry := got.StatusCode == http.StatusTooManyRequests || got.StatusCode == http.StatusServiceUnavailable
	return &Refused{
		Reason: &room.Error{Code: got.StatusCode, Text: problem.Detail, Retry: retry},
		Ref:    ticketPath,
		Detail: got.Header.Get("Retry-After"),
	}
}
