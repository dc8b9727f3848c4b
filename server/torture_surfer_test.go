package server_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"redroom/server/room"
	"redroom/server/servertest"
)

// surfer is somebody at a page, whose tab and browser end in every way and are
// opened again, always with the same profile.
type surfer struct {
	t       *testing.T
	name    string
	home    *household
	room    *servertest.Room
	url     string
	as      *servertest.API // signed in at the page's address
	profile string
	topics  []string
	titles  map[string]string
	book    *book
	journal *faults
	chance  *rand.Rand

	page  *servertest.Page
	topic string     // that is open
	wrote []*written // that the page hasn't shown in the log yet
	ends  int        // of tabs and browsers

	stop  chan struct{} // closed: nothing more is written, and nothing ends
	ended chan struct{}
}

// visit writes and leaves until it is stopped, and then waits with a page that
// is open.
func (s *surfer) visit() {
	defer close(s.ended)
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(leastPause + time.Duration(s.chance.Int64N(int64(mostPause)))):
		}
		switch n := s.chance.IntN(100); {
		case n < 60:
			s.write()
		case n < 75:
			s.turn(s.topics[s.chance.IntN(len(s.topics))])
		default:
			s.end()
		}
		s.notice()
	}
}

// start starts the browser, which still knows what it has kept, but for the
// cookie: Chromium writes those down half a minute late.
func (s *surfer) start() {
	s.page = s.home.OpenPageIn(s.t, s.room, s.profile)
	s.page.Be(s.as)
	s.look(s.topics[s.chance.IntN(len(s.topics))])
}

// look opens a topic, which may take more than one try.
func (s *surfer) look(topic string) {
	s.topic = topic
	s.page.Until("a page in which one can write", func() bool {
		return !s.page.Refuses(s.url+"/t/"+topic) && s.canWrite()
	})
}

// turn goes from one topic to another.
func (s *surfer) turn(topic string) {
	s.topic = topic
	openTopic(s.page, s.titles[topic])
}

// canWrite waits for a while until one can.
func (s *surfer) canWrite() bool {
	enough := time.After(5 * time.Second)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for s.page.Count("textbox", "Message") != 1 {
		select {
		case <-again.C:
		case <-enough:
			return false
		}
	}
	return true
}

// write writes something, which is on its way then.
func (s *surfer) write() {
	text := sentence(s.chance)
	w := saying{What: "posting", Topic: s.topic, ID: markPattern.FindString(text), Kind: room.Text, Body: text}
	s.page.Type("textbox", "Message", text)
	s.book.took(s.name, w)
	s.page.Press(kb.Enter)
	s.wrote = append(s.wrote, s.book.entry(w.ID))
}

// notice sees what is in the log by now.
func (s *surfer) notice() {
	messages := s.page.Messages()
	s.wrote = slices.DeleteFunc(s.wrote, func(w *written) bool {
		at := slices.IndexFunc(messages, func(m servertest.Message) bool { return m.Text == w.body })
		if at < 0 {
			return false
		}
		if m := messages[at]; m.Trouble != "" {
			s.book.complain("the page of %s says of %v: %s", s.name, w, m.Trouble)
		} else if m.Seq > 0 && !m.Waiting {
			s.book.took(s.name, saying{What: "kept", ID: w.id})
			s.book.took(s.name, saying{What: "accepted", ID: w.id, Seq: m.Seq})
			return true
		}
		return false
	})
}

// end ends the tab or the browser, in one of the ways in which that happens, and
// opens it again. What the browser has kept by then must not be lost.
func (s *surfer) end() {
	if s.chance.IntN(2) == 0 {
		kept := s.keptPosts()
		for _, w := range s.wrote {
			if strings.Contains(kept, w.id) {
				s.book.took(s.name, saying{What: "kept", ID: w.id})
			}
		}
	} else {
		s.write() // and nobody sees what becomes of it
	}
	s.ends++
	switch s.chance.IntN(4) {
	case 0:
		s.journal.note("%s: the tab is left for another page", s.name)
		s.page.Open("about:blank")
		s.look(s.topic)
	case 1:
		s.journal.note("%s: the page is loaded again", s.name)
		s.look(s.topic)
	case 2:
		s.journal.note("%s: the tab crashes", s.name)
		s.page.Crash()
		s.look(s.topic)
	case 3:
		s.journal.note("%s: the browser is killed", s.name)
		s.page.Kill()
		s.start()
	}
	s.journal.note("%s: is back", s.name)
}

// keptPosts is what the browser keeps that is to be sent, as JSON. A draft isn't
// that: it waits for its author, who writes something else in its place.
func (s *surfer) keptPosts() string {
	var kept struct{ Posts json.RawMessage }
	if json.Unmarshal([]byte(s.page.Kept()), &kept) != nil {
		return ""
	}
	return string(kept.Posts)
}

// settle waits until the page keeps nothing any more that is to be sent.
func (s *surfer) settle() {
	s.page.Until("everything to be sent", func() bool { return s.keptPosts() == "[]" })
	s.notice()
}

// verify shows, topic by topic, that the page has everything of it, row by row
// what it should be, that the chain it has computed is the server's, and that
// nothing of its own is on its way or failed.
func (s *surfer) verify(logs map[string][]servertest.Frame, gone map[string]bool) {
	t := s.t
	t.Helper()
	for topic, log := range logs {
		s.turn(topic)
		want := rowsOf(t, log)
		var shown []servertest.Message
		s.page.Until("everything of the topic", func() bool {
			shown = s.page.Messages()
			waits := slices.ContainsFunc(shown, func(m servertest.Message) bool { return m.Seq == 0 || m.Waiting })
			return len(shown) > 0 && !waits && shown[len(shown)-1].Seq == want[len(want)-1].seq
		})
		s.page.Find("StaticText", "Checked to "+message.NewPrinter(language.English).Sprint(len(log))) // 3,035
		s.page.Find("StaticText", "Gapless.")
		if len(shown) < min(len(want), leastRows) {
			t.Errorf("the page of %s shows %d messages of topic %s, which has %d", s.name, len(shown), topic, len(want))
		}
		// It shows the newest, and older ones to who goes up.
		for i, m := range want[max(0, len(want)-len(shown)):] {
			if got := shown[i]; !m.is(got) {
				t.Errorf("the page of %s shows %+v in topic %s, want %+v", s.name, got, topic, m)
			}
		}
		expectNoneOf(t, gone, "the page of "+s.name, servertest.Evaluate[string](s.page, "document.documentElement.outerHTML"))
	}
	s.notice()
	s.page.Until("nothing that is redacted to be kept", func() bool {
		marks := markPattern.FindAllString(s.page.Kept(), -1)
		return !slices.ContainsFunc(marks, func(mark string) bool { return gone[mark] })
	})
}

// leastRows is how many messages of a topic a page shows at the least, if there
// are so many.
const leastRows = 50

// row is a message as a page is to show it.
type row struct {
	seq      int64
	text     string // the newest words
	redacted bool   // it shows by whom instead
}

func (r row) is(m servertest.Message) bool {
	return m.Seq == r.seq && m.Trouble == "" && (m.Text == r.text || r.redacted && strings.HasPrefix(m.Text, "Redacted by "))
}

// rowsOf is what a page shows of a log.
func rowsOf(t *testing.T, log []servertest.Frame) (rows []row) {
	t.Helper()
	at := make(map[int64]int) // rows by seq
	for i, m := range log {
		fields := m.Fields()
		text := strings.Trim(m.Payload, `"`) // that of a report
		ref := func() int64 { return parseSeq(t, fields[4]) }
		switch room.Kind(fields[3]) {
		case room.Redact:
			original := ref()
			if meant := log[original-1].Fields(); room.Kind(meant[3]) == room.Edit {
				original = parseSeq(t, meant[4])
			}
			rows[at[original]] = row{seq: original, redacted: true}
		case room.Edit:
			rows[at[ref()]].text = text
		default:
			at[int64(i)+1] = len(rows)
			rows = append(rows, row{seq: int64(i) + 1, text: text})
		}
	}
	return rows
}
