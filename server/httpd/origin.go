package httpd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Origins are those whose pages may write and connect, as browsers write them
// (RFC 6454 section 6.1): in lower case, without a scheme's own port.
type Origins []string

// NewOrigins makes the one list: host and the loopback names on the HTTPS
// port, the loopback names on the plain HTTP port, and the others as given. A
// port of 0 has none.
func NewOrigins(host string, httpsPort, httpPort int, others ...string) (Origins, error) {
	var all []string
	loopback := []string{"localhost", "127.0.0.1", "::1"}
	if httpsPort != 0 {
		for _, name := range append([]string{host}, loopback...) {
			all = append(all, "https://"+net.JoinHostPort(name, strconv.Itoa(httpsPort)))
		}
	}
	if httpPort != 0 {
		for _, name := range loopback {
			all = append(all, "http://"+net.JoinHostPort(name, strconv.Itoa(httpPort)))
		}
	}
	var o Origins
	for _, given := range append(all, others...) {
		origin, err := ParseOrigin(given)
		if err != nil {
			return nil, err
		}
		if !o.Allowed(origin) {
			o = append(o, origin)
		}
	}
	return o, nil
}

// Allowed tells whether an Origin header names one of them.
func (o Origins) Allowed(origin string) bool { return slices.Contains(o, origin) }

// hasHost tells whether one of them has this host, on any port: behind a port
// that is mapped, requests bear the outer one.
func (o Origins) hasHost(name string) bool {
	return slices.ContainsFunc(o, func(origin string) bool {
		_, host, _ := strings.Cut(origin, "://")
		host, _ = splitHost(host)
		return host == name
	})
}

// ParseOrigin brings a URL that is an origin, "https://room.example:4433",
// into the form that browsers send.
func ParseOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err == nil {
		switch {
		case u.Scheme != "http" && u.Scheme != "https":
			err = errors.New("it must begin with http:// or https://")
		case u.Hostname() == "":
			err = errors.New("it has no host")
		case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
			err = errors.New("it must be a scheme, a host and a port only")
		}
	}
	if err != nil {
		return "", fmt.Errorf("%q is not an origin: %w", s, err)
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}
