package servertest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// Open goes to an address. One that differs in its fragment only loads nothing.
func (p *Page) Open(address string) {
	p.t.Helper()
	var failed string
	// One that still leaves the page before it, which has asked (hear), takes no other
	// address meanwhile.
	p.Until("the way to "+address, func() bool {
		failed = call(p, page.Navigate, page.NavigateParams{URL: address}).ErrorText
		return failed != "net::ERR_ABORTED"
	})
	if failed != "" {
		p.t.Fatalf("opening %s: %s", address, failed)
	}
}

// Refused goes to an address that can't be opened, and gives Chromium's name for why;
// "" if it can.
func (p *Page) Refused(address string) string {
	p.t.Helper()
	return call(p, page.Navigate, page.NavigateParams{URL: address}).ErrorText
}

// Reload loads the page again, and returns when the old document is gone.
func (p *Page) Reload() {
	p.t.Helper()
	const born = "performance.timeOrigin"
	before := Evaluate[float64](p, born)
	call(p, page.Reload, page.ReloadParams{})
	p.Until("another document", func() bool {
		result, err := try(p, runtime.Evaluate, runtime.EvaluateParams{Expression: born})
		if err != nil || result.ExceptionDetails != nil {
			return false
		}
		var now float64
		decode(p.t, result.Result.Value, &now)
		return now > before
	})
}

// Address is where the page is.
func (p *Page) Address() string { return Evaluate[string](p, "location.href") }

// Cookies are those that the page's address is sent.
func (p *Page) Cookies() []*network.Cookie {
	p.t.Helper()
	return call(p, network.GetCookies, network.GetCookiesParams{}).Cookies
}

// Evaluate runs a script in the page and gives its value, a promise's too.
func Evaluate[T any](p *Page, script string) (value T) {
	p.t.Helper()
	yes := true
	result := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: script, ReturnByValue: &yes, AwaitPromise: &yes})
	if result.ExceptionDetails != nil {
		p.t.Fatalf("evaluating %s: %s", script, result.ExceptionDetails.Text)
	}
	decode(p.t, result.Result.Value, &value)
	return value
}

// ask calls a function with a node as this. It fails if the node is gone.
func ask[T any](p *Page, node cdp.BackendNodeID, function string, arguments ...any) (value T, err error) {
	object, err := try(p, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node, ObjectGroup: "test"})
	if err != nil {
		return value, err
	}
	yes := true
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: object.Object.ObjectID, ReturnByValue: &yes}
	for _, argument := range arguments {
		encoded, err := json.Marshal(argument)
		if err != nil {
			return value, err
		}
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: jsonv2.Value(encoded)})
	}
	result, err := try(p, runtime.CallFunctionOn, params)
	if err != nil {
		return value, err
	}
	if result.ExceptionDetails != nil {
		return value, fmt.Errorf("calling %s: %s", function, result.ExceptionDetails.Text)
	}
	decode(p.t, result.Result.Value, &value)
	return value, nil
}

func decode(t testing.TB, encoded jsonv2.Value, value any) {
	t.Helper()
	if len(encoded) == 0 {
		return // undefined
	}
	if err := json.Unmarshal(encoded, value); err != nil {
		t.Fatalf("decoding %.200s: %v", encoded, err)
	}
}

// Until waits until holds does, asking again and again; what says what is
// missing if it never does.
func (p *Page) Until(what string, holds func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			p.t.Fatalf("the page did not come so far within %v: %s; it shows:\n%s", Patience, what, p.Outline())
		case <-again.C:
		}
	}
}

// call sends a command to the tab, which must not fail.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	result, err := cdp.Call(ctx, p.tab, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// try is call where failing is an answer too: of a node that has just gone, or
// of a page that is busy for ever.
func try[P, R any](p *Page, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, Patience/3)
	defer cancel()
	return cdp.Call(ctx, p.tab, command, params)
}
