package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// TestReaderThatWasHeldGetsNoRedactedWords holds a reader behind message 3 in
// such ways that 5 lies at each place in which the server has messages, has 5
// redacted, and lets the reader go on.
func TestReaderThatWasHeldGetsNoRedactedWords(t *testing.T) {
	leavesNoGoroutine(t)
	r, stop := servertest.StartWith(t, servertest.Config(t))
	h := &redaction{Room: r, anna: r.Admin(t)}
	h.deal = h.anna.Deal(t, "Held", "all")
	h.bert = r.Join(t, h.anna, "bert", "member", h.deal)
	h.carla = r.Join(t, h.anna, "carla", "member", h.deal)
	for _, shape := range []struct {
		name   string
		octets int  // of a message
		live   bool // somebody reads the topic while it's posted
		naming int64
		by     *servertest.API
	}{
		{"5 is in the store", 64 << 10, false, 5, h.bert},
		{"5 is in the store, redacted by an admin who names an edit", 64 << 10, false, 9, h.anna},
		{"5 is in a page of the store that is being written", 10 << 10, false, 5, h.anna},
		{"5 is in a page of the store that is being written, redacted by its edit", 10 << 10, false, 9, h.bert},
		{"5 is in the newest frames", 64 << 10, true, 5, h.bert},
		{"5 is in the newest frames, redacted by its edit", 64 << 10, true, 9, h.bert},
		{"5 is in newest frames that are being written", 10 << 10, true, 5, h.bert},
		{"5 is in newest frames that are being written, redacted by an admin who names an edit", 10 << 10, true, 9, h.anna},
	} {
		t.Run(shape.name, func(t *testing.T) { h.hold(t, shape.octets, shape.live, shape.naming, shape.by) })
	}
	stop()
	if left := filesWith(t, r.Data, h.gone...); len(left) > 0 {
		t.Errorf("after a clean stop words are left in %v", left)
	}
	if len(filesWith(t, r.Data, h.kept...)) == 0 {
		t.Error("other words went, too")
	}
}

type redaction struct {
	*servertest.Room
	anna, bert, carla *servertest.API
	deal              string
	topics            int
	gone, kept        []string // words
}

// secret is a body of so many octets, mostly of words that come nowhere else.
func (h *redaction) secret(octets int) (body, words string) {
	words = room.NewToken()
	body = strings.Repeat(words+" ", octets/len(words)+1)
	return body[:octets], words
}

func (h *redaction) hold(t *testing.T, octets int, live bool, naming int64, by *servertest.API) {
	h.topics++
	topic := h.anna.Topic(t, h.deal, fmt.Sprintf("Held %d", h.topics), h.topics)
	narrow := h.EnterNarrow(t, h.carla, 4<<10)
	defer narrow.Close(0, "")
	bert := h.Enter(t, h.bert)
	defer bert.Close(0, "")
	var reader *servertest.Channel
	if live {
		reader = narrow.Join(t, topic, 0)
	}

	// Nobody's channel is open in the topic afterwards, but the reader's.
	writer := bert.Join(t, topic, -1)
	bodies := make([]string, 9)
	for i := range bodies {
		var words string
		bodies[i], words = h.secret(octets)
		if i == 4 || i == 8 {
			h.gone = append(h.gone, words)
		} else {
			h.kept = append(h.kept, words)
		}
		post := servertest.Post(bodies[i], fmt.Sprint("post-", i+1))
		if i == 8 {
			post = servertest.Post(bodies[i], "post-9", "edit", "5")
		}
		writer.Say(t, post)
		writer.Answer(t, fmt.Sprintf("ACK post-%d %d", i+1, i+1))
	}
	before := readWhole(t, bert, topic, 9)
	closed(t, writer)
	for _, seq := range []int{5, 9} {
		salt := before[seq-1].Fields()[5]
		raw, err := base64.RawURLEncoding.DecodeString(salt)
		if err != nil {
			t.Fatal(err)
		}
		h.gone = append(h.gone, salt, string(raw))
	}
	if left := filesWith(t, h.Data, h.gone[len(h.gone)-6:]...); len(left) == 0 {
		t.Fatal("nothing is to be found before the redaction, so this test shows nothing")
	}

	if !live {
		reader = narrow.Join(t, topic, 0)
	}
	at := room.Head{Hash: room.ChainStart(topic)}
	var got []servertest.Frame
	read := func(to int64) {
		t.Helper()
		for at.Seq < to {
			m := reader.Hear(t)
			at = m.Follows(t, at)
			got = append(got, m)
		}
	}
	read(3)
	narrow.AwaitBlocked(t, reader)

	as := h.Enter(t, by)
	defer as.Close(0, "")
	redactor := as.Join(t, topic, 9)
	redactor.Say(t, servertest.Post("Ein Versehen.", "redact", "redact", fmt.Sprint(naming)))
	redactor.Answer(t, "ACK redact 10")
	if left := filesWith(t, h.Data, h.gone...); len(left) > 0 {
		t.Errorf("after the redaction's ACK words are left in %v", left)
	}
	author := bert.Join(t, topic, 10)
	author.Say(t, servertest.Post("Doch.", "late", "edit", "5"))
	author.Answer(t, "ERR 410 late")
	author.Say(t, servertest.Post("Weiter.", "on"))
	author.Answer(t, "ACK on 11")

	read(11)
	reader.Say(t, "HEAD 0\n")
	reader.Expect(t, fmt.Sprintf("HEAD 11 %s", at.Hash))
	for i, m := range got[:9] {
		want, payload := before[i].Header, bodies[i]
		if seq := i + 1; seq == 5 || seq == 9 {
			want, payload = withoutWords(t, before[i]), ""
		}
		if m.Header != want || m.Payload != payload {
			t.Errorf("the reader was given %.200q, want %.200q", m, want)
		}
	}
	if m := got[9]; m.Is(fmt.Sprintf("MESSAGE 10 %s * redact %d *", by.Name, naming)) != nil || m.Payload != "Ein Versehen." {
		t.Errorf("the redaction is %q", m)
	}
	for i, m := range readWhole(t, bert, topic, 11) {
		if m != got[i] {
			t.Errorf("another reader was given %.200q, the one that was held %.200q", m, got[i])
		}
	}
	_, page := h.carla.Do(t, "GET", "/api/topics/"+topic+"/messages?after=0", nil)
	for _, words := range h.gone {
		if strings.Contains(string(page), words) {
			t.Errorf("HTTP has %q", words)
		}
	}
	var redacted struct {
		Messages []struct {
			Seq      int
			Redacted *int
			Digest   string
			Body     *string
		}
	}
	_, page = h.carla.Do(t, "GET", "/api/topics/"+topic+"/messages?after=4&limit=1", nil)
	if err := json.Unmarshal(page, &redacted); err != nil || len(redacted.Messages) != 1 {
		t.Fatalf("HTTP shows %s, %v", page, err)
	}
	digest, _ := before[4].Digest()
	if m := redacted.Messages[0]; m.Seq != 5 || m.Redacted == nil || *m.Redacted != octets || m.Digest != digest || m.Body != nil {
		t.Errorf("HTTP shows %s", page)
	}
}

// readWhole reads a topic of so many messages from the beginning.
func readWhole(t *testing.T, s *servertest.Session, topic string, head int) []servertest.Frame {
	t.Helper()
	c := s.Channel(t)
	c.Say(t, "JOIN 0 "+topic+" 0\n")
	log := readChannel(t, c, topic)
	if len(log) != head {
		t.Errorf("there are %d messages, want %d", len(log), head)
	}
	closed(t, c)
	return log
}

// closed returns when the server has left the channel, too.
func closed(t *testing.T, c *servertest.Channel) {
	t.Helper()
	c.CloseWrite()
	drain(c)
}

// withoutWords is the header of what stands for a message whose words were
// removed.
func withoutWords(t *testing.T, m servertest.Frame) string {
	t.Helper()
	digest, err := m.Digest()
	if err != nil {
		t.Fatal(err)
	}
	f := m.Fields()
	return fmt.Sprintf("MESSAGE 0 %s - redacted=%d digest=%s", strings.Join(f[:5], " "), len(m.Payload), digest)
}

// TestAnEditIsToldAsItsOriginal has somebody who may read from 4 on: edits of
// what was before come without words, live and from every place; over HTTP they
// don't come at all. Who may read all gets all.
func TestAnEditIsToldAsItsOriginal(t *testing.T) {
	leavesNoGoroutine(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	deal := anna.Deal(t, "Joined", "joined")
	topic := anna.Topic(t, deal, "Joined", 1)
	bert := r.Join(t, anna, "bert", "member", deal)
	as := r.Enter(t, bert)
	writer := as.Join(t, topic, 0)
	post := func(seq int, body string, fields ...string) {
		t.Helper()
		id := fmt.Sprint("post-", seq)
		writer.Say(t, servertest.Post(body, slices.Insert(fields, 0, id)...))
		writer.Answer(t, fmt.Sprintf("ACK %s %d", id, seq))
	}
	post(1, "Eins.")
	post(2, "Zwei.")
	post(3, "Drei.")
	dora := r.Join(t, anna, "dora", "member", deal)
	doras := r.Enter(t, dora)
	live := doras.Join(t, topic, 0)
	post(4, "Vier.")
	post(5, "Eins, von bert.", "edit", "1")
	post(6, "Vier, von bert.", "edit", "4")
	post(7, "Drei, und lang: "+strings.Repeat("x", 10<<10), "edit", "3")
	post(8, "Acht.")
	all := readWhole(t, as, topic, 8)
	if all[4].Payload != "Eins, von bert." || all[5].Payload != "Vier, von bert." {
		t.Errorf("who may read all gets %q and %q", all[4], all[5])
	}

	at := room.Head{Hash: room.ChainStart(topic)}
	var hashes []room.Hash
	for _, m := range all {
		at = m.Follows(t, at)
		hashes = append(hashes, at.Hash)
	}
	expect := func(t *testing.T, c *servertest.Channel, after int64) {
		t.Helper()
		at := room.Head{Seq: after, Hash: hashes[after-1]}
		for at.Seq < 8 {
			m := c.Hear(t)
			at = m.Follows(t, at)
			want := all[at.Seq-1]
			if at.Seq == 5 || at.Seq == 7 {
				want = servertest.Frame{Header: withoutWords(t, want)}
			}
			if m != want {
				t.Errorf("got %.200q, want %.200q", m, want)
			}
		}
		c.Say(t, "HEAD 0\n")
		c.Expect(t, fmt.Sprintf("HEAD 8 %s", hashes[7]))
	}
	t.Run("live", func(t *testing.T) { expect(t, live, 3) })
	t.Run("from the newest frames", func(t *testing.T) { expect(t, doras.Join(t, topic, 0), 3) })
	t.Run("from the middle of the newest frames", func(t *testing.T) { expect(t, doras.Join(t, topic, 6), 6) })
	as.Close(0, "")
	doras.Close(0, "")
	t.Run("from the store", func(t *testing.T) { expect(t, r.Enter(t, dora).Join(t, topic, 0), 3) })

	for _, page := range []struct {
		as    *servertest.API
		query string
		want  []int
	}{
		{dora, "after=0", []int{4, 6, 8}},
		{dora, "after=4&limit=1", []int{6}},
		{dora, "before=8&limit=1", []int{6}},
		{dora, "before=6", []int{4}},
		{dora, "before=4", nil},
		{dora, "after=8", nil},
		{bert, "after=0", []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{bert, "after=4&limit=1", []int{5}},
	} {
		var answer struct{ Messages []struct{ Seq int } }
		page.as.Must(t, "GET", "/api/topics/"+topic+"/messages?"+page.query, nil, &answer, 200)
		var got []int
		for _, m := range answer.Messages {
			got = append(got, m.Seq)
		}
		if !slices.Equal(got, page.want) {
			t.Errorf("to %s, %s gives %v, want %v", page.as.Name, page.query, got, page.want)
		}
	}
}
