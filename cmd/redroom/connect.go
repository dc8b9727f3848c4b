package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"redroom/certs"
	"redroom/server/terminal"
)

// connection is what the flags of a tool that connects say: to which server, and
// whom to trust there.
type connection struct {
	server, ca, pin, data, http string
	insecure                    bool

	given *pflag.FlagSet
}

const defaultServer = "localhost:4433"

// flags are those of a tool that always connects.
func (c *connection) flags(f *pflag.FlagSet) {
	c.flagsTo(f, defaultServer, "the server, `HOST:PORT` or redroom://HOST:PORT")
	f.StringVar(&c.data, "data", "./redroom-data", "the data `directory` of a server on this machine, which is trusted by it")
}

// flagsTo are flags without --data, which a tool may have already.
func (c *connection) flagsTo(f *pflag.FlagSet, server, usage string) {
	c.given = f
	f.StringVar(&c.server, "server", server, usage)
	f.StringVar(&c.ca, "ca", "", "trust the CAs of this PEM `file`, and no others")
	f.StringVar(&c.pin, "pin", "", "trust the CA of this `SHA256`, which redroom serve prints, and no other")
	f.StringVar(&c.http, "http", "localhost:8080", "the `address` of plain HTTP of a server on this machine, which is asked whom to trust")
	f.BoolVar(&c.insecure, "insecure-skip-verify", false, "trust whoever answers: on this machine only, and for tests")
}

// address is where a server is.
type address struct{ host, port string }

func (a address) String() string { return net.JoinHostPort(a.host, a.port) }

// isLoopback tells whether it is this machine by its name or number, whatever is
// asked of names elsewhere.
func (a address) isLoopback() bool {
	ip, _ := netip.ParseAddr(a.host)
	return a.host == "localhost" || ip.IsLoopback()
}

// address is that of --server.
func (c *connection) address() (a address, err error) {
	given := strings.TrimSuffix(strings.TrimPrefix(c.server, "redroom://"), "/")
	a.host, a.port, err = net.SplitHostPort(strings.ToLower(given))
	if err == nil {
		if u, bad := url.Parse("https://" + a.String()); bad != nil || u.Host != a.String() || u.Hostname() != a.host || a.host == "" || u.Port() == "" {
			err = errors.New("no host and port")
		}
	}
	if err != nil {
		return a, usageError{fmt.Errorf("--server %q is not an address such as room.example.com:4433", c.server)}
	}
	return a, nil
}

// room finds out whom to trust and who one is. Nothing is dialed for it but, on
// this machine, the port that says whom to trust.
func (c *connection) room(ctx context.Context) (*remote, error) {
	r, err := c.stranger(ctx)
	if err != nil {
		return nil, err
	}
	return r, r.identify()
}

// stranger is room without who one is.
func (c *connection) stranger(ctx context.Context) (*remote, error) {
	at, err := c.address()
	if err != nil {
		return nil, err
	}
	t, err := c.trust(ctx, at)
	if err != nil {
		return nil, err
	}
	t.tls.KeyLogWriter, err = openKeyLog(func(path string) {
		fmt.Fprintf(os.Stderr, "WARNING: the keys of this connection are written to %s (SSLKEYLOGFILE): with it, whoever has its packets can read them\n", terminal.Clean(path))
	}, func(err error) {
		fmt.Fprintf(os.Stderr, "WARNING: the file of SSLKEYLOGFILE lacks keys: %s\n", terminal.Clean(err.Error()))
	})
	if err != nil {
		return nil, err
	}
	return newRemote(at, t), nil
}

// trust is whom one believes to be the server, and what to do if that fails.
type trust struct {
	tls    *tls.Config
	advice string
	direct bool // nothing is dialed but --server, whatever a ticket says
}

func (c *connection) trust(ctx context.Context, at address) (trust, error) {
	switch {
	case c.insecure && (c.pin != "" || c.ca != ""), c.pin != "" && c.ca != "":
		return trust{}, usageError{errors.New("--pin, --ca and --insecure-skip-verify each say whom to trust; give one of them")}
	case c.insecure && !at.isLoopback():
		return trust{}, usageError{fmt.Errorf("--insecure-skip-verify is for a server on this machine, and %s is not; give --pin with what redroom serve printed there", at)}
	case c.insecure:
		fmt.Fprintf(os.Stderr, "WARNING: whoever answers at %s is trusted (--insecure-skip-verify)\n", at)
		return trust{tls: &tls.Config{InsecureSkipVerify: true}, direct: true}, nil
	case c.pin != "":
		t, err := certs.TrustPin(c.pin, at.host)
		if err != nil {
			return trust{}, usageError{fmt.Errorf("--pin: %w", err)}
		}
		return trust{tls: t, advice: "--pin is what redroom serve prints when it starts"}, nil
	case c.ca != "":
		t, err := certs.TrustFile(c.ca)
		if err != nil {
			return trust{}, fmt.Errorf("--ca: %w", err)
		}
		return trust{tls: t, advice: "--ca names the CA that has signed the server's certificate, and redroom certs show FILE says who is in a file"}, nil
	case !at.isLoopback():
		return trustKnown(at)
	}
	return c.trustHere(ctx, at)
}

// trustKnown is trust in the server that redroom discover has found at an address,
// else in what the system trusts. One that was found is called by its address, also
// where its own tickets have a name for it, which may not be known here.
func trustKnown(at address) (trust, error) {
	servers, err := readKnownServers()
	if err != nil {
		return trust{}, err
	}
	known, ok := servers[at.String()]
	if !ok {
		return trust{tls: certs.TrustSystem(), advice: "give --pin with what redroom serve printed there, or its CA's certificate with --ca"}, nil
	}
	t, err := certs.TrustPin(known.Pin, at.host)
	if err != nil {
		return trust{}, fmt.Errorf("the pin that redroom discover has kept for %s: %w", at, err)
	}
	return trust{
		tls:    t,
		advice: fmt.Sprintf("it was another server that redroom discover found there: somebody else may have its address; if you know why, run redroom discover --forget %s, and find it again", at),
		direct: true,
	}, nil
}

// trustHere is trust on one's own machine: in the CA that is in a data directory,
// or in that of which the server tells whoever asks from here. The server may start
// later than the tool, and with another CA.
func (c *connection) trustHere(ctx context.Context, at address) (trust, error) {
	keys := filepath.Join(c.data, "keys")
	_, err := certs.ReadCA(keys)
	switch {
	case err == nil:
		return trust{
			tls:    certs.TrustFound(at.host, func() []byte { ca, _ := certs.ReadCA(keys); return ca }),
			advice: fmt.Sprintf("it is not the server of %s, or shows what serve --tls-cert names; give the CA's certificate with --ca, or the directory of the server that you mean with --data, or --pin", c.data),
		}, nil
	case c.given.Changed("data"):
		return trust{}, fmt.Errorf("there is no server's CA in --data %s: %w", c.data, err)
	}
	return trust{
		tls:    certs.TrustFound(at.host, func() []byte { return c.askTrust(ctx, at) }),
		advice: "if it is the one that you mean, name its directory with --data, or give --pin with what it printed",
	}, nil
}

const maxTrustAnswer = 64 << 10

// askTrust asks the server that has plain HTTP on this machine for its CA; nil:
// there is none, or it is another one's.
func (c *connection) askTrust(ctx context.Context, at address) []byte {
	where, err := hereOf(c.http)
	if err != nil || !where.isLoopback() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+where.String()+"/api/trust", nil)
	if err != nil {
		return nil
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // through no proxy
	got, err := direct.Do(r)
	if err != nil {
		return nil
	}
	defer got.Body.Close()
	var told struct {
		CA   string
		Port int
	}
	err = json.NewDecoder(io.LimitReader(got.Body, maxTrustAnswer)).Decode(&told)
	if err != nil || got.StatusCode != http.StatusOK || fmt.Sprint(told.Port) != at.port {
		return nil
	}
	return []byte(told.CA)
}

// hereOf is where what listens at an address is found on this machine. Not by
// name: an image may lack the file that says what localhost is.
func hereOf(listening string) (a address, err error) {
	a.host, a.port, err = net.SplitHostPort(listening)
	switch a.host {
	case "", "0.0.0.0":
		a.host = "127.0.0.1"
	case "::":
		a.host = "::1"
	}
	return a, err
}

// device is what one's sign-ins are called in the list of them.
func device() string {
	host, err := os.Hostname()
	if err != nil || !isVisible(host) { // it goes into a header
		host = "some machine"
	}
	return "redroom on " + host
}
