package server_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// budget is how many octets may be sent, heads included, until somebody who was
// never there can write in a topic.
const budget = 60_000

// A first visit is short of words: everything that is sent for it, over either
// protocol, in the language with the longer words, by somebody who is signed in
// and by somebody who signs in first.
func TestPageComesInFewOctets(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	topic := admin.Topic(t, admin.Deal(t, "GeldGeldGeld AG", "all"), "Der erste Besuch", 1)
	secure := r.Secure(t)
	for _, test := range []struct {
		name, protocol string
		signedIn       bool
	}{
		{"over HTTP/2", "h2", true},
		{"over HTTP/3", "h3", true},
		{"over HTTP/3 with a sign-in", "h3", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := servertest.OpenSecurePage(t, secure, test.protocol)
			traffic := p.Traffic()
			address := secure.Plain + "/t/" + topic + "?lang=de"
			if test.signedIn {
				p.Be(secure.SignIn(t, admin.Name))
				p.Open(address)
			} else {
				p.Open(address)
				p.Type("textbox", "Benutzername", admin.Name)
				p.Type("textbox", "Passwort", servertest.Password)
				p.Click("button", "Anmelden")
			}
			servertest.Evaluate[[2]any](p, canWrite)
			all, octets := traffic.Received()
			var table strings.Builder
			assets := 0
			for _, r := range all {
				fmt.Fprintf(&table, "\n%7.0f  %s", r.Octets, strings.TrimPrefix(r.URL, secure.Plain))
				if strings.Contains(r.URL, "/assets/") {
					assets++
					if r.Protocol != test.protocol {
						t.Errorf("%s came over %q", r.URL, r.Protocol)
					}
				}
			}
			t.Logf("%.0f octets in %d answers:%s", octets, len(all), &table)
			if assets < 5 {
				t.Errorf("only %d files were counted", assets)
			}
			if octets >= budget {
				t.Errorf("the first visit takes %.0f octets, want less than %d; what isn't needed to show a topic can be loaded by import()", octets, budget)
			}
		})
	}
}
