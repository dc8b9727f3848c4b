package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
)

// credential is what says to a server who one is: the cookie of a sign-in, or a
// program's token.
type credential struct {
	Name   string `json:"name,omitempty"` // whose it is
	Cookie string `json:"cookie,omitempty"`
	Token  string `json:"token,omitempty"`
}

// cookieName is that of a sign-in by HTTPS.
const cookieName = "__Host-redroom"

// sign says who one is.
func (c credential) sign(h http.Header) {
	switch {
	case c.Token != "":
		h.Set("Authorization", "Bearer "+c.Token)
	case c.Cookie != "":
		h.Set("Cookie", cookieName+"="+c.Cookie)
	}
}

// tokenVariable beats the file.
const tokenVariable = "REDROOM_TOKEN"

// errNobody is what an error of who hasn't signed in is.
var errNobody = errors.New("nobody is signed in")

func nobodyAt(at address) error {
	where := ""
	if at.String() != defaultServer {
		where = " --server " + at.String()
	}
	return fmt.Errorf("%w at %s: sign in with redroom signin%s, or set %s", errNobody, at, where, tokenVariable)
}

// identify finds out who one is: by the environment, else by the file.
func (r *remote) identify() error {
	if token := os.Getenv(tokenVariable); token != "" {
		if !isVisible(token) {
			return fmt.Errorf("%s is no token: it has characters that no token has", tokenVariable)
		}
		r.who = credential{Token: token}
		return nil
	}
	kept, err := openKeptCredentials()
	if err != nil {
		return err
	}
	var ok bool
	if r.who, ok = kept.servers[r.at.String()]; !ok {
		return nobodyAt(r.at)
	}
	return nil
}

func isVisible(s string) bool {
	for _, b := range []byte(s) {
		if b <= ' ' || b >= 0x7f {
			return false
		}
	}
	return s != ""
}

// keptCredentials are those in the user's file, by HOST:PORT.
type keptCredentials struct {
	servers map[string]credential
}

var credentialsFile = keptFile{"credentials", "if somebody may have read it, run redroom signout and redroom signin", "sign in again"}

// openKeptCredentials reads the file, which need not be there. One that others
// can read is refused.
func openKeptCredentials() (*keptCredentials, error) {
	k := &keptCredentials{servers: map[string]credential{}}
	return k, credentialsFile.read(&k.servers)
}

// save replaces the file as a whole.
func (k *keptCredentials) save() error { return credentialsFile.write(k.servers) }
