package signin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, path, made, err := OpenKey(dir)
	if err != nil || !made || first == (Key{}) {
		t.Fatal(made, err)
	}
	again, _, made, err := OpenKey(dir)
	if err != nil || made || again != first {
		t.Errorf("opened again: %v, %v", made, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || path != filepath.Join(dir, "signin.key") {
		t.Errorf("%s: %v, %v", path, info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := OpenKey(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("one that others can read: %v", err)
	}
	for _, text := range []string{"", "00", strings.Repeat("x", 64), strings.Repeat("0", 66)} {
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := OpenKey(dir); err == nil || !strings.Contains(err.Error(), "restore it") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
