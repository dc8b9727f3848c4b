package store

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// keysName is the directory of private keys, which are never in redroom.db nor
// in a backup of it. What its files mean isn't known here.
const keysName = "keys"

// The sums of all files come first in a tar of keys, as `sha256sum -c` takes
// them.
const sumsName = keysName + "/SHA256SUMS"

const (
	maxKeyFile  = 1 << 20
	maxKeyFiles = 100
)

type keyFile struct {
	name    string // in the tar: keys/NAME
	content []byte
}

// BackupKeys copies the private keys of a data directory into a tar file, which
// only its owner may read. A server that runs doesn't matter. Without replace,
// a file that is there is kept.
func BackupKeys(dir, file string, replace bool) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: copying the keys: %w", err)
		}
	}()
	if _, err := os.Stat(file); err == nil && !replace {
		return fmt.Errorf("%s is there already; choose another name, or add --force to replace it", file)
	}
	from := filepath.Join(dir, keysName)
	entries, err := os.ReadDir(from)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return fmt.Errorf("there are no keys in %s", dir)
	}
	if err != nil {
		return err
	}
	var files []keyFile
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		files = append(files, keyFile{path.Join(keysName, e.Name()), content})
	}
	return writeFile(file, tarOf(files))
}

func tarOf(files []keyFile) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	now := time.Now()
	for _, f := range append([]keyFile{{sumsName, sumsOf(files)}}, files...) {
		// Writing to memory never fails, and the headers are good ones.
		w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.content)), ModTime: now, Format: tar.FormatPAX})
		w.Write(f.content)
	}
	w.Close()
	return b.Bytes()
}

func sumsOf(files []keyFile) (sums []byte) {
	for _, f := range files {
		sums = fmt.Appendf(sums, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return sums
}

// RestoreKeys puts the keys back that BackupKeys has copied, all of them or
// none, into a data directory whose server is stopped. Without replace, keys
// that are there are kept.
func RestoreKeys(file, dir string, replace bool) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: restoring the keys: %w", err)
		}
	}()
	files, err := readKeys(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()

	to := filepath.Join(dir, keysName)
	if there, err := os.ReadDir(to); err == nil && len(there) > 0 && !replace {
		return fmt.Errorf("there are keys in %s; add --force to replace them", dir)
	}
	fresh, old := to+".new", to+".old"
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(old), os.Mkdir(fresh, 0o700)); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(fresh, path.Base(f.name)), f.content); err != nil {
			return err
		}
	}
	if err := os.Rename(to, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, to); err != nil {
		return errors.Join(err, os.Rename(old, to))
	}
	return errors.Join(syncDir(dir), os.RemoveAll(old))
}

// readKeys takes only what BackupKeys writes.
func readKeys(file string) (files []keyFile, err error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s", file)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var sums []byte
	r := tar.NewReader(f)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s is damaged, or not a copy of keys: %w", file, err)
		}
		if h.Typeflag != tar.TypeReg || path.Dir(h.Name) != keysName || !filepath.IsLocal(path.Base(h.Name)) || h.Size > maxKeyFile || len(files) == maxKeyFiles {
			return nil, fmt.Errorf("%s is not a copy of keys: it has %q in it", file, h.Name)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", file, err)
		}
		if h.Name == sumsName {
			sums = content
		} else {
			files = append(files, keyFile{h.Name, content})
		}
	}
	if len(files) == 0 || !bytes.Equal(sums, sumsOf(files)) {
		return nil, fmt.Errorf("%s is damaged, or not a copy of keys: its files are not those of its list", file)
	}
	return files, nil
}

// writeFile writes a file that only its owner may read, all of it or nothing.
func writeFile(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(name))
}
