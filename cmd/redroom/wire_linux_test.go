package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"redroom/server/servertest"
)

// marker is a word of every message.
const marker = "Marmolata7f3a9c"

// overheard is a room in a network of which everything is kept that somebody could
// look into: what passes the cables, logs, qlogs, what the tools say, and what is made
// for a while.
type overheard struct {
	*servertest.Network
	room     *servertest.Process
	topic    string
	files    string // the directory of all of it
	cables   []*servertest.Capture
	people   map[string]*person
	watching int // an inotify(7) of the directory of temporary files
}

// person has a machine.
type person struct {
	*servertest.Machine
	environment []string
	said        string // a file: what tools say beside their results
}

// overhear begins with anna, an admin, and bert, before either is there.
func overhear(t *testing.T) *overheard {
	t.Helper()
	o := &overheard{Network: servertest.NewNetwork(t), files: t.TempDir(), people: make(map[string]*person)}
	o.watch(t)
	o.cables = append(o.cables, o.Server().Capture(t))
	o.serve(t, t.TempDir(), "text")
	anna := o.room.Admin(t)
	deal := anna.Deal(t, "Alpha AG", "all")
	o.topic = anna.Topic(t, deal, "Price", 1)
	o.room.Join(t, anna, "bert", "member", deal)
	for _, name := range []string{"anna", "bert"} {
		m := o.Machine()
		o.cables = append(o.cables, m.Capture(t))
		o.people[name] = &person{m, o.environment(
			"REDROOM_SERVER="+strings.TrimPrefix(o.RoomURL(), "https://"), "REDROOM_PIN="+o.room.Pin,
			"REDROOM_TOKEN="+programToken(t, anna, name), "XDG_CONFIG_HOME="+o.in(name), "SSLKEYLOGFILE="+o.in("tools.txt")), o.in(name + ".said")}
	}
	return o
}

func (o *overheard) in(name string) string { return filepath.Join(o.files, name) }

// environment is that of everything that runs; keys.txt is the server's. No packet has
// more than one datagram.
func (o *overheard) environment(more ...string) []string {
	return append([]string{"TMPDIR=" + o.in("tmp"), "SSLKEYLOGFILE=" + o.in("keys.txt"), "QUIC_GO_DISABLE_GSO=true", "GOTRACEBACK=all"}, more...)
}

// watch begins to see whether a temporary file is made.
func (o *overheard) watch(t *testing.T) {
	t.Helper()
	err := os.Mkdir(o.in("tmp"), 0o700)
	if err == nil {
		o.watching, err = unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	}
	if err == nil {
		t.Cleanup(func() { unix.Close(o.watching) })
		_, err = unix.InotifyAddWatch(o.watching, o.in("tmp"), unix.IN_CREATE|unix.IN_MOVED_TO)
	}
	if err != nil {
		t.Fatalf("watching a directory: %v", err)
	}
}

// serve runs the server, whose log has a format.
func (o *overheard) serve(t *testing.T, data, format string) {
	t.Helper()
	under := append([]string{"env"}, o.environment()...)
	under = append(under, "sh", "-c", `exec "$@" 2>`+o.in(format+".log"), "sh")
	o.room = o.StartProcessUnder(t, data, under, "--qlog", o.in("qlog"), "--log-level", "debug", "--log-format", format)
}

// crash has the server say what each goroutine does, and end, while bert posts and
// reads.
func (o *overheard) crash(t *testing.T, by syscall.Signal) {
	t.Helper()
	read := start(t, false, o.people["bert"].command(t, "read", o.topic, "--follow"))
	read.await(t, marker)
	post := start(t, false, o.people["bert"].command(t, "chat", o.topic))
	for i := range 50 {
		post.says(t, fmt.Sprintf("%s, the line %d", marker, i))
	}
	read.await(t, "the line 9")
	if status := o.room.StopWith(t, by); status != 2 {
		t.Fatalf("%v ended it with status %d", by, status)
	}
	read.cmd.Process.Kill()
	post.cmd.Process.Kill()
	<-read.ended
	<-post.ended
}

// command is a redroom on somebody's machine.
func (p *person) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := p.Command("sh", append([]string{"-c", `exec "$@" 2>>` + p.said, "sh", binary}, args...)...)
	cmd.Env = append(os.Environ(), p.environment...)
	return cmd
}

// does runs a redroom to its end, which has to have that status, and gives its results.
func (p *person) does(t *testing.T, status int, in string, args ...string) (out string) {
	t.Helper()
	cmd := p.command(t, args...)
	var results bytes.Buffer
	cmd.Stdin, cmd.Stdout = strings.NewReader(in), &results
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("redroom %v: status %d, want %d; it printed %q", args, got, status, results.String())
	}
	return results.String()
}

// post is POST of what has the marker in it, as redroom raw takes it.
func post(id, kind, payload string) string {
	return "POST - " + id + " " + kind + "\n" + payload + "\n"
}

// talk has all said that can be said in a message, and what is refused, over a
// transport.
func (o *overheard) talk(t *testing.T, over string) {
	t.Helper()
	anna, bert := o.people["anna"], o.people["bert"]
	first := strings.Fields(anna.does(t, 0, "", "post", o.topic, marker+", begun over "+over, "--json"))
	if len(first) == 0 {
		t.Fatal("a message was not posted")
	}
	answers := anna.does(t, 0, "JOIN 0 "+o.topic+" 0\n"+
		post(over+"-1", "text", marker+" is said")+
		post(over+"-2", "report", `{"`+marker+`": "`+marker+`"}`)+
		post(over+"-1", "text", marker+" is said otherwise")+
		post(over+"-3", "report", "no JSON: "+marker)+
		post(over+"-4", "edit 99999", marker+" of nothing")+
		post(over+"-5", "dance", marker+" of no kind")+
		post(over+"-6", "edit 1", marker+" is edited")+
		post(over+"-7", "redact 1", "since "+marker),
		"raw", "--channel", "--transport", over)
	for _, want := range []string{" 409 " + over + "-1\n", " 422 " + over + "-3\n", " 422 " + over + "-4\n", " 422 " + over + "-5\n", "ACK 0 " + over + "-7 "} {
		if !strings.Contains(answers, want) {
			t.Errorf("over %s nothing was answered with %q: %q", over, want, answers)
		}
	}
	// A client whose lengths are wrong sends the end of a text as a header.
	anna.does(t, 1, "JOIN 0 "+o.topic+" 99999\nPOST 4 lost\nand "+marker+" 1 "+marker+"\n", "raw", "--channel", "--octets", "--transport", over)
	if out := bert.does(t, 0, "", "read", o.topic); !strings.Contains(out, marker) {
		t.Errorf("bert has read %q", out)
	}
}

// browse has it found and read over HTTPS.
func (o *overheard) browse(t *testing.T) {
	t.Helper()
	bert := o.people["bert"].Sees(o.room.Room, o.RoomURL()).SignIn(t, "bert")
	for path, want := range map[string]int{
		"/api/search?q=" + marker:                                 200,
		"/api/search?q=" + strings.Repeat(marker+"+", 100):        422,
		"/api/topics/" + o.topic + "/messages?after=0&limit=1000": 200,
	} {
		status, answer := bert.Do(t, "GET", path, nil)
		if status != want || status == 200 && !bytes.Contains(answer, []byte(marker)) {
			t.Errorf("%.60s: status %d, %.200s", path, status, answer)
		}
	}
}

// meet has it said past the server.
func (o *overheard) meet(t *testing.T) {
	t.Helper()
	bert := start(t, false, o.people["bert"].command(t, "peer", "--listen"))
	for deadline := time.Now().Add(time.Minute); o.people["anna"].command(t, "who", "bert").Run() != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("bert was not listed within a minute")
		}
	}
	o.people["anna"].does(t, 0, "", "peer", "--once", "bert", marker)
	bert.await(t, marker)
	bert.interrupt(t)
}

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

// filesWith are those below a directory that reveal a word.
func filesWith(t *testing.T, word, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && reveals(content, word) {
			name, _ := filepath.Rel(dir, path)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reveals tells whether a word of ASCII is in there: as it is, in hex, or in base64,
// wherever in what was encoded it began.
func reveals(content []byte, word string) bool {
	lower, low := bytes.ToLower(content), strings.ToLower(word)
	if bytes.Contains(lower, []byte(low)) || bytes.Contains(lower, []byte(hex.EncodeToString([]byte(word)))) {
		return true
	}
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), word...))
		begin, end := (before*8+5)/6, (before+len(word))*8/6 // without digits that have bits of others
		if bytes.Contains(content, []byte(whole[begin:end])) {
			return true
		}
	}
	return false
}

// TestReveals is of the test's own eyes.
func TestReveals(t *testing.T) {
	for _, before := range []string{"", "a", "ab", "abc"} {
		said := []byte(before + marker + " was said")
		for what, content := range map[string]string{
			"clear": string(said), "lower case": strings.ToLower(string(said)), "hex": hex.EncodeToString(said), "HEX": fmt.Sprintf("%X", said),
			"base64": base64.StdEncoding.EncodeToString(said), "base64url": base64.RawURLEncoding.EncodeToString(said),
		} {
			if !reveals([]byte(content), marker) {
				t.Errorf("it is not seen in %s, %q", what, content)
			}
		}
	}
	if reveals([]byte("Marmolata, 7f3a9c"), marker) {
		t.Error("it is seen where it is not")
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
