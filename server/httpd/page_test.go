package httpd_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
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
		"app/main.js":          "text/javascript; charset=utf-8",
		"app/nested/deeper.js": "text/javascript; charset=utf-8",
		"ui/room.css":          "text/css; charset=utf-8",
		"ui/mark.svg":          "image/svg+xml",
		"lang/de.json":         "application/json",
		"room.webmanifest":     "application/manifest+json",
		"app/words.with.dots":  "application/octet-stream",
	} {
		a := w.ask("GET", base+"/"+name, "", "").want(200)
		content, _ := fs.ReadFile(files, name)
		if a.Body.String() != string(content) || a.Header().Get("Content-Type") != kind || a.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %v %q", name, a.Header(), a.Body)
		}
	}
	for _, path := range []string{
		base, base + "/", base + "/app", base + "/app/", base + "/nothing.js", base + "/index.html",
		base + "/../httpd.go", base + "/app/../app/main.js", "/assets/0123456789abcdef/app/main.js",
	} {
		if a := w.ask("GET", path, "", "").want(404); strings.Contains(a.Header().Get("Cache-Control"), "max-age") {
			t.Errorf("%s: that it isn't there may be kept: %v", path, a.Header())
		}
	}
}

func TestAnotherContentHasAnotherPath(t *testing.T) {
	w := newWorld(t)
	changed := fstest.MapFS{}
	for name, file := range files {
		changed[name] = file
	}
	changed["ui/room.css"] = &fstest.MapFile{Data: []byte("body { color: red }\n")}
	other := newWorld(t, func(config *httpd.Config) { config.Assets = changed })
	if w.assets() == other.assets() {
		t.Error("it is the same")
	}
	other.ask("GET", w.assets()+"/ui/room.css", "", "").want(404)
	if again := newWorld(t); again.assets() != w.assets() {
		t.Error("the same content has two paths")
	}
}

func TestFilesAreJoinedAsThePageSays(t *testing.T) {
	joined := fstest.MapFS{
		"index.html":    {Data: []byte(`<link href="{{.Assets}}/{{joined "ui/all.css" "ui/tokens.css" "ui/room.css"}}"><script src="{{.Assets}}/app/main.js"></script>`)},
		"sw.js":         {Data: []byte("{{.Files}}")},
		"ui/room.css":   {Data: []byte("body {}\n")},
		"ui/tokens.css": {Data: []byte("html {}\n")},
	}
	w := newWorld(t, func(config *httpd.Config) { config.Assets = joined })
	if page := w.ask("GET", "/", "", "").want(200).Body.String(); !strings.Contains(page, `href="`+w.assets()+`/ui/all.css"`) {
		t.Errorf("the page is %s", page)
	}
	a := w.ask("GET", w.assets()+"/ui/all.css", "", "").want(200)
	if a.Body.String() != "html {}\nbody {}\n" || a.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%v %q", a.Header(), a.Body)
	}
	w.ask("GET", w.assets()+"/ui/room.css", "", "").want(404)
	if kept := w.ask("GET", "/sw.js", "", "").want(200).Body.String(); kept != "ui/all.css" {
		t.Errorf("the service worker keeps %q", kept)
	}
}

func TestTheServiceWorkerNamesAllFilesOfThePage(t *testing.T) {
	w := newWorld(t)
	a := w.ask("GET", "/sw.js", "", "").want(200)
	want := fmt.Sprintf("const all = [%q, %q];\n", w.assets(), "app/main.js app/nested/deeper.js app/words.with.dots lang/de.json room.webmanifest ui/mark.svg ui/room.css")
	if a.Body.String() != want {
		t.Errorf("it is %q, want %q", a.Body, want)
	}
	if kind, policy := a.Header().Get("Content-Type"), a.Header().Get("Content-Security-Policy"); kind != "text/javascript; charset=utf-8" || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("%v", a.Header())
	}
	if a.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("it may be kept without asking: %v", a.Header())
	}
	if a := w.ask("GET", "/sw.js", "", "", header("If-None-Match", a.Header().Get("ETag"))); a.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", a.Code)
	}
	for _, name := range []string{"/index.html", "/sw.js"} {
		w.ask("GET", w.assets()+name, "", "").want(404)
	}
}

func TestWhoeverChangesAFileChangesTheServiceWorker(t *testing.T) {
	w := newWorld(t)
	changed := maps.Clone(files)
	changed["ui/room.css"] = &fstest.MapFile{Data: []byte("body { color: red }\n")}
	other := newWorld(t, func(config *httpd.Config) { config.Assets = changed })
	if w.ask("GET", "/sw.js", "", "").Body.String() == other.ask("GET", "/sw.js", "", "").Body.String() {
		t.Error("it is the same")
	}
}

func TestAPageThatCanNotBeReadIsAnError(t *testing.T) {
	for name, assets := range map[string]fs.FS{
		"no index.html":                   fstest.MapFS{"app/main.js": {}, "sw.js": {}},
		"no sw.js":                        fstest.MapFS{"index.html": {}},
		"a worker that is not a template": fstest.MapFS{"index.html": {}, "sw.js": {Data: []byte("{{")}},
		"not a template":                  fstest.MapFS{"sw.js": {}, "index.html": {Data: []byte("{{")}},
		"another field":                   fstest.MapFS{"sw.js": {}, "index.html": {Data: []byte("{{.Nothing}}")}},
		"no such part":                    fstest.MapFS{"sw.js": {}, "index.html": {Data: []byte(`{{joined "all.css" "nothing.css"}}`)}},
	} {
		if _, err := httpd.New(httpd.Config{Assets: assets}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
