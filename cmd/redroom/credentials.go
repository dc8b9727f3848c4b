package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
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
	path    string
	servers map[string]credential
}

// openKeptCredentials reads the file, which need not be there. One that others
// can read is refused.
func openKeptCredentials() (*keptCredentials, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("finding where credentials are kept: %w", err)
	}
	k := &keptCredentials{path: filepath.Join(config, "redroom", "credentials.json"), servers: map[string]credential{}}
	info, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the credentials: %w", err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("the credentials in %s can be read by others (mode %04o): close the file with chmod 600, and if somebody may have read it, run redroom signout and redroom signin", k.path, mode)
	}
	octets, err := os.ReadFile(k.path)
	if err != nil {
		return nil, fmt.Errorf("reading the credentials: %w", err)
	}
	if err := json.Unmarshal(octets, &k.servers); err != nil || k.servers == nil {
		return nil, fmt.Errorf("the credentials in %s are not what redroom has written; remove the file and sign in again", k.path)
	}
	return k, nil
}

// save replaces the file as a whole.
func (k *keptCredentials) save() (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the credentials: %w", err)
		}
	}()
	dir := filepath.Dir(k.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil && runtime.GOOS != "windows" {
		return err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(k.servers); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".credentials-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // unless it was renamed
	_, err = file.Write(text.Bytes())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), k.path)
}
