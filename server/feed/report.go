package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

// report is what is posted of a reading.
type report struct {
	Source     string          `json:"source"`               // its URL, without a query
	Time       string          `json:"time"`                 // of the fetch: RFC 3339, UTC, to the millisecond
	Connection string          `json:"connection,omitempty"` // the id of the QUIC connection that it came over, in hex; none: over a WebSocket
	Reading    json.RawMessage `json:"reading"`
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// maxConnection is how many octets a report grows by with the connection's id,
// which has at most 20 octets.
const maxConnection = len(`"connection":"",`) + 2*20

// newReport makes the report of a reading. It doesn't say yet what connection it
// comes over.
func newReport(source string, at time.Time, reading []byte) (string, error) {
	body, err := encode(report{Source: source, Time: at.UTC().Format(timeFormat), Reading: reading})
	if err != nil {
		return "", fmt.Errorf("making the report: %w", err)
	}
	if limit := room.Report.Limit() - maxConnection; len(body) > limit {
		return "", &failure{"report", fmt.Errorf("the report would have %d octets, and %d are the most; pick less of the reading", len(body), limit)}
	}
	return body, nil
}

// stamp says in a report what connection it comes over.
func stamp(p client.Post, connection string) string {
	var r report
	err := json.Unmarshal([]byte(p.Body), &r)
	if err == nil {
		r.Connection = connection
		var body string
		if body, err = encode(r); err == nil {
			return body
		}
	}
	return p.Body // it isn't one of ours
}

// encode keeps numbers and strings as they were written.
func encode(r report) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// failure is why there is no reading.
type failure struct {
	kind string // one that has the same kind is the same trouble
	why  error
}

func (f *failure) Error() string { return f.why.Error() }
func (f *failure) Unwrap() error { return f.why }

func kindOf(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.kind
	}
	return "other"
}
