package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "redroom"

// mayImport is the house: each package, and which of ours it may import. What
// isn't said here is not allowed, and a package without a row does not belong
// anywhere yet.
var mayImport = map[string][]string{
	"cmd/redroom": {"server", "server/bench", "server/chat", "server/client", "server/discover", "server/feed", "server/load", "server/logging", "server/peer", "server/probe", "server/raw", "server/room", "server/terminal", "server/transport", "store", "certs"},

	// The only place that sees every part.
	"server": {
		"server/bench", "server/directory", "server/discover", "server/httpd", "server/load", "server/logging", "server/pack", "server/session", "server/signin", "server/hub", "server/journal",
		"server/transport", "server/wire", "server/room", "store", "certs", "web",
	},
	"server/httpd":     {"server/pack", "server/room", "server/wire", "server/transport"},
	"server/session":   {"server/calc", "server/load", "server/room", "server/wire", "server/transport"},
	"server/signin":    {"server/room"},
	"server/load":      {"server/room"},
	"server/logging":   {},
	"server/pack":      {},
	"server/directory": {"server/room", "server/wire", "server/transport"},
	"server/discover":  {},
	"server/hub":       {"server/room", "server/wire"},
	"server/journal":   {"server/room"},
	"server/bench":     {"server/client", "server/room", "server/wire", "server/transport", "store", "certs"},
	"server/chat":      {"server/client", "server/room", "server/terminal", "server/wire"},
	"server/client":    {"server/room", "server/wire", "server/transport"},
	"server/feed":      {"server/client", "server/room"},
	"server/raw":       {"server/terminal", "server/transport", "server/wire"},
	"server/probe":     {"server/transport"},
	"server/peer":      {"server/client", "server/room", "server/wire", "server/transport"},
	"server/transport": {"server/room", "server/wire"},
	"server/wire":      {},
	"server/room":      {},
	"server/terminal":  {},
	"server/calc":      {},

	"store": {"server/room"},
	"certs": {},
	"web":   {},

	// What the end-to-end tests share; no other package imports it.
	"server/servertest/openid": {},

	"server/servertest": {"server", "server/client", "server/room", "server/wire", "server/transport", "store"},
}

// The standard library alone is enough for these.
var standardOnly = []string{"server/room"}

var emptyNames = []string{"util", "utils", "common", "types", "helper", "helpers"}

// pkg is what `go list -json` says of a package.
type pkg struct {
	Dir            string
	ImportPath     string
	Name           string
	GoFiles        []string
	IgnoredGoFiles []string // of other systems
	Imports        []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=Dir,ImportPath,Name,GoFiles,IgnoredGoFiles,Imports", "./...")
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("reading what go list says: %v", err)
		}
		if len(p.GoFiles)+len(p.IgnoredGoFiles) > 0 { // else there are tests only
			all = append(all, p)
		}
	}
	return all
}

// ours is a package's path inside the module.
func ours(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsPointOneWay(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range packages(t) {
		name, ok := ours(p.ImportPath)
		allowed, known := mayImport[name]
		if !ok || !known {
			t.Errorf("%s has no row in the table of the house", p.ImportPath)
			continue
		}
		seen[name] = true
		for _, imported := range p.Imports {
			other, ok := ours(imported)
			if ok && !slices.Contains(allowed, other) {
				t.Errorf("%s imports %s, and may import %v", name, other, allowed)
			}
		}
	}
	for name := range mayImport {
		if !seen[name] {
			t.Errorf("the table of the house has a row for %s, which does not exist", name)
		}
	}
}

func TestTheDomainNeedsTheStandardLibraryOnly(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := ours(p.ImportPath)
		if !slices.Contains(standardOnly, name) {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); first == module || strings.Contains(first, ".") {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

func TestEachPackageHasOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		var commented []string
		for _, file := range append(p.GoFiles, p.IgnoredGoFiles...) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if tree.Doc != nil {
				commented = append(commented, file)
			}
		}
		if len(commented) != 1 {
			t.Errorf("%s has %d package comments: %v", p.ImportPath, len(commented), commented)
		}
	}
}

func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range []string{p.Name, path.Base(p.ImportPath)} {
			if slices.Contains(emptyNames, name) {
				t.Errorf("%s: %s says nothing", p.ImportPath, name)
			}
		}
	}
}
