package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/wire"
)

// seat is where anna sits before a Model, without a terminal.
type seat struct {
	*testing.T
	*Model
	did []action
	seq map[string]int64 // the newest of each topic
}

const (
	claims   = "000000000000c1a1" // a topic, which is the first one
	deposits = "000000000000dep0"
	direct   = "000000000000d1r0"
	theDeal  = "0000000000000dea"
	epoch    = "00000000000000e0"
)

// noon is when the first message came.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newSeat is before a room of three topics, connected by QUIC.
func newSeat(t *testing.T, width, height int) *seat {
	s := &seat{T: t, Model: NewModel("anna", ""), seq: make(map[string]int64)}
	s.location = time.UTC
	s.tell(tea.WindowSizeMsg{Width: width, Height: height}, client.State{Phase: client.Open, Via: "QUIC"})
	s.tell(events{
		frame{typ: wire.TypeWatch},
		frame{wire.TypeDeal, []string{theDeal}, []byte(`{"id":"` + theDeal + `","name":"GeldGeldGeld AG","open":true,"people":[
			{"name":"anna","display":"Anna"},{"name":"bert","display":"Bert"},{"name":"mallory","display":"bert"}]}`)},
		s.topicFrame(claims, "Forderungen", 1, ""), s.topicFrame(deposits, "Einlagen", 2, ""), s.topicFrame(direct, "", 0, `,"direct":true,"members":["anna","bert"]`),
		frame{wire.TypePresence, []string{"bert", "online"}, nil},
		frame{typ: wire.TypeAck, fields: []string{wire.TypeWatch}},
	})
	return s
}

func (s *seat) topicFrame(id, title string, number int, more string) frame {
	return frame{wire.TypeTopic, []string{id}, fmt.Appendf(nil, `{"id":%q,"deal":%q,"title":%q,"number":%d,"open":true%s}`, id, theDeal, title, number, more)}
}

// tell has the model take what happens, and notes what it wants done.
func (s *seat) tell(what ...any) {
	for _, one := range what {
		s.did = append(s.did, s.Update(one)...)
	}
}

// says has a message arrive, a minute after the one before.
func (s *seat) says(topic, author string, kind room.Kind, ref int64, body string) int64 {
	s.seq[topic]++
	m := room.Message{Seq: s.seq[topic], Author: author, At: noon.Add(time.Duration(s.seq[topic]) * time.Minute).UnixMilli(), Kind: kind, Ref: ref, Body: []byte(body)}
	s.tell(arrived{topic, epoch, m})
	return m.Seq
}

// press presses keys, by their names.
func (s *seat) press(names ...string) {
	for _, name := range names {
		s.tell(pressed(name))
	}
}

var keyCodes = map[string]rune{
	"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "end": tea.KeyEnd, "f1": tea.KeyF1,
}

func pressed(name string) tea.KeyPressMsg {
	parts := strings.Split(name, "+")
	var k tea.KeyPressMsg
	for _, mod := range parts[:len(parts)-1] {
		k.Mod |= map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "alt": tea.ModAlt, "shift": tea.ModShift}[mod]
	}
	last := parts[len(parts)-1]
	if code, ok := keyCodes[last]; ok {
		k.Code = code
		return k
	}
	k.Code = []rune(last)[0]
	if k.Mod == 0 {
		k.Text = last
	}
	return k
}

func (s *seat) write(text string) {
	for _, r := range text {
		s.tell(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// screen is what one sees.
func (s *seat) screen() string { return ansi.Strip(s.View().Content) }

func (s *seat) sees(parts ...string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(s.screen(), part) {
			s.Errorf("%q is not on the screen:\n%s", part, s.screen())
		}
	}
}

func (s *seat) seesNot(parts ...string) {
	s.Helper()
	for _, part := range parts {
		if strings.Contains(s.screen(), part) {
			s.Errorf("%q is on the screen:\n%s", part, s.screen())
		}
	}
}

// wants is the last thing of its kind that the model wants done.
func wants[A action](s *seat) (last A) {
	s.Helper()
	for i := len(s.did) - 1; i >= 0; i-- {
		if a, ok := s.did[i].(A); ok {
			return a
		}
	}
	s.Fatalf("nothing such as %T is to be done, but %v", last, s.did)
	return last
}

// wantsNo forgets what was to be done, and sees that later no such thing is.
func wantsNo[A action](s *seat) {
	s.Helper()
	for _, a := range s.did {
		if a, ok := a.(A); ok {
			s.Errorf("it wants %T %v", a, a)
		}
	}
}
