package session_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"redroom/server/room"
)

// told are the lines of the log that tell of refused frames, from "status" on.
func (p *parts) told() (lines []string) {
	synctest.Wait()
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, `msg="a frame was refused"`) {
			_, line, _ = strings.Cut(line, "status=")
			line, _, _ = strings.Cut(line, " why=")
			lines = append(lines, "status="+line)
		}
	}
	return lines
}

func TestTheLogTellsWhoWasRefusedWhatByFrames(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		p.append(t, room.TopicCreated{Stamp: stamp("anna"), ID: "topc000000000002", Deal: deal, Title: "Other", Number: 2})
		p.append(t, narrow("topc000000000002"))
		client, _ := p.signIn(t, "bert")
		for _, other := range []string{"topc000000000002", "topc000000000009"} {
			c := client.channel(t)
			c.say(t, "JOIN 0 "+other+" 0\n")
			c.expect(t, "ERR n 404 "+other)
		}
		c := client.channel(t)
		c.say(t, "JOIN 0 "+topic+" 0\n")
		c.hear(t)
		c.say(t, "POST 2 first\nhi")
		c.hear(t)
		p.append(t, room.UserChanged{Stamp: stamp("anna"), Name: "bert", Role: ptr(room.Observer)})
		c.say(t, "POST 6 second\nsecret")
		for !strings.HasPrefix(c.hear(t), "ERR") {
		}
		want := []string{
			"status=404 frame=JOIN topic=topc000000000002 user=bert",
			"status=404 frame=JOIN topic=topc000000000009 user=bert",
			"status=403 frame=POST topic=" + topic + " user=bert",
		}
		if got := p.told(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the log tells\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if strings.Contains(p.log.String(), "secret") {
			t.Error("the log has what was said")
		}
	})
}
