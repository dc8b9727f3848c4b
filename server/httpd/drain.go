package httpd

import (
	"net/http"
	"time"

	"redroom/server/room"
)

// refuseDraining answers nothing more while the server is drained but whether it
// is alive, which it is, and has connections closed after that.
func (s *site) refuseDraining(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seconds, draining := s.Draining()
		if !draining {
			next.ServeHTTP(w, r)
			return
		}
		if r.ProtoMajor < 3 { // which has no such header (RFC 9114 section 4.2)
			w.Header().Set("Connection", "close")
		}
		if r.URL.Path == healthPath {
			next.ServeHTTP(w, r)
			return
		}
		s.fail(w, r, comeBack{time.Duration(seconds) * time.Second})
	})
}

// comeBack is room.ErrStopping with the time to wait.
type comeBack struct{ after time.Duration }

func (e comeBack) Error() string             { return room.ErrStopping.Text }
func (e comeBack) Unwrap() error             { return room.ErrStopping }
func (e comeBack) RetryAfter() time.Duration { return e.after }
