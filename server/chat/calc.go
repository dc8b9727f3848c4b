package chat

import (
	"fmt"
	"regexp"
)

// calcCommand is how a line begins that is to be calculated, and not to be sent.
const calcCommand = "/calc "

// calculation is what somebody wants to have calculated.
type calculation struct {
	request string // as CALC takes it
	sum     string // as it is posted
}

var sums = regexp.MustCompile(`^\s*(-?[0-9.]+)\s*([-+*/])\s*(-?[0-9.]+)\s*$`)

// parseCalculation reads what stands behind the command. Whether it can be
// calculated is the server's to say.
func parseCalculation(text string) (calculation, bool) {
	parts := sums.FindStringSubmatch(text)
	if parts == nil {
		return calculation{}, false
	}
	a, op, b := parts[1], parts[2], parts[3]
	return calculation{op + "," + a + "," + b, a + " " + op + " " + b}, true
}

// calculate asks for what was written, which stays until it is answered.
func (m *Model) calculate(text string) {
	c, ok := parseCalculation(text)
	if !ok {
		m.notice = "Two numbers, and + - * / between them: /calc 2 * 7.5"
		return
	}
	m.notice = "Calculating…"
	m.act(calculate{m.open, m.input.Value(), c})
}

// calculated puts the result where it was asked for, to be sent, unless something
// else is written there meanwhile.
func (m *Model) calculated(c calculated) {
	here := m.open == c.asked.topic && m.mode != finding
	if here {
		m.keepDraft()
	}
	d := m.drafts[c.asked.topic]
	switch {
	case d.text != c.asked.command || d.edit > 0:
		return
	case c.err == nil && c.answer.Code == 200:
		d.text = fmt.Sprintf("%s = %s", c.asked.sum, line(c.answer.Result))
		m.drafts[c.asked.topic] = d
	}
	if !here {
		return
	}
	m.resume(d)
	switch {
	case c.err != nil:
		m.notice = reason(c.err)
	case c.answer.Code != 200:
		m.notice = c.asked.sum + " has no result here."
	default:
		m.notice = "Nobody else sees it until Enter sends it."
	}
}
