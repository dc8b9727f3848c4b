package servertest

import (
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// Prefer sets what the system's settings say, such as "prefers-contrast" to
// "more", until it is set to "", whatever Show shows meanwhile.
func (p *Page) Prefer(feature, value string) {
	p.t.Helper()
	p.prefers[feature] = value
	p.emulateMedia()
}

func (p *Page) emulateMedia() {
	p.t.Helper()
	var features []*emulation.MediaFeature
	for name, value := range p.prefers {
		features = append(features, &emulation.MediaFeature{Name: name, Value: value})
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// Small is what the window shows, as a PNG of that scale.
func (p *Page) Small(scale float64) []byte {
	p.t.Helper()
	size := Evaluate[[2]float64](p, "[innerWidth, innerHeight]")
	return call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip: &page.Viewport{Width: size[0], Height: size[1], Scale: scale},
	}).Data
}

// BeNobody takes the browser's cookies away, and with them its sign-in.
func (p *Page) BeNobody() {
	p.t.Helper()
	call(p, network.ClearBrowserCookies, cdp.Empty{})
}
