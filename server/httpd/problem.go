package httpd

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"redroom/server/room"
)

// Refusals that only HTTP has.
var (
	errMisdirected  = &room.Error{Code: http.StatusMisdirectedRequest, Text: "This server does not answer for this host. Open it as localhost, or name the host with --host."}
	errOtherOrigin  = room.Refuse(room.ErrForbidden, "This page's origin is not allowed here; see --origin.")
	errNotJSON      = &room.Error{Code: http.StatusUnsupportedMediaType, Text: "The body must be JSON, with the header Content-Type: application/json."}
	errBodyTooLarge = room.Refuse(room.ErrTooLarge, "The body is larger than 1 MiB.")
	errBodyTooSlow  = &room.Error{Code: http.StatusRequestTimeout, Text: "The body took longer than 30 seconds to come; try again.", Retry: true}
	errMethod       = &room.Error{Code: http.StatusMethodNotAllowed, Text: "This can not be done here with this method; see the header Allow."}
)

// problem is an answer that tells what is wrong (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	entrance
	// Code says that the password was right, and that a code of the second factor
	// is missing, or a passkey where there is one.
	Code    bool `json:"code,omitempty"`
	Passkey bool `json:"passkey,omitempty"`
	// Enroll says that a second factor has to be set up first, Prove that it has to
	// be shown once more who it is; see POST /api/session/proof.
	Enroll bool `json:"enroll,omitempty"`
	Prove  bool `json:"prove,omitempty"`
}

// fail answers with an error. It is the one place where errors become answers.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	refusal := room.AsError(err)
	var known *room.Error
	if !errors.As(err, &known) && r.Context().Err() == nil {
		s.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if _, program := bearerOf(r); isTold(refusal.Code, arrivalOf(r), program) {
		s.Log.Info("a request was refused", "status", refusal.Code, "method", r.Method, "path", shortPath(r),
			"user", arrivalOf(r).user, "from", arrivalOf(r).client, "why", refusal.Text)
	}
	if refusal.Code == http.StatusTooManyRequests || refusal.Code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(secondsToWait(err)))
	}
	if _, program := bearerOf(r); program && refusal.Code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 section 3
	}
	var needsCode *room.NeedsCode
	needed := errors.As(err, &needsCode)
	var stranger notYet
	errors.As(err, &stranger)
	body, _ := json.Marshal(problem{
		Type:     "about:blank",
		Title:    http.StatusText(refusal.Code),
		Status:   refusal.Code,
		Detail:   refusal.Text,
		entrance: stranger.entrance,
		Code:     needed,
		Passkey:  needed && needsCode.Passkey,
		Enroll:   errors.Is(err, room.ErrEnroll),
		Prove:    errors.Is(err, room.ErrProve),
	})
	send(w, refusal.Code, "application/problem+json", body)
}

// isTold tells whether the log has a refusal: of what somebody may not do, or may not
// know of, of a program's token that is none, and of a page or a host that isn't ours.
// Failed sign-ins are told by the Desk, what is over a limit by the Load.
func isTold(code int, by *arrival, program bool) bool {
	switch code {
	case http.StatusForbidden, http.StatusMisdirectedRequest:
		return true
	case http.StatusNotFound:
		return by.user != ""
	case http.StatusUnauthorized:
		return program
	}
	return false
}

// shortPath is as much of a path as the log needs.
func shortPath(r *http.Request) string {
	const most = 200
	return r.URL.Path[:min(len(r.URL.Path), most)]
}

// secondsToWait is what an error says, or a second.
func secondsToWait(err error) int {
	var waits interface{ RetryAfter() time.Duration }
	if errors.As(err, &waits) {
		return max(1, int(waits.RetryAfter()/time.Second))
	}
	return 1
}

// wrongMethod is a 405 that says what would be right (RFC 9110 section
// 15.5.6).
func wrongMethod(routes chi.Routes, c *call) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, c.r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return errMethod
}
