package httpd_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

var (
	// A row's first cell, and requests in it, such as "GET, POST /api/deals"; what
	// stands for a name or an id, and what follows a path.
	requestCell   = regexp.MustCompile("(?m)^\\| (`[A-Z].*?`) \\|")
	requestsNamed = regexp.MustCompile("`((?:[A-Z]+, )*[A-Z]+) (/api/[^\\s`]*)`")
	placeholder   = regexp.MustCompile(`\{[^}]*\}`)
	asked         = regexp.MustCompile(`\?.*$`)
)

// TestREADMEHasEveryRequest compares the README's table with the router.
func TestREADMEHasEveryRequest(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]bool)
	for _, cell := range requestCell.FindAllStringSubmatch(string(readme), -1) {
		for _, named := range requestsNamed.FindAllStringSubmatch(cell[1], -1) {
			path := placeholder.ReplaceAllString(asked.ReplaceAllString(named[2], ""), "{}")
			for method := range strings.SplitSeq(named[1], ", ") {
				told[method+" "+path] = true
			}
		}
	}
	var missing []string
	err = chi.Walk(newWorld(t).handler.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		request := method + " " + placeholder.ReplaceAllString(strings.TrimSuffix(route, "/"), "{}")
		if strings.Contains(route, "/api/") && !told[request] {
			missing = append(missing, request)
		}
		delete(told, request)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(missing)
	for _, request := range missing {
		t.Errorf("README has no row of %s", request)
	}
	for request := range told {
		t.Errorf("README has a row of %s, which is nowhere", request)
	}
}
