package servertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
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
	t       testing.TB
	ctx     context.Context
	tab     *chromedp.Target
	profile string            // directory
	prefers map[string]string // media features that are emulated

	mu         sync.Mutex
	complaints []Complaint
	asked      int // before it was left
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
	return openPage(t, Chromium(t), t.TempDir(), flags)
}

// OpenPageIn is OpenPage with a profile, a directory, that another Chromium may
// have used before.
func OpenPageIn(t testing.TB, profile string, flags ...string) *Page {
	t.Helper()
	return openPage(t, Chromium(t), profile, flags)
}

// OpenPageOf is OpenPage as somebody whose home directory this is, in which there is
// the list of the authorities that a Chromium trusts beside the usual ones.
func OpenPageOf(t testing.TB, home string, flags ...string) *Page {
	t.Helper()
	return openPage(t, Chromium(t), t.TempDir(), flags, chromedp.Env("HOME="+home, "XDG_DATA_HOME="))
}

func openPage(t testing.TB, chromium, profile string, flags []string, options ...chromedp.ExecAllocatorOption) *Page {
	t.Helper()
	options = append(options, chromedp.ExecPath(chromium), chromedp.Flag("user-data-dir", profile))
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
	p := &Page{t: t, ctx: ctx, profile: profile, prefers: make(map[string]string)}
	p.judge()
	t.Cleanup(func() {
		closeTab()
		closeBrowser()
		awaitEnd(t, profile)
	})
	p.begin()
	return p
}

// Tab opens another tab in the same Chromium.
func (p *Page) Tab() *Page {
	p.t.Helper()
	ctx, closeTab := chromedp.NewContext(p.ctx)
	tab := &Page{t: p.t, ctx: ctx, profile: p.profile, prefers: make(map[string]string)}
	tab.judge()
	p.t.Cleanup(closeTab)
	tab.begin()
	return tab
}

// judge fails the test at its end if there were complaints.
func (p *Page) judge() {
	p.t.Cleanup(func() {
		for _, c := range p.Complaints() {
			if c.Kind != "network" {
				p.t.Errorf("the page was complained about: %s: %s", c.Kind, c.Text)
			}
		}
	})
}

// begin makes the tab one that a person sits before.
func (p *Page) begin() {
	p.t.Helper()
	if err := chromedp.Listen(p.ctx, p.hear); err != nil {
		p.t.Fatalf("starting Chromium: %v", err)
	}
	p.tab = chromedp.FromContext(p.ctx).Target
	call(p, runtime.AddBinding, runtime.AddBindingParams{Name: "policyViolated"})
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => policyViolated(e.violatedDirective + " " + e.blockedURI + " " + e.sample))`,
	})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // the window is in front
	p.Show(1280, 800, "light")
}

// Kill ends the Chromium with SIGKILL, all its processes, and waits until they
// are gone.
func (p *Page) Kill() {
	p.t.Helper()
	for pid := range processes(p.profile) {
		// One that ends by itself meanwhile is what is wanted.
		if process, err := os.FindProcess(pid); err == nil {
			process.Kill()
		}
	}
	awaitEnd(p.t, p.profile)
}

// hear notes what Chromium says against the page. A page that asks before it is left
// is left: whoever opens another address means it.
func (p *Page) hear(event any) {
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		if e.Type == page.DialogTypeBeforeunload {
			p.mu.Lock()
			p.asked++
			p.mu.Unlock()
			go cdp.Call(p.ctx, p.tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
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

// Asked is how often the page has asked before it was left.
func (p *Page) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
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
			t.Errorf("Chromium is still there: %v", left)
			return
		}
		<-again.C
	}
}

// processes are the command lines of a profile's Chromium by their process ids,
// where the system tells them.
func processes(profile string) map[int]string {
	lines := make(map[int]string)
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is a good one
	for _, path := range paths {
		// It may end while it is read; then it is gone, as it should be.
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), "--user-data-dir="+profile) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // digits, by the pattern
			lines[pid] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return lines
}
