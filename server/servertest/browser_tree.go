package servertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
)

// Reader is somebody for whom the page is its accessibility tree and nothing
// else: what is there has a role and a name, and is acted on by the tree's own
// nodes. There is no mouse, no shortcut, and no markup.
type Reader struct{ *Page }

// Thing is a node of the tree, with what stands in it.
type Thing struct {
	Node
	Live   string // how its changes are announced: "polite", "assertive", "" for not at all
	Within []Thing
	reader Reader
}

// tree is the document, or the dialog above it that is modal.
func (r Reader) tree() (root Thing, ok bool) {
	result, err := try(r.Page, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil || len(result.Nodes) == 0 {
		return Thing{}, false
	}
	by := make(map[accessibility.NodeID]*accessibility.Node, len(result.Nodes))
	for _, n := range result.Nodes {
		by[n.NodeID] = n
	}
	var build func(n *accessibility.Node) []Thing
	build = func(n *accessibility.Node) (things []Thing) {
		var within []Thing
		for _, id := range n.ChildIDs {
			if child := by[id]; child != nil {
				within = append(within, build(child)...)
			}
		}
		if n.Ignored {
			return within // its children stand in its place
		}
		thing := Thing{Node: newNode(n), Within: within, reader: r}
		for _, property := range n.Properties {
			if property.Name == accessibility.PropertyNameLive {
				thing.Live = word(property.Value)
			}
		}
		return []Thing{thing}
	}
	all := build(result.Nodes[0])
	if len(all) != 1 {
		return Thing{}, false
	}
	return all[0], true
}

// find is every thing of this role and name in another, in the tree's order.
func (t Thing) find(role, name string) (found []Thing) {
	for _, child := range t.Within {
		if child.Role == role && named(child.Name, name) {
			found = append(found, child)
		}
		found = append(found, child.find(role, name)...)
	}
	return found
}

// Text is all that is read out of a thing.
func (t Thing) Text() string {
	if t.Role == "StaticText" {
		return t.Name
	}
	var b strings.Builder
	for _, child := range t.Within {
		if child.Role != "InlineTextBox" {
			b.WriteString(child.Text())
		}
	}
	return b.String()
}

// Thing waits for the one thing of this role and name.
func (r Reader) Thing(role, name string) (thing Thing) {
	r.t.Helper()
	r.Until(fmt.Sprintf("one %s %q in the tree", role, name), func() bool {
		root, ok := r.tree()
		if !ok {
			return false
		}
		found := root.find(role, name)
		if len(found) == 1 {
			thing = found[0]
		}
		return len(found) == 1
	})
	return thing
}

// First is the first thing of this role and name in a thing.
func (t Thing) First(role, name string) (thing Thing, ok bool) {
	found := t.find(role, name)
	if len(found) == 0 {
		return Thing{}, false
	}
	return found[0], true
}

// Told is what the page tells by itself now, politely: what stands in its live
// regions.
func (r Reader) Told() string {
	r.t.Helper()
	var b strings.Builder
	var listen func(t Thing, live bool)
	listen = func(t Thing, live bool) {
		live = (live || t.Live == "polite") && t.Live != "off"
		if live && t.Role == "StaticText" {
			b.WriteString(t.Name + "\n")
		}
		for _, child := range t.Within {
			listen(child, live)
		}
	}
	r.Until("the tree", func() bool {
		b.Reset()
		root, ok := r.tree()
		listen(root, false)
		return ok
	})
	return b.String()
}

// All are those in a thing, in their order.
func (t Thing) All(role, name string) []Thing { return t.find(role, name) }

// Do does what is done with a thing, as a screen reader does when one asks for
// its default action.
func (r Reader) Do(role, name string) {
	r.t.Helper()
	r.Until(fmt.Sprintf("%s %q to be acted on", role, name), func() bool { return r.act(r.Thing(role, name)) })
}

// Do does what is done with the first thing of this role and name in a thing.
func (t Thing) Do(role, name string) {
	t.reader.t.Helper()
	if thing, ok := t.First(role, name); !ok || !t.reader.act(thing) {
		t.reader.t.Fatalf("there is no %s %q in %s %q, or nothing can be done with it", role, name, t.Role, t.Name)
	}
}

func (r Reader) act(thing Thing) bool {
	if thing.Disabled {
		return false
	}
	_, err := ask[any](r.Page, thing.id, `function () { this.click() }`)
	return err == nil
}

// Fill puts a text into a field in place of what stands there.
func (r Reader) Fill(name, text string) {
	r.t.Helper()
	r.fill("textbox", name, text)
}

// FillBox is Fill for a box in which one searches.
func (r Reader) FillBox(name, text string) {
	r.t.Helper()
	r.fill("searchbox", name, text)
}

func (r Reader) fill(role, name, text string) {
	r.t.Helper()
	thing := r.Thing(role, name)
	call(r.Page, dom.Focus, dom.FocusParams{BackendNodeID: thing.id})
	r.SelectAll()
	call(r.Page, input.InsertText, input.InsertTextParams{Text: text})
}
