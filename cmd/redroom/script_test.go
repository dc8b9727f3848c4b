//go:build unix

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// workbench is where somebody runs scripts against a server in a process of its own.
type workbench struct {
	*servertest.Process
	anna        *servertest.API
	deal, topic string // topic is Alpha/Fälligkeit: Q3/Q4
	environment []string
}

const topicName = "Alpha AG/Fälligkeit: Q3/Q4"

func newWorkbench(t *testing.T, flags ...string) *workbench {
	t.Helper()
	d := &workbench{Process: servertest.StartProcess(t, t.TempDir(), nil, flags...)}
	d.anna = d.Admin(t)
	d.deal = d.anna.Deal(t, "Alpha AG", "all")
	d.topic = d.anna.Topic(t, d.deal, "Fälligkeit: Q3/Q4", 1)
	var made struct{ Token string }
	d.anna.Must(t, "POST", "/api/users/anna/tokens", map[string]any{"label": "scripts", "role": "member"}, &made, 201)
	d.environment = append(d.variables(), "REDROOM_TOKEN="+made.Token)
	return d
}

// variables say where the server is, and that nobody has signed in here.
func (d *workbench) variables() []string {
	at := strings.TrimSuffix(strings.TrimPrefix(d.Rrp, "https://"), "/rrp")
	return []string{"REDROOM_SERVER=" + at, "REDROOM_DATA=" + d.Data, "XDG_CONFIG_HOME=" + d.Data, "REDROOM_TOKEN="}
}

func (d *workbench) run(t *testing.T, in string, args ...string) result {
	t.Helper()
	return redroom(t, in, d.environment, args...)
}

func TestPostPrintsTheNumberOfWhatIsOnTheDisk(t *testing.T) {
	d := newWorkbench(t)
	d.run(t, "", "post", topicName, "Grüße").prints(t, "1\n")
	d.run(t, "zwei\nZeilen\n", "post", d.topic, "--reply", "1").prints(t, "2\n")
	d.run(t, `{"ebitda": 12.50}`+"\n", "post", d.topic, "--kind", "report").prints(t, "3\n")
	for range 2 { // a script's second try
		d.run(t, "", "post", topicName, "einmal", "--id", "backup-1").prints(t, "4\n")
	}
	var told struct {
		Topic, ID string
		Seq       int64
	}
	if err := json.Unmarshal([]byte(d.run(t, "", "post", d.topic, "fünf", "--json", "--id", "five").out), &told); err != nil || told.Seq != 5 || told.ID != "five" || told.Topic != d.topic {
		t.Errorf("%+v, %v", told, err)
	}

	want := []string{"text:Grüße", "reply:1:zwei\nZeilen", `report:{"ebitda": 12.50}`, "text:einmal", "text:fünf"}
	lines := strings.Split(strings.TrimSpace(d.run(t, "", "read", d.topic, "--json").succeeds(t)), "\n")
	if len(lines) != len(want) {
		t.Fatalf("there are %d messages, want %d: %s", len(lines), len(want), lines)
	}
	for i, line := range lines {
		var m struct {
			Seq, Time, Ref     int64
			Author, Kind, Body string
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		kind := m.Kind
		if m.Ref != 0 {
			kind = fmt.Sprintf("reply:%d", m.Ref)
		}
		if got := kind + ":" + m.Body; got != want[i] || m.Seq != int64(i+1) || m.Author != "anna" || m.Time == 0 {
			t.Errorf("%s, want %q of anna", line, want[i])
		}
	}
}

// prints wants a command to end well and to print this.
func (r result) prints(t *testing.T, want string) {
	t.Helper()
	if got := r.succeeds(t); got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
}

func TestWhatCanNotBePostedIsSaidInOneLine(t *testing.T) {
	d := newWorkbench(t)
	for _, c := range []struct {
		name   string
		in     string
		args   []string
		status int
		words  []string
	}{
		{"nothing", "\n", []string{d.topic}, 1, []string{"empty", "Nothing was posted"}},
		{"too much", strings.Repeat("x", room.MaxText+1), []string{d.topic}, 1, []string{"65536", "Nothing was posted"}},
		{"no UTF-8", "a\xff", []string{d.topic}, 1, []string{"UTF-8"}},
		{"a report that is none", "{", []string{d.topic, "--kind", "report"}, 1, []string{"JSON"}},
		{"no such topic", "x", []string{"Alpha AG/Price"}, 1, []string{"Alpha AG/Price"}},
		{"a reply to nothing", "x", []string{d.topic, "--reply", "99"}, 1, nil},
		{"a kind that is none", "x", []string{d.topic, "--kind", "redact"}, 2, []string{"--kind"}},
		{"an id that is none", "x", []string{d.topic, "--id", "a b"}, 2, []string{"--id"}},
		{"a number that is none", "x", []string{d.topic, "--reply", "-1"}, 2, []string{"--reply"}},
		{"no time", "x", []string{d.topic, "--timeout", "-1s"}, 2, []string{"--timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.run(t, c.in, append([]string{"post"}, c.args...)...).expectOneLine(t, c.status, c.words...)
		})
	}
	redroom(t, "x", d.variables(), "post", d.topic).expectOneLine(t, 1, "redroom signin", "REDROOM_TOKEN")
	redroom(t, "", d.variables(), "read", d.topic).expectOneLine(t, 1, "redroom signin", "REDROOM_TOKEN")
	d.run(t, "", "read", d.topic, "--after", "5").expectOneLine(t, 1, "no message 5", "--after")
	d.run(t, "", "read", d.topic, "--after", "-1001").expectOneLine(t, 2, "--after")
	d.run(t, "", "read", d.topic).prints(t, "") // nothing of it all is there
	d.Cmd.Process.Signal(syscall.SIGSTOP)
	d.run(t, "x", "post", d.topic, "--timeout", "1s").expectOneLine(t, 1, "within 1s", "nothing was posted")
	d.Cmd.Process.Signal(syscall.SIGCONT)
	d.Stop(t)
	d.run(t, "x", "post", d.topic).expectOneLine(t, 1, "reached")
}

// TestReadPrintsWhatATerminalMayBeSent shows lines for people, with what was
// edited and redacted, and that no octet of a message moves a cursor.
func TestReadPrintsWhatATerminalMayBeSent(t *testing.T) {
	d := newWorkbench(t)
	c := d.Enter(t, d.anna).Join(t, d.topic, 0)
	say := func(body, id, kind string) {
		t.Helper()
		c.Say(t, fmt.Sprintf("POST %d %s %s\n%s", len(body), id, kind, body))
		c.Answer(t, "ACK "+id+" *")
	}
	say("rot \x1b[31m und \u202e001\n\tzweite", "a", "text")
	say("neu", "b", "edit 1")
	say("geheim", "c", "text")
	say("Versehen", "d", "redact 3")
	say("{\n \"x\": 1.50 }", "e", "report 1")

	out := d.run(t, "", "read", topicName).succeeds(t)
	for _, want := range []string{
		"\tanna\ttext\trot ␛[31m und \ufffd001\n\t\t\t\t    zweite\n2\t", "\tanna\tedit:1\tneu\n3\t", "\tanna\tredacted\t\n4\t",
		"\tanna\tredact:3\tVersehen\n5\t", "\tanna\treply:1\t{\"x\":1.50}\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it printed %q, want %q in it", out, want)
		}
	}
	raw := d.run(t, "", "read", topicName, "--json", "--after", "-5").succeeds(t, `\u001b[31m`, `\u202e001`, `"kind":"redact","ref":3,"body":"Versehen"`, `"redacted":6`)
	if strings.ContainsAny(raw, "\x1b\u202e") || strings.Contains(raw, "geheim") || strings.Count(raw, "\n") != 5 {
		t.Errorf("in JSON it is %q", raw)
	}
}

// TestReadGoesOnWhereItsCursorIs reads in three goes, and is not led to read
// another topic or another log by the same cursor.
func TestReadGoesOnWhereItsCursorIs(t *testing.T) {
	d := newWorkbench(t)
	cursor := filepath.Join(t.TempDir(), "cursor")
	read := func(args ...string) result {
		t.Helper()
		return d.run(t, "", append([]string{"read", d.topic, "--json", "--cursor", cursor}, args...)...)
	}
	read().prints(t, "")
	d.run(t, "", "post", d.topic, "eins").prints(t, "1\n")
	backup := filepath.Join(t.TempDir(), "backup")
	redroom(t, "", nil, "backup", backup, "--data", d.Data).succeeds(t)
	read().succeeds(t, `"seq":1`)
	read().prints(t, "")
	d.run(t, "", "post", d.topic, "zwei").prints(t, "2\n")
	if out := read("--after", "-10").succeeds(t, `"seq":2`); strings.Contains(out, `"seq":1`) {
		t.Errorf("it began anew: %s", out)
	}

	other := d.anna.Topic(t, d.deal, "Other", 2)
	d.run(t, "", "read", other, "--cursor", cursor).expectOneLine(t, 1, "another topic", cursor)
	kept, err := os.ReadFile(cursor)
	if err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "none")
	if err := os.WriteFile(none, []byte("{\"seq\":1}"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(t, "", "read", d.topic, "--cursor", none).expectOneLine(t, 1, "no cursor", none)
	d.run(t, "", "read", d.topic, "--cursor", filepath.Join(none, "c")).expectOneLine(t, 1, "cursor")

	d.Stop(t)
	redroom(t, "", nil, "restore", backup, "--data", d.Data, "--force").succeeds(t)
	d.Process = d.Again(t)
	read().expectOneLine(t, 1, "restored", "remove "+cursor)
	if now, err := os.ReadFile(cursor); err != nil || string(now) != string(kept) {
		t.Errorf("the cursor became %q, %v", now, err)
	}
	if err := os.Remove(cursor); err != nil {
		t.Fatal(err)
	}
	read().succeeds(t, `"seq":1`)
}
