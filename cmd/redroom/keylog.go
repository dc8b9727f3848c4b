package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// keyLogVariable names the file that TLS connections' keys are written to, as browsers
// and curl have it.
const keyLogVariable = "SSLKEYLOGFILE"

// openKeyLog opens the file of keyLogVariable, and warns of it; nil: none is asked for.
// It is appended to until the process ends, line by line, since several programs may
// write to it. Where a line can't be written, that is warned of once.
func openKeyLog(warn func(path string), failed func(error)) (io.Writer, error) {
	path := os.Getenv(keyLogVariable)
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the file of %s: %w", keyLogVariable, err)
	}
	warn(path)
	return &keyLog{file: file, failed: failed}, nil
}

// keyLog fails to nobody: TLS gives a connection up whose keys can't be written, and
// a full disk is no reason to serve nobody.
type keyLog struct {
	file   *os.File
	failed func(error)
	once   sync.Once
}

func (k *keyLog) Write(line []byte) (int, error) {
	if _, err := k.file.Write(line); err != nil {
		k.once.Do(func() { k.failed(err) })
	}
	return len(line), nil
}
