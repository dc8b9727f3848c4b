package server_test

import (
	"fmt"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// budget is how many octets all files of a first visit may have as they are sent,
// heads included, until one can write in a topic.
const budget = 60_000

// A first visit takes little, over either protocol and in the language with the
// longer words. With a sign-in it takes the form for that, too.
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
		more           float64 // octets for the form
	}{
		{"over HTTP/2", "h2", true, 0},
		{"over HTTP/3", "h3", true, 0},
		{"over HTTP/3 with a sign-in", "h3", false, 8000},
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
			all := traffic.Received()
			var table strings.Builder
			files, octets, answers := 0, 0.0, 0.0
			for _, r := range all {
				if r.Protocol == "" {
					continue // is still on its way, and wasn't needed to write
				}
				fmt.Fprintf(&table, "\n%7.0f  %s", r.Octets, strings.TrimPrefix(r.URL, secure.Plain))
				if strings.HasPrefix(r.URL, secure.Plain+"/api/") {
					answers += r.Octets
					continue
				}
				files++
				octets += r.Octets
				if r.Protocol != test.protocol {
					t.Errorf("%s came over %q", r.URL, r.Protocol)
				}
			}
			t.Logf("%.0f octets in %d files, and %.0f in %d answers:%s", octets, files, answers, len(all)-files, &table)
			if files < 6 {
				t.Errorf("only %d files were counted", files)
			}
			if octets >= budget+test.more {
				t.Errorf("the files of a first visit take %.0f octets, want less than %.0f; what isn't needed to show a topic can be loaded by import()", octets, budget+test.more)
			}
		})
	}
}
