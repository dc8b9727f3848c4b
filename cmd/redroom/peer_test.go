//go:build unix

package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server/servertest"
)

// as is the workbench of another member of the deal.
func (d *workbench) as(t *testing.T, name string) *workbench {
	t.Helper()
	d.Join(t, d.anna, name, "member", d.deal)
	other := *d
	other.environment = append(d.variables(), "REDROOM_TOKEN="+programToken(t, d.anna, name))
	return &other
}

// programToken is one by which a program is somebody.
func programToken(t *testing.T, admin *servertest.API, name string) string {
	t.Helper()
	var made struct{ Token string }
	admin.Must(t, "POST", "/api/users/"+name+"/tokens", map[string]any{"label": "scripts", "role": "member"}, &made, 201)
	return made.Token
}

// peer starts redroom peer, and waits until others can reach it.
func (d *workbench) peer(t *testing.T, args ...string) *running {
	t.Helper()
	r := d.start(t, false, append([]string{"peer"}, args...)...)
	r.await(t, "reachable as ")
	return r
}

func (r *running) says(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(r.in, line+"\n"); err != nil {
		t.Fatalf("typing %q: %v", line, err)
	}
}

// end waits for the end, and gives the status.
func (r *running) end(t *testing.T) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(60 * time.Second):
		t.Fatalf("it did not end within a minute; it said %q", r.said.String())
	}
	return r.cmd.ProcessState.ExitCode()
}

// TestPeersTalkWithoutTheServer has two talk, and go on where the server is gone:
// an answer goes over the connection that there is.
func TestPeersTalkWithoutTheServer(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	anna, bert := d.peer(t, "--timeout", "5s"), d.as(t, "bert").peer(t)

	bert.says(t, "/msg anna Hallo, wie läuft's?")
	anna.await(t, " bert: Hallo, wie läuft's?\n")
	anna.await(t, "your lines go to bert now")
	d.Kill()
	bert.await(t, "no connection")
	anna.says(t, "Über dieselbe Verbindung.")
	bert.await(t, " anna: Über dieselbe Verbindung.\n")
	if !regexp.MustCompile(`(?m)^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d anna: Über`).MatchString(bert.said.String()) {
		t.Errorf("it is printed so: %q", bert.said.String())
	}

	// One leaves: the other sees it, and that nothing can be sent any more.
	bert.says(t, "/quit")
	if status := bert.end(t); status != 0 {
		t.Errorf("/quit ended with status %d: %q", status, bert.said.String())
	}
	anna.await(t, "bert is not connected any more")
	anna.says(t, "Noch da?")
	anna.await(t, "not sent: no answer came within 5s")
	anna.in.Close()
	if status := anna.end(t); status != 1 {
		t.Errorf("the input's end, after a line that has not arrived, gave status %d: %q", status, anna.said.String())
	}
}

// TestALineGoesToWhomOneHasNamed has somebody else speak up in between.
func TestALineGoesToWhomOneHasNamed(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert, carl := d.as(t, "bert"), d.as(t, "carl")
	anna, toBert, toCarl := d.peer(t), bert.peer(t), carl.peer(t)
	anna.says(t, "an niemanden")
	anna.await(t, "say to whom: /msg NAME TEXT")
	anna.says(t, "/msg bert eins")
	toBert.await(t, " anna: eins\n")
	anna.says(t, "  /msg carl für carl allein")
	toCarl.await(t, " anna: für carl allein\n")
	anna.says(t, "\t/msg bert")
	toCarl.says(t, "/msg anna ich auch")
	anna.await(t, " carl: ich auch\n")
	anna.says(t, "zwei")
	toBert.await(t, " anna: zwei\n")
	anna.says(t, "/msg carl drei")
	toCarl.await(t, " anna: drei\n")
	anna.says(t, "//vier")
	toCarl.await(t, " anna: /vier\n")
	anna.says(t, "/dance")
	anna.await(t, "there is no /dance")
	anna.says(t, "/msg Bert? fünf")
	anna.says(t, "nur für Bert")
	anna.await(t, "Bert? is nobody's name")
	anna.says(t, "/msg dora sechs")
	anna.await(t, "dora can't be reached directly")
	anna.says(t, "/who")
	anna.await(t, "\nbert\t127.0.0.1:")
	if said := toCarl.said.String(); strings.Contains(said, "zwei") || strings.Contains(said, "nur für Bert") || strings.Contains(toBert.said.String(), "drei") {
		t.Errorf("carl has seen %q, bert %q", said, toBert.said.String())
	}
}

// TestOnceSaysOneThing shows what a script has of it.
func TestOnceSaysOneThing(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert := d.as(t, "bert")
	to := bert.peer(t, "--listen")
	d.run(t, "", "peer", "--once", "bert", "The offer is at 12.").prints(t, "")
	to.await(t, " anna: The offer is at 12.\n")
	d.run(t, "rot \x1b[31m\n\u202e001\n", "peer", "--once", "bert").prints(t, "")
	to.await(t, " anna: rot ␛[31m\n    \ufffd001\n")

	d.run(t, "", "peer", "--once", "carl", "x").expectOneLine(t, 1, "carl can't be reached directly")
	d.run(t, "", "peer", "--once", "anna", "x").expectOneLine(t, 1, "yourself")
	d.run(t, "\n", "peer", "--once", "bert").expectOneLine(t, 1, "empty", "Nothing was sent")
	to.cmd.Process.Signal(syscall.SIGSTOP)
	d.run(t, "", "peer", "--once", "bert", "x", "--timeout", "1s").expectOneLine(t, 1, "within 1s")
	to.cmd.Process.Signal(syscall.SIGCONT)

	for _, args := range [][]string{
		{"--port=4435", "bert", "x"}, {"--once"}, {"--once", "bert", "x", "--listen"}, {"--port", "1023"}, {"--port", "65536"},
		{"--address", "example.com"}, {"--address", "fe80::1%lo"}, {"--timeout", "-1s"},
	} {
		redroom(t, "", d.environment, append([]string{"peer"}, args...)...).expectOneLine(t, 2)
	}
	redroom(t, "", d.variables(), "peer", "--once", "bert", "x").expectOneLine(t, 1, "redroom signin", "REDROOM_TOKEN")
	over := append(d.variables(), "REDROOM_TOKEN=rr_unknown")
	for _, args := range [][]string{{"peer", "--once", "bert", "x"}, {"peer", "--listen"}, {"who"}} {
		redroom(t, "", over, args...).expectOneLine(t, 1, "this sign-in has ended")
	}
}

// TestWhoListsWhoCanBeReached goes by what it prints, until the last one has left.
func TestWhoListsWhoCanBeReached(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert, stranger := d.as(t, "bert"), d.as(t, "carl")
	d.anna.Must(t, "DELETE", "/api/deals/"+d.deal+"/members/carl", nil, nil, 204)
	if r := d.run(t, "", "who"); r.status != 0 || r.out != "" || !strings.Contains(r.errors, "nobody") {
		t.Errorf("of nobody: %+v", r)
	}
	anna, other := d.peer(t), bert.peer(t)

	line := regexp.MustCompile(`^anna\t127\.0\.0\.1:\d+\t[0-9a-f]{64}\nbert\t127\.0\.0\.1:\d+\t[0-9a-f]{64}\n$`)
	if out := d.run(t, "", "who").succeeds(t); !line.MatchString(out) {
		t.Errorf("who printed %q", out)
	}
	var told struct {
		Name, Address, Fingerprint string
		Port                       int
	}
	out := d.run(t, "", "who", "bert", "--json").succeeds(t)
	if err := json.Unmarshal([]byte(out), &told); err != nil || told.Name != "bert" || told.Address != "127.0.0.1" || told.Port < 1024 || len(told.Fingerprint) != 64 || strings.Count(out, "\n") != 1 {
		t.Errorf("who --json printed %q: %v", out, err)
	}
	d.run(t, "", "who", "carl").expectOneLine(t, 1, "carl can't be reached directly")
	stranger.run(t, "", "who", "bert").expectOneLine(t, 1, "bert can't be reached directly")

	if out := d.run(t, "", "__complete", "peer", "--once", "").out; !strings.HasPrefix(out, "anna\nbert\n:") {
		t.Errorf("Tab offers %q", out)
	}

	// Ctrl-C takes one back at once; who has left the deal is gone from it too.
	if _, status := other.interrupt(t); status != 0 {
		t.Errorf("Ctrl-C ended it with status %d: %q", status, other.said.String())
	}
	d.run(t, "", "who", "bert").expectOneLine(t, 1, "bert can't be reached directly")
	other = bert.peer(t)
	d.run(t, "", "who", "bert").succeeds(t, "bert\t")
	anna.says(t, "/msg bert eins")
	other.await(t, " anna: eins\n")
	d.anna.Must(t, "DELETE", "/api/deals/"+d.deal+"/members/bert", nil, nil, 204)
	d.run(t, "", "who", "bert").expectOneLine(t, 1, "bert can't be reached directly")
	d.run(t, "", "peer", "--once", "bert", "x").expectOneLine(t, 1, "bert can't be reached directly")
	bert.run(t, "", "peer", "--once", "anna", "x").expectOneLine(t, 1, "anna can't be reached directly")
	d.Cmd.Process.Signal(syscall.SIGSTOP)
	if r := d.run(t, "", "who", "--timeout", "1s"); r.status != 1 || !strings.Contains(r.errors, "within 1s") {
		t.Errorf("of a server that doesn't answer: %+v", r)
	}
	d.Cmd.Process.Signal(syscall.SIGCONT)
}

// TestAPeerLeavesAtItsInputsEnd shows when that is, and how --listen does without.
func TestAPeerLeavesAtItsInputsEnd(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	to := d.as(t, "bert").peer(t, "--listen")
	to.in.Close()
	if r := d.run(t, "/msg bert eins\nzwei\n\n/msg bert\ndrei", "peer"); r.status != 0 || r.out != "" {
		t.Errorf("it ended with status %d, printed %q and said %q", r.status, r.out, r.errors)
	}
	to.await(t, " anna: drei\n")
	if said := to.said.String(); strings.Count(said, " anna: ") != 3 || !strings.Contains(said, " anna: eins\n") || !strings.Contains(said, " anna: zwei\n") {
		t.Errorf("it arrived as %q", said)
	}
	if r := d.run(t, "/msg carl x\n/msg bert vier\n", "peer"); r.status != 1 || !strings.Contains(r.errors, "carl can't be reached") || !strings.Contains(r.errors, "not everything") {
		t.Errorf("after a line that couldn't be sent: %+v", r)
	}
	to.await(t, " anna: vier\n")
	if r := d.run(t, "", "peer"); r.status != 0 || !strings.Contains(r.errors, "--listen") {
		t.Errorf("without any input: %+v", r)
	}
	select {
	case <-to.ended:
		t.Errorf("--listen ended with its input: %q", to.said.String())
	default:
	}
}

// TestWhoIsNotBelievedIsToldWhatFor names an address that isn't the session's.
func TestWhoIsNotBelievedIsToldWhatFor(t *testing.T) {
	t.Parallel()
	r := newWorkbench(t).start(t, false, "peer", "--address", "192.0.2.1", "--listen")
	r.await(t, "nobody can reach you: the server gets no answer at UDP port ")
	r.await(t, " of 192.0.2.1, or does not believe that you are there, which serve --bind-from is for. ")
}

// TestAnObserversTokenSaysNothingInAName has a program that may only read run a peer
// for somebody who is reached himself.
func TestAnObserversTokenSaysNothingInAName(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert := d.as(t, "bert").peer(t, "--listen")
	var made struct{ Token string }
	d.anna.Must(t, "POST", "/api/users/anna/tokens", map[string]any{"label": "reads", "role": "observer"}, &made, 201)
	reader := *d
	reader.environment = append(d.variables(), "REDROOM_TOKEN="+made.Token)
	reader.run(t, "", "peer", "--once", "bert", "in Annas Namen").expectOneLine(t, 1, "Observers read")
	reader.start(t, false, "peer", "--listen").await(t, "nobody can reach you, and you can call nobody: Observers read")
	d.run(t, "", "who", "anna").expectOneLine(t, 1, "anna can't be reached directly")
	if said := bert.said.String(); strings.Contains(said, "anna") {
		t.Errorf("bert was told %q", said)
	}
}

// TestOnATerminalAPeerIsHeldUpByNothing types and reads at the same time, and
// presses Ctrl-C.
func TestOnATerminalAPeerIsHeldUpByNothing(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	bert := d.as(t, "bert").peer(t)
	r := d.start(t, true, "peer")
	r.await(t, "reachable as anna")
	io.WriteString(r.in, "/msg bert halb getippt")
	bert.says(t, "/msg anna dazwischen")
	r.await(t, " bert: dazwischen")
	io.WriteString(r.in, "\n")
	bert.await(t, " anna: halb getippt\n")
	if _, status := r.interrupt(t); status != 0 {
		t.Errorf("Ctrl-C ended it with status %d: %q", status, r.said.String())
	}
	bert.await(t, "anna is not connected any more")

	// Whom a message is on its way to says nothing: it is told as not sent.
	bert.cmd.Process.Signal(syscall.SIGSTOP)
	r = d.start(t, true, "peer")
	r.await(t, "reachable as anna")
	io.WriteString(r.in, "/msg bert verloren\n")
	r.await(t, "your lines go to bert now")
	if _, status := r.interrupt(t); status != 1 || !strings.Contains(r.said.String(), "not sent: it was interrupted") {
		t.Errorf("Ctrl-C ended it with status %d: %q", status, r.said.String())
	}
}

// TestWhatPeersSayIsKeptNowhereUnlessAskedFor looks into every file that there is
// of them and of the server, and then into that of --log.
func TestWhatPeersSayIsKeptNowhereUnlessAskedFor(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	home := t.TempDir()
	for _, name := range []string{"HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		d.environment = append(d.environment, name+"="+home)
	}
	other := d.as(t, "bert")
	other.environment = append(other.environment, "HOME="+home, "TMPDIR="+home)
	log := filepath.Join(t.TempDir(), "words")
	const word, kept = "Elbphilharmonie", "Kastanienallee"

	anna, bert := d.peer(t), other.peer(t)
	anna.says(t, "/msg bert "+word)
	bert.await(t, word)
	bert.says(t, word+" auch")
	anna.await(t, word+" auch")
	anna.says(t, "/quit")
	anna.end(t)
	anna = d.peer(t, "--log", log)
	anna.says(t, "/msg bert "+kept+" \"1\"")
	bert.await(t, kept)
	bert.says(t, kept+" 2")
	anna.await(t, kept+" 2")
	anna.says(t, "/msg nobody "+kept+" 3") // it doesn't arrive
	anna.await(t, "nobody can't be reached")
	for _, r := range []*running{anna, bert} {
		r.says(t, "/quit")
		r.end(t)
	}
	d.Stop(t)
	for _, dir := range []string{d.Data, home, anna.cmd.Dir, bert.cmd.Dir} {
		if path := fileWith(t, dir, word, kept); path != "" {
			t.Errorf("%s has what was said", path)
		}
	}

	info, err := os.Stat(log)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var said []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var l struct{ Time, From, To, Text string }
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if _, err := time.Parse(time.RFC3339, l.Time); err != nil {
			t.Error(err)
		}
		said = append(said, fmt.Sprintf("%s to %s: %s", l.From, l.To, l.Text))
	}
	if want := "anna to bert: " + kept + " \"1\"; bert to anna: " + kept + " 2"; strings.Join(said, "; ") != want {
		t.Errorf("the file has %q, want %q", said, want)
	}
}

// fileWith is a file below dir in which one of these words is found; "": none.
func fileWith(t *testing.T, dir string, words ...string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		octets, err := os.ReadFile(path)
		for _, word := range words {
			if strings.Contains(string(octets), word) {
				found = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestWhatCanNotBeKeptIsNotAcknowledged has a disk that is full, and files that
// aren't taken.
func TestWhatCanNotBeKeptIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d.run(t, "", "peer", "--log", open).expectOneLine(t, 1, "--log", open, "chmod 600")
	d.run(t, "", "peer", "--log", filepath.Join(open, "x")).expectOneLine(t, 1, "--log")
	cut := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(cut, []byte("{\"time\":\"20"), 0o600); err != nil {
		t.Fatal(err)
	}
	bert := d.as(t, "bert")
	to := bert.peer(t, "--log", cut)
	d.run(t, "", "peer", "--once", "bert", "ganz").succeeds(t)
	if octets, err := os.ReadFile(cut); err != nil || !strings.HasPrefix(string(octets), "{\"time\":\"20\n{\"time\":\"20") {
		t.Errorf("behind a line that was cut off: %q, %v", octets, err)
	}
	to.says(t, "/quit")
	to.end(t)

	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	to = bert.peer(t)
	if r := d.run(t, "/msg bert gehört\n /quit \n", "peer", "--log", "/dev/full"); r.status != 1 || !strings.Contains(r.errors, "it has arrived, and could not be kept") || strings.Contains(r.errors, "not sent") || strings.Contains(r.errors, "/quit") {
		t.Errorf("what arrived, and was not kept: %+v", r)
	}
	to.says(t, "/quit")
	to.end(t)
	to = bert.peer(t, "--log", "/dev/full")
	if r := d.run(t, "", "peer", "--once", "bert", "weg"); r.status != 1 {
		t.Errorf("what could not be kept was acknowledged: %+v", r)
	}
	if status := to.end(t); status != 1 || !strings.Contains(to.said.String(), "--log") || strings.Contains(to.said.String(), "weg") {
		t.Errorf("it ended with status %d and said %q", status, to.said.String())
	}
}
