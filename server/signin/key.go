package signin

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// keyFile has a Key in hex; only its owner may read it.
const keyFile = "signin.key"

// OpenKey reads the key in a directory of keys, or makes it, and the directory,
// which made tells. One that others can read, or that is none, is refused.
func OpenKey(dir string) (key Key, path string, made bool, err error) {
	path = filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key, err = makeKey(path)
		return key, path, err == nil, err
	case err != nil:
		return key, path, false, fmt.Errorf("reading the key that seals second factors: %w", err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return key, path, false, fmt.Errorf("the key that seals second factors, %s, can be read by others (mode %04o): close it with `chmod 600`", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return key, path, false, fmt.Errorf("reading the key that seals second factors: %w", err)
	}
	octets, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(octets) != len(key) {
		return key, path, false, fmt.Errorf("the key that seals second factors, %s, is not %d octets in hex: restore it from a backup of the keys; or move it away to have a new one made, and codes have to be set up anew", path, len(key))
	}
	copy(key[:], octets)
	return key, path, false, nil
}

// makeKey makes one that is in its file whole, or not at all.
func makeKey(path string) (key Key, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the key that seals second factors: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return key, err
	}
	key = NewKey()
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return key, err
	}
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return key, err
	}
	return key, os.Rename(path+".new", path)
}
