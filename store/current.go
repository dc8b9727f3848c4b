package store

import (
	"fmt"
	"path/filepath"
)

// IsCurrent tells whether the store of a data directory is of this redroom's
// version. One that is older is migrated when it is opened.
func IsCurrent(dir string) (bool, error) {
	h, err := readHeader(filepath.Join(dir, fileName))
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	known, err := knownVersion()
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	return h.version == known, nil
}
