package chat

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"redroom/server/client"
)

// Styles are of the terminal's own colors, which fit its background.
var (
	faint  = ansi.NewStyle().Faint()
	strong = ansi.NewStyle().Bold()
	bad    = ansi.NewStyle().ForegroundColor(ansi.Red)
	marked = ansi.NewStyle().Reverse(true)
	people = []ansi.Style{
		ansi.NewStyle().Bold().ForegroundColor(ansi.Green),
		ansi.NewStyle().Bold().ForegroundColor(ansi.Magenta),
		ansi.NewStyle().Bold().ForegroundColor(ansi.Cyan),
		ansi.NewStyle().Bold().ForegroundColor(ansi.Blue),
	}
)

const (
	sideFrom     = 64 // columns, for the topics to stand beside the messages
	looseFrom    = 16 // rows, for messages to stand apart
	maxInputRows = 6
)

// sideWidth is how many columns the topics have beside the messages; 0: they
// don't stand there.
func (m *Model) sideWidth() int {
	if m.width < sideFrom {
		return 0
	}
	return min(m.width*3/10, 32)
}

// logWidth is how many columns the messages have.
func (m *Model) logWidth() int {
	if side := m.sideWidth(); side > 0 {
		return m.width - side - 2
	}
	return max(1, m.width)
}

// logHeight is how many rows the messages have.
func (m *Model) logHeight() int { return max(1, m.height-3-m.input.Height()) }

func (m *Model) sizeInput() {
	rows := min(maxInputRows, max(1, m.height/3))
	if m.input.Width() != m.logWidth()-2 || m.input.MaxHeight != rows {
		m.input.DynamicHeight, m.input.MinHeight, m.input.MaxHeight, m.input.MaxContentHeight = true, 1, rows, 1<<20
		m.input.SetWidth(max(1, m.logWidth()-2))
		m.input.SetValue(m.input.Value())
	}
}

// View draws the whole screen.
func (m *Model) View() tea.View {
	side := m.sideWidth()
	rows := append([]string{m.head()}, m.middle()...)
	rows = append(rows, m.rule())
	inputAt := len(rows)
	for i, said := range strings.Split(m.input.View(), "\n") {
		prompt := "  "
		if i == 0 {
			prompt = m.prompt()
		}
		rows = append(rows, prompt+said)
	}
	rows = append(rows, m.foot())
	if side > 0 {
		list := m.sideRows(side, len(rows))
		for i := range rows {
			rows[i] = m.pad(list[i], side) + faint.Styled("│") + " " + rows[i]
		}
	}
	rows = rows[:min(len(rows), max(1, m.height))]
	v := tea.NewView(strings.Join(rows, "\n"))
	v.AltScreen, v.ReportFocus, v.MouseMode = true, true, tea.MouseModeCellMotion
	v.WindowTitle = "Red Room"
	if m.mode == writing || m.mode == finding {
		if v.Cursor = m.input.Cursor(); v.Cursor != nil {
			v.Cursor.Blink = false
			v.Cursor.X += 2
			v.Cursor.Y += inputAt
			if side > 0 {
				v.Cursor.X += side + 2
			}
		}
	}
	return v
}

func (m *Model) prompt() string {
	if m.mode == finding {
		return strong.Styled("/") + " "
	}
	return strong.Styled("›") + " "
}

// head says where one is, and how one is connected.
func (m *Model) head() string {
	where := "Red Room"
	if t := m.topics[m.open]; t != nil {
		where = m.title(t)
		if deal := m.dealName(t); deal != "" && m.sideWidth() == 0 && m.width >= 60 {
			where = deal + " / " + where
		}
		if !t.Open {
			where += " (closed)"
		}
	}
	here := ""
	if t := m.topics[m.open]; t != nil && m.logWidth() >= 50 {
		if n := m.present(t); n > 0 {
			here = fmt.Sprintf(" · %d here", n)
		}
	}
	via := m.connection()
	right := faint.Styled(here) + " " + faint.Styled("●") + " " + via
	switch {
	case via == "Offline":
		right = " " + bad.Styled("○ "+via)
	case m.state.Phase != client.Open:
		right = " " + faint.Styled("○ "+via)
	}
	if n := m.unreadElsewhere(); n > 0 && m.sideWidth() == 0 {
		right = strong.Styled(fmt.Sprintf(" +%d", n)) + right
	}
	left := strong.Styled(m.cut(where, m.logWidth()-m.measure.StringWidth(right)-1))
	return m.pad(left, m.logWidth()-m.measure.StringWidth(right)) + right
}

func (m *Model) unreadElsewhere() (n int64) {
	for _, t := range m.topics {
		if t.ID != m.open && !t.Archived {
			n += t.unread
		}
	}
	return n
}

// middle is what fills the screen: messages, or what is chosen from.
func (m *Model) middle() []string {
	height := m.logHeight()
	var rows []string
	switch {
	case m.mode == helping:
		rows = m.helpRows(height)
	case m.mode == finding:
		rows = m.hitRows(height)
	case m.mode == picking && m.sideWidth() == 0:
		rows = m.listRows(m.logWidth(), height)
	default:
		rows = m.messages(height)
	}
	for len(rows) < height {
		rows = append(rows, "")
	}
	return rows[:height]
}

// messages are at the bottom of their part of the screen.
func (m *Model) messages(height int) []string {
	l, v := m.logs[m.open], m.views[m.open]
	if l == nil || len(v.rows) == 0 {
		return []string{"", faint.Styled(m.cut("  "+m.nothing(l), m.logWidth()))}
	}
	var rows []string
	for _, r := range v.rows[v.top():v.end] {
		rows = append(rows, r.text)
	}
	for len(rows) < height {
		rows = append([]string{""}, rows...)
	}
	return rows
}

// nothing says why there are no messages to be seen.
func (m *Model) nothing(l *log) string {
	switch {
	case m.state.Phase != client.Open && m.state.Err != nil:
		return "Not connected: " + reason(m.state.Err)
	case m.state.Phase != client.Open:
		return "Connecting…"
	case l == nil && m.told == nil && m.wanted != "":
		return "There is no such topic, or it is not yours to see."
	case l == nil && m.told == nil && len(m.topics) == 0:
		return "There is no topic yet that you may read."
	case l == nil:
		return "Tab shows the topics."
	case l.head == 0:
		return "Nothing was said yet."
	}
	return "Loading…"
}

// rule parts what is said from what is being written, and says what that is.
func (m *Model) rule() string {
	said := ""
	l, v := m.logs[m.open], m.views[m.open]
	switch {
	case m.mode == finding:
		said = "Search"
	case m.draft.edit > 0:
		said = "Editing · Esc gives it up"
	case m.draft.reply > 0 && l != nil:
		said = "↳ " + m.quote(l, m.draft.reply)
	case l != nil && (v.below() > 0 || !l.live()):
		said = "↓ newer messages · Esc goes there"
	}
	if said != "" {
		said = "─ " + m.cut(said, m.logWidth()-4) + " "
	}
	return faint.Styled(said + strings.Repeat("─", max(0, m.logWidth()-m.measure.StringWidth(said))))
}

// foot says what the keys are, or what is to be noticed.
func (m *Model) foot() string {
	if m.notice != "" {
		return bad.Styled(m.cut(m.notice, m.logWidth()))
	}
	if m.mode == confirming {
		return bad.Styled(m.cut("Remove these words for good? y/n", m.logWidth()))
	}
	if m.state.Phase != client.Open && m.state.Err != nil && m.mode == writing {
		return bad.Styled(m.cut(reason(m.state.Err), m.logWidth()))
	}
	said := ""
	for _, key := range keysOf(m.mode) {
		if m.measure.StringWidth(said+" · "+key) > m.logWidth() {
			break
		}
		if said != "" {
			said += " · "
		}
		said += key
	}
	return faint.Styled(said)
}

func keysOf(of mode) []string {
	switch of {
	case picking:
		return []string{"↑↓ Enter", "letters narrow", "Esc back"}
	case choosing:
		return []string{"↑↓", "Enter reply", "e edit", "d remove", "Esc back"}
	case finding:
		return []string{"Enter searches, goes there", "↑↓", "Esc back"}
	case helping:
		return []string{"↑↓", "Esc back"}
	}
	return []string{"F1 help", "Tab topics", "^R reply", "^F search", "^Q quit", "Alt+Enter new line"}
}

// sideRows are the topics beside the messages.
func (m *Model) sideRows(width, height int) []string {
	rows := m.listRows(width, height)
	for len(rows) < height {
		rows = append(rows, "")
	}
	return rows
}

// listRows are the topics below their deals, with the chosen one in sight.
func (m *Model) listRows(width, height int) []string {
	var rows []string
	deal, sight := "", 0
	if m.mode == picking && m.filter != "" {
		rows = append(rows, m.cut("/"+line(m.filter), width-1))
	}
	for i, t := range m.matching() {
		if name := m.dealName(t); t.Deal != deal {
			deal = t.Deal
			rows = append(rows, strong.Styled(m.cut(name, width-1)))
		}
		if m.mode == picking && i == m.picked || m.mode != picking && t.ID == m.open {
			sight = len(rows)
		}
		rows = append(rows, m.topicRow(t, width-1, m.mode == picking && i == m.picked))
	}
	if m.mode == picking && len(m.matching()) == 0 {
		rows = append(rows, faint.Styled(m.cut("No topic is called so.", width-1)))
	}
	from := max(0, min(sight-height/2, len(rows)-height))
	return rows[from:min(len(rows), from+height)]
}

// topicRow is a topic with what is unread, and whether a person is there.
func (m *Model) topicRow(t *topic, width int, chosen bool) string {
	mark := " "
	if t.ID == m.open {
		mark = "▌"
	}
	title := m.title(t)
	if other := m.other(t); other != "" {
		there := "○ "
		if m.presence[other] == "online" {
			there = "● "
		}
		title = there + title
	}
	unread := ""
	if t.unread > 0 {
		unread = fmt.Sprintf(" %d", t.unread)
	}
	title = m.pad(m.cut(mark+title, width-len(unread)), width-len(unread))
	switch {
	case chosen:
		return marked.Styled(title + unread)
	case t.unread > 0 || t.ID == m.open:
		return strong.Styled(title + unread)
	}
	return title + unread
}

// hitRows are what was found, two rows each, with the chosen one in sight.
func (m *Model) hitRows(height int) []string {
	s := &m.search
	if s.said != "" || len(s.hits) == 0 {
		said := s.said
		if said == "" {
			said = "Words, \"a phrase\", from:NAME, in:TOPIC, after:2026-01-31"
		}
		return []string{"", faint.Styled(m.cut("  "+said, m.logWidth()))}
	}
	var rows []string
	from := max(0, min(s.chosen-height/4, len(s.hits)-height/2))
	for i := from; i < len(s.hits) && len(rows) < height; i++ {
		h := s.hits[i]
		where, who := "", line(h.Author)
		if t := m.topics[h.Topic]; t != nil {
			where, who = m.title(t), m.display(t.Deal, h.Author)
		}
		at := time.UnixMilli(h.Time).In(m.location).Format("2 Jan 2006 15:04")
		mark := " "
		if i == s.chosen {
			mark = "▌"
		}
		rows = append(rows, m.cut(mark+strong.Styled(who)+" "+faint.Styled(at+" · "+where), m.logWidth()))
		extract := ""
		for _, piece := range h.Extract {
			said := strings.Join(strings.Fields(text(piece.Text)), " ")
			if strings.HasPrefix(piece.Text, " ") {
				said = " " + said
			}
			if strings.HasSuffix(piece.Text, " ") {
				said += " "
			}
			if piece.Hit {
				said = strong.Styled(said)
			}
			extract += said
		}
		rows = append(rows, m.cut(mark+"  "+extract, m.logWidth()))
	}
	return rows
}

var helpText = [][2]string{
	{"Enter", "send"},
	{"Alt+Enter, ^J", "new line"},
	{"Tab", "choose a topic; letters narrow"},
	{"^N ^P, Alt+↓ ↑", "next topic, the one before"},
	{"PgUp PgDn, wheel", "older and newer messages"},
	{"Shift+↑ ↓", "by a line"},
	{"Esc, End", "to the newest message"},
	{"^R", "choose a message: reply, edit, remove"},
	{"↑", "edit one's last message, or take back one that was not sent"},
	{"^F", "search"},
	{"/calc 2 * 7.5", "calculate; the result stands where one writes, to be sent or not"},
	{"^L", "draw anew"},
	{"^Z", "to the shell; fg comes back"},
	{"^Q, ^C", "quit"},
	{"? or F1", "this help"},
}

func (m *Model) helpRows(height int) []string {
	var rows []string
	width := 18
	if m.logWidth() < 50 {
		width = 2
	}
	for _, key := range helpText {
		if width == 2 {
			rows = append(rows, strong.Styled(key[0]))
		}
		for i, said := range m.wrap(key[1], m.logWidth()-width) {
			label := ""
			if i == 0 && width > 2 {
				label = key[0]
			}
			rows = append(rows, strong.Styled(m.pad(label, width))+said)
		}
	}
	m.helpAt = max(0, min(m.helpAt, len(rows)-height))
	return rows[m.helpAt:min(len(rows), m.helpAt+height)]
}

// cut makes something fit in so many columns.
func (m *Model) cut(s string, width int) string {
	if m.measure.StringWidth(s) <= width {
		return s
	}
	return m.measure.Truncate(s, max(0, width), "…")
}

// pad makes something fill so many columns.
func (m *Model) pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-m.measure.StringWidth(s)))
}
