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
		found := p.find(role, name)
		return len(found) == 1 && p.press(found[0])
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
	const meets = `function (x, y) { const there = document.elementFromPoint(x, y); return there !== null && this.contains(there) }`
	if met, err := ask[bool](p, node.id, meets, x, y); err != nil || !met {
		return false
	}
	for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
		event := input.DispatchMouseEventParams{Type: kind, X: x, Y: y}
		if kind != input.DispatchMouseEventTypeMouseMoved {
			event.Button, event.ClickCount = input.MouseButtonLeft, 1
		}
		call(p, input.DispatchMouseEvent, event)
	}
	return true
}

// Type replaces what stands in a field by text.
func (p *Page) Type(role, name, text string) {
	p.t.Helper()
	p.Click(role, name)
	p.Until(fmt.Sprintf("the focus in %s %q", role, name), func() bool { return p.Focus().Name == name })
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{"selectAll"}})
	p.Insert(text)
}

// Insert puts text where the focus is, as a paste or an input method does.
func (p *Page) Insert(text string) {
	p.t.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// Paste puts there what was copied.
func (p *Page) Paste() {
	p.t.Helper()
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{"paste"}})
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
			case event.Type != input.DispatchKeyEventTypeKeyUp && (key == kb.Enter || kb.Keys[r].Print) && event.Modifiers == 0:
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
		if at.Role == role && at.Name == name {
			return
		}
		met = append(met, at.Role+" "+at.Name)
	}
	p.t.Fatalf("the tabulator does not lead to %s %q, but to %s", role, name, strings.Join(met, ", "))
}

// Show makes the window so large, in CSS pixels, and the system's colors
// "light" or "dark".
func (p *Page) Show(width, height int64, colors string) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colors}}})
}

// Picture is what the window shows, as a PNG.
func (p *Page) Picture() []byte {
	p.t.Helper()
	return call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
}
