//go:build unix

package main_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server/room"
	"redroom/server/servertest"
)

var long = flag.Bool("long", false, "run long tests in full length")

// TestAFeedPostsWhatASourceSays has readings come over one long-lived connection,
// each answered, each with the id of that connection, which the server's log has
// too.
func TestAFeedPostsWhatASourceSays(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	running := f.feed(t, "--pick", "{n, power}")
	all := f.awaitReports(t, 10)
	connection := running.awaitSaid(t, `msg=connected by=QUIC connection=([0-9a-f]{8,40})`)[1]
	running.awaitSaid(t, "msg=posted id=[^ ]+ seq=10")
	running.end(t, os.Interrupt)
	for i, r := range all {
		at, err := time.Parse(time.RFC3339, r.Time)
		if r.Source != strings.TrimSuffix(f.source.url(), "?key=secret") || err != nil || !strings.HasSuffix(r.Time, "Z") || time.Since(at) > time.Hour {
			t.Errorf("report %d comes from %s at %s: %v", i+1, r.Source, r.Time, err)
		}
		if want := `{"n":` + itoa(int64(i+1)) + `,"power":` + itoa(int64(i+1)) + `.10}`; string(r.Reading) != want || r.Connection != connection {
			t.Errorf("report %d is %s over %s, want %s over %s", i+1, r.Reading, r.Connection, want, connection)
		}
	}
	log, err := os.ReadFile(f.errors)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^.*signed in.*transport=QUIC.*$`).Match(log) || !strings.Contains(string(log), "connection="+connection) {
		t.Errorf("the server's log has nothing of %s:\n%s", connection, log)
	}
}

// TestAFeedLosesAndDoublesNothingWhateverGoesDown has the source, the server and
// the feed go down, cleanly and by SIGKILL, one by one and together. In the end
// the topic has each reading that was taken, once and in order. A reading was
// taken if the feed has asked for another one after it, or if it was found in the
// spool of a feed that is gone.
func TestAFeedLosesAndDoublesNothingWhateverGoesDown(t *testing.T) {
	t.Parallel()
	steps := 6
	switch {
	case *long:
		steps = 120
	case testing.Short():
		steps = 3
	}
	chance := servertest.Rand(t)
	f := newFed(t)
	running := f.feed(t)
	taken := make(map[int]bool)
	gone := func() { // the feed is
		for _, n := range f.spooled(t) {
			taken[n] = true
		}
		running = f.feed(t)
	}
	for _, what := range chaos(chance, steps) {
		f.source.awaitAsked(3 + chance.IntN(20))
		_, given := f.source.arrived()
		t.Logf("after %d readings: %s", given, what)
		switch what {
		case "source":
			f.source.down(chance.IntN(2) == 0)
			away(chance)
			f.source.up()
		case "server":
			f.stopServer(t, chance)
			away(chance)
			f.again(t)
		case "source and server":
			f.stopServer(t, chance)
			f.source.awaitAsked(5) // what is kept meanwhile
			f.source.down(true)
			away(chance)
			f.again(t)
			f.source.up()
		case "feed":
			running.kill()
			gone()
		case "feed, while it catches up":
			f.p.Kill()
			f.source.awaitAsked(20)
			f.again(t)
			posted := running.count("msg=posted")
			until(t, "it catches up", func() bool { return running.count("msg=posted") > posted })
			running.kill()
			gone()
		case "feed, cleanly":
			running.end(t, syscall.SIGTERM)
			gone()
		case "all":
			running.kill()
			f.stopServer(t, chance)
			f.source.down(true)
			f.source.up()
			f.again(t)
			gone()
		default:
			f.source.be(what)
			f.source.awaitAsked(3)
			f.source.be("")
		}
	}
	f.source.awaitAsked(3)
	f.source.be("an error")
	f.source.awaitAsked(3)
	arrived, given := f.source.arrived()
	for _, n := range arrived {
		taken[n] = true
	}
	last := 0
	for n := range taken {
		last = max(last, n)
	}
	until(t, "the topic has the last reading", func() bool {
		all := f.reports(t)
		return len(all) > 0 && all[len(all)-1].N >= last
	})
	running.end(t, syscall.SIGTERM)
	if left := f.spooled(t); len(left) > 0 {
		t.Errorf("the spool has %v still", left)
	}
	before, connections := 0, make(map[string]bool)
	for _, r := range f.reports(t) {
		if r.N <= before {
			t.Errorf("reading %d comes after %d", r.N, before)
		}
		before = r.N
		connections[r.Connection] = true
		delete(taken, r.N)
	}
	if len(taken) > 0 {
		t.Errorf("these were taken, and are lost: %v", taken)
	}
	t.Logf("%d readings were given, %d arrived for certain, over %d connections", given, len(arrived), len(connections))
}

// chaos is so many things that go wrong, each kind in turn, at random. A feed that
// is killed while it catches up has mostly sent what it has no answer to.
func chaos(chance *rand.Rand, steps int) (all []string) {
	const hard = "feed, while it catches up"
	all = []string{hard, hard}
	kinds := []string{hard, "feed", "server", "source", "source and server", "all", "broken JSON", "feed, cleanly", "5 MiB", "a redirect away", "an error"}
	for len(all) < steps {
		chance.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		all = append(all, kinds...)
	}
	return all[:steps]
}

// stopServer ends it, by SIGKILL or cleanly.
func (f *fed) stopServer(t *testing.T, chance *rand.Rand) {
	t.Helper()
	if chance.IntN(2) == 0 {
		f.p.Kill()
	} else if status := f.p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
}

// away is how long something stays down.
func away(chance *rand.Rand) { time.Sleep(time.Duration(chance.IntN(500)) * time.Millisecond) }

// TestAFeedSaysOnceWhatIsWrongWithItsSource has a source fail in one way after the
// other, each many times. A machine that has much to do may make it late once in a
// while, which is said too.
func TestAFeedSaysOnceWhatIsWrongWithItsSource(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	running := f.feed(t, "--source-timeout", "1s")
	f.awaitReports(t, 1)
	for _, c := range []struct {
		mode, line string
		times      int
	}{
		{"an error", "500 Internal Server Error", 20},
		{"broken JSON", "not one value of JSON", 20},
		{"5 MiB", "more than 1048576 octets", 10},
		{"another type", "text/html", 20},
		{"a redirect away", "redirects to another host, http://localhost:1, which is not followed", 20},
		{"hanging", "no whole answer within 1s", 3},
	} {
		f.source.be(c.mode)
		f.source.awaitAsked(c.times)
		running.awaitSaid(t, "level=WARN.*"+c.line)
		if n := running.count(c.line); n > 2 {
			t.Errorf("%s was said %d times", c.mode, n)
		}
	}
	f.source.down(true)
	running.awaitSaid(t, "level=WARN.*can not be reached")
	f.source.be("")
	f.source.up()
	reported := len(f.reports(t))
	running.awaitSaid(t, `level=INFO msg="readings are taken again" missed=\d\d`)
	f.awaitReports(t, reported+3)
	running.end(t, syscall.SIGTERM)
}

// TestAFullSpoolTakesNothingAndLosesNothing starts a feed while the server is
// down. Another one, which has to ask the server for the topic of a name, waits.
func TestAFullSpoolTakesNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	f.p.Kill()
	byName := *f
	byName.spool, byName.from = filepath.Join(t.TempDir(), "other.spool"), "http://127.0.0.1:1/"
	waiting, given := byName.feed(t), byName.feed(t)
	running := f.feedByID(t, "--spool-max", "3")
	running.awaitSaid(t, "level=WARN.*the spool is full: 3 readings")
	running.awaitSaid(t, "level=WARN.*the room can not be reached")
	given.awaitSaid(t, "the room can not be reached, and is waited for")
	given.end(t, os.Interrupt)
	waiting.awaitSaid(t, "the room can not be reached, and is waited for")
	f.again(t)
	running.awaitSaid(t, `level=INFO msg="the room is reached again"`)
	for i, r := range f.awaitReports(t, 8) {
		if r.N != i+1 {
			t.Errorf("report %d has reading %d", i+1, r.N)
		}
	}
	running.end(t, syscall.SIGTERM)
	waiting.awaitSaid(t, "msg=feeding .*topic="+f.topic)
	waiting.awaitSaid(t, "no reading was taken.*connection refused")
	waiting.end(t, syscall.SIGTERM)
}

// TestAFeedEndsWhereAPersonIsNeededAndGoesOnThen closes the topic, and revokes
// the token.
func TestAFeedEndsWhereAPersonIsNeededAndGoesOnThen(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	running := f.feed(t)
	f.awaitReports(t, 3)
	f.anna.Must(t, "PATCH", "/api/topics/"+f.topic, map[string]any{"open": false}, nil, 200)
	running.expectEnd(t, "may not post in the topic", "readings wait in "+f.spool, room.ErrTopicClosed.Text)
	f.anna.Must(t, "PATCH", "/api/topics/"+f.topic, map[string]any{"open": true}, nil, 200)
	running = f.feed(t)
	reported := len(f.reports(t))
	f.awaitReports(t, reported+10)

	list := redroom(t, "", nil, "user", "tokens", "meter", "--json", "--data", f.p.Data).succeeds(t)
	var tokens struct{ Tokens []struct{ ID string } }
	if err := json.Unmarshal([]byte(list), &tokens); err != nil || len(tokens.Tokens) != 1 {
		t.Fatalf("the tokens are %s: %v", list, err)
	}
	redroom(t, "", nil, "user", "revoke", "meter", tokens.Tokens[0].ID, "--data", f.p.Data).succeeds(t)
	running.expectEnd(t, "give it another token", "readings wait in "+f.spool)
	waiting := f.spooled(t)

	f.token = f.newToken(t)
	running = f.feed(t)
	reported = len(f.reports(t))
	all := f.awaitReports(t, reported+len(waiting)+3)
	running.end(t, syscall.SIGTERM)
	for i := 1; i < len(all); i++ {
		if all[i].N <= all[i-1].N {
			t.Errorf("reading %d comes after %d", all[i].N, all[i-1].N)
		}
	}
	for _, n := range waiting {
		if !slices.ContainsFunc(all, func(r numberedReport) bool { return r.N == n }) {
			t.Errorf("reading %d, which waited, is not there", n)
		}
	}
}

// expectEnd wants a feed to end with status 1 and a last line that says these.
func (f *feeding) expectEnd(t *testing.T, words ...string) {
	t.Helper()
	if status := f.status(t); status != 1 {
		t.Errorf("it ended with status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(f.log()), "\n")
	last := lines[len(lines)-1]
	for _, word := range append(words, "redroom: ") {
		if !strings.Contains(last, word) {
			t.Errorf("it said %q, want something of %q", last, word)
		}
	}
}

// TestAFeedThatWasIdleIsLetGoAndComesBack stops a feed in the middle. Of the idle
// limits, 45 s of the server and 10 s of the feed, the smaller one counts: the
// server closes the connection, and says so with the reason.
func TestAFeedThatWasIdleIsLetGoAndComesBack(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	running := f.feed(t)
	f.awaitReports(t, 1)
	running.awaitSaid(t, "msg=connected by=QUIC")
	began := time.Now()
	running.cmd.Process.Signal(syscall.SIGSTOP)
	var ended [][]byte
	pattern := regexp.MustCompile(`(?m)^.*msg="QUIC connection ended".* connection=([0-9a-f]+) code=\d+ reason="timeout: no recent network activity".*$`)
	until(t, "the server has let it go", func() bool {
		log, err := os.ReadFile(f.errors)
		ended = pattern.FindSubmatch(log)
		return err == nil && ended != nil
	})
	connection := string(ended[1])
	if after := time.Since(began); after < 8*time.Second || after > 29*time.Second {
		t.Errorf("it was let go after %v", after)
	}
	running.cmd.Process.Signal(syscall.SIGCONT)
	running.awaitSaid(t, `level=WARN msg="the room can not be reached; readings are kept" why=".*(no recent network activity|nothing is heard)`)
	running.awaitSaid(t, `msg="the room is reached again"`)
	reported := len(f.reports(t))
	all := f.awaitReports(t, reported+3)
	if all[len(all)-1].Connection == connection {
		t.Error("it goes on over the connection that was idle")
	}
	running.end(t, syscall.SIGTERM)
}

// TestAFeedKeepsItsSpoolInTheUsersDirectory, where a second one of the same source
// and topic finds it in use.
func TestAFeedKeepsItsSpoolInTheUsersDirectory(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	home := t.TempDir()
	f.environment = []string{"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config")}
	f.spool = ""
	running := f.feed(t, "--changed", "--pick", ".unit")
	f.awaitReports(t, 1)
	second := f.feed(t)
	second.expectEnd(t, "another feed of this source into this topic runs", "--spool")
	f.source.awaitAsked(10)
	running.end(t, syscall.SIGTERM)
	if all := f.reports(t); len(all) != 1 || string(all[0].Reading) != `"kW"` {
		t.Errorf("of a reading that doesn't change there are %d reports, %s", len(all), all[0].Reading)
	}
	spools, err := filepath.Glob(filepath.Join(home, "*", "redroom", "feeds", f.topic+"-*.spool"))
	if err != nil || len(spools) != 1 {
		t.Fatalf("the spools are %v, %v", spools, err)
	}
	if info, err := os.Stat(spools[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}
