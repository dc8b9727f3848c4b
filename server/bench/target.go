package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
)

// Target is a server under load.
type Target struct {
	URL    string                                // of WebTransport
	Trust  *tls.Config                           // for it
	Topics []string                              // empty ones, in which nobody else posts
	Token  func(context.Context) (string, error) // gives one that opens one session
	Usage  func(context.Context) (Usage, error)  // what the server's process has used
}

// Guest is a server that a load may use, and how that is ended.
type Guest struct {
	Target
	End func(context.Context) error
}

// ErrNotRunning means that no server runs where one was looked for.
var ErrNotRunning = errors.New("no server runs there")

// Open finds the server that runs on a data directory and has so many topics
// made for a load. It fails with ErrNotRunning if there is none.
type Open func(ctx context.Context, data string, topics int) (*Guest, error)

// Pin trusts whoever shows one of the certificates that have these SHA-256
// hashes, whatever their names are: the hashes come from the server itself, by
// a way that is trusted already.
func Pin(hashes ...[sha256.Size]byte) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !slices.Contains(hashes, sha256.Sum256(state.PeerCertificates[0].Raw)) {
				return errors.New("the server shows another certificate than it told")
			}
			return nil
		},
	}
}

// Desk signs in by a server's plain HTTP and fetches tokens.
type Desk struct {
	client *http.Client
	base   string
}

// SignIn signs in at address, HOST:PORT of a server's plain HTTP.
func SignIn(ctx context.Context, address, name, password string) (*Desk, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	var dialer net.Dialer
	d := &Desk{
		base: "http://localhost:" + port, // the name that plain HTTP answers to, whatever the address
		client: &http.Client{Jar: jar, Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
		}},
	}
	if err := d.post(ctx, "/api/session", map[string]string{"name": name, "password": password}, nil); err != nil {
		d.Close()
		return nil, fmt.Errorf("signing in at %s: %w", address, err)
	}
	return d, nil
}

// Token fetches a token that opens one session.
func (d *Desk) Token(ctx context.Context) (string, error) {
	var answer struct {
		Token string `json:"token"`
	}
	if err := d.post(ctx, "/api/session/token", struct{}{}, &answer); err != nil {
		return "", fmt.Errorf("fetching a token: %w", err)
	}
	return answer.Token, nil
}

// Close lets go of its connections.
func (d *Desk) Close() { d.client.CloseIdleConnections() }

func (d *Desk) post(ctx context.Context, path string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", d.base)
	got, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	b, err = io.ReadAll(io.LimitReader(got.Body, 64<<10))
	if err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", got.Status, b)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(b, answer)
}
