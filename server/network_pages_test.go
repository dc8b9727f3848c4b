package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

// What holds in any network.
const (
	atOnce    = 1500 * time.Millisecond // from opening two pages to each reading what the other wrote
	unnoticed = 400 * time.Millisecond  // of such a visit, what it may take longer than another one
	goesOn    = 6 * time.Second         // from a path's death to what was written afterwards being read
	comesBack = 45 * time.Second        // from UDP's return to a page that is on WebTransport again
)

// street is a room in a network of its own, and two people at home, each with a
// machine and a browser.
type street struct {
	*servertest.Network
	room  *servertest.Process
	url   string // where pages find it
	admin *servertest.API
	topic string

	anna, bert *neighbor
	written    []string // by both, in order of writing
}

type neighbor struct {
	*servertest.Machine
	page *servertest.Page
	name string
}

// newStreet makes it. Who has an account has signed in before, and has a browser
// that knows so and nothing else. proxy stands before the server, on its
// machine; nil is none.
func newStreet(t *testing.T, proxy *servertest.ProxyKind) *street {
	t.Helper()
	servertest.Chromium(t)
	s := &street{Network: servertest.NewNetwork(t)}
	s.url = s.RoomURL()
	data := t.TempDir()
	if proxy == nil {
		s.room = s.StartProcess(t, data)
	} else {
		before := proxy.New(t, s.Server())
		s.url = before.URL
		s.room = s.StartProcess(t, data, before.Flags()...)
		before.Start(t, s.room.Room)
	}
	s.admin = s.room.Admin(t)
	deal := s.admin.Deal(t, "GeldGeldGeld AG", "all")
	s.topic = s.admin.Topic(t, deal, "In jedem Netz", 1)
	s.room.Join(t, s.admin, "bert", "member", deal)
	s.anna, s.bert = s.neighbor(t, "anna"), s.neighbor(t, "bert")
	return s
}

func (s *street) neighbor(t *testing.T, name string) *neighbor {
	t.Helper()
	m := s.Machine()
	n := &neighbor{Machine: m, name: name, page: m.OpenPage(t, s.room.Room)}
	n.page.Be(m.Sees(s.room.Room, s.url).SignIn(t, name))
	return n
}

func (s *street) both() []*neighbor { return []*neighbor{s.anna, s.bert} }

// open opens the topic on both pages.
func (s *street) open() {
	for _, n := range s.both() {
		n.page.Open(s.url + "/t/" + s.topic)
	}
}

// write has somebody write something that nobody has written before.
func (s *street) write(by *neighbor) { say(by.page, s.next(by)) }

// next is a text that nobody has written before.
func (s *street) next(by *neighbor) string {
	text := fmt.Sprintf("%s schreibt als Nr. %d: Grüße 🚀", by.name, len(s.written)+1)
	s.written = append(s.written, text)
	return text
}

// writeAtOnce has each write as soon as one can, and returns when both pages
// show all that was written.
func (s *street) writeAtOnce() {
	for _, n := range s.both() {
		n.page.Click("textbox", "Message")
		n.page.Insert(s.next(n))
		n.page.Press(kb.Enter)
	}
	s.read()
}

// read returns when both pages show all that was written.
func (s *street) read() {
	for _, n := range s.both() {
		solidMessages(n.page, len(s.written))
	}
}

// via waits until both pages say that they are connected so.
func (s *street) via(transport string) {
	for _, n := range s.both() {
		n.page.UntilText("status", "Connection", transport)
	}
}

// verify shows that nothing was lost and nothing doubled: what the server has is
// what was written, in the order in which each wrote it, and the pages show
// that.
func (s *street) verify(t *testing.T) {
	t.Helper()
	s.read()
	var log struct {
		Messages []struct {
			Seq          int64
			Author, Body string
		}
	}
	s.admin.Must(t, "GET", "/api/topics/"+s.topic+"/messages?after=0&limit=1000", nil, &log, 200)
	all, of := []string{}, make(map[string][]string)
	for _, m := range log.Messages {
		all = append(all, m.Body)
		of[m.Author] = append(of[m.Author], m.Body)
	}
	for _, n := range s.both() {
		var wrote []string
		for _, text := range s.written {
			if len(text) > len(n.name) && text[:len(n.name)] == n.name {
				wrote = append(wrote, text)
			}
		}
		if !slices.Equal(of[n.name], wrote) {
			t.Errorf("the server has %q of %s, want %q", of[n.name], n.name, wrote)
		}
	}
	if len(all) != len(s.written) {
		t.Errorf("the server has %d messages, want %d", len(all), len(s.written))
	}
	for _, n := range s.both() {
		reads(t, n.page, all...)
	}
}
