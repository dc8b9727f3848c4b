package main

import (
	"fmt"
	"io"
	"os"
)

// keyLogVariable names the file that TLS connections' keys are written to, as browsers
// and curl have it.
const keyLogVariable = "SSLKEYLOGFILE"

// openKeyLog opens the file of keyLogVariable, and warns of it; nil: none is asked for.
// It is appended to until the process ends, line by line, since several programs may
// write to it.
func openKeyLog(warn func(path string)) (io.Writer, error) {
	path := os.Getenv(keyLogVariable)
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the file of %s: %w", keyLogVariable, err)
	}
	warn(path)
	return file, nil
}
