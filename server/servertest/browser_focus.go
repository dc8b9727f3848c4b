package servertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp/kb"
)

// What is wrong with how the focus is shown; "" if one can see where it is. It
// is seen by an outline, border or shadow in the color that only the focus has
// (the one named --focus, or with forced colors the system's), on what has the
// focus or on what it is drawn as a part of; and something of it lies above
// everything else, in the window (WCAG 2.2, 2.4.7 and 2.4.11).
const lookAtFocus = `(() => {
	const focus = document.activeElement;
	if (!focus || focus === document.body) return "nothing has the focus";
	const probe = document.createElement("span");
	probe.style.color = matchMedia("(forced-colors: active)").matches ? "Highlight" : "var(--focus)";
	document.body.append(probe);
	const color = getComputedStyle(probe).color;
	probe.remove();
	const marked = (element) => {
		const style = getComputedStyle(element);
		return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && style.outlineColor === color)
			|| style.boxShadow.includes(color) || style.borderTopColor === color && parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none";
	};
	let seen = false;
	for (let at = focus, steps = 0; at && steps < 4 && !seen; at = at.parentElement, steps++) seen = marked(at) && (steps === 0 || at.matches(":focus-within"));
	if (!seen) return "nothing shows that it has the focus";
	const box = focus.getBoundingClientRect();
	const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
	if (right - left < 1 || bottom - top < 1) return "it is out of the window";
	for (const x of [0.5, 0.1, 0.9]) for (const y of [0.5, 0.1, 0.9]) {
		const there = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
		if (there && (focus.contains(there) || there.contains(focus) && there.localName === "label")) return "";
	}
	return "something lies above it";
})()`

// Key presses a key as a person does who has to see where the keyboard is: it
// fails if one can't see that afterwards.
func (p *Page) Key(key string) {
	p.t.Helper()
	p.Press(key)
	p.SeeFocus()
}

// SeeFocus waits until one sees what has the focus.
func (p *Page) SeeFocus() {
	p.t.Helper()
	var wrong string
	p.Until("a focus that one sees", func() bool {
		said, ok := Look[string](p, lookAtFocus)
		wrong = said
		return ok && (wrong == "" || wrong == "nothing shows that it has the focus" || wrong == "something lies above it")
	})
	if wrong != "" {
		// What moves may not have arrived.
		p.Settle()
		wrong = Evaluate[string](p, lookAtFocus)
	}
	if wrong != "" {
		at := p.Focus()
		p.t.Errorf("%s %q has the focus: %s: %s", at.Role, at.Name, wrong, Evaluate[string](p, `document.activeElement.outerHTML.slice(0, 160)`))
	}
}

// Write types a text, key by key.
func (p *Page) Write(text string) {
	p.t.Helper()
	for _, r := range text {
		p.Press(string(r))
	}
	p.SeeFocus()
}

// Walk presses the tabulator until the keyboard is where it should be, and sees
// it at each stop.
func (p *Page) Walk(role, name string) {
	p.t.Helper()
	const most = 80
	var met []string
	for range most {
		p.Press(kb.Tab)
		if Evaluate[bool](p, "document.activeElement === document.body") {
			continue // behind the last comes the browser's own, before the first
		}
		p.SeeFocus()
		at := p.Focus()
		if at.Role == role && named(at.Name, name) {
			return
		}
		met = append(met, fmt.Sprintf("%s %q", at.Role, at.Name))
	}
	p.t.Fatalf("the tabulator does not lead to %s %q, but to %s", role, name, strings.Join(met, ", "))
}
