package httpd_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestABodyIsExactlyWhatIsExpected(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	for _, c := range []struct {
		what, body string
		want       int
		says       string
	}{
		{"an unknown field", `{"name":"Gamma","nmae":1}`, 400, `"nmae"`},
		{"an unknown field inside nothing", `{"":1}`, 400, ""},
		{"another type", `{"name":1}`, 400, `"name" is a number`},
		{"an array", `[]`, 400, ""},
		{"something after it", `{"name":"Gamma"} {"name":"Delta"}`, 400, "follows"},
		{"garbage after it", `{"name":"Gamma"}x`, 400, "follows"},
		{"half of it", `{"name":"Gam`, 400, ""},
		{"nothing but space", ` `, 400, "empty"},
		{"octets that aren't UTF-8", "{\"name\":\"\xff\"}", 400, "UTF-8"},
		{"more than 1 MiB", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "1 MiB"},
		{"white space around it", " \n{\"name\":\"Gamma\"}\n ", 201, ""},
	} {
		a := w.ask("POST", "/api/deals", admin, c.body)
		if a.Code != c.want || !strings.Contains(a.Body.String(), strings.ReplaceAll(c.says, `"`, `\"`)) {
			t.Errorf("%s: %d %s", c.what, a.Code, a.Body)
		}
	}
}

func TestABodyIsSaidToBeJSON(t *testing.T) {
	w := newWorld(t)
	admin := w.cookieOf("anna")
	for kind, want := range map[string]int{
		"application/json":                  201,
		"application/json; charset=utf-8":   201,
		"Application/JSON":                  201,
		"text/plain":                        http.StatusUnsupportedMediaType,
		"application/x-www-form-urlencoded": http.StatusUnsupportedMediaType,
		"":                                  http.StatusUnsupportedMediaType,
	} {
		w.ask("POST", "/api/deals", admin, `{"name":"In `+strings.ReplaceAll(kind, "/", " ")+`"}`, header("Content-Type", kind)).want(want)
	}
}
