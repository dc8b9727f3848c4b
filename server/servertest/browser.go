package servertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
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
	return openPage(t, Chromium(t), flags)
}

func openPage(t testing.TB, chromium string, flags []string) *Page {
	t.Helper()
	profile := t.TempDir()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium), chromedp.Flag("user-data-dir", profile)}
	for _, flag := range append([]string{
		"headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "no-default-browser-check", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-breakpad", "lang=en-US", "window-size=1280,800", "force-color-profile=srgb",
		// A mouse, which a machine without one has none of: it hovers (2) and is fine (4).
		"blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
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
		awaitEnd(t, profile)
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
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // the window is in front
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

// Forgive takes back the first complaint of a kind that has this text in it. It
// tells whether there was one.
func (p *Page) Forgive(kind, text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.complaints, func(c Complaint) bool { return c.Kind == kind && strings.Contains(c.Text, text) })
	if at >= 0 {
		p.complaints = slices.Delete(p.complaints, at, at+1)
	}
	return at >= 0
}

// awaitEnd waits until no process of this profile is there any more: no browser
// may survive its test, or write where the test's directory is being removed.
func awaitEnd(t testing.TB, profile string) {
	deadline := time.Now().Add(Patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for left := processes(profile); len(left) > 0; left = processes(profile) {
		if time.Now().After(deadline) {
			t.Errorf("Chromium is still there: %q", left)
			return
		}
		<-again.C
	}
}

// processes are the command lines of a profile's Chromium, where the system
// tells them.
func processes(profile string) (lines []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is a good one
	for _, path := range paths {
		// It may end while it is read; then it is gone, as it should be.
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), "--user-data-dir="+profile) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}
