package httpd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"

	"redroom/server/room"
)

const (
	assetsPath = "/assets/"
	indexFile  = "index.html"
)

// files are the page's, read once. All of them lie under one hash of their
// content, so that a browser never mixes two versions and may keep what it
// has for ever.
type files struct {
	hash  string
	index []byte
	all   map[string][]byte
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

	index, ok := f.all[indexFile]
	if !ok {
		return nil, fmt.Errorf("%s: %w", indexFile, fs.ErrNotExist)
	}
	delete(f.all, indexFile)
	t, err := template.New(indexFile).Funcs(template.FuncMap{"joined": f.join}).Parse(string(index))
	if err != nil {
		return nil, err
	}
	var made bytes.Buffer
	if err := t.Execute(&made, struct{ Assets string }{assetsPath + f.hash}); err != nil {
		return nil, err
	}
	f.index = made.Bytes()
	return f, nil
}

// join makes one file of several, in this order, and gives its name: many small
// files take a browser that has none of them longer than all that is in them.
func (f *files) join(name string, parts ...string) (string, error) {
	var whole []byte
	for _, part := range parts {
		content, ok := f.all[part]
		if !ok {
			return "", fmt.Errorf("%s: %w", part, fs.ErrNotExist)
		}
		whole = append(whole, content...)
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
