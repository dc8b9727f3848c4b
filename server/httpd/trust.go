package httpd

import (
	"net/http"

	"redroom/server/room"
)

// trust is by what a tool on this machine knows the server: its own CA, and the
// port of HTTPS and UDP on which certificates of that are shown.
type trust struct {
	CA   string `json:"ca"` // PEM
	Port int    `json:"port"`
}

// tellTrust answers who asks from this machine, by plain HTTP that has not left
// it. That is where only this machine's own programs listen; for others there is
// no such thing.
func (s *site) tellTrust(c *call) error {
	if c.by.secure || c.by.proxied || !c.by.client.IsLoopback() {
		return room.ErrNotFound
	}
	return c.answer(http.StatusOK, trust{CA: string(s.CA), Port: s.Port})
}
