//go:build linux

package server_test

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"redroom/server/servertest"
)

func TestPageKilledBetweenPostAndAckHasTheMessageOnceAndAsSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Zwischen POST und ACK. ", 1000)
	for name, arrives := range map[string]bool{"the POST arrived": true, "the POST was lost": false} {
		t.Run(name, func(t *testing.T) {
			profile := t.TempDir()
			p := servertest.OpenPageIn(t, profile)
			r := newOutboxRoom(t)
			r.open(p)
			connected(p)
			say(p, "Davor")
			shows(p, "Davor")

			// The server takes no more than what its socket holds for it.
			if err := r.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			before := r.unread(t)
			p.Insert(long)
			p.Click("button", "Send")
			p.Until("the whole of the POST to be at the server's socket", func() bool { return r.unread(t)-before > int64(len(long)) })
			p.Kill()
			if arrives {
				if err := r.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
			} else {
				r.Kill()
				r.again(t)
			}

			p = servertest.OpenPageIn(t, profile)
			r.open(p)
			connected(p)
			shows(p, "Davor", long)
			keepsPosts(p, 0)
			if got := r.bodies(t); !slices.Equal(got, []string{"Davor", long}) {
				t.Errorf("the server has %d messages", len(got))
			}
		})
	}
}

// unread are the octets of UDP that have come for the server and that it hasn't
// read, as Linux counts them: with what they take in memory.
func (r *outboxRoom) unread(t *testing.T) (octets int64) {
	t.Helper()
	address, err := url.Parse(r.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			t.Skip("only Linux tells what waits for a socket: ", err)
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 5 || !strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				continue
			}
			_, queue, _ := strings.Cut(fields[4], ":")
			waiting, err := strconv.ParseInt(queue, 16, 64)
			if err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			octets += waiting
		}
	}
	return octets
}
