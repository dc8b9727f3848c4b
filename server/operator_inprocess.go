package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// inProcess is the way to a handler of this process.
type inProcess struct{ handler http.Handler }

// RoundTrip has the handler answer. The answer is held in memory.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := &held{header: make(http.Header)}
	p.handler.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK) // if it has said nothing
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()),
		Request:       r,
	}, nil
}

// held is an answer in memory.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *held) Header() http.Header { return w.header }

func (w *held) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *held) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
