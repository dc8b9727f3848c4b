package feed

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"redroom/server/client"
	"redroom/server/room"
)

// FuzzAReadingStaysWhatItIs has whatever a source may answer picked, reported and
// stamped.
func FuzzAReadingStaysWhatItIs(f *testing.F) {
	for _, reading := range []string{`{"a": 1.10, "b": [1e400, "\u00fc\ud800"]}`, `"<&>"`, "-0", ` [ ] `, `{"a":1,"a":2}`, `{"reading":0,"Reading":1}`} {
		f.Add([]byte(reading))
	}
	all, err := ParseFilter(".")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, reading []byte) {
		if !utf8.Valid(reading) || !json.Valid(reading) {
			return // Fetch gives none of these
		}
		if picked, err := all.Pick(t.Context(), reading); err == nil && (picked == nil || !json.Valid(picked)) {
			t.Errorf("%q is picked as %q", reading, picked)
		}
		picked, err := (*Filter)(nil).Pick(t.Context(), reading)
		if err != nil {
			t.Fatalf("%q can't be picked: %v", reading, err)
		}
		body, err := newReport("https://host/", time.Now(), picked)
		if err != nil {
			return // it is too large
		}
		stamped := stamp(client.Post{Body: body}, "c0ffee")
		if err := room.Report.ValidBody([]byte(stamped)); err != nil {
			t.Fatalf("%q became %q: %v", reading, stamped, err)
		}
		var r report
		if err := json.Unmarshal([]byte(stamped), &r); err != nil || !bytes.Equal(r.Reading, picked) || r.Connection != "c0ffee" {
			t.Errorf("%q became %q", reading, stamped)
		}
		if again := stamp(client.Post{Body: stamped}, ""); again != body {
			t.Errorf("%q became %q, then %q", body, stamped, again)
		}
	})
}
