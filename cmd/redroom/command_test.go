package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"redroom/server"
	"redroom/server/servertest"
)

// result is what came of a command.
type result struct {
	status      int
	out, errors string
}

// redroom runs the real binary to its end.
func redroom(t *testing.T, in string, environment []string, args ...string) result {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatalf("building the binary: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(in)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("running redroom %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// expectOneLine fails the test unless the command failed with a status and said
// why in one line, in which every word of words is found.
func (r result) expectOneLine(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d", r.status, status)
	}
	if r.out != "" || !strings.HasPrefix(r.errors, "redroom: ") || strings.Count(r.errors, "\n") != 1 {
		t.Errorf("it printed %q and said %q, want one line that begins with \"redroom: \"", r.out, r.errors)
	}
	for _, word := range words {
		if !strings.Contains(r.errors, word) {
			t.Errorf("it said %q, want something of %q", r.errors, word)
		}
	}
}

func TestWrongUsageIsStatus2AndOneLine(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment []string
		args        []string
		words       []string
	}{
		{"an unknown command", nil, []string{"dance"}, []string{"dance", "redroom help"}},
		{"an unknown command of user", nil, []string{"user", "dance"}, []string{"dance", "redroom user --help"}},
		{"an unknown flag", nil, []string{"serve", "--dance"}, []string{"--dance", "redroom serve --help"}},
		{"a flag without its value", nil, []string{"serve", "--data"}, []string{"--data"}},
		{"a flag of another kind", nil, []string{"serve", "--demo=often"}, []string{"--demo", "often"}},
		{"an argument too many", nil, []string{"serve", "now"}, []string{"redroom serve", "no arguments"}},
		{"no name", nil, []string{"user", "add"}, []string{"the user's name"}},
		{"two names", nil, []string{"user", "add", "anna", "bert"}, []string{"the user's name"}},
		{"nothing to change of a user", nil, []string{"user", "change", "anna"}, []string{"what to change", "redroom user change --help"}},
		{"sign-ins that are not to end", nil, []string{"user", "sessions", "anna"}, []string{"--end"}},
		{"an unknown command of deal", nil, []string{"deal", "dance"}, []string{"dance", "redroom deal --help"}},
		{"nothing to change of a deal", nil, []string{"deal", "change", "Alpha"}, []string{"what to change", "redroom deal change --help"}},
		{"a deal without a member", nil, []string{"deal", "add", "Alpha"}, []string{"the deal and the user's name"}},
		{"a move to nowhere", nil, []string{"deal", "move", "Alpha", "anna"}, []string{"--history all", "--history joined"}},
		{"an unknown command of topic", nil, []string{"topic", "dance"}, []string{"dance", "redroom topic --help"}},
		{"a topic of no deal", nil, []string{"topic", "create", "Price"}, []string{"--deal"}},
		{"nothing to change of a topic", nil, []string{"topic", "change", "Price"}, []string{"what to change"}},
		{"a topic's number that is none", nil, []string{"topic", "change", "Price", "--number", "two"}, []string{"--number", "two"}},
		{"a move from no message", nil, []string{"topic", "move", "Price", "anna"}, []string{"--from"}},
		{"two ends of the trail", nil, []string{"audit", "--after", "1", "--last", "2"}, []string{"--after", "--last"}},
		{"more than the trail gives at once", nil, []string{"audit", "--last", "1001"}, []string{"--last", "1000"}},
		{"an unknown level", nil, []string{"serve", "--log-level", "loud"}, []string{"--log-level", "loud"}},
		{"a level of an unknown component", nil, []string{"serve", "--log-level", "info,sesion=debug"}, []string{"--log-level", "sesion", "session", "transport.quic"}},
		{"a component's level of a feed", nil, []string{"feed", "http://localhost/", "Alpha/Figures", "--log-level", "feed=debug"}, []string{"--log-level", "one level"}},
		{"an unknown format", nil, []string{"serve", "--log-format", "xml"}, []string{"--log-format", "xml"}},
		{"no network", nil, []string{"serve", "--trusted-proxies", "friends"}, []string{"--trusted-proxies", "friends"}},
		{"no network to bind from", nil, []string{"serve", "--bind-from", "10.0.0.1"}, []string{"--bind-from", "10.0.0.1"}},
		{"fewer posts than none", nil, []string{"serve", "--posts-per-second", "-1"}, []string{"--posts-per-second", "-1"}},
		{"posts without a number", nil, []string{"serve", "--posts-per-second", "NaN"}, []string{"--posts-per-second", "NaN"}},
		{"next to no posts", nil, []string{"serve", "--posts-per-second", "0.009"}, []string{"--posts-per-second", "0.009", "from 0.01", "or 0"}},
		{"more datagrams than there are", nil, []string{"serve", "--datagram-success", "1.5"}, []string{"--datagram-success", "1.5", "from 0 to 1"}},
		{"nothing to calculate", nil, []string{"calc"}, []string{"such as +,1,1"}},
		{"two things to calculate", nil, []string{"calc", "-,1,1", "+,1,1"}, []string{"such as +,1,1"}},
		{"no time to calculate", nil, []string{"calc", "-,1,1", "--timeout", "0s"}, []string{"--timeout", "0s"}},
		{"backoff of what is reliable", nil, []string{"calc", "+,1,1", "--expb"}, []string{"--expb", "--unreliable"}},
		{"a ceiling of nothing", nil, []string{"calc", "+,1,1", "--unreliable", "--max-timeout", "1s"}, []string{"--max-timeout", "--expb"}},
		{"a ceiling below the floor", nil, []string{"calc", "+,1,1", "--unreliable", "--expb", "--max-timeout", "1s"}, []string{"--max-timeout", "2s", "1s"}},
		{"no echoes", nil, []string{"echo", "--count", "0"}, []string{"--count", "from 1"}},
		{"an echo of nothing", nil, []string{"echo", "--count", "1", "--size", "0"}, []string{"--size", "from 1"}},
		{"a size of nothing that is measured", nil, []string{"echo", "--size", "1"}, []string{"--size", "--count"}},
		{"a move in the middle of one echo", nil, []string{"echo", "--count", "1", "--migrate"}, []string{"--migrate", "2 at least"}},
		{"no address", nil, []string{"health", "--http", "here"}, []string{"--http", "here"}},
		{"a feed without a topic", nil, []string{"feed", "http://localhost/"}, []string{"the source's URL and the topic"}},
		{"a feed of no URL", nil, []string{"feed", "meter", "Alpha/Figures"}, []string{"http or https"}},
		{"a feed with a password in its URL", nil, []string{"feed", "https://a:b@host/", "Alpha/Figures"}, []string{"REDROOM_FEED_AUTHORIZATION"}},
		{"a feed's secret in clear", []string{"REDROOM_FEED_AUTHORIZATION=Bearer key"}, []string{"feed", "http://example.com/", "Alpha/Figures"}, []string{"https"}},
		{"a filter that is none", nil, []string{"feed", "http://localhost/", "Alpha/Figures", "--pick", ".a["}, []string{"--pick"}},
		{"a feed without a pause", nil, []string{"feed", "http://localhost/", "Alpha/Figures", "--every", "0s"}, []string{"--every", "10ms"}},
		{"a transport that is none", []string{"REDROOM_TOKEN=x"}, []string{"raw", "--transport", "pigeon"}, []string{"--transport", "pigeon"}},
		{"a further channel of nobody", nil, []string{"raw", "--bare", "--channel"}, []string{"--bare", "--channel"}},
		{"a spool for nothing", nil, []string{"feed", "http://localhost/", "Alpha/Figures", "--spool-max", "0"}, []string{"--spool-max"}},
		{"no time to be found in", nil, []string{"discover", "--wait", "0s"}, []string{"--wait", "100ms"}},
		{"a list of one", nil, []string{"discover", "--json", "room"}, []string{"--json", "NAME"}},
		{"a server of no address", nil, []string{"discover", "--forget", "here"}, []string{"--forget", "here"}},
		{"an announcement of this machine to others", nil, []string{"serve", "--announce"}, []string{"--announce", "--addr :4433"}},
		{"a variable of another kind", []string{"REDROOM_DEMO=often"}, []string{"serve"}, []string{"REDROOM_DEMO", "often"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			redroom(t, "", c.environment, c.args...).expectOneLine(t, 2, c.words...)
		})
	}
}

func TestWhatCanNotBeServedIsSaidInOneLine(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		words []string
	}{
		{"plain HTTP for everybody", []string{"--http", "0.0.0.0:0"}, []string{"--http", "loopback", "--http-published"}},
		{"plain HTTP on no address", []string{"--http", "here"}, []string{"--http", "here"}},
		{"half a certificate", []string{"--tls-cert", "cert.pem"}, []string{"--tls-cert", "--tls-key"}},
		{"no such certificate", []string{"--tls-cert", "cert.pem", "--tls-key", "key.pem"}, []string{"cert.pem"}},
		{"an unknown choice", []string{"--h3-cert", "theirs"}, []string{"--h3-cert", "theirs"}},
		{"a file for a directory of qlogs", []string{"--qlog", os.Args[0]}, []string{"qlog", filepath.Base(os.Args[0]), "not a directory"}},
		{"an announcement without a name", []string{"--addr", ":0", "--announce", "--tls-cert", "cert.pem", "--tls-key", "key.pem"}, []string{"--announce", "--host"}},
		{"the same as none", []string{"--h3-cert", "same"}, []string{"--h3-cert", "--tls-cert"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"serve", "--http", "localhost:0", "--addr", "localhost:0", "--log-level", "error"}, c.args...)
			r := redroom(t, "", nil, args...)
			if r.status == 0 {
				t.Error("it succeeded")
			}
			r.expectOneLine(t, r.status, c.words...)
		})
	}
}

func TestVersionAsJSON(t *testing.T) {
	r := redroom(t, "", nil, "version", "--json")
	var v map[string]string
	if err := json.Unmarshal([]byte(r.out), &v); err != nil || r.status != 0 {
		t.Fatalf("status %d, %q: %v", r.status, r.out, err)
	}
	if v["protocol"] != "rrp1" || v["go"] != runtime.Version() || v["version"] == "" || v["commit"] == "" || len(v) != 4 {
		t.Errorf("the version is %v", v)
	}
	plain := redroom(t, "", nil, "version")
	if !strings.Contains(plain.out, "rrp1") || strings.Count(plain.out, "\n") != 1 {
		t.Errorf("in words it is %q", plain.out)
	}
}

func TestHelpNamesTheCommands(t *testing.T) {
	r := redroom(t, "", nil, "help")
	for _, command := range []string{"serve", "user", "deal", "topic", "audit", "completion", "feed", "raw", "certs", "discover", "health", "version"} {
		if !strings.Contains(r.out, "  "+command) {
			t.Errorf("help does not name %s:\n%s", command, r.out)
		}
	}
	if serve := redroom(t, "", nil, "serve", "--help"); !strings.Contains(serve.out, "--data") || serve.status != 0 {
		t.Errorf("status %d, %s", serve.status, serve.out)
	}
}

// TestUserAdd makes accounts in a store whose server is stopped, and in one
// whose server runs; with a password of one's own, and with one that is made.
func TestUserAdd(t *testing.T) {
	data := t.TempDir()
	if r := redroom(t, servertest.Password+"\n", nil, "user", "add", "anna", "--admin", "--data", data); r.status != 0 || r.out != "" {
		t.Fatalf("adding anna to a stopped store: status %d, %q, %q", r.status, r.out, r.errors)
	}
	made := redroom(t, "", nil, "user", "add", "olga", "--role", "observer", "--display", "Olga Öhm", "--data", data)
	if made.status != 0 || strings.Count(made.out, "\n") != 1 {
		t.Fatalf("adding olga to a stopped store: status %d, %q, %q", made.status, made.out, made.errors)
	}

	p := servertest.StartProcess(t, data, nil)
	if p.Setup != "" {
		t.Error("a room with an admin offers its setup")
	}
	anna := p.SignIn(t, "anna")
	if r := redroom(t, servertest.Password+"\n", nil, "user", "add", "bert", "--data", data); r.status != 0 || r.out != "" {
		t.Fatalf("adding bert to a running server: status %d, %q, %q", r.status, r.out, r.errors)
	}
	p.SignIn(t, "bert")
	var who struct{ Name, Display, Role string }
	p.Anonymous(t).Must(t, "POST", "/api/session", map[string]any{"name": "olga", "password": strings.TrimSpace(made.out)}, &who, 200)
	if who.Display != "Olga Öhm" || who.Role != "observer" {
		t.Errorf("olga is %+v", who)
	}
	anna.Deal(t, "anna is an admin", "all")

	for name, bad := range map[string]struct {
		in    string
		args  []string
		words []string
	}{
		"a name that is taken":   {servertest.Password, []string{"bert"}, []string{"bert", "taken"}},
		"a name that is none":    {servertest.Password, []string{"Bert!"}, []string{"Bert!", "a-z"}},
		"a role that is none":    {servertest.Password, []string{"robo", "--role", "king"}, []string{"robo", "role"}},
		"a password too short":   {"short", []string{"robo"}, []string{"robo", "12"}},
		"a data directory's lie": {servertest.Password, []string{"robo", "--data", filepath.Join(data, "redroom.db")}, []string{"redroom.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			redroom(t, bad.in+"\n", nil, append([]string{"user", "add", "--data", data}, bad.args...)...).expectOneLine(t, 1, bad.words...)
		})
	}
}

func TestHealthAsksTheServer(t *testing.T) {
	p := servertest.StartProcess(t, t.TempDir(), nil)
	at := strings.TrimPrefix(p.Plain, "http://")
	if r := redroom(t, "", nil, "health", "--http", at); r.status != 0 {
		t.Errorf("of a running server: status %d, %q", r.status, r.errors)
	}
	// As in an image, where the variable says where the server listens.
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	if r := redroom(t, "", []string{"REDROOM_HTTP=0.0.0.0:" + port}, "health"); r.status != 0 {
		t.Errorf("by the variable: status %d, %q", r.status, r.errors)
	}
	p.Stop(t)
	redroom(t, "", nil, "health", "--http", at).expectOneLine(t, 1)
}

func TestFlagBeatsItsVariable(t *testing.T) {
	variable, flag := filepath.Join(t.TempDir(), "variable"), filepath.Join(t.TempDir(), "flag")
	environment := []string{"REDROOM_DATA=" + variable}
	if r := redroom(t, servertest.Password, environment, "user", "add", "anna", "--data", flag); r.status != 0 {
		t.Fatalf("status %d, %q", r.status, r.errors)
	}
	if _, err := os.Stat(filepath.Join(flag, "redroom.db")); err != nil {
		t.Errorf("the flag was not heard: %v", err)
	}
	if _, err := os.Stat(variable); err == nil {
		t.Error("the variable was heard although there was a flag")
	}
	if r := redroom(t, servertest.Password, environment, "user", "add", "anna"); r.status != 0 {
		t.Fatalf("status %d, %q", r.status, r.errors)
	}
	if _, err := os.Stat(filepath.Join(variable, "redroom.db")); err != nil {
		t.Errorf("the variable was not heard: %v", err)
	}
}

// TestDemoIsForANewStore signs in as one of the accounts that --demo prints,
// finds the example, and is refused a second time.
func TestDemoIsForANewStore(t *testing.T) {
	data := t.TempDir()
	p := servertest.StartProcess(t, data, nil, "--demo")
	account := regexp.MustCompile(`(?m)^  (\w+) +(\S+) +\(`).FindAllStringSubmatch(p.Said(), -1)
	if len(account) != 3 {
		t.Fatalf("--demo printed %q", p.Said())
	}
	for _, a := range account {
		api := p.Anonymous(t)
		api.Must(t, "POST", "/api/session", map[string]any{"name": a[1], "password": a[2]}, nil, 200)
		var deals struct{ Deals []struct{ ID, Name string } }
		api.Must(t, "GET", "/api/deals", nil, &deals, 200)
		if len(deals.Deals) != 1 || deals.Deals[0].Name != "GeldGeldGeld AG" {
			t.Fatalf("%s sees %+v", a[1], deals)
		}
		var topics struct {
			Topics []struct {
				Title  string
				Number int
				Head   int64
			}
		}
		api.Must(t, "GET", "/api/deals/"+deals.Deals[0].ID+"/topics", nil, &topics, 200)
		numbers := make(map[string]int)
		for _, topic := range topics.Topics {
			numbers[topic.Title] = topic.Number
			if topic.Head == 0 {
				t.Errorf("%q is empty", topic.Title)
			}
		}
		if len(numbers) != 3 || numbers["Due Diligence: Forderungsbewertung"] != 1 ||
			numbers["Vermögensübertragung: Share Deal Szenario"] != 1 || numbers["Gesellschafterhaftung: Ausstehende Einlagen"] != 2 {
			t.Errorf("the topics are %v", numbers)
		}
	}
	p.Stop(t)
	redroom(t, "", nil, "serve", "--demo", "--data", data, "--http", "localhost:0", "--addr", "localhost:0", "--log-level", "error").
		expectOneLine(t, 1, "--demo", "--data")
	servertest.StartProcess(t, data, nil) // it was left as it was
}

func TestREADMENamesEveryComponentOfTheLog(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `--log-level L` \\| `info` .*$").FindString(strings.SplitN(string(readme), "Flags of `serve`", 2)[1])
	for _, component := range server.Components {
		if !strings.Contains(row, "`"+component+"`") {
			t.Errorf("%s is not in %q", component, row)
		}
	}
}

// A component's diagnostics have a level of their own, and its name.
func TestAComponentsDiagnosticsHaveALevelOfTheirOwn(t *testing.T) {
	r := redroom(t, "", nil, "serve", "--data", t.TempDir(), "--http", "localhost:0", "--addr", "203.0.113.1:1", "--log-level", "error,certs=info")
	if r.status != 1 || !strings.Contains(r.errors, "level=INFO") || !strings.Contains(r.errors, " component=certs ") {
		t.Errorf("status %d, it said %q", r.status, r.errors)
	}
	for line := range strings.Lines(r.errors) {
		if !strings.Contains(line, " component=certs ") && !strings.HasPrefix(line, "redroom: ") {
			t.Errorf("it said %q", line)
		}
	}
}

func TestSecondServerOnTheSameDataIsRefused(t *testing.T) {
	data := t.TempDir()
	servertest.StartProcess(t, data, nil)
	redroom(t, "", nil, "serve", "--data", data, "--http", "localhost:0", "--addr", "localhost:0", "--log-level", "error").
		expectOneLine(t, 1, data, "in use")
}

// TestSignalsEndCleanlyAndLeaveOneFile stops a server under sessions and finds
// nothing of SQLite's beside the database.
func TestSignalsEndCleanlyAndLeaveOneFile(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			data := t.TempDir()
			p := servertest.StartProcess(t, data, nil)
			anna := p.Admin(t)
			topic := anna.Topic(t, anna.Deal(t, "Stop", "all"), "Stop", 1)
			s := p.Enter(t, anna)
			c := s.Join(t, topic, 0)
			c.Say(t, servertest.Post("Ende.", "end"))
			c.Answer(t, "ACK end 1")
			if status := p.StopWith(t, signal); status != 0 {
				t.Errorf("status %d", status)
			}
			entries, err := os.ReadDir(data)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if !slices.Equal(names, []string{"keys", "lock", "redroom.db"}) {
				t.Errorf("it left %v", names)
			}
		})
	}
}
