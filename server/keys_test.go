package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	file := keyFile{filepath.Join(dir, "some.key"), "opens something", "that stays closed"}
	first, made, err := file.open()
	if err != nil || !made || first == [32]byte{} {
		t.Fatal(made, err)
	}
	again, made, err := file.open()
	if err != nil || made || again != first {
		t.Errorf("opened again: %v, %v", made, err)
	}
	if info, err := os.Stat(file.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", file.path, info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	if err := os.Chmod(file.path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, _, err := file.open(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("one that others can read: %v", err)
	}
	for _, text := range []string{"", "00", strings.Repeat("x", 64), strings.Repeat("0", 66)} {
		os.Remove(file.path)
		if err := os.WriteFile(file.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := file.open(); err == nil || !strings.Contains(err.Error(), "restore it") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
