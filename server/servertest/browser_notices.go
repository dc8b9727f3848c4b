package servertest

import (
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// Allow lets the pages of an origin do what a person would have to be asked for,
// such as "notifications".
func (p *Page) Allow(origin, permission string) {
	p.t.Helper()
	call(p, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: permission},
		Setting:    browser.PermissionSettingGranted,
		Origin:     origin,
	})
}

// CloseTab closes the tab, as a press on its cross does.
func (p *Page) CloseTab() {
	p.t.Helper()
	call(p, page.Close, cdp.Empty{})
}
