package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

const (
	maxBody  = 1 << 20
	bodyTime = 30 * time.Second // in which it must come
)

// read fills into with the request's body: one JSON object with no fields but
// those that into has.
func (c *call) read(into any) error {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errNotJSON
	}
	// A body that is in memory already knows no deadline, and needs none.
	control := http.NewResponseController(c.w)
	control.SetReadDeadline(time.Now().Add(bodyTime))
	defer control.SetReadDeadline(time.Time{})
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errBodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errBodyTooSlow
	case err != nil:
		return room.Refuse(room.ErrMalformed, "The body broke off.")
	case !utf8.Valid(body):
		return room.Refuse(room.ErrMalformed, "The body is not UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return room.Refuse(room.ErrMalformed, "The body is not as expected: "+jsonTrouble(err)+".")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return room.Refuse(room.ErrMalformed, "Something follows the JSON object.")
	}
	return nil
}

// jsonTrouble says what is wrong without Go's own words.
func jsonTrouble(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Sprintf("%q is a %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return "it is a " + kind.Value
	case errors.Is(err, io.EOF):
		return "it is empty"
	}
	if field, ok := bytes.CutPrefix([]byte(err.Error()), []byte("json: unknown field ")); ok {
		return fmt.Sprintf("%s is no field of it", field)
	}
	return "it is not valid JSON"
}

// answer sends v as JSON, if who was signed in for it still is.
func (c *call) answer(status int, v any) error {
	if err := c.stillSignedIn(); err != nil {
		return err
	}
	return c.tell(status, v)
}

// tell sends v as JSON.
func (c *call) tell(status int, v any) error {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	send(c.w, status, "application/json", body.Bytes())
	return nil
}

// done says that all is well and there is nothing to say.
func (c *call) done() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// send writes an answer. That the other side has gone is no news.
func send(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// nfc brings what people read into one form, so that the same letters are the
// same octets.
func nfc(s string) string { return norm.NFC.String(s) }

func nfcOf(s *string) *string {
	if s == nil {
		return nil
	}
	n := nfc(*s)
	return &n
}
