package server_test

import (
	"testing"

	"redroom/server/servertest"
)

// watchShifts has each document count how much of it moves without anybody
// having asked for that: the sum that is called cumulative layout shift, and
// what moved.
const watchShifts = `
	globalThis.shifts = { sum: 0, moved: [] };
	new PerformanceObserver((list) => {
		for (const { value, hadRecentInput, sources } of list.getEntries()) {
			if (hadRecentInput) continue;
			shifts.sum += value;
			shifts.moved.push(value.toFixed(4) + ": " + sources.map(({ node, previousRect, currentRect }) =>
				(node?.outerHTML ?? node?.textContent ?? "").slice(0, 80) + " " + JSON.stringify([previousRect, currentRect])).join("; "));
		}
	}).observe({ type: "layout-shift", buffered: true });
`

// mostShift is a fifth of what counts as good (web.dev/articles/cls: 0.1).
const mostShift = 0.02

// From the first octet to the room as it stays, nothing moves: whether the
// browser was never here, or has all of it, on a desk as on a phone.
func TestPageDoesNotMoveWhileItLoads(t *testing.T) {
	t.Parallel()
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desk", 1280, 800}, {"phone", 360, 740}} {
		t.Run(size.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "en")
			s.p.OnNewDocument(watchShifts)
			s.p.Be(s.people["anna"])
			for _, visit := range []string{"cold", "warm", "without a network"} {
				if visit == "without a network" {
					s.p.AwaitWorker()
					keepsWords(s.p, "Guten Morgen", "morgen um neun")
					s.stop()
				}
				s.p.Open("about:blank")
				s.p.Show(size.width, size.height, "light")
				s.p.Open(s.room.Plain + "/t/" + s.topics[0])
				reads := map[bool]string{true: "Offline", false: "WebTransport"}[visit == "without a network"]
				s.p.Until("the room as it stays", func() bool {
					complete, ok := servertest.Look[bool](s.p, `document.querySelectorAll("rr-message").length === 5 && document.querySelector("rr-connection").textContent === "`+reads+`"`)
					return ok && complete && s.p.Count("textbox", "Message") == 1
				})
				s.p.Settle()
				sum := servertest.Evaluate[float64](s.p, "shifts.sum")
				t.Logf("%s: %.4f", visit, sum)
				if sum > mostShift {
					t.Errorf("%s: %.4f of the page moves, more than %v:", visit, sum, mostShift)
					for _, moved := range servertest.Evaluate[[]string](s.p, "shifts.moved") {
						t.Error(moved)
					}
				}
			}
		})
	}
}
