package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"redroom/server/room"
	"redroom/server/terminal"
)

// plainLine is a message for people: number, time, author, kind, text.
func plainLine(m *room.Message) []byte {
	text := strings.TrimRight(terminal.CleanText(string(m.Body)), "\n")
	if m.Kind == room.Report {
		text = terminal.Clean(oneLineJSON(m.Body))
	}
	return fmt.Appendf(nil, "%d\t%s\t%s\t%s\t%s\n", m.Seq, time.UnixMilli(m.At).UTC().Format("2006-01-02T15:04:05Z"),
		terminal.Clean(m.Author), kindOf(m), strings.ReplaceAll(text, "\n", "\n\t\t\t\t"))
}

// oneLineJSON is JSON without the space between its tokens; what is none, as it
// is.
func oneLineJSON(raw []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// kindOf is what a message is, and of which one it speaks.
func kindOf(m *room.Message) string {
	kind := terminal.Clean(string(m.Kind))
	switch {
	case m.Redacted:
		return "redacted"
	case m.Ref == 0:
		return kind
	case m.Kind == room.Text || m.Kind == room.Report:
		kind = "reply"
	}
	return fmt.Sprintf("%s:%d", kind, m.Ref)
}

// jsonLine is a message for programs, as the HTTP interface has it, but for what
// the chain needs.
func jsonLine(m *room.Message) []byte {
	line := struct {
		Seq      int64     `json:"seq"`
		Author   string    `json:"author"`
		Time     int64     `json:"time"` // unix-ms
		Kind     room.Kind `json:"kind"`
		Ref      int64     `json:"ref,omitempty"`
		Body     *string   `json:"body,omitempty"`
		Redacted *int      `json:"redacted,omitempty"` // octets of the body as first posted
	}{Seq: m.Seq, Author: m.Author, Time: m.At, Kind: m.Kind, Ref: m.Ref}
	if m.Redacted {
		line.Redacted = &m.Length
	} else {
		body := string(m.Body)
		line.Body = &body
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		panic(err) // strings and numbers always can be
	}
	return append(terminal.EscapeJSON(b.Bytes()), '\n')
}
