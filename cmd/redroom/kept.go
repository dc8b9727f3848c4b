package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// keptFile is a file of JSON in the user's configuration.
type keptFile struct {
	name    string // of what it keeps: credentials are in credentials.json
	exposed string // what to do if others may have had it
	lost    string // what to do without it
}

func (f keptFile) path() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding where %s are kept: %w", f.name, err)
	}
	return filepath.Join(config, "redroom", f.name+".json"), nil
}

// read reads the file, which need not be there. One that others can read is
// refused.
func (f keptFile) read(into any) error {
	path, err := f.path()
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the %s: %w", f.name, err)
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("the %s in %s can be read by others (mode %04o): close the file with chmod 600, and %s", f.name, path, mode, f.exposed)
	}
	octets, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the %s: %w", f.name, err)
	}
	if err := json.Unmarshal(octets, into); err != nil || string(bytes.TrimSpace(octets)) == "null" {
		return fmt.Errorf("the %s in %s are not what redroom has written; remove the file and %s", f.name, path, f.lost)
	}
	return nil
}

// write replaces the file as a whole.
func (f keptFile) write(kept any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the %s: %w", f.name, err)
		}
	}()
	path, err := f.path()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil && runtime.GOOS != "windows" {
		return err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(kept); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "."+f.name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // unless it was renamed
	_, err = file.Write(text.Bytes())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
