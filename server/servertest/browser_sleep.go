package servertest

import (
	"encoding/json"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
)

// Hide puts another tab in front of the page.
func (p *Page) Hide() {
	p.t.Helper()
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: false})
	other := call(p, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	call(p, target.ActivateTarget, target.ActivateTargetParams(other))
	p.seen("hidden")
}

// Front puts the page in front again.
func (p *Page) Front() {
	p.t.Helper()
	call(p, page.BringToFront, cdp.Empty{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.seen("visible")
}

// seen waits until the page is visible or hidden; it may be between two
// documents.
func (p *Page) seen(state string) {
	p.t.Helper()
	p.Until("it being "+state, func() bool {
		now, ok := Look[string](p, "document.visibilityState")
		return ok && now == state
	})
}

// Freeze stops everything in the page, as a browser does with tabs that nobody
// has looked at for long: it has to be hidden.
func (p *Page) Freeze() {
	p.t.Helper()
	call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateFrozen})
}

// Thaw lets it go on.
func (p *Page) Thaw() {
	p.t.Helper()
	call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateActive})
}

// Refuses goes to an address where there is nothing, and tells whether the
// browser says so.
func (p *Page) Refuses(address string) bool {
	p.t.Helper()
	return call(p, page.Navigate, page.NavigateParams{URL: address}).ErrorText != ""
}

// Look is Evaluate while the page may be between two documents: ok is false
// then, or where the script fails.
func Look[T any](p *Page, script string) (value T, ok bool) {
	yes := true
	result, err := try(p, runtime.Evaluate, runtime.EvaluateParams{Expression: script, ReturnByValue: &yes, AwaitPromise: &yes})
	if err != nil || result.ExceptionDetails != nil || json.Unmarshal(result.Result.Value, &value) != nil {
		return value, false
	}
	return value, true
}

// OnNewDocument has a script run in each document from the next one on, before
// anything of its own.
func (p *Page) OnNewDocument(script string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}
