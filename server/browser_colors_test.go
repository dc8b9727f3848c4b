package server_test

import (
	"fmt"
	"testing"

	"redroom/server/servertest"
)

// Where the system forces its colors, grounds and shadows are gone: what they
// said is said by lines. Each of these is a selector and what has to be there.
var saidByLines = map[string]map[string]string{
	"unread": {
		"rr-topics a[aria-current]":      "the topic that is open",
		"rr-topics a .count:not(:empty)": "what is unread",
		"rr-topics > .search > input":    "the search box",
		"rr-composer > form":             "where one writes",
		"rr-composer .button.main":       "the main button",
		".avatar":                        "a person's initials",
		".rule.new::before":              "the line above what is new",
	},
	"editing":         {"rr-message[data-editing]": "what is edited"},
	"completing-name": {"[role=option][aria-selected=true]": "what Enter takes"},
	"day":             {`dialog button[tabindex="0"]`: "the day that Enter takes"},
}

const withoutLines = `((lines) => {
	const wrong = [];
	for (const [selector, what] of Object.entries(lines)) {
		const [element, pseudo] = selector.split("::");
		const found = document.querySelector(element);
		if (!found) { wrong.push("there is no " + element); continue; }
		const style = getComputedStyle(found, pseudo && "::" + pseudo);
		const drawn = (side) => style["border" + side + "Style"] !== "none" && parseFloat(style["border" + side + "Width"]) > 0;
		const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
		if (!drawn("Top") && !drawn("Left") && !outlined) wrong.push(what + " (" + selector + ") has no line");
	}
	return wrong;
})(%s)`

// What has the keyboard, what is open, and what is new are seen with forced
// colors too.
func TestPageInForcedColorsDrawsWhatColorsSaid(t *testing.T) {
	t.Parallel()
	s := newStage(t, "en")
	for _, name := range []string{"editing", "completing-name", "day", "unread"} {
		s.reach(name)
		s.p.Prefer("forced-colors", "active")
		s.p.Settle()
		for _, wrong := range servertest.Evaluate[[]string](s.p, fmt.Sprintf(withoutLines, encoded(t, saidByLines[name]))) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	s.p.Walk("link", "1 …")
	s.p.Walk("button", "New topic")
	s.p.Walk("textbox", "Message")
}

// Who asks for more contrast gets 7:1 for all text (WCAG 2.2, 1.4.6), and lines
// that one sees.
func TestPageWithMoreContrast(t *testing.T) {
	t.Parallel()
	source := axe(t)
	s := newStage(t, "en")
	for _, name := range []string{"unread", "failed", "admin-user"} {
		s.reach(name)
		s.p.Prefer("prefers-contrast", "more")
		for _, colors := range []string{"light", "dark"} {
			s.p.Prefer("prefers-color-scheme", colors)
			s.p.Settle()
			if edge := servertest.Evaluate[bool](s.p, `(() => { const style = getComputedStyle(document.documentElement); return style.getPropertyValue("--line") === style.getPropertyValue("--edge") })()`); !edge {
				t.Errorf("%s, %s: some lines are fainter than others", name, colors)
			}
			if source == "" {
				continue
			}
			if !servertest.Evaluate[bool](s.p, `"axe" in globalThis`) {
				servertest.Evaluate[any](s.p, source+"\n;0")
			}
			for _, said := range servertest.Evaluate[[]string](s.p, `axe.run(document, { runOnly: { type: "rule", values: ["color-contrast-enhanced"] }, rules: { "color-contrast-enhanced": { enabled: true } }, preload: false })
				.then(({ violations }) => violations.flatMap(({ nodes }) => nodes.map(({ target, failureSummary }) => target.join(" ") + " " + failureSummary.split("\n")[1])))`) {
				t.Errorf("%s, %s: %s", name, colors, said)
			}
		}
	}
}

// Who asks for less motion gets none: nothing on the page runs for any time.
func TestPageWithReducedMotionStandsStill(t *testing.T) {
	t.Parallel()
	s := newStage(t, "en")
	s.p.Prefer("prefers-reduced-motion", "reduce")
	for _, name := range []string{"unread", "new-topic", "people"} {
		s.reach(name)
		for _, moving := range servertest.Evaluate[[]string](s.p, `document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 0 && one.effect.getKeyframes().some((frame) => "translate" in frame || "transform" in frame || "rotate" in frame || "scale" in frame)).map((one) => one.animationName ?? one.transitionProperty)`) {
			t.Errorf("%s: %s moves", name, moving)
		}
	}
}

// reach brings the page into a state by its name.
func (s *stage) reach(name string) {
	s.t.Helper()
	for _, state := range states {
		if state.name == name {
			state.reach(s)
			return
		}
	}
	s.t.Fatalf("there is no state %s", name)
}
