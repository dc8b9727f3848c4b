package servertest

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
)

// Kept is all that this browser keeps of the page that is open, in IndexedDB, as
// JSON; "" where it keeps nothing at all.
func (p *Page) Kept() string {
	p.t.Helper()
	return Evaluate[string](p, `(async () => {
		if (!(await indexedDB.databases()).some(({ name }) => name === "redroom")) return "";
		const asked = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
		const db = await asked(indexedDB.open("redroom"));
		const all = {};
		for (const name of db.objectStoreNames) all[name] = await asked(db.transaction(name).objectStore(name).getAll());
		db.close();
		return JSON.stringify(all, (key, value) => (value instanceof Map ? [...value] : value instanceof Uint8Array ? value.length : value));
	})()`)
}

// AwaitWorker waits until the page can be opened without a network.
func (p *Page) AwaitWorker() {
	p.t.Helper()
	p.Until("a service worker", func() bool {
		active, ok := Look[bool](p, `navigator.serviceWorker.getRegistration().then((there) => there?.active?.state === "activated")`)
		return ok && active
	})
}

// Crash ends the tab's process, as a bug of the browser's would, and waits until
// the tab answers no more.
func (p *Page) Crash() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Second)
	defer cancel()
	// There is nobody left to say that it was done.
	cdp.Call(ctx, p.tab, page.Crash, cdp.Empty{})
	p.Until("the tab to be gone", func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, time.Second)
		defer cancel()
		_, err := cdp.Call(ctx, p.tab, runtime.Evaluate, runtime.EvaluateParams{Expression: "1"})
		return err != nil
	})
}

// LimitStorage gives the pages of an origin so many octets to keep, or with 0
// what Chromium gives them by itself.
func (p *Page) LimitStorage(origin string, octets float64) {
	p.t.Helper()
	limit := storage.OverrideQuotaForOriginParams{Origin: origin}
	if octets > 0 {
		limit.QuotaSize = &octets
	}
	call(p, storage.OverrideQuotaForOrigin, limit)
}
