package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestRefusedChanges is the table of what may not be posted, and why.
func TestRefusedChanges(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	channels := make(map[*servertest.API]*servertest.Channel)
	for _, as := range []*servertest.API{h.anna, h.bert, h.olga} {
		channels[as] = h.Enter(t, as).Join(t, h.topic, 0)
	}
	text, json := strings.Repeat("x", room.MaxText), `"`+strings.Repeat("x", room.MaxReport-2)+`"`
	id := func(i int) string { return fmt.Sprint("change-", i) }
	for i, post := range []struct {
		what, body string
		as         *servertest.API
		fields     string // kind and ref
		answer     string // the ERR's code, or the ACK's seq
	}{
		{"a text", "Eins.", h.bert, "text", "ACK 1"},
		{"a text", "Zwei.", h.anna, "text", "ACK 2"},
		{"a report", `{"a": [1, 2]}`, h.bert, "report", "ACK 3"},
		{"a report as large as one may be", json, h.bert, "report", "ACK 4"},
		{"a report too large", json + " ", h.bert, "report", "ERR 413"},
		{"a report that isn't JSON", "{a: 1}", h.bert, "report", "ERR 422"},
		{"a report without anything", "", h.bert, "report", "ERR 422"},

		{"an edit", "Eins, neu.", h.bert, "edit 1", "ACK 5"},
		{"an edit of an edited message", "Eins, wieder neu.", h.bert, "edit 1", "ACK 6"},
		{"an edit as large as a text may be", text, h.bert, "edit 1", "ACK 7"},
		{"an edit of a text too large", text + "x", h.bert, "edit 1", "ERR 413"},
		{"an edit of a report as large as one may be", json, h.bert, "edit 3", "ACK 8"},
		{"an edit of a report too large", json + " ", h.bert, "edit 3", "ERR 413"},
		{"an edit of a report that isn't JSON", "Text.", h.bert, "edit 3", "ERR 422"},
		{"an edit without anything", "", h.bert, "edit 1", "ERR 422"},
		{"an edit that isn't UTF-8", "\xff", h.bert, "edit 1", "ERR 422"},
		{"an edit of nothing", "Neu.", h.bert, "edit", "ERR 422"},
		{"an edit of what isn't there", "Neu.", h.bert, "edit 1000", "ERR 422"},
		{"an edit of an edit", "Neu.", h.bert, "edit 5", "ERR 422"},
		{"an edit of another's message", "Neu.", h.bert, "edit 2", "ERR 403"},
		{"an edit of another's message, by an admin", "Neu.", h.anna, "edit 1", "ERR 403"},

		{"a redaction of another's message", "", h.bert, "redact 2", "ERR 403"},
		{"a redaction of nothing", "", h.bert, "redact", "ERR 422"},
		{"a redaction of what isn't there", "", h.bert, "redact 1000", "ERR 422"},
		{"a reason too large", strings.Repeat("x", room.MaxReason+1), h.bert, "redact 1", "ERR 413"},
		{"a reason that isn't UTF-8", "\xff", h.bert, "redact 1", "ERR 422"},
		{"a redaction by an observer", "", h.olga, "redact 1", "ERR 403"},
		{"an edit by an observer", "Neu.", h.olga, "edit 1", "ERR 403"},
		{"a report by an observer", "1", h.olga, "report", "ERR 403"},
		{"a text by an observer", "Hallo.", h.olga, "text", "ERR 403"},
		{"a redaction by an admin, with a reason as large as one may be", strings.Repeat("x", room.MaxReason), h.anna, "redact 5", "ACK 9"},
		{"an edit of a redacted message", "Neu.", h.bert, "edit 1", "ERR 410"},
		{"an edit of a redaction", "Neu.", h.anna, "edit 9", "ERR 422"},
		{"a redaction of a redaction", "", h.anna, "redact 9", "ERR 422"},
		{"a redaction without a reason", "", h.bert, "redact 3", "ACK 10"},
		{"a redaction of what was redacted", "Noch einmal.", h.bert, "redact 3", "ACK 11"},
		{"a reply to a redacted message", "Wieso?", h.bert, "text 1", "ACK 12"},

		{"a kind that is the server's", "Hallo.", h.bert, "system", "ERR 403"},
		{"a kind that there is not yet", "Hallo.", h.bert, "file", "ERR 422"},
		{"a kind that there isn't", "Hallo.", h.bert, "poem 1", "ERR 422"},
	} {
		c := channels[post.as]
		c.Say(t, servertest.Post(post.body, append([]string{id(i)}, strings.Fields(post.fields)...)...))
		want := strings.Replace(post.answer, "ACK", "ACK "+id(i), 1)
		if strings.HasPrefix(want, "ERR") {
			want += " " + id(i)
		}
		for f := c.Hear(t); ; f = c.Hear(t) {
			if f.Type() == "MESSAGE" {
				continue
			}
			if err := f.Is(want); err != nil {
				t.Errorf("%s: %v", post.what, err)
			}
			break
		}
	}

	// What stands for what was said: whatever comes under the same id.
	for _, again := range []struct{ body, fields string }{
		{"Eins.", "text"}, {"Anders.", "text"}, {"Eins.", "text 1"}, {"", "text"}, {"\xff", "text"}, {text + "x", "text"},
		{"{", "report"}, {"Eins.", "edit 2"}, {"Eins.", "edit"}, {"", "redact 2"}, {json + " ", "report"}, {"Eins.", "poem"}, {"Eins.", "system"}, {"Eins.", "file"}, {"Eins.", "text 0"},
	} {
		channels[h.bert].Say(t, servertest.Post(again.body, append([]string{id(0)}, strings.Fields(again.fields)...)...))
		channels[h.bert].Answer(t, "ACK "+id(0)+" 1")
	}
	// Of what was not redacted it's another message.
	channels[h.anna].Say(t, servertest.Post("Drei.", id(1)))
	channels[h.anna].Answer(t, "ERR 409 "+id(1))

	h.anna.Must(t, "PATCH", "/api/topics/"+h.topic, map[string]any{"open": false}, nil, 200)
	channels[h.anna].Say(t, servertest.Post("", "closed", "redact", "4"))
	channels[h.anna].Answer(t, "ERR 403 closed")
	channels[h.bert].Say(t, servertest.Post("Eins.", id(0)))
	channels[h.bert].Answer(t, "ACK "+id(0)+" 1")

	var redacted []int64
	for i, m := range readLog(t, h.Room, h.anna, h.topic) {
		if m.Redacted() {
			redacted = append(redacted, int64(i)+1)
		}
	}
	if want := []int64{1, 3, 5, 6, 7, 8}; !slices.Equal(redacted, want) {
		t.Errorf("without words are %v, want %v", redacted, want)
	}
}
