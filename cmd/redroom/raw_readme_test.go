//go:build unix

package main_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"redroom/server/servertest"
)

var update = flag.Bool("update", false, "write the transcript of redroom raw into the README")

// What differs from run to run is shown as in the protocol's own examples, so that
// the chain's values are right of what stands there.
const (
	exampleTopic       = "0123456789abcdef"
	exampleEpoch       = "f1beabdfaafe4f9c"
	exampleTime        = "1767225600000"
	exampleSalt        = "AAECAwQFBgcICQoL"
	exampleHash0       = "2dedd2b2d2e72fce455d9ac15eb1a6573b74eaa5f093b9db0702ff50161ba7c0"
	exampleHash1       = "ae2c461afd638baa43ff0cf84bcc34ae5b8adff0b02e66bfb4e001db292d902f"
	exampleFingerprint = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	examplePort        = "49152"
	exampleTicket      = "eyJmcm9tIjoiYW5uYSIsInRvIjoiYmVydCIs….kOvY…"
)

// TestREADMEShowsWhatIsSaidByHand has a person speak to a server on two channels, as
// the README shows it.
func TestREADMEShowsWhatIsSaidByHand(t *testing.T) {
	d := newWorkbench(t)
	d.Join(t, d.anna, "bert", "member", d.deal)
	var made struct{ Token string }
	d.anna.Must(t, "POST", "/api/users/bert/tokens", map[string]any{"label": "peer", "role": "member"}, &made, 201)
	_, port, _ := strings.Cut(d.QUIC(), ":")
	bert := workbench{Process: d.Process, environment: append(d.variables(), "REDROOM_TOKEN="+made.Token, "REDROOM_SERVER=127.0.0.1:"+port)}
	bert.start(t, false, "peer", "--listen").await(t, "eachable as bert")

	s := &script{t: t, bench: d}
	s.begin("raw", "--bare")
	s.types("USER 0 anna", "ACK 0 USER\n")
	s.types("PASS 0 "+strings.ReplaceAll(servertest.Password, " ", "%20"), "ACK 0 PASS anna\n")
	s.types("PING 0 Gr%C3%BC%C3%9Fe", "PONG 0 Gr%C3%BC%C3%9Fe\n")
	s.types("QUERY 0", "\nbert,")
	s.types("TICKET 0 bert "+exampleFingerprint, "\neyJ")
	s.types("BIND 0 - 1023 "+exampleFingerprint, "ERR ", " 422 BIND\n")
	s.types("CALC 0 sum-1 +,1,0.5", "RESULT 3 200 sum-1\n1.5\n")
	s.types("JOIN 0 "+d.topic+" 0", "ERR ", " 422 "+d.topic+"\n")
	s.ends(0)
	s.begin("raw", "--channel")
	s.types("JOIN 0 "+d.topic+" 0", "ACK 0 "+d.topic+" 0 ")
	s.types("POST - mine-1\nGrüße", "ACK 0 mine-1 1\n", "\nGrüße\n")
	s.types("HEAD 0", "HEAD 0 1 ")
	s.types("READ 0 1")
	s.types("POST - mine-2 redact 7\n", "ERR ", " 422 mine-2\n")
	s.types("post - mine-3\nHello!", "no legal frame", "ERR ", " 400 -\n", "has ended it")
	s.ends(1)
	s.shownIn("../../README.md")
}

// script is what a person types, and what comes.
type script struct {
	t     *testing.T
	bench *workbench
	by    *running
	seen  int // of what it has said
	lines strings.Builder
}

func (s *script) begin(args ...string) {
	s.t.Helper()
	if s.lines.Len() > 0 {
		s.lines.WriteString("\n")
	}
	s.lines.WriteString("$ redroom " + strings.Join(args, " ") + "\n")
	s.by, s.seen = s.bench.start(s.t, false, args...), 0
}

// types types lines, and waits until all of wanted has come.
func (s *script) types(lines string, wanted ...string) {
	s.t.Helper()
	if _, err := s.by.in.Write([]byte(lines + "\n")); err != nil {
		s.t.Fatalf("typing %q: %v; it said %q", lines, err, s.by.said.String())
	}
	for line := range strings.SplitSeq(lines, "\n") {
		s.lines.WriteString(strings.TrimSpace("> "+line) + "\n")
	}
	for _, want := range wanted {
		s.by.awaitBehind(s.t, s.seen, want)
	}
	s.note()
}

// note takes down what has come. Answers may come before or after a MESSAGE: here
// they come before.
func (s *script) note() {
	said := s.by.said.String()[s.seen:]
	s.seen += len(said)
	if message, ack, found := strings.Cut(said, "ACK 0 mine-1"); found && message != "" {
		said = "ACK 0 mine-1" + ack + message
	}
	s.lines.WriteString(said)
}

// ends ends the input, and wants a status.
func (s *script) ends(status int) {
	s.t.Helper()
	s.by.in.Close()
	<-s.by.ended
	s.note()
	if got := s.by.cmd.ProcessState.ExitCode(); got != status {
		s.t.Errorf("status %d, want %d:\n%s", got, status, s.lines.String())
	}
}

// shownIn compares a file's block that begins like the script with it.
func (s *script) shownIn(file string) {
	s.t.Helper()
	said := s.lines.String()
	for _, v := range []struct{ pattern, example string }{
		{s.bench.topic, exampleTopic},
		{`(?m)^(ACK 0 ` + exampleTopic + ` 0) [0-9a-f]{16} 1 [0-9a-f]{64}$`, "$1 " + exampleEpoch + " 1 " + exampleHash0},
		{`(?m)^(MESSAGE 7 1 anna) [0-9]+ text - \S+$`, "$1 " + exampleTime + " text - " + exampleSalt},
		{`(?m)^HEAD 0 1 [0-9a-f]{64}$`, "HEAD 0 1 " + exampleHash1},
		{`(?m)^(bert,127\.0\.0\.1),[0-9]+,[0-9a-f]{64}$`, "$1," + examplePort + "," + exampleFingerprint},
		{`(?m)^eyJ[\w-]+\.[\w-]+$`, exampleTicket},
	} {
		said = regexp.MustCompile(v.pattern).ReplaceAllString(said, v.example)
	}
	block := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(said, "    $1")
	readme, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	first, _, _ := strings.Cut(block, "\n")
	place := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(first) + `\n(\n?    .*\n)*`).FindIndex(readme)
	switch {
	case place == nil:
		s.t.Fatalf("%s has no block that begins with %q", file, first)
	case string(readme[place[0]:place[1]]) == block:
	case *update:
		if err := os.WriteFile(file, append(append(readme[:place[0]:place[0]], block...), readme[place[1]:]...), 0o644); err != nil {
			s.t.Fatal(err)
		}
	default:
		s.t.Errorf("%s does not show what was said, which is (go test -run ByHand ./cmd/redroom -update writes it):\n%s", file, block)
	}
}
