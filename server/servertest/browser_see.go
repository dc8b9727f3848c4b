package servertest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
)

// Node is one thing that the page shows.
type Node struct {
	Role, Name string
	Value      string // of what one types into
	Disabled   bool
	Focused    bool
	id         cdp.BackendNodeID
}

// find gives what has this role and name now; it fails while the page is
// between two documents. Everywhere a name is asked for, "…" at its beginning
// or end stands for anything, so that "…" is any name.
func (p *Page) find(role, name string) (found []Node, err error) {
	exact := name
	if strings.HasPrefix(name, "…") || strings.HasSuffix(name, "…") {
		exact = ""
	}
	nodes, err := p.within("document", role, exact)
	for _, node := range nodes {
		if named(node.Name, name) {
			found = append(found, node)
		}
	}
	return found, err
}

// one is what has this role and name now, if it is the only one.
func (p *Page) one(role, name string) (node Node, ok bool) {
	found, err := p.find(role, name)
	if err != nil || len(found) != 1 {
		return Node{}, false
	}
	return found[0], true
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

// Find waits for the one thing of this role and name.
func (p *Page) Find(role, name string) (node Node) {
	p.t.Helper()
	p.Until(fmt.Sprintf("one %s %q", role, name), func() (ok bool) {
		node, ok = p.one(role, name)
		return ok
	})
	return node
}

// Gone waits until there is no such thing.
func (p *Page) Gone(role, name string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("no %s %q", role, name), func() bool {
		found, err := p.find(role, name)
		return err == nil && len(found) == 0
	})
}

// Count is how many such things there are now.
func (p *Page) Count(role, name string) (count int) {
	p.t.Helper()
	p.Until(fmt.Sprintf("an answer to how many %s %q there are", role, name), func() bool {
		found, err := p.find(role, name)
		count = len(found)
		return err == nil
	})
	return count
}

// UntilText waits until something says this and nothing else.
func (p *Page) UntilText(role, name, text string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%s %q that says %q", role, name, text), func() bool {
		got, ok := p.Text(role, name)
		return ok && got == text
	})
}

// Text is what the one thing of this role and name says now, if it is there.
func (p *Page) Text(role, name string) (text string, ok bool) {
	node, ok := p.one(role, name)
	if !ok {
		return "", false
	}
	text, err := ask[string](p, node.id, `function () { return this.textContent }`)
	return text, err == nil
}

// The document, and what stands in its fields.
const written = `[document.documentElement.outerHTML, ...[...document.querySelectorAll("input, textarea")].map((field) => field.value)].join("\n")`

// Mentions are the places where the page has a text: its markup, its fields, and
// what it tells those who don't see it.
func (p *Page) Mentions(text string) (places []string) {
	p.t.Helper()
	if before, after, found := strings.Cut(Evaluate[string](p, written), text); found {
		places = append(places, fmt.Sprintf("between %q and %q", before[max(0, len(before)-80):], after[:min(len(after), 80)]))
	}
	tree, err := try(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		p.t.Fatalf("reading what the page tells: %v", err)
	}
	for _, n := range tree.Nodes {
		for _, value := range []*accessibility.Value{n.Name, n.Value, n.Description} {
			if strings.Contains(word(value), text) {
				places = append(places, fmt.Sprintf("%s says %.80q", word(n.Role), word(value)))
			}
		}
	}
	return places
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
