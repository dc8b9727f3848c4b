package pack

import (
	"bytes"
	"compress/gzip"
	"math/bits"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/andybalholm/brotli"
)

// File is one file of the page, in each of the codings that browsers take. It
// answers GET and HEAD, in full, in part, and with 304 to who has it (RFC 9110,
// sections 13 to 15). Each coding is a representation of its own, and has
// another ETag (section 8.8.3); what is below a path that has a hash needs none.
// How long it may be kept is the caller's to say.
type File struct {
	kind  string // its Content-Type
	etag  string // without quotes and coding; "": none
	plain []byte
	// Of these a coding that makes nothing smaller gives nil.
	brotli, gzip func() []byte
	compressed   *atomic.Bool // Brotli may be used: of all the page's files, nobody waits for it
}

func newFile(name string, plain []byte, compressed *atomic.Bool) *File {
	return &File{
		kind:   contentType(name),
		plain:  plain,
		brotli: sync.OnceValue(func() []byte { return smaller(plain, withBrotli(plain)) }),
		gzip:   sync.OnceValue(func() []byte { return smaller(plain, withGzip(plain)) }),

		compressed: compressed,
	}
}

func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	coding, content := f.choose(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Add("Vary", "accept-encoding") // as HTTP/3 has it in its table, where it takes no room
	if f.etag != "" {
		h.Set("ETag", `"`+strings.TrimSuffix(f.etag+"-"+coding, "-")+`"`)
	}
	if coding != "" {
		h.Set("Content-Encoding", coding)
		h.Set("Content-Length", strconv.Itoa(len(content))) // which ServeContent leaves out of what is coded
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// size is how many octets are sent to a browser that takes Brotli.
func (f *File) size() int {
	if made := f.brotli(); made != nil {
		return len(made)
	}
	return len(f.plain)
}

// choose is the coding that whoever asks likes best, Brotli if it is one of
// them and there, and the content in it; "": as it is.
func (f *File) choose(accepted string) (coding string, content []byte) {
	content = f.plain
	likes := parseAccepted(accepted)
	best := likes["identity"]
	for _, c := range []struct {
		name string
		made func() []byte
	}{{"br", f.brotli}, {"gzip", f.gzip}} {
		q, ok := likes[c.name]
		if !ok {
			q = likes["*"]
		}
		if q == 0 || q < best || q == best && coding != "" || c.name == "br" && !f.compressed.Load() {
			continue
		}
		if made := c.made(); made != nil {
			best, coding, content = q, c.name, made
		}
	}
	return coding, content
}

// parseAccepted reads an Accept-Encoding (RFC 9110, section 12.5.3): what is
// liked how much, from 0, not at all, to 1. What it doesn't understand it
// doesn't count.
func parseAccepted(header string) map[string]float64 {
	likes := make(map[string]float64)
	for _, part := range strings.Split(header, ",") {
		coding, parameters, weighed := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "x-gzip" {
			coding = "gzip"
		}
		if coding == "" {
			continue
		}
		likes[coding] = 1
		if weighed {
			likes[coding] = weight(parameters)
		}
	}
	return likes
}

// weight is the q of a coding's parameters, whatever stands beside it; 0 if there
// is none.
func weight(parameters string) float64 {
	for _, parameter := range strings.Split(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 0
}

func smaller(plain, coded []byte) []byte {
	if len(coded) < len(plain) {
		return coded
	}
	return nil
}

func withBrotli(plain []byte) []byte {
	var made bytes.Buffer
	// A window wider than what there is costs memory and time, and changes nothing.
	w := brotli.NewWriterOptions(&made, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: min(max(bits.Len(uint(len(plain))), 16), 22)})
	w.Write(plain) // a bytes.Buffer takes everything
	w.Close()
	return made.Bytes()
}

func withGzip(plain []byte) []byte {
	var made bytes.Buffer
	w, _ := gzip.NewWriterLevel(&made, gzip.BestCompression) // a level that there is
	w.Write(plain)
	w.Close()
	return made.Bytes()
}

// contentTypes are those of the page's own files, whatever this machine's
// table says. That a file is UTF-8 is said by the page, of its scripts and
// stylesheets too; said again of each, it would be a good part of their heads.
var contentTypes = map[string]string{
	".css":         "text/css",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript",
	".json":        "application/json",
	".map":         "application/json",
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
