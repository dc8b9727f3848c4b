package server_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// witness is whatever passes between a server and those who sign in, and
// remembers what is secret of it.
type witness struct {
	next http.RoundTripper

	mu    sync.Mutex
	seen  map[string]string // what it is, by the secret
	kinds map[string]struct{}
}

// secretFields are those of JSON that hold a secret, or a list of them.
var secretFields = []string{"password", "old", "new", "token", "secret", "code", "recovery", "challenge", "access_token", "refresh_token", "id_token"}

// secretParameters are those of an address.
var secretParameters = []string{"state", "nonce", "code"}

// least is how long a secret is that isn't found by chance: codes of six digits
// are.
const least = 10

func (w *witness) note(what, secret string) {
	if len(secret) < least {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[secret] = what
	w.kinds[what] = struct{}{}
}

// heard notes what JSON has, however deep.
func (w *witness) heard(path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			secret := slices.Contains(secretFields, name)
			for _, one := range list(inner) {
				if text, ok := one.(string); ok && secret {
					w.note(path+" "+name, text)
				}
			}
			w.heard(path, inner)
		}
	case []any:
		for _, inner := range value {
			w.heard(path, inner)
		}
	}
}

// list is a value that is one, or one of it.
func list(value any) []any {
	if all, ok := value.([]any); ok {
		return all
	}
	return []any{value}
}

func (w *witness) heardText(path string, octets []byte) {
	var value any
	if json.Unmarshal(octets, &value) == nil {
		w.heard(path, value)
	}
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	what := r.Method + " " + r.URL.Path
	if r.Body != nil {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		w.heardText(what, sent)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	a, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(a.Body)
	a.Body.Close()
	a.Body = io.NopCloser(bytes.NewReader(got))
	w.heardText(what, got)
	for _, c := range a.Cookies() {
		w.note(what+" cookie", c.Value)
	}
	if to, err := a.Location(); err == nil {
		for _, name := range secretParameters {
			w.note("the address's "+name, to.Query().Get(name))
		}
	}
	return a, err
}

// writtenAs are all by which a secret would be known to somebody who reads the octets
// of a file.
func writtenAs(secret string) (all map[string][]byte) {
	all = make(map[string][]byte)
	of := func(how string, octets []byte) {
		if len(octets) >= least {
			all[how] = octets
			all[how+", in hex"] = []byte(hex.EncodeToString(octets))
			all[how+", in HEX"] = []byte(strings.ToUpper(hex.EncodeToString(octets)))
			all[how+", in base64"] = []byte(base64.RawStdEncoding.EncodeToString(octets))
			all[how+", in base64url"] = []byte(base64url(octets))
		}
	}
	of("as it is", []byte(secret))
	of("in lower case", []byte(strings.ToLower(secret)))
	of("without dashes", []byte(strings.ReplaceAll(secret, "-", "")))
	bare := strings.TrimPrefix(secret, "rr_")
	of("without its prefix", []byte(bare))
	if octets, err := base64.RawURLEncoding.DecodeString(bare); err == nil {
		of("decoded", octets)
	}
	if octets, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil {
		of("decoded from base32", octets)
	}
	if octets, err := crockford.DecodeString(strings.ReplaceAll(secret, "-", "")); err == nil {
		of("decoded from recovery's base32", octets)
	}
	if octets, err := hex.DecodeString(secret); err == nil {
		of("decoded from hex", octets)
	}
	return all
}

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// fastHashes are those by which a password could be guessed fast.
func fastHashes(password string) map[string][]byte {
	all := make(map[string][]byte)
	m, s1, s2, s5 := md5.Sum([]byte(password)), sha1.Sum([]byte(password)), sha256.Sum256([]byte(password)), sha512.Sum512([]byte(password))
	for name, sum := range map[string][]byte{"MD5": m[:], "SHA-1": s1[:], "SHA-256": s2[:], "SHA-512": s5[:]} {
		all[name], all[name+", in hex"] = sum, []byte(hex.EncodeToString(sum))
		all[name+", in base64"] = []byte(base64.RawStdEncoding.EncodeToString(sum))
	}
	return all
}

// copying is an answer that somebody listens to.
type copying struct {
	http.ResponseWriter
	say func(octets []byte)
}

func (c *copying) Write(octets []byte) (int, error) {
	c.say(octets)
	return c.ResponseWriter.Write(octets)
}
