package server_test

import (
	"os"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// What README tells people to write is what the tests start proxies with.
func TestREADMEHasTheProxiesConfigurations(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range servertest.Proxies {
		var quoted strings.Builder
		for line := range strings.Lines(kind.Config) {
			if line != "\n" {
				quoted.WriteString("    ")
			}
			quoted.WriteString(line)
		}
		if !strings.Contains(string(readme), quoted.String()) {
			t.Errorf("README does not have the configuration of %s that is tested:\n%s", kind.Name, quoted.String())
		}
	}
}
