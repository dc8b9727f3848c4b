package server_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"redroom/server/client"
	"redroom/server/servertest"
)

// chatRoom is a server in a process of its own, with a topic that anna and bert
// read.
func chatRoom(t *testing.T) (p *servertest.Process, anna, bert *servertest.API, topic string) {
	t.Helper()
	p = servertest.StartProcess(t, t.TempDir(), nil)
	anna = p.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic = anna.Topic(t, deal, "Einlagen", 1)
	return p, anna, p.Join(t, anna, "bert", "member", deal), topic
}

// Two terminals, a browser between them: each sees what the others write, while
// it is being written in, too.
func TestChatsInTerminalsAndAPageSeeWhatEachWrites(t *testing.T) {
	t.Parallel()
	r, _, bert, topic := chatRoom(t)
	page := servertest.OpenPage(t)
	signIn(page, r.Plain+"/", "anna", servertest.Password)
	page.Find("heading", "Einlagen")
	wide := sit(t, r.Room, tokenOf(t, r.Room, "anna"), 80, 24)
	small := sit(t, r.Room, tokenOf(t, r.Room, "bert"), 40, 12, "GeldGeldGeld AG/Einlagen")
	wide.sees("▌Einlagen", "Nothing was said yet.", "● QUIC")
	small.sees("Nothing was said yet.")

	wide.keys("Halb")
	wide.sees("› Halb")
	small.keys("Grüße, 世界 🎉\r")
	wide.sees("Bert", "Grüße, 世界 🎉", "› Halb")
	wide.keys(" geschrieben\r")
	small.sees("anna", "Halb geschrieben")
	say(page, "Und von der Seite: läuft.")
	wide.sees("Und von der Seite: läuft.")
	small.sees("Und von der Seite: läuft.")
	small.keys("\x1b[200~zwei\rZeilen\x1b[201~")
	small.sees("› zwei", "  Zeilen")
	wide.keys("Zwischen\x7fdurch\r") // DEL takes one letter
	small.sees("Zwischedurch", "  Zeilen")
	small.keys("\r")
	becomes(page, "Grüße, 世界 🎉", "Halb geschrieben", "Und von der Seite: läuft.", "Zwischedurch", "zwei\nZeilen")

	// An edit, a reply, and another size.
	wide.sees("Zeilen")
	wide.keys("\x1b[A")
	wide.sees("Editing")
	wide.keys("!\r")
	small.sees("Zwischedurch! (edited)")
	small.keys("\x12\r")
	small.keys("Ja\r")
	wide.sees("↳ Bert: zwei Zeilen", "Ja")
	wide.resize(44, 24)
	wide.sees("↳ Bert: zwei Zeilen", "Ja", "Grüße, 世界 🎉")
	small.resize(100, 30)
	small.sees("▌Einlagen", "Grüße, 世界 🎉", "Ja")

	// A result that nobody else sees until it is sent.
	wide.keys("/calc 1250000 * 7.5\r")
	wide.sees("› 1250000 * 7.5 = 9375000")
	wide.keys("!\r")
	small.sees("1250000 * 7.5 = 9375000!")

	postHostile(t, r, bert, topic, wide, small)
}

// postHostile posts what a terminal would obey, and looks for it in what the
// terminals were sent.
func postHostile(t *testing.T, r *servertest.Process, as *servertest.API, topic string, seats ...*seat) {
	t.Helper()
	sender(t, r.Room, as)(topic, client.Post{Kind: "text", Body: "\x1b]0;owned\x07\x1b[1337;7331H\x1bPowned\x1b\\u009b1337m\u202eowned\x1b[31mEnde."})
	for _, s := range seats {
		s.sees("␛]0;owned␇", "Ende.")
		for rest := []byte(s.wasSent()); len(rest) > 0; {
			seq, _, n, _ := ansi.DecodeSequence(rest, ansi.NormalState, nil)
			if (seq[0] < ' ' || seq[0] >= 0x80 && seq[0] < 0xa0) && (bytes.Contains(seq, []byte("owned")) || bytes.Contains(seq, []byte("1337"))) {
				t.Errorf("a terminal was sent %q", seq)
			}
			rest = rest[n:]
		}
		if strings.Contains(s.wasSent(), "\u202e") || strings.Contains(s.wasSent(), "\u009b") {
			t.Error("a terminal was sent a control character")
		}
	}
}

// However it ends, the terminal is as it was: on its own screen, echoing, without
// mouse and paste modes, and with the cursor.
func TestAChatGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	r, _, _, _ := chatRoom(t)
	token := tokenOf(t, r.Room, "bert")
	for how, end := range map[string]func(s *seat){
		"Ctrl-C":  func(s *seat) { s.keys("\x03") },
		"Ctrl-Q":  func(s *seat) { s.keys("\x11") },
		"SIGTERM": func(s *seat) { s.cmd.Process.Signal(syscall.SIGTERM) },
	} {
		endsWell(t, how, sit(t, r.Room, token, 80, 24), end, 0)
	}
	s := sit(t, r.Room, token, 80, 24)
	endsWell(t, "deactivated", s, func(*seat) {
		if out, err := redroomCommand(t, "user", "change", "bert", "--active=false", "--data", r.Data).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}, 1)
	s.sees("redroom: The account is deactivated.")
}

func endsWell(t *testing.T, how string, s *seat, end func(*seat), status int) {
	t.Helper()
	s.sees("● ")
	if !s.screen.IsAltScreen() {
		t.Errorf("%s: it has no screen of its own", how)
	}
	end(s)
	if got := s.ends(); got != status {
		t.Errorf("%s: it ends with %d, want %d:\n%s", how, got, status, s.screen.String())
	}
	s.until("the terminal's own screen", func() bool { return !s.screen.IsAltScreen() })
	for _, mode := range []string{"?1049", "?2004", "?1002", "?1006", "?1004"} {
		said := s.wasSent()
		if strings.LastIndex(said, mode+"h") > strings.LastIndex(said, mode+"l") {
			t.Errorf("%s: the mode %s is left on", how, mode)
		}
	}
	if said := s.wasSent(); strings.LastIndex(said, "?25l") > strings.LastIndex(said, "?25h") {
		t.Errorf("%s: the cursor is left hidden", how)
	}
	if strings.Contains(s.wasSent(), "goroutine ") {
		t.Errorf("%s: a stack trace: %q", how, s.wasSent())
	}
}

// What was written while there was no server is said at the end, or sent when it
// is back.
func TestAChatOutlivesItsServerAndSaysWhatWasNotSent(t *testing.T) {
	t.Parallel()
	r, _, _, _ := chatRoom(t)
	token := tokenOf(t, r.Room, "bert")
	s := sit(t, r.Room, token, 80, 24)
	s.sees("● ", "Nothing was said yet.")
	r.Kill()
	s.sees("○ Offline")
	s.keys("Kommt später\r")
	s.sees("Kommt später … waits for the connection")
	r = r.Again(t)
	s.sees("● ", "Kommt später")
	s.until("no mark of what is on its way", func() bool { return !strings.Contains(s.screen.String(), "später …") })
	r.Kill()
	s.keys("Kommt nie\r\x03")
	if got := s.ends(); got != 1 {
		t.Errorf("it ends with %d", got)
	}
	s.sees("redroom: not acknowledged, so perhaps not sent: “Kommt nie”")
}

// A pipe's lines are messages, in their order; what comes out is fit for a
// terminal.
func TestAChatForPipes(t *testing.T) {
	t.Parallel()
	r, anna, bert, topic := chatRoom(t)
	sender(t, r.Room, anna)(topic, client.Post{Kind: "text", Body: "vorher\x1b[2J\nzweite Zeile"})
	var in, out, said bytes.Buffer
	for n := range 30 {
		fmt.Fprintf(&in, "Zeile %d, wie läuft's?\n", n)
	}
	cmd := chatCommand(t, r.Room, tokenOf(t, r.Room, "bert"), topic)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Fatalf("it ended with %v and said %s", err, said.String())
	}
	if !strings.Contains(out.String(), " anna: vorher␛[2J zweite Zeile\n") {
		t.Errorf("it printed %q", out.String())
	}
	var log struct{ Messages []struct{ Body string } }
	bert.Must(t, "GET", "/api/topics/"+topic+"/messages", nil, &log, 200)
	for n := range 30 {
		if want := fmt.Sprintf("Zeile %d, wie läuft's?", n); len(log.Messages) != 31 || log.Messages[n+1].Body != want {
			t.Fatalf("the log has %v", log.Messages)
		}
	}

	cmd = chatCommand(t, r.Room, tokenOf(t, r.Room, "bert"))
	if out, err := cmd.CombinedOutput(); err == nil || exitStatus(cmd) != 2 || strings.Count(string(out), "\n") != 1 {
		t.Errorf("without a TOPIC it ends with %v: %s", err, out)
	}
}

// What is idle uses less than a hundredth of a core: a chat, and the server.
func TestAnIdleChatAndItsServerUseNearlyNothing(t *testing.T) {
	r, _, _, _ := chatRoom(t)
	s := sit(t, r.Room, tokenOf(t, r.Room, "bert"), 80, 24)
	s.sees("● ", "Nothing was said yet.")
	each := lasting(4*time.Second, 4*time.Second, 4*time.Second, 10*time.Minute)
	for end := time.Now().Add(2 * servertest.Patience); ; { // what its start began may go on for a while
		began, chat, server := time.Now(), cpuTime(t, s.cmd.Process.Pid), cpuTime(t, r.Cmd.Process.Pid)
		<-time.After(each)
		chat, server = cpuTime(t, s.cmd.Process.Pid)-chat, cpuTime(t, r.Cmd.Process.Pid)-server
		passed := time.Since(began)
		t.Logf("in %v the chat used %v, the server %v", passed, chat, server)
		if chat < passed/100 && server < passed/100 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("in %v the chat used %v, the server %v; want less than a hundredth", passed, chat, server)
		}
	}
}
