package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"redroom/server/signin"
	"redroom/store"
)

// openSignInKey reads the key of a data directory that seals second factors, or
// makes it. One that is made although the store has what another one sealed is told
// of: that can't be read any more.
func openSignInKey(ctx context.Context, data string, st *store.Store, log *slog.Logger) (signin.Key, error) {
	file := keyFile{filepath.Join(data, "keys", "signin.key"), "seals second factors", "codes have to be set up anew"}
	key, made, err := file.open()
	if err != nil || !made {
		return key, err
	}
	users, err := st.TOTPUsers(ctx)
	if err != nil {
		return key, err
	}
	if len(users) > 0 {
		log.Warn("a new key was made, since there was none, and the codes of these users are good no more: restore the key from a backup of the keys, or take the second factors away with redroom user factors", "file", file.path, "users", users)
	}
	if p := st.State().SignInRules().Provider; p != nil && len(p.Secret) > 0 {
		log.Warn("a new key was made, since there was none: enter the client secret of the company's sign-in anew", "file", file.path, "issuer", p.Issuer)
	}
	return key, nil
}

// openPeersKey reads the key of a data directory that signs the tickets of peers,
// or makes it. Nothing is lost by another one: peers are told it when they bind.
func openPeersKey(data string) (ed25519.PrivateKey, error) {
	file := keyFile{filepath.Join(data, "keys", "peers.key"), "signs the tickets of peers", "peers have to come back"}
	seed, _, err := file.open()
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

// keyFile has 32 random octets in hex; only its owner may read it.
type keyFile struct {
	path    string
	purpose string // what the key does, as "seals second factors"
	loss    string // what another key means, as "codes have to be set up anew"
}

// open reads the key, or makes it, and its directory, which made tells. One that
// others can read, or that is none, is refused.
func (f keyFile) open() (key [32]byte, made bool, err error) {
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key, err = f.make()
		return key, err == nil, err
	case err != nil:
		return key, false, fmt.Errorf("reading the key that %s: %w", f.purpose, err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return key, false, fmt.Errorf("the key that %s, %s, can be read by others (mode %04o): close it with `chmod 600`", f.purpose, f.path, mode)
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return key, false, fmt.Errorf("reading the key that %s: %w", f.purpose, err)
	}
	octets, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(octets) != len(key) {
		return key, false, fmt.Errorf("the key that %s, %s, is not %d octets in hex: restore it from a backup of the keys; or move it away to have a new one made, and %s", f.purpose, f.path, len(key), f.loss)
	}
	copy(key[:], octets)
	return key, false, nil
}

// make makes one that is in its file whole, or not at all.
func (f keyFile) make() (key [32]byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the key that %s: %w", f.purpose, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return key, err
	}
	rand.Read(key[:]) // never fails
	file, err := os.OpenFile(f.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return key, err
	}
	_, err = file.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return key, err
	}
	return key, os.Rename(f.path+".new", f.path)
}
