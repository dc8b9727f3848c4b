package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"redroom/server/servertest"
)

// TestTheWordsOfAMessageAreNowhereElse looks for a word of every message over a whole
// run: in each packet, the log at its most talkative, qlogs, the keys, what a crash
// leaves, what tools say, and what is written but the store.
func TestTheWordsOfAMessageAreNowhereElse(t *testing.T) {
	t.Parallel()
	o := overhear(t)
	data := o.room.Data
	for _, over := range []string{"quic", "websocket", "webtransport"} {
		o.talk(t, over)
	}
	o.browse(t)
	o.meet(t)
	o.crash(t, syscall.SIGQUIT)
	o.serve(t, data, "json")
	o.talk(t, "webtransport")
	o.browse(t)
	o.crash(t, syscall.SIGSEGV)

	for name, wants := range map[string][]string{
		"text.log": {"level=DEBUG", "SIGQUIT", "goroutine "},
		"json.log": {`"level":"DEBUG"`, "SIGSEGV", "goroutine "},
		"keys.txt": {"CLIENT_TRAFFIC_SECRET_0 "},
	} {
		content, err := os.ReadFile(o.in(name))
		for _, want := range wants {
			if err != nil || !bytes.Contains(content, []byte(want)) {
				t.Errorf("%s has no %q: %v", name, want, err)
			}
		}
	}
	o.readQlogs(t)
	if found := filesWith(t, marker, data); !slices.Equal(found, []string{"redroom.db", "redroom.db-wal"}) && !slices.Equal(found, []string{"redroom.db"}) {
		t.Errorf("in the data directory it is in %q, want the store only", found)
	}
	if found := filesWith(t, marker, o.files); len(found) > 0 {
		t.Errorf("it is in %q", found)
	}
	if n, err := unix.Read(o.watching, make([]byte, 4<<10)); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("temporary files were made: %d octets of news, %v", n, err)
	}
	o.wiretap(t)
	t.Run("Wireshark", o.readByWireshark)
}

// readQlogs reads what JSON they have, and who may read them.
func (o *overheard) readQlogs(t *testing.T) {
	t.Helper()
	files, err := os.ReadDir(o.in("qlog"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(o.in("text.log"))
	if err != nil {
		t.Fatal(err)
	}
	known, sent := 0, 0
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it to be its owner's alone", f.Name(), info.Mode(), err)
		}
		content, err := os.ReadFile(o.in("qlog/" + f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(strings.TrimSuffix(f.Name(), ".sqlog"), "-")
		if bytes.Contains(log, []byte("connection="+id)) {
			known++
		}
		records := strings.Split(string(content), "\x1e")[1:]
		for _, record := range records[:max(len(records)-1, 0)] { // a crash cuts the last one off
			var event struct{ Name string }
			if err := json.Unmarshal([]byte(record), &event); err != nil {
				t.Errorf("%s: %v in %q", f.Name(), err, record)
			}
			if event.Name == "transport:packet_sent" {
				sent++
			}
		}
	}
	if known < 8 || sent < 100 {
		t.Errorf("of %d files %d are of a connection that the log knows; packets sent: %d", len(files), known, sent)
	}
	if info, err := os.Stat(o.in("qlog")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory of qlogs: %v, %v; want it to be its owner's alone", info, err)
	}
	for _, keys := range []string{"keys.txt", "tools.txt"} {
		if info, err := os.Stat(o.in(keys)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want them to be their owner's alone", keys, info, err)
		}
	}
	for what, warning := range map[string]string{"text.log": "(SSLKEYLOGFILE)", "json.log": "(--qlog)", "anna.said": "tools.txt (SSLKEYLOGFILE)"} {
		if said, err := os.ReadFile(o.in(what)); err != nil || !bytes.Contains(said, []byte(warning)) {
			t.Errorf("%s warns of no %s: %v", what, warning, err)
		}
	}
}

// wiretap looks for it in what has passed, and for a word in clear, which is seen.
func (o *overheard) wiretap(t *testing.T) {
	const clear = "Marmolata in clear"
	conn, err := o.people["bert"].Dial(t.Context(), "udp4", net.JoinHostPort(o.Server().Address(), "9"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, clear)
	for deadline := time.Now().Add(servertest.Patience); !o.cables[0].Has(clear); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a word in clear was not seen")
		}
	}
	for i, cable := range o.cables {
		packets := cable.Packets()
		t.Logf("on cable %d passed %d packets", i, len(packets))
		if slices.ContainsFunc(packets, func(p []byte) bool { return reveals(p, marker) }) {
			t.Errorf("on cable %d it passed in clear", i)
		}
	}
}

// readByWireshark has what passed the server's cable read as the README says, with the
// keys and without.
func (o *overheard) readByWireshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("REDROOM_TSHARK") == "require" {
			t.Fatal(err)
		}
		t.Skip("there is no tshark: apt-get install tshark")
	}
	o.cables[0].Save(o.in("session.pcap"))
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^    (tshark .*)$`).FindAllStringSubmatch(string(readme), -1)
	wants := [][]string{
		{"0\t" + o.people["anna"].Address() + "\trrp1\n", "\th3\n"},
		{"\nTOKEN 0 ", "\nACK 0 TOKEN anna\n", "\nWATCH 0\n"},
		{"\nJOIN 0 " + o.topic + " ", "\nPOST ", "\nMESSAGE ", " 1 anna ", "\n" + marker + ", begun over quic"},
		{"GET /api/search?q=" + marker, " WebSocket "},
	}
	if len(commands) != len(wants) {
		t.Fatalf("the README has %d lines of tshark, want %d", len(commands), len(wants))
	}
	for i, want := range wants {
		line := commands[i][1]
		read := o.shell(t, line)
		for _, w := range want {
			if !strings.Contains(read, w) {
				t.Errorf("%s\nshows no %q: %s", line, w, read)
			}
		}
		if strings.Contains(line, "follow,quic") && o.shell(t, strings.Replace(line, "keys.txt", "tools.txt", 1)) != read {
			t.Errorf("%s\nshows something else with the keys of the tools", line)
		}
		blind := o.shell(t, strings.Replace(line, "-o tls.keylog_file:keys.txt ", "", 1))
		for _, w := range []string{marker, "TOKEN", "POST", "JOIN", "MESSAGE", "/api/"} {
			if strings.Contains(blind, w) {
				t.Errorf("%s\nshows %q without the keys: %s", line, w, blind)
			}
		}
	}
}

// shell runs a line, where the files are, and gives what it prints.
func (o *overheard) shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = o.files
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, said.String())
	}
	return string(out)
}

// TestAFullDiskOfKeysEndsNoConnection has neither side write a key down.
func TestAFullDiskOfKeysEndsNoConnection(t *testing.T) {
	t.Parallel()
	p := servertest.StartProcess(t, t.TempDir(), []string{"sh", "-c", `SSLKEYLOGFILE=/dev/full exec "$0" "$@"`}, "--echo")
	r := redroom(t, "", []string{"SSLKEYLOGFILE=/dev/full"}, "echo", "--count", "1", "--server", p.QUIC(), "--pin", p.Pin)
	if r.status != 0 || strings.Count(r.errors, "lacks keys") != 1 {
		t.Errorf("status %d, said %q, want one warning and an echo", r.status, r.errors)
	}
}
