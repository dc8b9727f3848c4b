package httpd_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"redroom/server/httpd"
)

// assets is the path that the page loads its files from.
func (w *world) assets() string {
	w.t.Helper()
	_, after, _ := strings.Cut(w.ask("GET", "/", "", "").want(200).Body.String(), `src="`)
	path, found := strings.CutSuffix(after, "/app/main.js\"></script>")
	if !found || !strings.HasPrefix(path, "/assets/") {
		w.t.Fatalf("the page loads %q", after)
	}
	return path
}

// repainted is the same page with another color.
func repainted(config *httpd.Config) {
	changed := maps.Clone(source)
	changed["ui/room.css"] = &fstest.MapFile{Data: []byte("body { color: red }\n")}
	config.Page = mustPack(changed)
}

func TestThePageIsTheSameAtAllItsPlaces(t *testing.T) {
	w := newWorld(t)
	want := w.ask("GET", "/", "", "").want(200)
	if want.Header().Get("Content-Type") != "text/html; charset=utf-8" || want.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%v", want.Header())
	}
	for _, path := range []string{"/t/0123456789abcdef", "/setup", "/invite", "/admin"} {
		if a := w.ask("GET", path, "", "").want(200); a.Body.String() != want.Body.String() {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	for _, path := range []string{"/index.html", "/t/", "/t/a/b", "/app/main.js", "/assets", "/assets/", "/favicon.ico"} {
		w.ask("GET", path, "", "").want(404)
	}
	etag := want.Header().Get("ETag")
	if a := w.ask("GET", "/", "", "", header("If-None-Match", etag)); etag == "" || a.Code != http.StatusNotModified {
		t.Errorf("asked again with its tag %q: %d", etag, a.Code)
	}
}

func TestFilesMayBeKeptForEver(t *testing.T) {
	w := newWorld(t)
	base := w.assets()
	for name, kind := range map[string]string{
		"app/main.js":     "text/javascript",
		"app/main.js.map": "application/json",
		"ui/room.css":     "text/css",
		"ui/mark.svg":     "image/svg+xml",
	} {
		a := w.ask("GET", base+"/"+name, "", "").want(200)
		if a.Body.Len() == 0 || a.Header().Get("Content-Type") != kind || a.Header().Get("Cache-Control") != "max-age=31536000, immutable" {
			t.Errorf("%s: %v %q", name, a.Header(), a.Body)
		}
		if a.Header().Get("ETag") != "" {
			t.Errorf("%s is below a hash, and has a tag beside it: %v", name, a.Header())
		}
		policy := ""
		if strings.HasPrefix(kind, "image/svg+xml") {
			policy = "default-src 'none'"
		}
		if a.Header().Get("Content-Security-Policy") != policy || a.Header().Get("X-Content-Type-Options") != "nosniff" || a.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s, as a document, may do something, or is another site's: %v", name, a.Header())
		}
		octets := 0
		for field, values := range a.Header() {
			octets += len(field) + len(values[0])
		}
		if octets > 400 {
			t.Errorf("%s has %d octets of head: %v", name, octets, a.Header())
		}
	}
	for _, path := range []string{
		base, base + "/", base + "/app", base + "/app/", base + "/nothing.js", base + "/index.html", base + "/sw.js",
		base + "/../httpd.go", base + "/app/../app/main.js", "/assets/0123456789abcdef/app/main.js",
	} {
		if a := w.ask("GET", path, "", "").want(404); strings.Contains(a.Header().Get("Cache-Control"), "max-age") {
			t.Errorf("%s: that it isn't there may be kept: %v", path, a.Header())
		}
	}
}

func TestThePagesFilesAreSentCompressedAndAnswersAreNot(t *testing.T) {
	w := newWorld(t)
	takesAll := header("Accept-Encoding", "gzip, deflate, br, zstd")
	for path, want := range map[string]string{
		"/":                         "br",
		"/sw.js":                    "br",
		w.assets() + "/ui/room.css": "br",
		w.assets() + "/nothing.js":  "",
		"/api/session":              "",
		"/api/check":                "",
	} {
		a := w.ask("GET", path, "", "", takesAll)
		if got := a.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s comes as %q, want %q", path, got, want)
		}
	}
	// An answer that is as large as one could be, and as easily compressed.
	cookie := w.cookieOf("anna")
	for i := range 40 {
		w.ask("POST", "/api/deals", cookie, fmt.Sprintf(`{"name":"%s%d","history":"all"}`, strings.Repeat("Geld ", 20), i)).want(201)
	}
	if a := w.ask("GET", "/api/deals", cookie, "", takesAll).want(200); a.Header().Get("Content-Encoding") != "" || a.Body.Len() < 4000 {
		t.Errorf("%d octets that only some may see come as %q", a.Body.Len(), a.Header().Get("Content-Encoding"))
	}
}

func TestAnotherContentHasAnotherPath(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t, repainted)
	if w.assets() == other.assets() {
		t.Error("it is the same")
	}
	other.ask("GET", w.assets()+"/ui/room.css", "", "").want(404)
}

func TestTheServiceWorkerNamesAllFilesOfThePage(t *testing.T) {
	w := newWorld(t)
	a := w.ask("GET", "/sw.js", "", "").want(200)
	_, after, _ := strings.Cut(a.Body.String(), `", "`)
	names := strings.Fields(strings.TrimSuffix(after, "\"];\n"))
	if !strings.HasPrefix(a.Body.String(), `const all = ["`+w.assets()+`", "`) || len(names) != 4 {
		t.Errorf("it is %q", a.Body)
	}
	for _, name := range []string{"app/main.js", "ui/mark.svg", "ui/room.css"} {
		if !slices.Contains(names, name) {
			t.Errorf("it keeps %q, without %s", names, name)
		}
	}
	for _, name := range names {
		w.ask("GET", w.assets()+"/"+name, "", "").want(200)
	}
	if kind, policy := a.Header().Get("Content-Type"), a.Header().Get("Content-Security-Policy"); kind != "text/javascript" || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("%v", a.Header())
	}
	if a.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("it may be kept without asking: %v", a.Header())
	}
	if a := w.ask("GET", "/sw.js", "", "", header("If-None-Match", a.Header().Get("ETag"))); a.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", a.Code)
	}
}

func TestWhoeverChangesAFileChangesTheServiceWorker(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t, repainted)
	if w.ask("GET", "/sw.js", "", "").Body.String() == other.ask("GET", "/sw.js", "", "").Body.String() {
		t.Error("it is the same")
	}
}
