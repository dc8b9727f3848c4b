package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// budget is how many octets all that a first visit asks for may have as it is sent,
// heads included: from the address, over the sign-in, until one can write in a topic
// and the page is at rest.
const budget = 60_000

// atRest is when the page has all that it loads by itself: the service worker, which
// begins once nothing else is to be done, has kept the page for when there is no
// network. What the worker fetched for that isn't counted.
const atRest = `navigator.serviceWorker.ready.then(() => true)`

// A first visit takes little, over either protocol, in the language with the longer
// words.
func TestPageComesInFewOctets(t *testing.T) {
	t.Parallel()
	servertest.Chromium(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	topic := admin.Topic(t, admin.Deal(t, "GeldGeldGeld AG", "all"), "Der erste Besuch", 1)
	poster(t, r, admin)(topic, "Guten Morgen.", "**Heute** ist der Termin.")
	secure := r.Secure(t)
	await(t, "the page is compressed as far as it goes", func() bool {
		q, err := http.NewRequestWithContext(t.Context(), "GET", r.Plain+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Accept-Encoding", "br")
		a, err := admin.HTTP.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		return a.Header.Get("Content-Encoding") == "br"
	})
	for _, test := range []struct{ name, protocol string }{{"over HTTP/2", "h2"}, {"over HTTP/3", "h3"}} {
		t.Run(test.name, func(t *testing.T) {
			p := servertest.OpenSecurePage(t, secure, test.protocol)
			traffic := p.Traffic()
			p.Open(secure.Plain + "/t/" + topic + "?lang=de")
			p.Type("textbox", "Benutzername", admin.Name)
			p.Type("textbox", "Passwort", servertest.Password)
			p.Click("button", "Anmelden")
			servertest.Evaluate[[2]any](p, canWrite)
			servertest.Evaluate[bool](p, atRest)
			p.Until("all that was asked for", func() bool {
				return !slices.ContainsFunc(traffic.Received(), func(r servertest.Received) bool { return !r.Whole })
			})
			all := traffic.Received()
			var table strings.Builder
			octets := 0.0
			for _, r := range all {
				name := strings.TrimPrefix(r.URL, secure.Plain)
				fmt.Fprintf(&table, "\n%7.0f  %s", r.Octets, name)
				octets += r.Octets
				if r.Protocol != test.protocol {
					t.Errorf("%s came over %q", name, r.Protocol)
				}
				if r.Kept {
					t.Errorf("%s was asked for when the page was kept, so that it isn't known what it takes", name)
				}
			}
			t.Logf("%.0f octets in %d answers:%s", octets, len(all), &table)
			for _, needed := range []string{"/t/", "/ui/page.js", "/ui/all.css", "/install/de.webmanifest", "/api/session/token"} {
				if !slices.ContainsFunc(all, func(r servertest.Received) bool { return strings.Contains(r.URL, needed) && r.Octets > 0 }) {
					t.Errorf("%s wasn't counted", needed)
				}
			}
			if octets >= budget {
				t.Errorf("a first visit takes %.0f octets, want less than %d; what isn't needed to sign in and to show a topic can be loaded by import()", octets, budget)
			}
		})
	}
}
