package store_test

import (
	"path/filepath"
	"strings"
	"testing"

	"redroom/store"
)

func TestAnOlderStoreIsNotCurrent(t *testing.T) {
	path := writtenStore(t)
	current, err := store.IsCurrent(filepath.Dir(path))
	if err != nil || !current {
		t.Errorf("a new one is current: %v, %v", current, err)
	}
	execute(t, path, `PRAGMA user_version = 1`)
	current, err = store.IsCurrent(filepath.Dir(path))
	if err != nil || current {
		t.Errorf("an older one is current: %v, %v", current, err)
	}
	if _, err := store.IsCurrent(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("of none: %v", err)
	}
}
