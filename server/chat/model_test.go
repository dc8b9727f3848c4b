package chat

import (
	"errors"
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

func TestTopicsStandBelowTheirDealWithWhatIsUnreadAndWhoIsThere(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.tell(frame{wire.TypeUnread, []string{deposits, "3", "1", "4"}, nil})
	s.sees("GeldGeldGeld AG", "▌Forderungen", " Einlagen             3", " ● Bert", "● QUIC")
	s.press("ctrl+n")
	if got := wants[follow](s); got.topic != deposits {
		t.Errorf("Ctrl-N opens %v", got)
	}
	s.press("tab")
	s.write("bert")
	s.seesNot("▌Einlagen ")
	s.press("enter")
	if s.open != direct {
		t.Errorf("the topic chosen by letters is %s", s.open)
	}
}

func TestTheFirstTopicIsTheOneAskedForElseOneWithSomethingUnread(t *testing.T) {
	for _, asked := range []string{"", deposits} {
		s := newSeat(t, 80, 24)
		again := &seat{T: t, Model: NewModel("anna", asked), seq: s.seq}
		again.tell(events{frame{typ: wire.TypeWatch}, s.topicFrame(claims, "A", 1, ""), s.topicFrame(deposits, "B", 2, ""),
			frame{wire.TypeUnread, []string{deposits, "1", "0", "1"}, nil}, frame{typ: wire.TypeAck, fields: []string{wire.TypeWatch}}})
		if again.open != deposits {
			t.Errorf("asked for %q it opens %q", asked, again.open)
		}
	}
}

func TestWhatIsSaidIsSeenWhileOneWrites(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.write("Halb geschr")
	s.says(claims, "bert", room.Text, 0, "Wer rechnet?\nIch nicht.")
	s.says(claims, "bert", room.Text, 0, "Und du?")
	s.says(claims, "anna", room.Text, 0, "Morgen.")
	s.says(claims, "bert", room.System, 0, "The topic was closed.")
	s.says(claims, "bert", room.Report, 0, `{"source": "https://x", "reading": {"eur": 12.5}}`)
	s.write("ieben")
	s.sees("› Halb geschrieben", "Sunday, 1 March 2026", "Wer rechnet?", "  Ich nicht.", "Und du?", "Anna 12:03", "· The topic was closed.", `▤ {"eur":12.5}`)
	if n := strings.Count(s.screen(), "12:0"); n != 3 { // bert's two stand below one name
		t.Errorf("there are %d names:\n%s", n, s.screen())
	}
}

func TestWhoCouldBeTakenForSomebodyElseIsCalledByTheAccount(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.says(claims, "mallory", room.Text, 0, "Ich bin Bert.")
	s.sees("bert (mallory) 12:01")
}

func TestEditsAndRedactionsAreSeenAtWhatTheySpeakOf(t *testing.T) {
	s := newSeat(t, 80, 24)
	first := s.says(claims, "bert", room.Text, 0, "12.000 Euro")
	edit := s.says(claims, "bert", room.Edit, first, "12.500 Euro")
	s.sees("12.500 Euro (edited)")
	s.seesNot("12.000 Euro")
	s.says(claims, "anna", room.Text, first, "Gut.")
	s.sees("↳ Bert (bert): 12.500 Euro")
	s.says(claims, "bert", room.Redact, edit, "")
	s.sees("The words of this message were removed.", "↳ Bert (bert): (removed)")
	s.seesNot("12.500")
	s.says(claims, "bert", room.Edit, first, "zurück")
	s.seesNot("zurück")
}

func TestAReplyNamesItsMessageAndTheLog(t *testing.T) {
	s := newSeat(t, 80, 24)
	first := s.says(claims, "bert", room.Text, 0, "Wer rechnet?")
	s.says(claims, "bert", room.Text, 0, "Niemand?")
	s.press("ctrl+r", "up", "enter")
	s.sees("↳ Bert (bert): Wer rechnet?")
	s.write("Ich.")
	s.press("enter")
	got := wants[send](s)
	if got.topic != claims || got.post.Ref != first || got.post.Epoch != epoch || got.post.Body != "Ich." || got.post.ID == "" {
		t.Errorf("it sends %+v", got)
	}
}

func TestManyRepliesToALongMessageDoNotHoldUpTheKeys(t *testing.T) {
	s := newSeat(t, 80, 24)
	long := s.says(claims, "bert", room.Text, 0, strings.Repeat("Wort ", room.MaxText/5))
	var replies events
	for range 500 {
		s.seq[claims]++
		replies = append(replies, arrived{claims, epoch, room.Message{Seq: s.seq[claims], Author: "bert", At: noon.UnixMilli(), Kind: room.Text, Ref: long, Body: []byte("Ja.")}})
	}
	s.tell(replies)
	s.sees("↳ Bert (bert): Wort Wort")
	began := time.Now()
	for range 50 {
		s.press("x")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("50 keys take %v", took)
	}
}

func TestOnesOwnMessagesCanBeEditedAndRemoved(t *testing.T) {
	s := newSeat(t, 80, 24)
	mine := s.says(claims, "anna", room.Text, 0, "Morgn.")
	other := s.says(claims, "bert", room.Text, 0, "Gut.")
	s.press("up")
	s.sees("Editing", "› Morgn.")
	s.press("backspace")
	s.write("?")
	s.press("enter")
	if got := wants[send](s).post; got.Kind != room.Edit || got.Ref != mine || got.Body != "Morgn?" {
		t.Errorf("it sends %+v", got)
	}
	s.press("ctrl+r", "e")
	s.sees("Only texts of one's own can be edited.")
	s.press("d", "n")
	s.did = nil
	s.press("d")
	s.sees("Remove these words for good?")
	s.press("y")
	if got := wants[send](s).post; got.Kind != room.Redact || got.Ref != other {
		t.Errorf("it sends %+v", got)
	}
}

func TestAPostIsSeenOnceFromTheBeginningOn(t *testing.T) {
	s := newSeat(t, 80, 24)
	once := func(when string) {
		t.Helper()
		if n := strings.Count(s.screen(), "Guten Tag"); n != 1 {
			t.Errorf("%s it is seen %d times:\n%s", when, n, s.screen())
		}
	}
	for _, ackFirst := range []bool{true, false} {
		s.write("Guten Tag")
		s.press("alt+enter")
		s.write("zusammen")
		s.press("enter")
		once("sent")
		post := wants[send](s).post
		if post.Body != "Guten Tag\nzusammen" {
			t.Errorf("it sends %q", post.Body)
		}
		ack := sent{topic: claims, id: post.ID, seq: s.seq[claims] + 1}
		if ackFirst {
			s.tell(ack)
			once("acknowledged")
		}
		s.says(claims, "anna", room.Text, 0, post.Body)
		if !ackFirst {
			s.tell(ack)
		}
		once("in the log")
		s.says(claims, "anna", room.Redact, s.seq[claims], "") // and on to the next
	}
	if len(s.Unsent()) > 0 {
		t.Errorf("unsent are %q", s.Unsent())
	}
}

func TestARefusedPostSaysWhyAndCanBeTakenBack(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.write("Zu spät")
	s.press("enter")
	s.tell(sent{topic: claims, id: wants[send](s).post.ID, err: fmt.Errorf("posting: %w", room.ErrTopicClosed)})
	s.sees("✗ Not sent: The topic is closed.")
	if got := s.Unsent(); len(got) != 1 || got[0] != "Zu spät" {
		t.Errorf("unsent are %q", got)
	}
	s.press("up")
	s.sees("› Zu spät")
	s.seesNot("Not sent")
}

func TestDraftsStayWithTheirTopics(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.write("erster")
	s.press("ctrl+n")
	s.seesNot("erster")
	s.tell(tea.PasteMsg{Content: "zwei\nZeilen"})
	s.sees("› zwei", "  Zeilen")
	s.press("ctrl+f")
	s.seesNot("Zeilen")
	s.press("esc")
	s.sees("Zeilen")
	s.press("ctrl+p")
	s.sees("› erster")
}

// page answers what the model has asked for, of a topic of so many messages.
func (s *seat) page(total int64) fetch {
	s.Helper()
	asked := wants[fetch](s)
	from, to := asked.after+1, min(asked.after+pageSize, total)
	if asked.before > 0 {
		from, to = max(1, asked.before-pageSize), asked.before-1
	}
	p := part{head: total, epoch: epoch}
	for seq := from; seq <= to; seq++ {
		p.messages = append(p.messages, room.Message{Seq: seq, Author: "bert", At: noon.UnixMilli(), Kind: room.Text, Body: fmt.Appendf(nil, "Nummer %d.", seq)})
	}
	s.did = nil
	s.tell(fetched{asked: asked, part: p})
	return asked
}

func TestOlderMessagesComeAsOneScrollsUpAndMemoryIsBounded(t *testing.T) {
	s := newSeat(t, 80, 24)
	const total = 5000
	s.seq[claims] = total - 5
	for range 5 {
		s.seq[claims]++
		s.tell(arrived{claims, epoch, room.Message{Seq: s.seq[claims], Author: "bert", At: noon.UnixMilli(), Kind: room.Text, Body: fmt.Appendf(nil, "Nummer %d.", s.seq[claims])}})
	}
	s.sees("Nummer 5000.")
	l := s.logs[claims]
	for pages := 0; !l.holds(1); {
		s.press("pgup")
		if s.asking[claims] {
			before := s.screen()
			s.page(total)
			if pages++; pages > 1 && s.screen() != before && !strings.Contains(before, "──") {
				t.Fatalf("a page moves what is seen:\n%s\n\n%s", before, s.screen())
			}
		}
		if len(l.entries) > maxEntries {
			t.Fatalf("%d messages are held", len(l.entries))
		}
	}
	for range 60 {
		s.press("pgup")
	}
	s.sees("Nummer 1.", "newer messages")
	s.says(claims, "bert", room.Text, 0, "Neu")
	s.seesNot("Neu")
	s.press("pgdown")
	s.sees("Nummer 3")
	s.did = nil
	s.press("esc")
	s.page(total + 1)
	s.sees(fmt.Sprintf("Nummer %d.", total+1))
	s.says(claims, "bert", room.Text, 0, "Das Neueste")
	s.sees("Das Neueste")
}

func TestScrollingDownAgainReachesWhatIsNewest(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.seq[claims] = 999
	s.says(claims, "bert", room.Text, 0, "Nummer 1000.")
	for range 400 {
		s.press("pgup")
		if s.asking[claims] {
			s.page(1000)
		}
	}
	s.sees("Nummer 1.")
	for range 400 {
		s.tell(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
		if s.asking[claims] {
			s.page(1000)
		}
	}
	s.press("pgdown")
	s.sees("Nummer 1000.")
	s.seesNot("newer messages")
}

func TestWhatIsReadIsSaidOnceOneHasSeenIt(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.tell(frame{wire.TypeUnread, []string{claims, "1", "0", "1"}, nil})
	s.says(claims, "bert", room.Text, 0, "eins")
	if got := wants[markRead](s); got != (markRead{claims, 1}) {
		t.Errorf("read is %v", got)
	}
	s.seesNot("Forderungen          1")
	s.did = nil
	s.tell(tea.BlurMsg{})
	s.says(claims, "bert", room.Text, 0, "zwei")
	wantsNo[markRead](s)
	s.tell(tea.FocusMsg{})
	if got := wants[markRead](s); got != (markRead{claims, 2}) {
		t.Errorf("read is %v", got)
	}
	for range 30 {
		s.says(claims, "bert", room.Text, 0, "noch eine")
	}
	s.press("pgup")
	s.did = nil
	s.says(claims, "bert", room.Text, 0, "weiter unten")
	wantsNo[markRead](s)
}

func TestSearchGoesToTheMessageWhereverItIs(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.says(claims, "bert", room.Text, 0, "eins")
	s.press("ctrl+f")
	s.write("Register")
	s.press("enter")
	if got := wants[find](s); got.query != "Register" {
		t.Errorf("it looks for %q", got.query)
	}
	s.tell(found{query: "Registe", hits: []hit{{Topic: claims}}}) // of before
	s.tell(found{query: "Register", hits: []hit{{Topic: deposits, Seq: 500, Author: "bert", Time: noon.UnixMilli(), Extract: []room.Piece{{Text: "laut "}, {Text: "Register", Hit: true}, {Text: " offen"}}}}})
	s.sees("Einlagen", "laut Register offen")
	s.press("enter")
	if asked := s.page(1000); asked.topic != deposits || asked.after > 499 || !asked.anew {
		t.Errorf("it asks for %+v", asked)
	}
	s.sees("▌ Nummer 500.")
	s.press("esc", "esc")
	s.page(1000)
	s.sees("Nummer 1000.")
}

func TestAnotherLogBeginsAnew(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.says(claims, "bert", room.Text, 0, "von früher")
	s.tell(anew{claims})
	s.seesNot("von früher")
	s.seq[claims] = 0
	s.says(claims, "bert", room.Text, 0, "von jetzt")
	s.sees("von jetzt")
}

func TestTheConnectionIsSeen(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.tell(client.State{Phase: client.Waiting, Err: errors.New("no server\x1b[2J can be reached")})
	s.sees("○ Offline", "no server␛[2J can be reached")
	s.write("wartet")
	s.press("enter")
	s.sees("wartet … waits for the connection")
	s.tell(client.State{Phase: client.Open, Via: "WebSocket"})
	s.sees("● WebSocket")
	s.tell(client.State{Phase: client.Ended, Err: room.ErrSessionEnded})
	wants[quit](s)
}

func TestATopicThatIsGoneIsLeft(t *testing.T) {
	s := newSeat(t, 80, 24)
	s.says(claims, "bert", room.Text, 0, "geheim")
	s.tell(frame{wire.TypeTopic, []string{claims, "gone"}, nil})
	s.seesNot("geheim", "Forderungen")
	s.sees("▌Einlagen", "This topic is not there any more.")
	if got := wants[leave](s); got.topic != claims {
		t.Errorf("it leaves %v", got)
	}
}

func TestEveryScreenIsFilledAndNotMore(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 12}, {200, 60}, {64, 10}, {20, 6}, {9, 3}, {1, 1}} {
		s := newSeat(t, size[0], size[1])
		for _, said := range []string{"kurz", strings.Repeat("世界", 50), strings.Repeat("👨‍👩‍👧 ", 30), strings.Repeat("Wort ", 80), "\x1b[2J\x1b]0;x\x07", "e\u0301\u0301 \u202eabc", "a\n\n\nb"} {
			s.says(claims, "bert", room.Text, 0, said)
			s.says(claims, "mallory", room.Text, 1, said)
		}
		for _, key := range []string{"esc", "f1", "esc", "tab", "esc", "ctrl+r", "up", "up", "d", "n", "enter", "ctrl+f", "x", "enter", "esc", "pgup", "世", "alt+enter", "é"} {
			s.press(key)
			rows := strings.Split(s.screen(), "\n")
			if len(rows) > size[1] {
				t.Errorf("%v after %s: %d rows:\n%s", size, key, len(rows), s.screen())
			}
			for _, row := range rows {
				if w := ansi.StringWidthWc(row); w > size[0] && size[0] >= 20 {
					t.Errorf("%v after %s: %d columns in %q", size, key, w, row)
				}
			}
		}
	}
}

// FuzzNoMessageCommandsTheTerminal has what comes from elsewhere be shown
// everywhere: the screen has no sequences but those that color it.
func FuzzNoMessageCommandsTheTerminal(f *testing.F) {
	f.Add("\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\u202e")
	f.Fuzz(func(t *testing.T, hostile string) {
		s := newSeat(t, 80, 24)
		s.says(claims, hostile, room.Text, 0, hostile)
		s.says(claims, "bert", room.Text, 1, hostile)
		s.says(claims, "bert", room.Report, 0, hostile)
		s.says(claims, "bert", room.System, 0, hostile)
		s.tell(frame{wire.TypeTopic, []string{deposits}, fmt.Appendf(nil, `{"id":%q,"deal":%q,"title":%q}`, deposits, theDeal, hostile)})
		s.tell(client.State{Phase: client.Waiting, Err: errors.New(hostile)})
		screens := s.View().Content
		s.press("ctrl+f", "x", "enter")
		s.tell(found{query: "x", hits: []hit{{Topic: hostile, Author: hostile, Extract: []room.Piece{{Text: hostile, Hit: true}}}}})
		screens += s.View().Content
		for rest := screens; rest != ""; {
			seq, _, n, _ := ansi.DecodeSequence(rest, ansi.NormalState, nil)
			sgr := strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m") && strings.Trim(seq[2:], "0123456789;m") == ""
			if r := []rune(seq); !sgr && seq != "\n" && (r[0] < ' ' || r[0] >= 0x7f && r[0] < 0xa0 || r[0] == '\u202e') {
				t.Fatalf("the terminal is sent %q", seq)
			}
			rest = rest[n:]
		}
	})
}
