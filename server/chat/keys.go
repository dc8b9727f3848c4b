package chat

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"redroom/server/client"
	"redroom/server/room"
)

const wheelRows = 3

// key does what a key is for.
func (m *Model) key(k tea.KeyPressMsg) {
	if m.everywhere(k.String()) {
		return
	}
	switch m.mode {
	case picking:
		m.pick(k)
	case choosing:
		m.choose(k.String())
	case confirming:
		m.confirm(k.String())
	case finding:
		m.find(k)
	case helping:
		m.help(k.String())
	default:
		m.write(k)
	}
}

// everywhere does what some keys are for in every mode.
func (m *Model) everywhere(key string) bool {
	switch key {
	case "ctrl+c", "ctrl+q":
		m.act(quit{})
	case "ctrl+z":
		m.act(suspend{})
	case "ctrl+l":
		m.act(redraw{})
	case "f1":
		m.toMode(helping)
	case "ctrl+n", "alt+down":
		m.step(1)
	case "ctrl+p", "alt+up":
		m.step(-1)
	case "ctrl+f":
		m.toMode(finding)
	case "pgup":
		m.scroll(-m.page())
	case "pgdown":
		m.scroll(m.page())
	case "shift+up":
		m.scroll(-1)
	case "shift+down":
		m.scroll(1)
	default:
		return false
	}
	return true
}

func (m *Model) page() int { return max(1, m.logHeight()-2) }

// toMode changes what the keys are for.
func (m *Model) toMode(to mode) {
	if m.mode == to {
		return
	}
	if m.mode == finding {
		m.resume(m.drafts[m.open])
	}
	m.mode, m.notice = to, ""
	switch to {
	case finding:
		m.keepDraft()
		m.resume(draft{text: m.search.query})
		m.draft = m.drafts[m.open]
	case picking:
		m.filter, m.picked = "", 0
		for i, t := range m.matching() {
			if t.ID == m.open {
				m.picked = i
			}
		}
	}
}

// step opens the topic that is so many behind the open one.
func (m *Model) step(by int) {
	all := m.list()
	if len(all) == 0 {
		return
	}
	at := 0
	for i, t := range all {
		if t.ID == m.open {
			at = i + by
		}
	}
	m.toMode(writing)
	m.show(all[(at+len(all))%len(all)].ID)
}

// write is a key where one writes.
func (m *Model) write(k tea.KeyPressMsg) {
	m.notice = ""
	empty := m.input.Value() == ""
	switch key := k.String(); {
	case key == "enter":
		m.post()
	case key == "alt+enter" || key == "shift+enter" || key == "ctrl+j":
		m.input.InsertString("\n")
	case key == "tab":
		m.toMode(picking)
	case key == "?" && empty:
		m.toMode(helping)
	case key == "ctrl+r":
		m.toMessages()
	case key == "ctrl+end":
		m.toBottom()
	case key == "esc":
		m.giveUp()
	case key == "up" && empty:
		m.takeBack()
	case key == "end" && empty:
		m.toBottom()
	default:
		m.input, _ = m.input.Update(k)
	}
}

func (m *Model) paste(p tea.PasteMsg) {
	if m.mode == writing || m.mode == finding {
		m.notice = ""
		m.input, _ = m.input.Update(p)
	}
}

// giveUp ends a reply or an edit, or goes back to the newest messages.
func (m *Model) giveUp() {
	switch {
	case m.draft.edit > 0:
		m.resume(draft{})
	case m.draft.reply > 0:
		m.draft.reply = 0
	default:
		m.toBottom()
	}
}

// post sends what was written.
func (m *Model) post() {
	words := strings.TrimRight(m.input.Value(), " \t\n")
	l := m.logs[m.open]
	if strings.TrimSpace(words) == "" || l == nil {
		return
	}
	if sum, ok := strings.CutPrefix(words, calcCommand); ok && m.draft.edit == 0 && !strings.Contains(words, "\n") {
		m.calculate(sum)
		return
	}
	p := client.Post{Kind: room.Text, Ref: m.draft.reply, Body: words}
	if m.draft.edit > 0 {
		p.Kind, p.Ref = room.Edit, m.draft.edit
	}
	m.sendPost(p)
	m.resume(draft{})
	delete(m.drafts, m.open)
	if p.Kind == room.Text {
		m.toBottom()
	}
}

func (m *Model) sendPost(p client.Post) {
	p.ID = room.NewClientID(time.Now())
	if p.Ref != 0 {
		p.Epoch = m.logs[m.open].epoch
	}
	m.posts = append(m.posts, &posting{topic: m.open, post: p, at: time.Now()})
	m.act(send{m.open, p})
}

// takeBack has the last refused post, or else one's last message, be written anew.
func (m *Model) takeBack() {
	for i := len(m.posts) - 1; i >= 0; i-- {
		p := m.posts[i]
		if p.topic != m.open || p.why == "" {
			continue
		}
		m.posts = append(m.posts[:i:i], m.posts[i+1:]...)
		back := draft{text: p.post.Body, reply: p.post.Ref}
		if p.post.Kind == room.Edit {
			back.reply, back.edit = 0, p.post.Ref
		}
		m.resume(back)
		return
	}
	l := m.logs[m.open]
	if l == nil {
		return
	}
	if e := l.last(func(e *entry) bool { return m.editable(e) }); e != nil {
		m.resume(draft{text: e.own, edit: e.seq})
	}
}

func (m *Model) editable(e *entry) bool {
	return e.author == m.me && e.kind == room.Text && !e.redacted
}

// toMessages begins to choose a message, the last one that is seen.
func (m *Model) toMessages() {
	l, v := m.logs[m.open], m.views[m.open]
	if l == nil || len(v.rows) == 0 {
		return
	}
	m.toMode(choosing)
	m.chosen = v.seq(l)
	if e := l.find(m.chosen); e == nil || !e.shown() {
		m.moveChoice(-1)
	}
}

// choose is a key where one chooses a message.
func (m *Model) choose(key string) {
	l := m.logs[m.open]
	e := l.find(m.chosen)
	m.notice = ""
	switch key {
	case "esc", "q", "ctrl+r":
		m.mode = writing
	case "up", "k":
		m.moveChoice(-1)
	case "down", "j":
		m.moveChoice(1)
	case "enter", "r":
		if e != nil && !e.redacted {
			m.mode, m.draft.reply, m.draft.edit = writing, e.seq, 0
		}
	case "e":
		if e == nil || !m.editable(e) {
			m.notice = "Only texts of one's own can be edited."
			return
		}
		m.mode = writing
		m.resume(draft{text: e.own, edit: e.seq})
	case "d", "delete":
		if e != nil && !e.redacted {
			m.mode = confirming
		}
	}
}

// moveChoice chooses the next message in a direction.
func (m *Model) moveChoice(by int) {
	l, v := m.logs[m.open], m.views[m.open]
	var next *entry
	for _, e := range l.entries {
		if !e.shown() {
			continue
		}
		if by < 0 && e.seq < m.chosen {
			next = e
		}
		if by > 0 && e.seq > m.chosen {
			next = e
			break
		}
	}
	if next != nil {
		m.chosen = next.seq
		v.reveal = next.seq
	}
}

// confirm is a key after the question whether words are to be removed.
func (m *Model) confirm(key string) {
	m.mode = choosing
	if key == "y" {
		m.sendPost(client.Post{Kind: room.Redact, Ref: m.chosen})
		m.mode = writing
	}
}

// pick is a key in the list of topics.
func (m *Model) pick(k tea.KeyPressMsg) {
	topics := m.matching()
	switch key := k.String(); key {
	case "esc", "tab", "shift+tab":
		m.toMode(writing)
	case "up":
		m.picked = max(0, m.picked-1)
	case "down":
		m.picked = min(max(0, len(topics)-1), m.picked+1)
	case "enter":
		if m.picked < len(topics) {
			m.show(topics[m.picked].ID)
		}
	case "backspace":
		if letters := []rune(m.filter); len(letters) > 0 {
			m.filter, m.picked = string(letters[:len(letters)-1]), 0
		}
	default:
		if k.Text != "" {
			m.filter, m.picked = m.filter+k.Text, 0
		}
	}
}

// matching are the topics that the list shows.
func (m *Model) matching() []*topic {
	all := m.list()
	if m.mode != picking || m.filter == "" {
		return all
	}
	var some []*topic
	for _, t := range all {
		if strings.Contains(strings.ToLower(m.title(t)+" "+m.dealName(t)), strings.ToLower(m.filter)) {
			some = append(some, t)
		}
	}
	return some
}

// find is a key where one searches.
func (m *Model) find(k tea.KeyPressMsg) {
	s := &m.search
	switch k.String() {
	case "esc":
		m.toMode(writing)
	case "up":
		s.chosen = max(0, s.chosen-1)
	case "down":
		s.chosen = min(max(0, len(s.hits)-1), s.chosen+1)
	case "enter":
		query := strings.TrimSpace(m.input.Value())
		if query != "" && query == s.asked && s.chosen < len(s.hits) {
			h := s.hits[s.chosen]
			m.toMode(writing)
			m.goTo(h.Topic, h.Seq)
			return
		}
		if query != "" {
			*s = searching{query: query, asked: query, said: "Searching…"}
			m.act(find{query})
		}
	default:
		m.input, _ = m.input.Update(k)
		s.query = m.input.Value()
	}
}

func (m *Model) help(key string) {
	switch key {
	case "up":
		m.helpAt = max(0, m.helpAt-1)
	case "down":
		m.helpAt++
	default:
		m.toMode(writing)
	}
}

func (m *Model) wheel(w tea.MouseWheelMsg) {
	switch w.Button {
	case tea.MouseWheelUp:
		m.scroll(-wheelRows)
	case tea.MouseWheelDown:
		m.scroll(wheelRows)
	}
}

// scroll moves what is seen by so many rows.
func (m *Model) scroll(by int) {
	if m.mode == helping {
		m.helpAt = max(0, m.helpAt+by)
		return
	}
	delete(m.failed, m.open)
	if v := m.views[m.open]; v != nil && m.mode != finding && m.mode != picking {
		v.scroll(by)
	}
}
