package chat

import (
	"errors"
	"slices"
	"time"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"redroom/server/client"
	"redroom/server/room"
)

// maxFollowed is how many topics are read at a time: the open one, and those that
// were open before.
const maxFollowed = 8

// mode is what the keys are for.
type mode int

const (
	writing    mode = iota
	picking         // a topic
	choosing        // a message
	confirming      // that a message's words are to be removed
	finding         // messages
	helping
)

// Model is what one sees, and what becomes of it.
type Model struct {
	width, height int
	measure       ansi.Method // of a text's width, as the terminal does it
	focused       bool        // the terminal is looked at
	mode          mode
	notice        string // in place of the keys; "": there is none
	location      *time.Location

	state client.State
	directory
	logs     map[string]*log
	followed []string // topics, the open one last
	open     string   // topic; "": none
	wanted   string   // topic that is to be opened when it is known
	drafts   map[string]draft
	read     map[string]int64 // up to where it was said
	asking   map[string]bool  // a page
	failed   map[string]bool  // to get a page
	input    textarea.Model
	draft    draft // of the open topic; its text is in input
	posts    []*posting

	views  map[string]*view // of topics
	picked int              // topic in the list
	filter string           // of the list
	chosen int64            // message
	search searching
	helpAt int // its first line that is seen

	do []action
}

// draft is what is being written.
type draft struct {
	text  string
	reply int64 // the seq that it replies to; 0: none
	edit  int64 // that it is the new text of
}

// posting is a message of one's own that isn't in the log yet.
type posting struct {
	topic string
	post  client.Post
	at    time.Time
	seq   int64  // once it is accepted
	why   string // it was refused
}

type searching struct {
	query  string
	asked  string // query
	hits   []hit
	chosen int
	said   string // in place of hits
}

// NewModel is the model of who is signed in, which begins with a topic; "": the
// first that has something unread.
func NewModel(me, topic string) *Model {
	input := textarea.New()
	input.Prompt, input.ShowLineNumbers = "", false
	input.CharLimit, input.MaxHeight, input.MaxContentHeight = 0, 0, 0
	input.SetVirtualCursor(false) // it would blink, by a timer
	input.SetStyles(textarea.Styles{Focused: plainStyle(), Blurred: plainStyle()})
	input.KeyMap.Paste.SetEnabled(false) // the terminal pastes
	input.Focus()
	return &Model{
		width: 80, height: 24, focused: true, location: time.Local, wanted: topic,
		state: client.State{Phase: client.Connecting}, directory: newDirectory(me),
		logs: make(map[string]*log), drafts: make(map[string]draft), read: make(map[string]int64),
		asking: make(map[string]bool), failed: make(map[string]bool), views: make(map[string]*view),
		input: input,
	}
}

func plainStyle() textarea.StyleState {
	none := lipgloss.NewStyle()
	return textarea.StyleState{
		Base: none, Text: none, CursorLine: none, EndOfBuffer: none, Prompt: none,
		Placeholder: none.Faint(true), Selection: none.Reverse(true),
	}
}

// Update changes the model by what happened, and gives what is to be done.
func (m *Model) Update(msg any) []action {
	m.do = nil
	m.take(msg)
	m.settle()
	return m.do
}

func (m *Model) act(a action) { m.do = append(m.do, a) }

func (m *Model) take(msg any) {
	switch msg := msg.(type) {
	case events:
		for _, one := range msg {
			m.take(one)
		}
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.FocusMsg:
		m.focused = true
	case tea.BlurMsg:
		m.focused = false
	case tea.ModeReportMsg:
		if msg.Mode == ansi.ModeUnicodeCore && msg.Value != ansi.ModeNotRecognized && msg.Value != ansi.ModePermanentlyReset {
			m.measure = ansi.GraphemeWidth
		}
	case tea.KeyPressMsg:
		m.key(msg)
	case tea.PasteMsg:
		m.paste(msg)
	case tea.MouseWheelMsg:
		m.wheel(msg)
	case client.State:
		m.reached(msg)
	case frame:
		m.frame(msg)
	case arrived:
		m.arrive(msg)
	case anew:
		m.begin(msg.topic)
	case ended:
		m.ended(msg)
	case sent:
		m.sent(msg)
	case calculated:
		m.calculated(msg)
	case fetched:
		m.fetched(msg)
	case found:
		m.found(msg)
	}
}

// reached takes a new state of the connection.
func (m *Model) reached(s client.State) {
	m.state = s
	if s.Phase == client.Open {
		clear(m.failed)
	}
	if s.Phase == client.Ended && !errors.Is(s.Err, client.ErrClosed) {
		m.act(quit{})
	}
}

// frame takes the room's state.
func (m *Model) frame(f frame) {
	m.directory.frame(f.typ, f.fields, f.payload)
	switch {
	case m.told != nil:
	case m.open == "":
		m.openFirst()
	case m.topics[m.open] == nil:
		m.lose("This topic is not there any more.")
	}
}

// lose leaves the open topic, which can't be read any more, for another one.
func (m *Model) lose(why string) {
	m.keepDraft()
	m.leave(m.open)
	m.mode, m.open, m.wanted = writing, "", ""
	m.resume(draft{})
	m.openFirst()
	m.notice = why
}

// openFirst opens the topic that is to be seen at the beginning.
func (m *Model) openFirst() {
	all := m.list()
	if m.wanted != "" {
		if m.topics[m.wanted] != nil {
			m.show(m.wanted)
		}
		return
	}
	if len(all) == 0 {
		return
	}
	first := all[0]
	if i := slices.IndexFunc(all, func(t *topic) bool { return t.unread > 0 }); i >= 0 {
		first = all[i]
	}
	m.show(first.ID)
}

// show opens a topic.
func (m *Model) show(id string) {
	m.mode, m.notice, m.wanted = writing, "", ""
	if id == m.open {
		return
	}
	m.keepDraft()
	m.open = id
	m.resume(m.drafts[id])
	if i := slices.Index(m.followed, id); i >= 0 {
		m.followed = append(slices.Delete(m.followed, i, i+1), id)
		return
	}
	m.logs[id], m.views[id] = &log{topic: id}, newView()
	m.followed = append(m.followed, id)
	m.act(follow{id})
	for _, old := range m.followed {
		if len(m.followed) > maxFollowed && old != id && !m.sending(old) {
			m.leave(old)
			return
		}
	}
}

func (m *Model) keepDraft() {
	if m.open != "" {
		m.draft.text = m.input.Value()
		m.drafts[m.open] = m.draft
	}
}

func (m *Model) resume(d draft) {
	m.draft = d
	m.input.SetValue(d.text)
	m.input.MoveToEnd()
}

// leave stops reading a topic.
func (m *Model) leave(id string) {
	i := slices.Index(m.followed, id)
	if i < 0 {
		return
	}
	m.followed = slices.Delete(slices.Clone(m.followed), i, i+1)
	delete(m.logs, id)
	delete(m.views, id)
	m.act(leave{id})
}

// sending tells whether a post of a topic isn't answered yet.
func (m *Model) sending(id string) bool {
	return slices.ContainsFunc(m.posts, func(p *posting) bool { return p.topic == id && p.why == "" })
}

func (m *Model) arrive(a arrived) {
	l := m.logs[a.topic]
	if l == nil {
		return
	}
	l.arrive(a.epoch, &a.message, m.me)
	m.seen(l)
}

// seen drops what is in the log now from what is on its way.
func (m *Model) seen(l *log) {
	m.posts = slices.DeleteFunc(m.posts, func(p *posting) bool {
		return p.topic == l.topic && p.seq > 0 && (p.seq <= l.head || !l.live())
	})
}

// begin forgets a topic's messages.
func (m *Model) begin(id string) {
	if l := m.logs[id]; l != nil {
		l.forget()
		m.views[id] = newView()
		delete(m.read, id)
		m.asking[id] = false
	}
}

// ended notes that a topic isn't read any more.
func (m *Model) ended(e ended) {
	if m.logs[e.topic] == nil || errors.Is(e.err, client.ErrClosed) {
		return
	}
	if m.open != e.topic {
		m.leave(e.topic)
		return
	}
	delete(m.topics, e.topic)
	m.lose("This topic can't be read any more: " + reason(e.err))
}

// sent takes the answer to a post.
func (m *Model) sent(s sent) {
	i := slices.IndexFunc(m.posts, func(p *posting) bool { return p.post.ID == s.id })
	if i < 0 {
		return
	}
	p := m.posts[i]
	if s.err != nil {
		p.why = reason(s.err)
		if p.post.Kind == room.Redact {
			m.posts = slices.Delete(m.posts, i, i+1)
			m.notice = "Not removed: " + p.why
		}
		return
	}
	p.seq = s.seq
	if l := m.logs[s.topic]; l == nil || s.seq <= l.head || !l.live() {
		m.posts = slices.Delete(m.posts, i, i+1)
	}
}

// reason is an error as one sentence that may be shown.
func reason(err error) string {
	var refusal *room.Error
	if errors.As(err, &refusal) {
		return line(refusal.Text)
	}
	return line(err.Error())
}

func (m *Model) fetched(f fetched) {
	id := f.asked.topic
	l := m.logs[id]
	m.asking[id] = false
	if l == nil {
		return
	}
	if f.err != nil {
		m.failed[id] = true
		m.notice = "Older messages can't be had: " + reason(f.err)
		if f.asked.anew {
			l.away = false
		}
		return
	}
	l.take(f.asked, &f.part, m.me)
	m.seen(l)
}

func (m *Model) found(f found) {
	if f.query != m.search.asked {
		return
	}
	m.search.hits, m.search.chosen, m.search.said = f.hits, 0, ""
	switch {
	case f.err != nil:
		m.search.said = reason(f.err)
	case len(f.hits) == 0:
		m.search.said = "Nothing was found."
	}
}

// settle does what follows from how everything is now.
func (m *Model) settle() {
	m.lay()
	l, v := m.logs[m.open], m.views[m.open]
	if l == nil {
		return
	}
	l.trim(v.seq(l))
	switch {
	case m.asking[m.open] || m.failed[m.open] || m.state.Phase != client.Open || l.away:
	case l.hi == 0 && l.head > 0:
		m.fetch(fetch{topic: m.open, before: l.head + 1, anew: true})
	case v.top() < m.logHeight() && !l.first && l.lo > 0:
		m.fetch(fetch{topic: m.open, before: l.lo})
	case l.hi > 0 && l.hi < l.head && v.below() < m.logHeight():
		m.fetch(fetch{topic: m.open, after: l.hi})
	}
	if m.focused && v.bottom && l.live() && l.head > m.read[m.open] && m.mode != helping && m.mode != finding {
		m.read[m.open] = l.head
		m.act(markRead{m.open, l.head})
		if t := m.topics[m.open]; t != nil {
			t.unread = 0
		}
	}
}

func (m *Model) fetch(f fetch) {
	m.asking[f.topic] = true
	m.act(f)
}

// goTo shows a message of a topic, wherever it is.
func (m *Model) goTo(id string, seq int64) {
	m.show(id)
	l, v := m.logs[id], m.views[id]
	v.aim, m.chosen, m.mode = seq, seq, choosing
	if !l.holds(seq) {
		l.forget()
		l.away = true
		m.fetch(fetch{topic: id, after: max(0, seq-pageSize/2), anew: true})
	}
}

// toBottom shows the newest messages.
func (m *Model) toBottom() {
	l, v := m.logs[m.open], m.views[m.open]
	if l == nil {
		return
	}
	*v = *newView()
	delete(m.failed, m.open)
	if l.hi < l.head {
		m.fetch(fetch{topic: m.open, before: l.head + 1, anew: true})
	}
}

const pageSize = 100

// Unsent are the texts that weren't acknowledged.
func (m *Model) Unsent() Unsent {
	var texts Unsent
	for _, p := range m.posts {
		if p.seq == 0 && p.post.Kind != room.Redact {
			texts = append(texts, p.post.Body)
		}
	}
	return texts
}

// connection is how the connection is called.
func (m *Model) connection() string {
	switch {
	case m.state.Phase == client.Open:
		return line(m.state.Via)
	case m.state.Phase == client.Connecting && m.state.Err == nil && len(m.topics) == 0:
		return "Connecting"
	}
	return "Offline"
}

// waits tells whether a post's answer is still to come.
func (m *Model) waits() bool {
	return slices.ContainsFunc(m.posts, func(p *posting) bool { return p.seq == 0 && p.why == "" })
}
