package chat

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"redroom/server/client"
	"redroom/server/room"
)

// groupWithin is how long somebody's messages stand below one name.
const groupWithin = 5 * time.Minute

// maxQuote is how many characters of what a reply speaks of are looked at, each
// time that it is drawn; more than a row has.
const maxQuote = 1000

// row is a line of what a topic's messages look like. below counts those of the
// same message that come after it.
type row struct {
	seq   int64
	below int
	text  string
}

// view is which part of a topic one sees.
type view struct {
	bottom bool  // the newest
	at     row   // else: this row is the last one
	aim    int64 // the message to be seen as soon as it is there, in the middle
	reveal int64 // the message to be seen, wherever

	rows   []row
	end    int // the first row that isn't seen, below
	height int
}

func newView() *view { return &view{bottom: true} }

// top is how many rows lie above what is seen.
func (v *view) top() int { return max(0, v.end-v.height) }

// below is how many rows lie below what is seen.
func (v *view) below() int { return len(v.rows) - v.end }

// seq is the message at the end of what is seen.
func (v *view) seq(l *log) int64 {
	for i := min(v.end, len(v.rows)) - 1; i >= 0; i-- {
		if v.rows[i].seq > 0 {
			return v.rows[i].seq
		}
	}
	return l.hi
}

func (v *view) scroll(by int) {
	v.stand(min(max(v.end+by, min(v.height, len(v.rows))), len(v.rows)))
}

// stand has the rows up to end be seen.
func (v *view) stand(end int) {
	v.end, v.bottom = end, end >= len(v.rows)
	if !v.bottom && end > 0 {
		v.at = v.rows[end-1]
	}
}

// place finds what is to be seen, after the rows have changed.
func (v *view) place(rows []row, height int) {
	v.rows, v.height = rows, height
	if v.aim > 0 {
		if first, _, ok := v.of(v.aim); ok {
			v.aim = 0
			v.stand(min(len(rows), max(first+height/2, min(height, len(rows)))))
			return
		}
	}
	v.end = len(rows)
	if !v.bottom {
		v.end = v.index()
	}
	if first, end, ok := v.of(v.reveal); ok {
		switch {
		case end > v.end:
			v.stand(end)
		case first < v.top():
			v.stand(min(len(rows), first+height))
		}
	}
	v.reveal = 0
	v.bottom = v.bottom || v.end == len(rows)
}

// index is behind the row that was the last one to be seen.
func (v *view) index() int {
	for i, r := range v.rows {
		if r.seq > v.at.seq || r.seq == v.at.seq && r.below <= v.at.below {
			return max(min(i+1, len(v.rows)), min(v.height, len(v.rows)))
		}
	}
	return len(v.rows)
}

// of are the rows of a message.
func (v *view) of(seq int64) (first, end int, ok bool) {
	for i, r := range v.rows {
		if r.seq == seq && seq > 0 {
			if !ok {
				first = i
			}
			end, ok = i+1, true
		}
	}
	return first, end, ok
}

// lay makes the rows of the open topic.
func (m *Model) lay() {
	m.sizeInput()
	l, v := m.logs[m.open], m.views[m.open]
	if l == nil {
		return
	}
	var rows []row
	var before *entry
	for _, e := range l.entries {
		if e.shown() {
			rows = append(rows, m.entryRows(l, e, before)...)
			before = e
		}
	}
	if l.live() {
		for _, p := range m.posts {
			if p.topic == m.open && p.post.Kind != room.Redact {
				rows = append(rows, m.postingRows(p)...)
			}
		}
	}
	v.place(rows, m.logHeight())
}

// entryRows is a message as it looks below the one before it.
func (m *Model) entryRows(l *log, e, before *entry) []row {
	at := e.at.In(m.location)
	var lines []string
	newDay := before == nil || !sameDay(at, before.at.In(m.location))
	if newDay {
		if before != nil && m.height >= looseFrom {
			lines = append(lines, "")
		}
		lines = append(lines, m.dayLine(at))
	}
	t := m.topics[m.open]
	grouped := !newDay && e.ref == 0 && before.kind != room.System && before.author == e.author && e.at.Sub(before.at) < groupWithin
	switch {
	case e.kind == room.System:
	case !grouped:
		if !newDay && m.height >= looseFrom {
			lines = append(lines, "")
		}
		lines = append(lines, m.author(t, e.author)+" "+faint.Styled(at.Format("15:04")))
	}
	if e.ref > 0 && e.kind == room.Text {
		lines = append(lines, faint.Styled(m.cut("  ↳ "+m.quote(l, e.ref), m.logWidth())))
	}
	lines = append(lines, m.body(e)...)
	rows := make([]row, len(lines))
	for i, said := range lines {
		if said != "" && e.seq == m.chosen && (m.mode == choosing || m.mode == confirming) {
			said = "▌" + strings.TrimPrefix(said, " ")
			if !strings.HasPrefix(lines[i], " ") {
				said = m.cut("▌"+lines[i], m.logWidth())
			}
		}
		rows[i] = row{e.seq, len(lines) - 1 - i, said}
	}
	return rows
}

// body is what a message says.
func (m *Model) body(e *entry) []string {
	width := m.logWidth() - 2
	switch {
	case e.redacted:
		return []string{faint.Styled(m.cut("  The words of this message were removed.", m.logWidth()))}
	case e.kind == room.System:
		return m.styled(faint, "  ", m.wrap("· "+e.text, width))
	case e.kind == room.Report:
		return m.styled(ansi.Style{}, "  ", m.wrap("▤ "+e.text, width))
	}
	if e.wrapped == nil || e.wrappedFor != (wrapping{e.text, width, m.measure}) {
		e.wrapped, e.wrappedFor = m.styled(ansi.Style{}, "  ", m.wrap(e.text, width)), wrapping{e.text, width, m.measure}
	}
	if e.editedBy == 0 {
		return e.wrapped
	}
	return m.append(e.wrapped, faint.Styled(" (edited)"))
}

// wrapping is what a text's lines depend on.
type wrapping struct {
	text    string
	width   int
	measure ansi.Method
}

// append puts a mark behind the last line, or below it.
func (m *Model) append(lines []string, mark string) []string {
	marked := append([]string{}, lines...)
	last := len(marked) - 1
	if m.measure.StringWidth(marked[last]+mark) <= m.logWidth() {
		marked[last] += mark
		return marked
	}
	return append(marked, " "+mark)
}

// postingRows is a message that isn't in the log yet.
func (m *Model) postingRows(p *posting) []row {
	said := p.post.Body
	if p.post.Kind == room.Edit {
		said = "✎ " + said
	}
	lines := m.styled(faint, "  ", m.wrap(text(said), m.logWidth()-2))
	switch {
	case p.why != "":
		lines = append(lines, m.styled(bad, "  ", m.wrap("✗ Not sent: "+p.why+" (↑ takes it back)", m.logWidth()-2))...)
	case m.state.Phase != client.Open:
		lines = m.append(lines, faint.Styled(" … waits for the connection"))
	default:
		lines = m.append(lines, faint.Styled(" …"))
	}
	rows := make([]row, len(lines))
	for i := range lines {
		rows[i] = row{text: lines[i]}
	}
	return rows
}

// quote is what a reply speaks of, in short.
func (m *Model) quote(l *log, seq int64) string {
	e := l.find(seq)
	switch {
	case e == nil:
		return "an earlier message"
	case e.redacted:
		return m.name(e.author) + ": (removed)"
	}
	return m.name(e.author) + ": " + line(beginning(e.text, maxQuote))
}

// beginning is at most so many characters of a text.
func beginning(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return s[:i]
		}
	}
	return s
}

// name is what somebody is called in the open topic.
func (m *Model) name(account string) string {
	if t := m.topics[m.open]; t != nil {
		return m.display(t.Deal, account)
	}
	return line(account)
}

func (m *Model) author(t *topic, account string) string {
	name := m.cut(m.name(account), m.logWidth()-6)
	if account == m.me {
		return strong.Styled(name)
	}
	sum := 0
	for _, letter := range account {
		sum += int(letter)
	}
	return people[sum%len(people)].Styled(name)
}

func (m *Model) dayLine(at time.Time) string {
	day := " " + at.Format("Monday, 2 January 2006") + " "
	if m.logWidth() < 40 {
		day = " " + at.Format("Mon 2 Jan 2006") + " "
	}
	return faint.Styled("──" + day + strings.Repeat("─", max(0, m.logWidth()-2-m.measure.StringWidth(day))))
}

func sameDay(a, b time.Time) bool {
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// wrap breaks a text into lines of a width.
func (m *Model) wrap(s string, width int) []string {
	return strings.Split(m.measure.Wrap(s, max(1, width), ""), "\n")
}

// styled puts an indent before each line.
func (m *Model) styled(style ansi.Style, indent string, lines []string) []string {
	shown := make([]string, len(lines))
	for i, said := range lines {
		shown[i] = indent + style.Styled(said)
		if len(style) == 0 {
			shown[i] = indent + said
		}
	}
	return shown
}
