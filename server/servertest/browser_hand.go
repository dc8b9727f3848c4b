package servertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Click presses the mouse on something, as soon as it is there, enabled, and
// nothing lies above it.
func (p *Page) Click(role, name string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%s %q to click on", role, name), func() bool {
		node, ok := p.one(role, name)
		return ok && p.press(node)
	})
}

// ClickFirst is Click where there may be several.
func (p *Page) ClickFirst(role, name string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%s %q to click on", role, name), func() bool {
		found, err := p.find(role, name)
		return err == nil && len(found) > 0 && p.press(found[0])
	})
}

// press presses the mouse on a node, if that is possible now.
func (p *Page) press(node Node) bool {
	if node.Disabled {
		return false
	}
	if _, err := try(p, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node.id}); err != nil {
		return false
	}
	quads, err := try(p, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node.id})
	if err != nil || len(quads.Quads) == 0 || len(quads.Quads[0]) != 8 {
		return false
	}
	q := quads.Quads[0]
	x, y := (q[0]+q[2]+q[4]+q[6])/4, (q[1]+q[3]+q[5]+q[7])/4
	mouse := func(kind input.DispatchMouseEventType, button input.MouseButton, clicks int64) {
		call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: button, ClickCount: clicks})
	}
	mouse(input.DispatchMouseEventTypeMouseMoved, input.MouseButtonNone, 0) // some things are there only under the mouse
	const meets = `function (x, y) { const there = document.elementFromPoint(x, y); return there !== null && this.contains(there) }`
	if met, err := ask[bool](p, node.id, meets, x, y); err != nil || !met {
		return false
	}
	mouse(input.DispatchMouseEventTypeMousePressed, input.MouseButtonLeft, 1)
	mouse(input.DispatchMouseEventTypeMouseReleased, input.MouseButtonLeft, 1)
	return true
}

// Type replaces what stands in a field by text.
func (p *Page) Type(role, name, text string) {
	p.t.Helper()
	p.Click(role, name)
	p.Until(fmt.Sprintf("the focus in %s %q", role, name), func() bool { return p.Focus().Name == name })
	p.SelectAll()
	p.Insert(text)
}

// SelectAll selects what stands in the field that has the focus.
func (p *Page) SelectAll() { p.edit("selectAll") }

// Paste puts what was copied where the focus is.
func (p *Page) Paste() { p.edit("paste") }

// edit gives one of the editing commands that a system has keys for.
func (p *Page) edit(command string) {
	p.t.Helper()
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{command}})
}

// Insert puts text where the focus is, as a paste or an input method does.
func (p *Page) Insert(text string) {
	p.t.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// Press presses a key, such as kb.Enter, with modifiers held down, and lets it
// go. What it types is typed unless the page prevents that, as on a keyboard.
func (p *Page) Press(key string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	for _, r := range key {
		for _, event := range kb.Encode(r) {
			for _, m := range modifiers {
				event.Modifiers |= int64(m)
			}
			switch {
			case event.Type == input.DispatchKeyEventTypeChar:
				continue // it would come whatever the page makes of the key
			case event.Type != input.DispatchKeyEventTypeKeyUp && (key == kb.Enter || kb.Keys[r].Print) && event.Modifiers&^int64(chromedp.ModifierShift) == 0:
				event.Type, event.Text = input.DispatchKeyEventTypeKeyDown, key
			}
			call(p, input.DispatchKeyEvent, *event)
		}
	}
}

// Focus is where the keyboard is.
func (p *Page) Focus() Node {
	nodes, err := p.within("document.activeElement", "", "")
	if err != nil {
		return Node{}
	}
	for _, node := range nodes {
		if node.Focused && node.Role != "RootWebArea" {
			return node
		}
	}
	return Node{}
}

// TabTo presses the tabulator until the keyboard is where it should be.
func (p *Page) TabTo(role, name string) {
	p.t.Helper()
	const most = 80
	var met []string
	for range most {
		p.Press(kb.Tab)
		at := p.Focus()
		if at.Role == role && named(at.Name, name) {
			return
		}
		met = append(met, at.Role+" "+at.Name)
	}
	p.t.Fatalf("the tabulator does not lead to %s %q, but to %s", role, name, strings.Join(met, ", "))
}

// Show makes the window so large, in CSS pixels, and the system's colors
// "light" or "dark". A window under 640 pixels is a phone's, which is touched.
func (p *Page) Show(width, height int64, colors string) {
	p.t.Helper()
	touched := width < 640
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: touched})
	call(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: touched})
	p.Prefer("prefers-color-scheme", colors)
}

// Settle waits until what moves has arrived, and was painted.
func (p *Page) Settle() {
	p.t.Helper()
	Evaluate[bool](p, `(async () => {
		const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
		await document.fonts.ready;
		await painted();
		const ends = (animation) => animation.effect.getComputedTiming().endTime < Infinity;
		await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));
		await painted();
		return true;
	})()`)
}

// Picture is what the window shows, as a PNG.
func (p *Page) Picture() []byte {
	p.t.Helper()
	return call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
}
