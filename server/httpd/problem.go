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
	// Setup says that there is nobody yet who could sign in.
	Setup bool `json:"setup,omitempty"`
}

// needsSetup is an error of a room that has no admin.
type needsSetup struct{ error }

func (e needsSetup) Unwrap() error { return e.error }

// fail answers with an error. It is the one place where errors become answers.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	refusal := room.AsError(err)
	var known *room.Error
	if !errors.As(err, &known) && r.Context().Err() == nil {
		s.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if refusal.Code == http.StatusTooManyRequests || refusal.Code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(secondsToWait(err)))
	}
	body, _ := json.Marshal(problem{
		Type:   "about:blank",
		Title:  http.StatusText(refusal.Code),
		Status: refusal.Code,
		Detail: refusal.Text,
		Setup:  errors.As(err, new(needsSetup)),
	})
	send(w, refusal.Code, "application/problem+json", body)
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
