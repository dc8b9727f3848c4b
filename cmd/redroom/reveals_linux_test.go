package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filesWith are those below a directory that reveal a word.
func filesWith(t *testing.T, word, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && reveals(content, word) {
			name, _ := filepath.Rel(dir, path)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reveals tells whether a word of ASCII is in there: as it is, in hex, or in base64,
// wherever in what was encoded it began.
func reveals(content []byte, word string) bool {
	lower, low := bytes.ToLower(content), strings.ToLower(word)
	if bytes.Contains(lower, []byte(low)) || bytes.Contains(lower, []byte(hex.EncodeToString([]byte(word)))) {
		return true
	}
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), word...))
		begin, end := (before*8+5)/6, (before+len(word))*8/6 // without digits that have bits of others
		if bytes.Contains(content, []byte(whole[begin:end])) {
			return true
		}
	}
	return false
}

// TestReveals is of the test's own eyes.
func TestReveals(t *testing.T) {
	for _, before := range []string{"", "a", "ab", "abc"} {
		said := []byte(before + marker + " was said")
		for what, content := range map[string]string{
			"clear": string(said), "lower case": strings.ToLower(string(said)), "hex": hex.EncodeToString(said), "HEX": fmt.Sprintf("%X", said),
			"base64": base64.StdEncoding.EncodeToString(said), "base64url": base64.RawURLEncoding.EncodeToString(said),
		} {
			if !reveals([]byte(content), marker) {
				t.Errorf("it is not seen in %s, %q", what, content)
			}
		}
	}
	if reveals([]byte("Marmolata, 7f3a9c"), marker) {
		t.Error("it is seen where it is not")
	}
}
