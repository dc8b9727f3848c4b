package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
