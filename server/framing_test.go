package server_test

import (
	"slices"
	"strings"
	"testing"

	"redroom/server/servertest"
)

// TestFramesParseAlikeHoweverTheyAreCut says the same frames in one packet, one a
// packet, and in packets that end anywhere: they are answered alike, a half one when
// the rest has come. What a field can't hold comes back encoded, and what a payload
// holds as it was.
func TestFramesParseAlikeHoweverTheyAreCut(t *testing.T) {
	leavesNoGoroutine(t)
	h := newHouse(t)
	s := h.Enter(t, h.bert)
	talks(t, s.Join(t, h.topic, 0))
	const words = "Grüße,\n wie \x00 läuft's?\r\n"
	const parts = 50
	for way, cut := range map[string]func(frames []string) []string{
		"in one packet":    func(frames []string) []string { return []string{strings.Join(frames, "")} },
		"a frame a packet": func(frames []string) []string { return frames },
		"in two halves": func(frames []string) []string {
			all := strings.Join(frames, "")
			return []string{all[:len(all)/2], all[len(all)/2:]}
		},
		"in fifty packets": func(frames []string) (cut []string) {
			all := strings.Join(frames, "")
			for i := range parts {
				cut = append(cut, all[len(all)*i/parts:len(all)*(i+1)/parts])
			}
			return cut
		},
		"one frame in fifty packets": func(frames []string) (cut []string) {
			for i := range parts {
				cut = append(cut, frames[0][len(frames[0])*i/parts:len(frames[0])*(i+1)/parts])
			}
			return append(cut, strings.Join(frames[1:], ""))
		},
	} {
		t.Run(way, func(t *testing.T) {
			id := strings.ReplaceAll(way, " ", "-")
			c := s.Join(t, h.topic, -1)
			c.Hear(t) // the newest message
			for _, part := range cut([]string{
				servertest.Post(words, id), "POEM 7 x\nPING 0\n", "PING 0 Gr%C3%BC%C3%9Fe,%20%25%E2%80%A8\n", "PING 0 -\n", "HEAD 0 0\n", servertest.Post(words, id), "READ 0 nothing\n",
			}) {
				(&split{s, c}).say(t, part)
			}
			want := []string{"ACK " + id + " *", "ACK " + id + " *", "ERR 422 READ", "HEAD 0 *", "MESSAGE * bert * text - *", "PONG -", "PONG Gr%C3%BC%C3%9Fe,%20%25%E2%80%A8"}
			for range len(want) {
				f := c.Hear(t)
				i := slices.IndexFunc(want, func(w string) bool { return f.Is(w) == nil })
				if i < 0 || f.Type() == "MESSAGE" && f.Payload != words {
					t.Fatalf("heard %q, and %q is to come", f, want)
				}
				want = slices.Delete(want, i, i+1)
			}
			c.Finish(t)
		})
	}
	t.Run("a newline in a field", func(t *testing.T) {
		c := s.Join(t, h.topic, 0)
		c.Say(t, "PING 0 one%0Atwo\n")
		if f := c.Await(t, "ERR 400 -"); !strings.Contains(f.Payload, "control character") {
			t.Errorf("it is told %q", f)
		}
		c.ExpectEnd(t)
	})
	t.Run("half a frame", func(t *testing.T) {
		c, witness := s.Join(t, h.topic, -1), s.Join(t, h.topic, -1)
		c.Hear(t)
		before := witness.Hear(t).Fields()[0]
		frame := servertest.Post(words, "half")
		last := len(frame) - 1
		(&split{s, c}).say(t, frame[:last])
		witness.Say(t, "HEAD 0\n")
		witness.Expect(t, "HEAD "+before+" *")
		c.Say(t, frame[last:])
		c.Answer(t, "ACK half *")
	})
}
