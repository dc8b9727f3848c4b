//go:build unix

package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// By whatever carries it, signed in before or not.
func TestRawPrintsWhatTheServerAnswers(t *testing.T) {
	d := newWorkbench(t)
	for _, args := range [][]string{
		{},
		{"--transport", "quic"},
		{"--transport", "websocket"},
		{"--transport", "webtransport"},
		{"--octets"},
		{"--bare"},
		{"--bare", "--transport", "websocket"},
		{"--bare", "--transport", "webtransport", "--octets"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			d.run(t, "PING 0 hi\nPING 0 gr%C3%BC%20%25\n", append([]string{"raw"}, args...)...).prints(t, "PONG 0 hi\nPONG 0 gr%C3%BC%20%25\n")
		})
	}
}

// A further channel is a topic's: history, posts whose length is filled in or not,
// and what a terminal would obey is shown.
func TestRawSpeaksOnATopicsChannel(t *testing.T) {
	d := newWorkbench(t)
	for i, transport := range []string{"quic", "websocket", "webtransport"} {
		typed := fmt.Sprintf("JOIN 0 %s %d\nPOST - a%d\n\x1b[2JHä?\nPOST 11 b%d\nzwei\nZeilenHEAD 0 0\n", d.topic, 2*i, i, i)
		r := d.run(t, typed, "raw", "--channel", "--transport", transport)
		for _, want := range []string{
			fmt.Sprintf("ACK 0 %s %d ", d.topic, 2*i),
			fmt.Sprintf("ACK 0 a%d %d\n", i, 2*i+1), fmt.Sprintf("MESSAGE 8 %d anna ", 2*i+1), "\n␛[2JHä?\n",
			fmt.Sprintf("ACK 0 b%d %d\n", i, 2*i+2), fmt.Sprintf("MESSAGE 11 %d anna ", 2*i+2), "\nzwei\nZeilen\n",
			"HEAD 0 0 ",
		} {
			if !strings.Contains(r.out, want) {
				t.Errorf("%s: status %d, it said %q and printed %q, want %q in it", transport, r.status, r.errors, r.out, want)
			}
		}
		if r.status != 0 || r.errors != "" {
			t.Errorf("%s: status %d, it said %q", transport, r.status, r.errors)
		}
	}
}

// Whatever the server ends is a failure that is told in one line, after the frames
// that say so.
func TestRawTellsWhyTheServerEndsIt(t *testing.T) {
	d := newWorkbench(t)
	for name, c := range map[string]struct {
		in    string
		args  []string
		out   string
		words string // of the last line it says
	}{
		"a channel that is refused": {"JOIN 0 0123456789abcdef 0\n", []string{"--channel"}, "ERR 50 404 0123456789abcdef\n", "404 There is no such thing"},
		"an illegal frame":          {"ping 0\n", nil, "BYE 25 400\n", "400 The request is malformed."},
		"a wrong password":          {"USER 0 anna\nPASS 0 x\n", []string{"--bare"}, "ACK 0 USER\nERR 31 401 PASS\n", "401 User name or password is wrong."},
	} {
		t.Run(name, func(t *testing.T) {
			r := d.run(t, c.in, append([]string{"raw"}, c.args...)...)
			said := strings.Split(strings.TrimSpace(r.errors), "\n")
			if r.status != 1 || !strings.Contains(r.out, c.out) || !strings.Contains(said[len(said)-1], "redroom: the server has ended it: "+c.words) {
				t.Errorf("status %d, it printed %q and said %q", r.status, r.out, r.errors)
			}
		})
	}
}
