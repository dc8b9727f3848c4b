package server_test

import (
	"encoding/json"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// The page can be installed, under a name that people know and in their
// language, with an icon for every system.
func TestPageCanBeInstalled(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	admin := r.Admin(t)
	p.Be(admin)
	for _, lang := range []string{"de", "en"} {
		p.Open(r.Plain + "/?lang=" + lang)
		p.Until("the page in its language", func() bool {
			now, ok := servertest.Look[string](p, `document.querySelector("rr-room") && document.documentElement.lang`)
			return ok && now == lang
		})
		p.Until("the manifest", func() bool {
			named, ok := servertest.Look[bool](p, `document.querySelector("link[rel=manifest]").href !== ""`)
			return ok && named
		})
		address, content, problems := p.Manifest()
		if len(problems) > 0 {
			t.Errorf("%s: Chromium would not install it: %q", lang, problems)
		}
		var manifest struct {
			ID, Name, Lang, Description, Scope, Display string
			ShortName                                   string `json:"short_name"`
			StartURL                                    string `json:"start_url"`
			Icons                                       []struct{ Src, Sizes, Type, Purpose string }
		}
		if err := json.Unmarshal([]byte(content), &manifest); err != nil {
			t.Fatalf("%s: %v in %q", lang, err, content)
		}
		if manifest.Lang != lang || manifest.Name != "Red Room" || manifest.ShortName == "" || manifest.Description == "" || manifest.ID != "/" || manifest.StartURL != "/" || manifest.Scope != "/" || manifest.Display != "standalone" {
			t.Errorf("%s: the manifest says %+v", lang, manifest)
		}
		seen := make(map[string]bool)
		for _, icon := range manifest.Icons {
			seen[strings.TrimSpace(icon.Sizes+" "+icon.Purpose)] = true
			at, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if at, err = at.Parse(icon.Src); err != nil {
				t.Fatal(err)
			}
			answer, err := http.Get(at.String())
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
			if answer.StatusCode != 200 || kind != icon.Type {
				t.Errorf("%s is answered by %s, %s", at, answer.Status, kind)
				continue
			}
			if icon.Type != "image/png" {
				continue
			}
			picture, err := png.DecodeConfig(answer.Body)
			side, _, _ := strings.Cut(icon.Sizes, "x")
			if want, _ := strconv.Atoi(side); err != nil || picture.Width != want || picture.Height != want {
				t.Errorf("%s, said to be %s, is %dx%d, %v", icon.Src, icon.Sizes, picture.Width, picture.Height, err)
			}
		}
		for _, want := range []string{"192x192", "512x512", "512x512 maskable", "any"} {
			if !seen[want] {
				t.Errorf("%s: there is no icon %s: %v", lang, want, seen)
			}
		}
	}
	if touch := servertest.Evaluate[int](p, `fetch(document.querySelector("link[rel=apple-touch-icon]").href).then((answer) => answer.status)`); touch != 200 {
		t.Errorf("the touch icon is answered by %d", touch)
	}
}
