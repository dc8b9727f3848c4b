package httpd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"redroom/server/room"
)

const (
	assetsPath = "/assets/"
	workerPath = "/sw.js"
	indexFile  = "index.html"
	workerFile = "sw.js"
)

// places are where the page is; the service worker knows them too.
var places = []string{"/", "/t/{topic}", "/setup", "/invite", "/admin", "/check"}

// files are the page's, read once. All of them lie under one hash of their
// content, so that a browser never mixes two versions and may keep what it
// has for ever. The service worker names that hash and all of them, so that it
// is another one whenever they are.
type files struct {
	hash   string
	index  []byte
	worker []byte
	all    map[string][]byte
}

func readFiles(from fs.FS) (*files, error) {
	f := &files{all: make(map[string][]byte)}
	sum := sha256.New()
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\n%d\n", name, len(content))
		sum.Write(content)
		f.all[name] = content
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.hash = hex.EncodeToString(sum.Sum(nil)[:16])

	index, err := f.take(indexFile)
	if err != nil {
		return nil, err
	}
	page, err := template.New(indexFile).Funcs(template.FuncMap{"joined": f.join}).Parse(index)
	if err != nil {
		return nil, err
	}
	worker, err := f.take(workerFile)
	if err != nil {
		return nil, err
	}
	script, err := texttemplate.New(workerFile).Parse(worker)
	if err != nil {
		return nil, err
	}
	if f.index, err = f.fill(page.Execute); err != nil {
		return nil, err
	}
	f.worker, err = f.fill(script.Execute) // after the page, which says what is joined
	return f, err
}

// take takes a template out of the files.
func (f *files) take(name string) (string, error) {
	content, ok := f.all[name]
	if !ok {
		return "", fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	delete(f.all, name)
	return string(content), nil
}

// fill makes what is served of a template.
func (f *files) fill(execute func(w io.Writer, data any) error) ([]byte, error) {
	var made bytes.Buffer
	err := execute(&made, struct{ Assets, Files string }{
		Assets: assetsPath + f.hash,
		Files:  strings.Join(slices.Sorted(maps.Keys(f.all)), " "),
	})
	return made.Bytes(), err
}

// join makes one file of several, in this order, in their place, and gives its
// name: many small files take a browser that has none of them longer than all
// that is in them.
func (f *files) join(name string, parts ...string) (string, error) {
	var whole []byte
	for _, part := range parts {
		content, ok := f.all[part]
		if !ok {
			return "", fmt.Errorf("%s: %w", part, fs.ErrNotExist)
		}
		whole = append(whole, content...)
	}
	for _, part := range parts {
		delete(f.all, part)
	}
	f.all[name] = whole
	return name, nil
}

// page is the one page, whichever of its places is asked for.
func (s *site) page(c *call) error {
	c.w.Header().Set("Cache-Control", "no-cache")
	s.files.serve(c, indexFile, s.files.index)
	return nil
}

// worker is the service worker. The browser asks for it at each visit, to see
// whether it is another one.
func (s *site) worker(c *call) error {
	c.w.Header().Set("Cache-Control", "no-cache")
	s.files.serve(c, workerFile, s.files.worker)
	return nil
}

// asset is a file of the page. Under another hash there is nothing: what asks
// for it is older than this server, and must load the page again.
func (s *site) asset(c *call) error {
	name := c.param("*")
	content, ok := s.files.all[name]
	if !ok || c.param("hash") != s.files.hash {
		c.w.Header().Set("Cache-Control", "no-store")
		return room.ErrNotFound
	}
	c.w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	s.files.serve(c, name, content)
	return nil
}

func (f *files) serve(c *call, name string, content []byte) {
	h := c.w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("ETag", `"`+f.hash+`"`)
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(content))
}

// contentTypes are those of the page's own files, whatever this machine's
// table says.
var contentTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

func contentType(name string) string {
	extension := path.Ext(name)
	if known, ok := contentTypes[extension]; ok {
		return known
	}
	if known := mime.TypeByExtension(extension); known != "" {
		return known
	}
	return "application/octet-stream"
}
