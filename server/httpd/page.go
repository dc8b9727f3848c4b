package httpd

import (
	"path"

	"redroom/server/pack"
	"redroom/server/room"
)

const workerPath = "/sw.js"

// places are where the page is; the service worker knows them too.
var places = []string{"/", "/t/{topic}", "/setup", "/invite", "/admin", "/check"}

// page is the one page, whichever of its places is asked for.
func (s *site) page(c *call) error {
	return asked(c, s.Page.Index)
}

// worker is the service worker. The browser asks for it at each visit, to see
// whether it is another one.
func (s *site) worker(c *call) error {
	return asked(c, s.Page.Worker)
}

// asked is a file that a browser asks for each time, as its name stays.
func asked(c *call, file *pack.File) error {
	c.w.Header().Set("Cache-Control", "no-cache")
	file.ServeHTTP(c.w, c.r)
	return nil
}

// asset is a file of the page. Under another hash there is nothing: what asks
// for it is older than this server, and must load the page again.
func (s *site) asset(c *call) error {
	file, ok := s.Page.File(c.param("*"))
	if !ok || c.param("hash") != s.Page.Hash {
		c.w.Header().Set("Cache-Control", "no-store")
		return room.ErrNotFound
	}
	h := c.w.Header()
	h.Set("Cache-Control", "max-age=31536000, immutable")
	for _, name := range ofDocuments {
		h.Del(name)
	}
	if path.Ext(c.param("*")) == ".svg" {
		h.Set("Content-Security-Policy", "default-src 'none'")
	}
	file.ServeHTTP(c.w, c.r)
	return nil
}

// ofDocuments are header fields that say how a document may behave. A file of
// the page is none, but for a drawing, which may do nothing at all if somebody
// opens it as one; of some files, these fields would be the larger part.
var ofDocuments = []string{"Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy"}
