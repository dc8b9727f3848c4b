package servertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page is one person's browser: a Chromium with a profile of its own and one
// tab. It finds things as people with a screen reader do, by role and
// accessible name, and waits for each until it is there.
//
// When the test ends, the Chromium ends, and the test fails if the page broke
// its content security policy, threw an exception or complained in the console
// in between.
type Page struct {
	t   testing.TB
	ctx context.Context
	tab *chromedp.Target

	mu         sync.Mutex
	complaints []Complaint
}

// Complaint is something that a browser says against a page.
type Complaint struct {
	Kind string // "policy", "exception", "console", or "network"
	Text string
}

// Chromium is the browser's path; without one the test is skipped, or fails
// where REDROOM_BROWSER is "require".
func Chromium(t testing.TB) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if path := os.Getenv("REDROOM_CHROMIUM"); path != "" {
		names = []string{path}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing := fmt.Sprintf("there is no browser (%s): apt-get install chromium, or set REDROOM_CHROMIUM to its path", strings.Join(names, ", "))
	if os.Getenv("REDROOM_BROWSER") == "require" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// OpenPage starts a Chromium, with flags such as "name=value" beside the usual
// ones.
func OpenPage(t testing.TB, flags ...string) *Page {
	t.Helper()
	profile := t.TempDir()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(Chromium(t)), chromedp.Flag("user-data-dir", profile)}
	for _, flag := range append([]string{
		"headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "no-default-browser-check", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-breakpad", "lang=en-US", "window-size=1280,800", "force-color-profile=srgb",
	}, flags...) {
		name, value, valued := strings.Cut(flag, "=")
		if valued {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	ctx, closeBrowser := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(ctx)
	p := &Page{t: t, ctx: ctx}
	t.Cleanup(func() {
		closeTab()
		closeBrowser()
		outlived(t, profile)
		for _, c := range p.Complaints() {
			if c.Kind != "network" {
				t.Errorf("the page was complained about: %s: %s", c.Kind, c.Text)
			}
		}
	})
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	p.tab = chromedp.FromContext(ctx).Target
	call(p, runtime.AddBinding, runtime.AddBindingParams{Name: "policyViolated"})
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => policyViolated(e.violatedDirective + " " + e.blockedURI + " " + e.sample))`,
	})
	p.Show(1280, 800, "light")
	return p
}

// hear notes what Chromium says against the page.
func (p *Page) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventBindingCalled:
		if e.Name == "policyViolated" {
			p.complain("policy", e.Payload)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.complain("exception", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		var text []string
		for _, arg := range e.Args {
			text = append(text, string(arg.Value)+arg.Description)
		}
		p.complain("console", strings.Join(text, " "))
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		kind := "console"
		if e.Entry.Source == log.EntrySourceNetwork {
			kind = "network"
		}
		p.complain(kind, strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL))
	}
}

func (p *Page) complain(kind, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, Complaint{kind, text})
}

// Complaints are all so far.
func (p *Page) Complaints() []Complaint {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// outlived fails the test if a process of this profile is still there: no
// browser may survive its test.
func outlived(t testing.TB, profile string) {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Error(err)
	}
	for _, line := range lines {
		// It may end while it is read; then it is gone, as it should be.
		if command, err := os.ReadFile(line); err == nil && strings.Contains(string(command), "--user-data-dir="+profile) {
			t.Errorf("a process of Chromium is still there: %s", strings.ReplaceAll(string(command), "\x00", " "))
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

// try is call where failing is an answer too: of a node that has just gone.
func try[P, R any](p *Page, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	return cdp.Call(ctx, p.tab, command, params)
}

// Open goes to an address. One that differs in its fragment only loads nothing.
func (p *Page) Open(address string) {
	p.t.Helper()
	if result := call(p, page.Navigate, page.NavigateParams{URL: address}); result.ErrorText != "" {
		p.t.Fatalf("opening %s: %s", address, result.ErrorText)
	}
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

// Node is one thing that the page shows.
type Node struct {
	Role, Name string
	Value      string // of what one types into
	Disabled   bool
	Focused    bool
	id         cdp.BackendNodeID
}

// find gives what has this role and name now. Everywhere a name is asked for,
// "…" at its beginning or end stands for anything, so that "…" is any name.
func (p *Page) find(role, name string) (found []Node) {
	exact := name
	if strings.HasPrefix(name, "…") || strings.HasSuffix(name, "…") {
		exact = ""
	}
	nodes, err := p.within("document", role, exact)
	if err != nil {
		return nil // the page is between two documents
	}
	for _, node := range nodes {
		if named(node.Name, name) {
			found = append(found, node)
		}
	}
	return found
}

func named(name, wanted string) bool {
	wanted, before := strings.CutPrefix(wanted, "…")
	wanted, after := strings.CutSuffix(wanted, "…")
	switch {
	case before && wanted == "":
		return true
	case before && after:
		return strings.Contains(name, wanted)
	case before:
		return strings.HasSuffix(name, wanted)
	case after:
		return strings.HasPrefix(name, wanted)
	}
	return name == wanted
}

// within is find in what a script evaluates to.
func (p *Page) within(script, role, name string) ([]Node, error) {
	root, err := try(p, runtime.Evaluate, runtime.EvaluateParams{Expression: script, ObjectGroup: "test"})
	if err != nil {
		return nil, err
	}
	defer try(p, runtime.ReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: "test"})
	tree, err := try(p, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: root.Result.ObjectID, Role: role, AccessibleName: name})
	if err != nil {
		return nil, err
	}
	var nodes []Node
	for _, n := range tree.Nodes {
		if !n.Ignored {
			nodes = append(nodes, newNode(n))
		}
	}
	return nodes, nil
}

func newNode(n *accessibility.Node) Node {
	node := Node{Role: word(n.Role), Name: word(n.Name), Value: word(n.Value), id: n.BackendDOMNodeID}
	for _, property := range n.Properties {
		switch property.Name {
		case accessibility.PropertyNameDisabled:
			node.Disabled = string(property.Value.Value) == "true"
		case accessibility.PropertyNameFocused:
			node.Focused = string(property.Value.Value) == "true"
		}
	}
	return node
}

func word(value *accessibility.Value) string {
	var text string
	if value != nil {
		_ = json.Unmarshal(value.Value, &text) // what isn't a text has no name
	}
	return text
}

// Shows tells whether there is such a thing now.
func (p *Page) Shows(role, name string) bool { return len(p.find(role, name)) > 0 }

// Find waits for the one thing of this role and name.
func (p *Page) Find(role, name string) (node Node) {
	p.t.Helper()
	p.Until(fmt.Sprintf("one %s %q", role, name), func() bool {
		found := p.find(role, name)
		if len(found) == 1 {
			node = found[0]
		}
		return len(found) == 1
	})
	return node
}

// Gone waits until there is no such thing.
func (p *Page) Gone(role, name string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("no %s %q", role, name), func() bool { return !p.Shows(role, name) })
}

// Names are those of all things of a role now.
func (p *Page) Names(role string) []string {
	var names []string
	for _, node := range p.find(role, "…") {
		names = append(names, node.Name)
	}
	return names
}

// Text is all the text in something.
func (p *Page) Text(role, name string) (text string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("the text of %s %q", role, name), func() bool {
		found := p.find(role, name)
		if len(found) != 1 {
			return false
		}
		var err error
		text, err = ask[string](p, found[0].id, `function () { return this.textContent }`)
		return err == nil
	})
	return text
}

// UntilText waits until something says this and nothing else.
func (p *Page) UntilText(role, name, text string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%s %q that says %q", role, name, text), func() bool {
		found := p.find(role, name)
		if len(found) != 1 {
			return false
		}
		got, err := ask[string](p, found[0].id, `function () { return this.textContent }`)
		return err == nil && got == text
	})
}

// Outline is what the page shows, for a test that failed.
func (p *Page) Outline() string {
	tree, err := try(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, n := range tree.Nodes {
		node := newNode(n)
		if n.Ignored || node.Name == "" || node.Role == "StaticText" || node.Role == "InlineTextBox" {
			continue
		}
		fmt.Fprintf(&b, "  %s %.100q", node.Role, node.Name)
		if node.Value != "" {
			fmt.Fprintf(&b, " = %.100q", node.Value)
		}
		if node.Disabled {
			b.WriteString(" (disabled)")
		}
		b.WriteByte('\n')
	}
	for _, c := range p.Complaints() {
		fmt.Fprintf(&b, "  ! %s: %s\n", c.Kind, c.Text)
	}
	return b.String()
}
