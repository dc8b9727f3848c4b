package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server/servertest"
)

// neighborhood is a room in a network, with people who each have a machine.
type neighborhood struct {
	*servertest.Network
	room *servertest.Process
	deal string
	of   map[string]*neighbor
}

type neighbor struct {
	*servertest.Machine
	environment []string
}

func newNeighborhood(t *testing.T, names ...string) *neighborhood {
	t.Helper()
	n := &neighborhood{Network: servertest.NewNetwork(t), of: make(map[string]*neighbor)}
	n.room = n.StartProcess(t, t.TempDir())
	anna := n.room.Admin(t)
	n.deal = anna.Deal(t, "Alpha AG", "all")
	for _, name := range names {
		if name != "anna" {
			n.room.Join(t, anna, name, "member", n.deal)
		}
		n.of[name] = &neighbor{n.Machine(), []string{
			"REDROOM_SERVER=" + strings.TrimPrefix(n.RoomURL(), "https://"), "REDROOM_PIN=" + n.room.Pin,
			"REDROOM_TOKEN=" + programToken(t, anna, name), "XDG_CONFIG_HOME=" + t.TempDir(),
		}}
	}
	return n
}

// command is a redroom on a neighbor's machine.
func (n *neighbor) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := servertest.Build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := n.Command(binary, args...)
	cmd.Env = append(os.Environ(), n.environment...)
	return cmd
}

// peer starts redroom peer there, and waits until others can reach it.
func (n *neighbor) peer(t *testing.T) *running {
	t.Helper()
	r := start(t, false, n.command(t, "peer"))
	r.await(t, "reachable as ")
	return r
}

// who are those whom somebody finds in the directory.
func (n *neighbor) who(t *testing.T) (names []string) {
	t.Helper()
	out, err := n.command(t, "who").Output()
	if err != nil {
		t.Fatalf("asking who can be reached: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, "\t")
		names = append(names, name)
	}
	return names
}

// untilWho asks until there are these, and says how long it took.
func (n *neighbor) untilWho(t *testing.T, want ...string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		names := n.who(t)
		if strings.Join(names, " ") == strings.Join(want, " ") {
			return time.Since(began)
		}
		if time.Since(began) > 90*time.Second {
			t.Fatalf("after %v the directory has %v, want %v", time.Since(began), names, want)
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// A checker's round, and the time in which it waits for an answer. What comes on top
// is for a machine that has other things to do.
const (
	checkerRound = 33 * time.Second
	someTime     = 7 * time.Second
)

// TestPeersThatAreGoneAreNotListed has one killed, one stopped, one cut off, and one
// whose port nothing gets to any more while it still talks with the server; all at
// the same time, and each comes back.
func TestPeersThatAreGoneAreNotListed(t *testing.T) {
	t.Parallel()
	all := []string{"killed", "stopped", "unplugged", "walled"}
	n := newNeighborhood(t, append(all, "anna")...)
	peers := make(map[string]*running)
	for _, name := range all {
		peers[name] = n.of[name].peer(t)
	}
	anna := n.of["anna"]
	anna.untilWho(t, all...)
	walled := regexp.MustCompile(`reachable as walled at \S+:(\d+)`).FindStringSubmatch(peers["walled"].said.String())

	peers["killed"].cmd.Process.Signal(syscall.SIGKILL)
	peers["stopped"].cmd.Process.Signal(syscall.SIGSTOP)
	n.of["unplugged"].DropAll()
	n.of["walled"].DropUDPTo(walled[1])
	took := anna.untilWho(t)
	t.Logf("they were gone after %v", took.Round(time.Millisecond))
	if took > checkerRound+someTime {
		t.Errorf("it took %v until they were gone, want %v at most", took, checkerRound)
	}
	if said := peers["walled"].said.String(); strings.Contains(said, "no connection") {
		t.Errorf("the one behind the wall has said %q", said)
	}

	n.of["killed"].peer(t)
	peers["stopped"].cmd.Process.Signal(syscall.SIGCONT)
	n.of["unplugged"].PassAll()
	n.of["walled"].PassAll()
	took = anna.untilWho(t, all...)
	t.Logf("they were back after %v", took.Round(time.Millisecond))
}

// TestWhoCanNotBeReachedCanCall has a firewall of one's own, that lets nobody in.
func TestWhoCanNotBeReachedCanCall(t *testing.T) {
	t.Parallel()
	n := newNeighborhood(t, "anna", "bert")
	wall := n.of["anna"].Command("nft", "-f", "-")
	wall.Stdin = strings.NewReader("table inet wall {\n\tchain in {\n\t\ttype filter hook input priority 0;\n\t\tudp dport 4435 ct state new drop\n\t}\n}\n")
	if out, err := wall.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v: %s", err, out)
	}
	bert := n.of["bert"].peer(t)
	anna := start(t, false, n.of["anna"].command(t, "peer", "--port", "4435"))
	anna.await(t, "nobody can reach you: the server gets no answer at UDP port 4435")
	if names := n.of["bert"].who(t); len(names) != 1 || names[0] != "bert" {
		t.Errorf("the directory has %v", names)
	}
	anna.says(t, "/msg bert Hallo")
	bert.await(t, " anna: Hallo\n")
	bert.says(t, "Wo steckst du?")
	anna.await(t, " bert: Wo steckst du?\n")
}

// TestTheServerSeesNothingOfATalk captures what passes the cables while two talk,
// 1 MiB and more: the server's carries nothing of it, and no cable a word.
func TestTheServerSeesNothingOfATalk(t *testing.T) {
	t.Parallel()
	n := newNeighborhood(t, "anna", "bert")
	anna, bert := n.of["anna"].peer(t), n.of["bert"].peer(t)
	anna.says(t, "/msg bert Bist du da?")
	bert.await(t, " anna: Bist du da?\n")

	server, cable := n.Server().Capture(t), n.of["bert"].Capture(t)
	const word, line, lines = "Zugspitze ", 60_000, 20
	text := strings.Repeat(word, line/len(word))
	for i := range lines {
		anna.says(t, fmt.Sprintf("%s%d.", text, i))
	}
	bert.await(t, fmt.Sprintf("%d.\n", lines-1))
	bert.says(t, word+"zurück")
	anna.await(t, " bert: "+word+"zurück\n")
	inTheEnd, talked := server.Octets(), cable.Octets()
	t.Logf("the talk took %d octets on bert's cable, %d on the server's meanwhile", talked, inTheEnd)
	if talked < lines*line || inTheEnd > 64<<10 {
		t.Errorf("on bert's cable passed %d octets, on the server's %d: want all of the talk there, and nothing of it here", talked, inTheEnd)
	}
	// That a word in clear would be seen is seen with one.
	clear, err := n.of["bert"].Dial(t.Context(), "udp4", net.JoinHostPort(n.Server().Address(), "9"))
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	fmt.Fprint(clear, "Watzmann")
	for deadline := time.Now().Add(servertest.Patience); !cable.Has("Watzmann") || !server.Has("Watzmann"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a word in clear was not seen")
		}
	}
	if server.Has(word) || cable.Has(word) {
		t.Error("a word of the talk passed in clear")
	}
}
