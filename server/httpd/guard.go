package httpd

import (
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"redroom/server/room"
)

// watch notes each request, and answers in place of a handler that panicked.
// A query, a body or a cookie is never noted.
func (s *site) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		answer := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Log.Error("a request made the server panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				if answer.status == 0 {
					s.fail(answer, r, room.ErrUnavailable)
				}
			}
			s.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", answer.status), slog.String("proto", r.Proto), slog.Duration("took", s.Now().Sub(began)))
		}()
		next.ServeHTTP(answer, r)
	})
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (a *recorder) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *recorder) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *recorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// hstsYear binds the name, and those below it, to HTTPS for a year (RFC 6797
// section 6.1).
const hstsYear = "max-age=31536000; includeSubDomains"

// apiPolicy is for answers that are no page. Whoever opens one as if it were has
// a document of no origin that may do nothing, of which no other header field need
// say how it may behave.
const apiPolicy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"

// setHeaders sets what every answer bears.
func (s *site) setHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		by := arrivalOf(r)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if name, _ := splitHost(by.host); by.secure && !isLoopbackName(name) {
			h.Set("Strict-Transport-Security", hstsYear)
		}
		if isAPI(r) {
			h.Set("Content-Security-Policy", apiPolicy)
			h.Set("Cache-Control", "no-store")
		} else {
			h.Set("Content-Security-Policy", s.contentSecurityPolicy(by))
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		}
		next.ServeHTTP(w, r)
	})
}

// contentSecurityPolicy allows the page its own files and connections, and
// nothing else: no inline script or style, no eval, no framing.
func (s *site) contentSecurityPolicy(by *arrival) string {
	connect := "'self'"
	// An IPv6 address is none in a policy: 'self' has to do.
	if s.allowsHost(by) && !strings.HasPrefix(by.host, "[") {
		connect += " " + socketOrigin(by)
	}
	if u, err := url.Parse(s.Connect().WebTransport); err == nil && u.Host != "" {
		connect += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src " + connect +
		"; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// checkHost refuses requests for other hosts, so that a name that somebody
// points at this machine gives no page of theirs a way in (DNS rebinding).
func (s *site) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != healthPath && r.URL.Path != readyPath && !s.allowsHost(arrivalOf(r)) {
			s.fail(w, r, errMisdirected)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *site) allowsHost(by *arrival) bool {
	name, _ := splitHost(by.host)
	switch {
	case by.origin() == "":
		return false // "localhost:8080;x"
	case by.proxied:
		return name == s.Host || !isLoopbackName(name) && s.Origins.hasHost(name)
	case by.secure:
		return isLoopbackName(name) || s.Origins.hasHost(name)
	}
	return isLoopbackName(name)
}

// checkOrigin refuses what other sites' pages ask: writes, and what is read by the
// interface. They can't see its answers, but the audit trail would say that
// somebody has opened a topic. Browsers name the origin of every write, and of
// reads at least whether it is another one; who names none is a tool.
func (s *site) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || isAPI(r) && !isFollowed(r) {
			if err := s.originProblem(r); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *site) originProblem(r *http.Request) error {
	by := arrivalOf(r)
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	switch {
	case site == "cross-site" || site == "same-site":
		return errOtherOrigin
	case origin != "" && origin != by.origin() && !s.Origins.Allowed(origin):
		return errOtherOrigin
	}
	return nil
}

func isAPI(r *http.Request) bool {
	return r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
}

// isFollowed tells whether browsers come from elsewhere by rights: on their way to
// the company's sign-in and back.
func isFollowed(r *http.Request) bool {
	return r.URL.Path == "/api"+companyPath || r.URL.Path == "/api"+companyBack
}
