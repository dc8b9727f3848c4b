package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"redroom/server/servertest"
)

// TestAWriteThatWasBegunInTimeIsRefusedAfterTheSignIn sends half of a body with a
// cookie that is good, and the rest when it isn't any more.
func TestAWriteThatWasBegunInTimeIsRefusedAfterTheSignIn(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		t.Run(protocol, func(t *testing.T) {
			r := &revocation{Room: h.Room, t: t, name: "anna", password: servertest.Password}
			browser, whole := r.signIn(protocol), r.signIn(protocol)
			invited := len(h.invitations(t))

			body, rest := io.Pipe()
			proceeds := make(chan struct{})
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(proceeds) }})
			ctx, cancel := context.WithTimeout(ctx, servertest.Patience)
			defer cancel()
			q, err := http.NewRequestWithContext(ctx, "POST", browser.base+"/api/invitations", body)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Origin", browser.base)
			q.Header.Set("Content-Type", "application/json")
			if protocol != "HTTP/3.0" {
				q.Header.Set("Expect", "100-continue")
			}
			browser.secret.show(q)
			type result struct {
				answer *http.Response
				err    error
			}
			answered := make(chan result, 1)
			go func() {
				answer, err := browser.client.Do(q)
				answered <- result{answer, err}
			}()

			// The server reads when the cookie was looked at: it says so, or takes
			// more than it would without.
			if _, err := io.WriteString(rest, `{"deals":[],"role":"admin"`+strings.Repeat(" ", 800<<10)); err != nil {
				t.Fatal(err)
			}
			if protocol != "HTTP/3.0" {
				select {
				case <-proceeds:
				case <-time.After(servertest.Patience):
					t.Fatal("the server doesn't read")
				}
			}
			r.expect(r.ask(whole, "DELETE", "/api/users/anna/sessions", ""), 204)
			if _, err := io.WriteString(rest, "}"); err != nil {
				t.Fatal(err)
			}
			rest.Close()
			got := <-answered
			if got.err != nil {
				t.Fatal(got.err)
			}
			defer got.answer.Body.Close()
			said, err := io.ReadAll(got.answer.Body)
			if err != nil || got.answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("it is answered %s: %s, %v", got.answer.Status, said, err)
			}
			if n := len(h.invitations(t)); n != invited {
				t.Errorf("there are %d invitations more", n-invited)
			}
		})
	}
}

// TestABodyThatStallsIsWaitedForHalfAMinute says why nothing came of it, over
// every HTTP.
func TestABodyThatStallsIsWaitedForHalfAMinute(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes half a minute; that there is a deadline is tested in package httpd, too")
	}
	h := newHouse(t)
	var stalling sync.WaitGroup
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		r := &revocation{Room: h.Room, t: t, name: "anna", password: servertest.Password}
		browser := r.signIn(protocol)
		stalling.Go(func() {
			body, rest := io.Pipe()
			defer body.Close()
			stalling.Go(func() { io.WriteString(rest, `{"deals":[]`) })
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second+servertest.Patience)
			defer cancel()
			q, err := http.NewRequestWithContext(ctx, "POST", browser.base+"/api/invitations", body)
			if err != nil {
				t.Error(err)
				return
			}
			q.Header.Set("Origin", browser.base)
			q.Header.Set("Content-Type", "application/json")
			browser.secret.show(q)
			answer, err := browser.client.Do(q)
			if err != nil {
				t.Errorf("%s: %v", protocol, err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusRequestTimeout {
				t.Errorf("%s: it is answered %s", protocol, answer.Status)
			}
		})
	}
	stalling.Wait()
}

// invitations are those that the trail tells were made.
func (h *house) invitations(t *testing.T) []json.RawMessage {
	t.Helper()
	var page struct{ Entries []json.RawMessage }
	h.SignIn(t, "anna").Must(t, "GET", "/api/audit?action=invitation.made", nil, &page, 200)
	return page.Entries
}
