package pack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"redroom/server/pack"
)

// long is a file that compression makes smaller, tiny one that it doesn't.
func long(t *testing.T) (long, tiny *pack.File, content string) {
	t.Helper()
	content = strings.Repeat("// red room\n", 500)
	page := packed(t, with(map[string]string{"sw.js": content}))
	tiny, _ = page.File("ui/mark.png")
	return page.Worker, tiny, content
}

func ask(t *testing.T, f *pack.File, method string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// decoded is what a browser makes of an answer.
func decoded(t *testing.T, a *httptest.ResponseRecorder) string {
	t.Helper()
	var from io.Reader = a.Body
	var err error
	switch a.Header().Get("Content-Encoding") {
	case "br":
		from = brotli.NewReader(from)
	case "gzip":
		from, err = gzip.NewReader(from)
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheCodingIsTheOneThatTheBrowserLikesBest(t *testing.T) {
	long, tiny, content := long(t)
	for accepted, want := range map[string]string{
		"gzip, deflate, br, zstd":         "br",
		"gzip, deflate":                   "gzip",
		"GZIP":                            "gzip",
		"x-gzip":                          "gzip",
		"br;q=0.5, gzip;q=0.9":            "gzip",
		"br; q=0.5 , gzip ; q=0.5":        "br",
		"br;q=0, gzip":                    "gzip",
		"br;q=0.000, gzip;q=0":            "",
		"*":                               "br",
		"*;q=0":                           "",
		"br;q=0, *;q=0.1":                 "gzip",
		"identity":                        "",
		"identity, br;q=0.9":              "",
		"identity;q=0.5, gzip;q=0.9":      "gzip",
		"identity;q=0":                    "",
		"deflate, zstd, compress":         "",
		"":                                "",
		",,;q=1,br;":                      "",
		"br;q=2":                          "",
		"br;q=-1":                         "",
		"br;q=NaN":                        "",
		"br;level=1":                      "",
		"br;q=1.0;x=1":                    "br",
		"br;x=1;q=0.5, gzip;q=0.9;x":      "gzip",
		"brotli":                          "",
		strings.Repeat("gzip;q=1,", 2000): "gzip",
	} {
		a := ask(t, long, "GET", "Accept-Encoding", accepted)
		if got := a.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%.40q is answered with %q, want %q", accepted, got, want)
		}
		if a.Header().Get("Vary") != "accept-encoding" || a.Header().Get("Content-Type") != "text/javascript" || a.Header().Get("Content-Length") != strconv.Itoa(a.Body.Len()) {
			t.Errorf("%.40q: %v for %d octets", accepted, a.Header(), a.Body.Len())
		}
		if decoded(t, a) != content {
			t.Errorf("%.40q: it is something else", accepted)
		}
		if a := ask(t, tiny, "GET", "Accept-Encoding", accepted); a.Header().Get("Content-Encoding") != "" || a.Body.String() != "PNG" {
			t.Errorf("%.40q: what compression makes larger comes as %v %q", accepted, a.Header(), a.Body)
		}
	}
	if a := ask(t, long, "GET", "Accept-Encoding", "gzip", "Accept-Encoding", "br"); a.Header().Get("Content-Encoding") != "br" {
		t.Errorf("of two header fields only one counts: %v", a.Header())
	}
	if a := ask(t, long, "GET"); a.Header().Get("Content-Encoding") != "" {
		t.Errorf("who says nothing gets %v", a.Header())
	}
}

// Who comes before the page is compressed as far as it goes waits for nothing.
func TestUntilItIsCompressedFilesComeByGzip(t *testing.T) {
	page, err := pack.Make(with(nil))
	if err != nil {
		t.Fatal(err)
	}
	got := func() string {
		return ask(t, page.Index, "GET", "Accept-Encoding", "gzip, br").Header().Get("Content-Encoding")
	}
	if early := got(); early != "gzip" {
		t.Errorf("at first it comes by %q", early)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	page.Compress(over)
	if early := got(); early != "gzip" {
		t.Errorf("when it was given up it comes by %q", early)
	}
	page.Compress(t.Context())
	if late := got(); late != "br" {
		t.Errorf("afterwards it comes by %q", late)
	}
}

func TestEachCodingHasAnETagOfItsOwn(t *testing.T) {
	long, _, _ := long(t)
	other := packed(t, with(map[string]string{"sw.js": strings.Repeat("// red roof\n", 500)})).Worker
	tags := make(map[string]string)
	for _, coding := range []string{"br", "gzip", "identity"} {
		tag := ask(t, long, "GET", "Accept-Encoding", coding).Header().Get("ETag")
		if len(tag) < 3 || tag[0] != '"' || tags[tag] != "" {
			t.Errorf("the tag of %s is %s, which must be strong and not that of %q", coding, tag, tags[tag])
		}
		tags[tag] = coding
		if got := ask(t, other, "GET", "Accept-Encoding", coding).Header().Get("ETag"); len(got) != len(tag) || got == tag {
			t.Errorf("the tag of another content as %s is %s, beside %s", coding, got, tag)
		}
	}
	for tag, of := range tags {
		for _, coding := range []string{"br", "gzip", "identity"} {
			want := http.StatusOK
			if of == coding {
				want = http.StatusNotModified
			}
			a := ask(t, long, "GET", "Accept-Encoding", coding, "If-None-Match", `"another", `+tag)
			if a.Code != want || (want == http.StatusNotModified) != (a.Body.Len() == 0) || a.Header().Get("Vary") == "" || a.Header().Get("ETag") == "" {
				t.Errorf("who has %s as %s and asks for %s gets %d %v", tag, of, coding, a.Code, a.Header())
			}
			if want == http.StatusNotModified && (a.Header().Get("Content-Length") != "" || a.Header().Get("Content-Encoding") != "") {
				t.Errorf("what isn't sent is described: %v", a.Header())
			}
		}
	}
}

func TestHeadIsAnsweredAsGetWithoutTheContent(t *testing.T) {
	long, _, _ := long(t)
	for _, coding := range []string{"br", "gzip", "identity"} {
		get, head := ask(t, long, "GET", "Accept-Encoding", coding), ask(t, long, "HEAD", "Accept-Encoding", coding)
		if head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("%s: %d with %d octets", coding, head.Code, head.Body.Len())
		}
		for name := range get.Header() {
			if head.Header().Get(name) != get.Header().Get(name) {
				t.Errorf("%s: %s is %q, by GET %q", coding, name, head.Header().Get(name), get.Header().Get(name))
			}
		}
	}
}

// A range is one of the representation that is sent, whatever its coding
// (RFC 9110, section 14.2).
func TestARangeIsOneOfWhatIsSent(t *testing.T) {
	long, _, _ := long(t)
	for _, coding := range []string{"br", "gzip", "identity"} {
		whole := ask(t, long, "GET", "Accept-Encoding", coding)
		content, tag := whole.Body.Bytes(), whole.Header().Get("ETag")
		for _, test := range []struct {
			asked, held string // Range, If-Range
			code        int
			want        []byte
		}{
			{"bytes=10-19", "", http.StatusPartialContent, content[10:20]},
			{"bytes=-5", tag, http.StatusPartialContent, content[len(content)-5:]},
			{"bytes=10-19", `"another"`, http.StatusOK, content},
			{"bytes=1000000-", "", http.StatusRequestedRangeNotSatisfiable, nil},
		} {
			a := ask(t, long, "GET", "Accept-Encoding", coding, "Range", test.asked, "If-Range", test.held)
			if a.Code != test.code || test.want != nil && !bytes.Equal(a.Body.Bytes(), test.want) {
				t.Errorf("%s, %s if %s: %d with %d octets", coding, test.asked, test.held, a.Code, a.Body.Len())
			}
			if test.want == nil {
				continue
			}
			if a.Header().Get("ETag") != tag || a.Header().Get("Content-Length") != strconv.Itoa(len(test.want)) || a.Header().Get("Content-Encoding") != whole.Header().Get("Content-Encoding") {
				t.Errorf("%s, %s: %v", coding, test.asked, a.Header())
			}
		}
		if a := ask(t, long, "GET", "Accept-Encoding", coding, "Range", "bytes=1000000-"); strings.Contains(a.Header().Get("Content-Encoding"), coding) {
			t.Errorf("%s: a refusal is said to be coded: %v", coding, a.Header())
		}
	}
}
