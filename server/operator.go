package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"path/filepath"

	"redroom/server/httpd"
	"redroom/server/hub"
	"redroom/server/journal"
	"redroom/server/room"
	"redroom/server/signin"
	"redroom/store"
)

// operatorURL stands for the socket; the name is looked up nowhere.
const operatorURL = "http://operator"

// presumedURL begins the links that are made while no server runs: it is where
// one opens the room that is started without a flag.
const presumedURL = "http://localhost:8080"

// Operator administers the room of a data directory, through the journal, by the
// requests of package httpd: of a running server by its socket, else of the store
// itself. By Administer it is one of the network.
type Operator struct {
	client *http.Client
	base   string
	close  func() error
}

// Administer is an Operator by the network, who has the rights that client signs
// in with, on the server at base, such as https://room.example:4433.
func Administer(client *http.Client, base string) *Operator {
	return &Operator{client: client, base: base, close: func() error { client.CloseIdleConnections(); return nil }}
}

// OpenOperator finds the server of a data directory, or opens the store, which
// is made if there is none.
func OpenOperator(ctx context.Context, data string, log *slog.Logger) (*Operator, error) {
	if client, ok := runningServer(ctx, data); ok {
		return &Operator{client: client, base: operatorURL, close: func() error { return nil }}, nil
	}
	s, err := openStopped(ctx, data, log)
	if err != nil {
		return nil, err
	}
	key, err := openSignInKey(ctx, data, s.store, log)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	handler := httpd.New(httpd.Config{
		Operator:  true,
		Desk:      signin.New(signin.Config{Store: s.store, Journal: s.journal, Key: key, Log: log}),
		Store:     s.store,
		Journal:   s.journal,
		Log:       log,
		PublicURL: presumedURL,
	})
	return &Operator{client: &http.Client{Transport: inProcess{handler}}, base: operatorURL, close: s.close}, nil
}

// stopped is a store whose server doesn't run, with a journal of its own.
type stopped struct {
	store   *store.Store
	hub     *hub.Hub
	journal *journal.Journal
}

func openStopped(ctx context.Context, data string, log *slog.Logger) (*stopped, error) {
	st, err := store.Open(ctx, data)
	if err != nil {
		return nil, err
	}
	h := hub.New(st)
	return &stopped{store: st, hub: h, journal: journal.New(st, h, log)}, nil
}

func (s *stopped) close() error {
	s.journal.Close()
	s.hub.Close()
	return s.store.Close()
}

// runningServer is the way to a data directory's server, if one runs.
func runningServer(ctx context.Context, data string) (_ *http.Client, ok bool) {
	path := filepath.Join(data, socketName)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, false
	}
	conn.Close()
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", path)
		},
	}}, true
}

// Do sends a request, such as GET /api/users, with a body unless that is nil, and
// decodes the answer into answer, unless that is nil or the answer has nothing in
// it. A refusal is a *room.Error.
func (o *Operator) Do(ctx context.Context, method, path string, body, answer any) error {
	return ask(ctx, o.client, method, o.base+path, body, answer)
}

// Close ends it.
func (o *Operator) Close() error { return o.close() }

// askOperator is ask by the socket.
func askOperator(ctx context.Context, client *http.Client, method, path string, command, answer any) error {
	return ask(ctx, client, method, operatorURL+path, command, answer)
}

// ask sends a command and decodes its answer, if that is wanted.
func ask(ctx context.Context, client *http.Client, method, url string, command, answer any) error {
	var body io.Reader
	if command != nil {
		encoded, err := json.Marshal(command)
		if err != nil {
			return fmt.Errorf("encoding the command: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if command != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer got.Body.Close()
	if got.StatusCode >= http.StatusMultipleChoices {
		return refused(got)
	}
	if answer == nil || got.StatusCode == http.StatusNoContent {
		return nil
	}
	limited := &io.LimitedReader{R: got.Body, N: maxAnswer}
	err = json.NewDecoder(limited).Decode(answer)
	switch {
	case err != nil && limited.N == 0:
		return fmt.Errorf("reading the server's answer: it has more than %d MiB", maxAnswer>>20)
	case err != nil:
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	return nil
}

// maxAnswer is how many octets an answer may have: more than a page of the longest
// reports, and less than what a machine can't hold.
const maxAnswer = 128 << 20

// refused is the answer of a server that didn't do what it was asked to: a
// problem (RFC 9457), or a sentence. It is a *room.NeedsCode, a room.ErrProve or
// room.ErrEnroll where it says so.
func refused(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	sentence := string(bytes.TrimSpace(text))
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && kind == "application/problem+json" {
		var problem struct {
			Detail                       string
			Code, Passkey, Prove, Enroll bool
		}
		if err := json.Unmarshal(text, &problem); err != nil {
			return fmt.Errorf("reading the server's answer: %w", err)
		}
		switch {
		case problem.Code && answer.StatusCode == http.StatusUnauthorized:
			return &room.NeedsCode{Wrong: problem.Detail == room.ErrWrongCode.Text, Passkey: problem.Passkey}
		case problem.Prove:
			return room.ErrProve
		case problem.Enroll:
			return room.ErrEnroll
		}
		sentence = problem.Detail
	}
	retry := answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable
	if seconds := answer.Header.Get("Retry-After"); retry && seconds != "" {
		sentence += " Try again in " + seconds + " s."
	}
	return &room.Error{Code: answer.StatusCode, Text: sentence, Retry: retry}
}
