package servertest

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/wire"
)

// Log is a topic's whole log as the HTTP interface tells it, put into the
// frames by which readers are sent it. Its chain closes.
func (a *API) Log(t testing.TB, topic string) (log []Frame) {
	t.Helper()
	at := room.Head{Hash: room.ChainStart(topic)}
	for {
		var page struct {
			Messages []struct {
				Seq, Time, Ref     int64
				Author, Kind, Salt string
				Body, Digest       string
				Redacted           *int
			}
		}
		a.Must(t, "GET", fmt.Sprintf("/api/topics/%s/messages?after=%d&limit=1000", topic, at.Seq), nil, &page, 200)
		if len(page.Messages) == 0 {
			return log
		}
		for _, m := range page.Messages {
			ref := ""
			if m.Ref > 0 {
				ref = fmt.Sprint(m.Ref)
			}
			fields := []string{fmt.Sprint(m.Seq), m.Author, fmt.Sprint(m.Time), m.Kind, ref, m.Salt}
			if m.Redacted != nil {
				fields = append(fields, fmt.Sprintf("redacted=%d", *m.Redacted), "digest="+m.Digest)
			}
			f := NewMessage(m.Body, fields...)
			at = f.Follows(t, at)
			log = append(log, f)
		}
	}
}

// NewMessage is a MESSAGE of these fields.
func NewMessage(body string, fields ...string) Frame {
	header, payload, _ := strings.Cut(string(wire.AppendFrame(nil, wire.TypeMessage, []byte(body), fields...)), "\n")
	return Frame{Header: header, Payload: payload}
}
