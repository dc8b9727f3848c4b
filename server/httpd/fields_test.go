package httpd_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"redroom/server/room"
)

// field is one that people read, and where it is written and read again.
type field struct {
	name         string
	method, path string
	body         string // with VALUE in the place of a JSON string
	max          int
	shown        string // where it is then read
}

func (w *world) fields() []field {
	return []field{
		{"a new account's display name", "POST", "/api/users", `{"name":"fritz","display":VALUE}`, room.MaxDisplayLength, "/api/users"},
		{"an account's display name", "PATCH", "/api/users/bert", `{"display":VALUE}`, room.MaxDisplayLength, "/api/deals/" + w.alpha + "/members"},
		{"a new deal's name", "POST", "/api/deals", `{"name":VALUE}`, room.MaxDealNameLength, "/api/deals"},
		{"a deal's name", "PATCH", "/api/deals/" + w.alpha, `{"name":VALUE}`, room.MaxDealNameLength, "/api/deals"},
		{"a new topic's title", "POST", "/api/deals/" + w.alpha + "/topics", `{"title":VALUE}`, room.MaxTitleLength, "/api/deals/" + w.alpha + "/topics"},
		{"a topic's title", "PATCH", "/api/topics/" + w.alphaTopic, `{"title":VALUE}`, room.MaxTitleLength, "/api/topics/" + w.alphaTopic},
	}
}

// TestWhatIsWrittenIsShownAsItIsOrRefused puts everything into every field that
// people read: what is text is given back as it is, as JSON, whatever it may mean
// elsewhere; what would look like something else is refused, and nothing of it is
// kept.
func TestWhatIsWrittenIsShownAsItIsOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		shown string // "": it is refused
	}{
		"HTML":                     {`<b onmouseover="alert(1)">Bold</b> &amp; <i>`, `<b onmouseover="alert(1)">Bold</b> &amp; <i>`},
		"a script":                 {`</script><script>alert(1)</script>`, `</script><script>alert(1)</script>`},
		"quotes":                   {`"'` + "`" + `\${x}{{.}}`, `"'` + "`" + `\${x}{{.}}`},
		"SQL":                      {`'; DROP TABLE users; --`, `'; DROP TABLE users; --`},
		"Hebrew":                   {"שלום", "שלום"},
		"an emoji of several":      {"👩‍👩‍👧 ok", "👩‍👩‍👧 ok"},
		"letters in another form":  {"Ko\u0308ln", "Köln"},
		"a right-to-left override": {"invoice\u202efdp.exe", ""},
		"an isolate":               {"a\u2066b\u2069", ""},
		"a right-to-left mark":     {"a\u200fb", ""},
		"a null":                   {"a\x00b", ""},
		"a line feed":              {"a\nb", ""},
		"an escape":                {"a\x1b[31mb", ""},
		"a delete":                 {"a\x7fb", ""},
		"a C1 control":             {"a\u0085b", ""},
		"a line separator":         {"a\u2028b", ""},
		"a byte order mark":        {"a\ufeffb", ""},
		"nothing":                  {"", ""},
		"nothing but space":        {"   ", ""},
		"nothing to be seen":       {"\u200b\u200d", ""},
		"space before":             {" a", ""},
		"space behind":             {"a\u00a0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"POST", "PATCH"} { // each in its own room, since names are taken once
				w := newWorld(t)
				for _, f := range w.fields() {
					if f.method != method || c.value == "" && method == "POST" && f.path == "/api/users" { // which is the user's name then
						continue
					}
					w.checkField(f, c.value, c.shown)
				}
			}
		})
	}
}

func (w *world) checkField(f field, value, shown string) {
	t := w.t
	t.Helper()
	admin, state := w.cookieOf("anna"), w.store.State()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	a := w.ask(f.method, f.path, admin, strings.Replace(f.body, "VALUE", string(encoded), 1))
	if shown == "" {
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.problem().Detail, "characters") {
			t.Errorf("%s: status %d: %s", f.name, a.Code, a.Body)
		}
		if w.store.State() != state {
			t.Errorf("%s: it was refused, and has changed something", f.name)
		}
		return
	}
	if a.Code >= 300 || a.Header().Get("Content-Type") != "application/json" || a.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: status %d: %s", f.name, a.Code, a.Body)
	}
	var read any
	w.ask("GET", f.shown, admin, "").want(200).into(&read)
	if !holds(read, shown) {
		t.Errorf("%s: it is read as %v", f.name, read)
	}
}

// holds tells whether one of the strings of a JSON value is this.
func holds(v any, s string) bool {
	switch v := v.(type) {
	case string:
		return v == s
	case []any:
		for _, e := range v {
			if holds(e, s) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if holds(e, s) {
				return true
			}
		}
	}
	return false
}

// TestOneCharacterTooMany counts characters, not octets.
func TestOneCharacterTooMany(t *testing.T) {
	for _, letter := range []string{"x", "ü", "字", "👋"} {
		for i := range newWorld(t).fields() {
			w := newWorld(t)
			f := w.fields()[i]
			w.checkField(f, strings.Repeat(letter, f.max+1), "")
			w.checkField(f, strings.Repeat(letter, f.max), strings.Repeat(letter, f.max))
		}
	}
}

func TestNumbersAndChoicesHaveTheirRange(t *testing.T) {
	w := newWalls(t)
	admin := w.cookieOf("anna")
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/api/topics/" + w.alphaTopic, `{"number":0}`, 200},
		{"/api/topics/" + w.alphaTopic, `{"number":32767}`, 200},
		{"/api/topics/" + w.alphaTopic, `{"number":32768}`, 422},
		{"/api/topics/" + w.alphaTopic, `{"number":-1}`, 422},
		{"/api/topics/" + w.alphaTopic, `{"number":1e30}`, 400},
		{"/api/topics/" + w.alphaTopic, `{"number":"1"}`, 400},
		{"/api/topics/" + w.alphaTopic, `{"open":"yes"}`, 400},
		{"/api/topics/" + w.alphaTopic, `{"open":null}`, 200}, // as not said
		{"/api/topics/" + w.alphaTopic, `{"direct":["anna","bert"]}`, 400},
		{"/api/topics/" + w.alphaTopic, `{"narrowed":true,"members":"bert"}`, 400},
		{"/api/topics/" + w.alphaTopic, `{"version":-1}`, 409},
		{"/api/users/bert", `{"role":"Admin"}`, 422},
		{"/api/users/bert", `{"role":""}`, 422},
		{"/api/users/bert", `{"active":0}`, 400},
		{"/api/deals/" + w.alpha, `{"history":""}`, 422},
	} {
		w.ask("PATCH", c.path, admin, c.body).want(c.want)
	}
}
