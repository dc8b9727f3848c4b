package server_test

import (
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestSameClientIDGivesTheSameSeqOnAnotherSessionAfterARestart posts once, has
// the process killed or stopped and started again, and posts again under the
// same id: with the same words that is the same message, with others a 409,
// and as another user a message of its own.
func TestSameClientIDGivesTheSameSeqOnAnotherSessionAfterARestart(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	anna := p.Admin(t)
	deal := anna.Deal(t, "Same", "all")
	topic, other := anna.Topic(t, deal, "One", 1), anna.Topic(t, deal, "Other", 2)
	bert := p.Join(t, anna, "bert", "member", deal)
	bertsAgain := p.SignIn(t, "bert") // another sign-in of the same user

	const words = "Hallo, wie läuft's?"
	c := p.Enter(t, bert).Join(t, topic, -1)
	c.Say(t, servertest.Post("Erste.", "first"))
	c.Answer(t, "ACK first 1")
	c.Say(t, servertest.Post(words, "same", "text", "1"))
	c.Answer(t, "ACK same 2")

	for _, end := range []string{"the same session", "another session", "SIGKILL", "SIGTERM"} {
		switch end {
		case "another session":
			c = p.Enter(t, bert).Join(t, topic, -1)
		case "SIGKILL":
			p.Kill()
			p = p.Again(t)
			c = p.Enter(t, bertsAgain).Join(t, topic, -1)
		case "SIGTERM":
			if status := p.Stop(t); status != 0 {
				t.Errorf("the server ended with status %d", status)
			}
			p = p.Again(t)
			c = p.Enter(t, bert).Join(t, topic, -1)
		}
		t.Run(end, func(t *testing.T) {
			for _, again := range []struct{ frame, answer string }{
				{servertest.Post(words, "same", "text", "1"), "ACK same 2"},
				{servertest.Post("Hallo, wie läuft es?", "same", "text", "1"), "ERR 409 same"},
				{servertest.Post(words, "same"), "ERR 409 same"},
				{servertest.Post(words, "same", "text", "2"), "ERR 409 same"},
				{servertest.Post("7", "same", "report", "1"), "ERR 409 same"},
				{servertest.Post(words, "same", "edit", "1"), "ERR 409 same"},
				// Also what could not be taken whoever posts it.
				{servertest.Post(words, "same", "report", "1"), "ERR 409 same"},
				{servertest.Post(words, "same", "poem", "1"), "ERR 409 same"},
				{servertest.Post(words, "same", "system", "1"), "ERR 409 same"},
				{servertest.Post(strings.Repeat("x", 70_000), "same", "text", "1"), "ERR 409 same"},
				{servertest.Post("\xff", "same", "text", "1"), "ERR 409 same"},
				{servertest.Post(words, "same", "text", "-1"), "ERR 409 same"},
				{servertest.Post(words, "same", "text", "1"), "ACK same 2"},
				// Also where the post would be refused if its id weren't known.
				{servertest.Post(words, "same", "text", "99"), "ERR 409 same"},
				{servertest.Post(words, "unknown", "text", "99"), "ERR 422 unknown"},
			} {
				c.Say(t, again.frame)
				c.Answer(t, again.answer)
			}
		})
	}

	// What was accepted is acknowledged again even where it would be refused
	// now.
	anna.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"open": false}, nil, 200)
	c.Say(t, servertest.Post(words, "same", "text", "1"))
	c.Answer(t, "ACK same 2")
	c.Say(t, servertest.Post(words, "new"))
	c.Answer(t, "ERR 403 new")
	anna.Must(t, "PATCH", "/api/topics/"+topic, map[string]any{"open": true}, nil, 200)
	c.Say(t, servertest.Post("Then.", "new")) // a refused post's id was not remembered
	c.Answer(t, "ACK new 3")

	as := p.Enter(t, anna)
	d := as.Join(t, topic, 3)
	d.Say(t, servertest.Post(words, "same", "text", "1"))
	d.Answer(t, "ACK same 4")
	e := as.Join(t, other, 0)
	e.Say(t, servertest.Post(words, "same"))
	e.Answer(t, "ACK same 1")

	log := readLog(t, p.Room, anna, topic)
	var said []string
	for _, m := range log {
		said = append(said, m.Fields()[1]+": "+m.Payload)
	}
	want := []string{"bert: Erste.", "bert: " + words, "bert: Then.", "anna: " + words}
	if got := strings.Join(said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the topic says\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
