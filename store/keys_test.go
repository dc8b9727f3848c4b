package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redroom/store"
)

// keysOf are the files of a data directory's keys, by name.
func keysOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]string)
	for _, e := range entries {
		keys[e.Name()] = string(read(t, filepath.Join(dir, "keys", e.Name())))
	}
	return keys
}

func withKeys(t testing.TB, keys map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range keys {
		if err := os.WriteFile(filepath.Join(dir, "keys", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestKeysComeBack(t *testing.T) {
	dir := withKeys(t, map[string]string{"ca.pem": "the certificate", "ca-key.pem": "the key"})
	file := filepath.Join(t.TempDir(), "keys.tar")
	if err := store.BackupKeys(dir, file, false); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if err := store.BackupKeys(dir, file, false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("over a file: %v", err)
	}
	if err := store.BackupKeys(dir, file, true); err != nil {
		t.Error(err)
	}

	fresh := filepath.Join(t.TempDir(), "new")
	if err := store.RestoreKeys(file, fresh, false); err != nil {
		t.Fatal(err)
	}
	if keys := keysOf(t, fresh); len(keys) != 2 || keys["ca.pem"] != "the certificate" || keys["ca-key.pem"] != "the key" {
		t.Errorf("they are %q", keys)
	}

	other := withKeys(t, map[string]string{"ca-key.pem": "another", "more.pem": "more"})
	if err := store.RestoreKeys(file, other, false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("over keys: %v", err)
	}
	if keys := keysOf(t, other); len(keys) != 2 || keys["ca-key.pem"] != "another" {
		t.Errorf("they were changed: %q", keys)
	}
	if err := store.RestoreKeys(file, other, true); err != nil {
		t.Fatal(err)
	}
	if keys := keysOf(t, other); len(keys) != 2 || keys["ca-key.pem"] != "the key" {
		t.Errorf("replaced, they are %q", keys)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 2 {
		t.Errorf("it leaves %v, %v", entries, err)
	}

	open(t, other)
	if err := store.RestoreKeys(file, other, true); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("under a server: %v", err)
	}
}

func TestDamagedKeysAreRefused(t *testing.T) {
	dir := withKeys(t, map[string]string{"ca.pem": "the certificate", "ca-key.pem": "the key"})
	file := filepath.Join(t.TempDir(), "keys.tar")
	if err := store.BackupKeys(dir, file, false); err != nil {
		t.Fatal(err)
	}
	whole := string(read(t, file))
	for name, content := range map[string]string{
		"nothing":         "",
		"a text":          strings.Repeat("text\n", 200),
		"a key changed":   strings.Replace(whole, "the key", "teh key", 1),
		"cut in a key":    whole[:strings.Index(whole, "the key")+3],
		"without the end": whole[:strings.Index(whole, "the certificate")-512],
		"another place":   strings.Replace(whole, "keys/ca.pem", "../../x.pem", 1),
	} {
		t.Run(name, func(t *testing.T) {
			bad, to := filepath.Join(t.TempDir(), "bad.tar"), filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(bad, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := store.RestoreKeys(bad, to, true); err == nil || !strings.Contains(err.Error(), bad) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(to); err == nil {
				t.Error("it made the directory")
			}
		})
	}
	if err := store.BackupKeys(t.TempDir(), filepath.Join(t.TempDir(), "k"), false); err == nil || !strings.Contains(err.Error(), "no keys") {
		t.Errorf("of none: %v", err)
	}
}
