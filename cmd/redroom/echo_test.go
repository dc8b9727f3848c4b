//go:build unix

package main_test

import (
	"encoding/json"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"redroom/server/probe"
)

// TestEchoSendsBackWhatItIsSent has the real command print what comes back.
func TestEchoSendsBackWhatItIsSent(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t, "--echo")
	mebibyte := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{11}).Read(mebibyte)
	for name, sent := range map[string]string{"nothing": "", "1 octet": "x", "1,200 octets": string(mebibyte[:1200]), "1 MiB": string(mebibyte)} {
		t.Run(name, func(t *testing.T) {
			r := d.run(t, sent, "echo")
			if r.status != 0 || r.out != sent {
				t.Errorf("status %d, %d octets came back of %d; it said %q", r.status, len(r.out), len(sent), r.errors)
			}
			for _, line := range []string{"Connecting to ", "Connected with ", "Sending …\n", "done: "} {
				if !strings.Contains(r.errors, line) {
					t.Errorf("it said %q, and not %q", r.errors, line)
				}
			}
		})
	}
}

// TestEchoMeasures looks at what is found of a network that does nothing to packets.
func TestEchoMeasures(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t, "--echo")
	var found probe.Result
	if err := json.Unmarshal([]byte(d.run(t, "", "echo", "--count", "100", "--size", "1200", "--migrate", "--json").succeeds(t)), &found); err != nil {
		t.Fatal(err)
	}
	trip, moved := found.RoundTrip, found.Migration
	if found.Server == "" || found.Count != 100 || found.Size != 1200 || found.Handshake <= 0 || trip.Min <= 0 || trip.Median < trip.Min || trip.P99 < trip.Median {
		t.Errorf("it found %+v", found)
	}
	if moved == nil || moved.After != 50 || moved.From == moved.To || moved.From == 0 || moved.To == 0 {
		t.Errorf("it has migrated: %+v", moved)
	}
	if !found.Again.Resumed || !found.Again.Early || found.Again.FirstEcho <= 0 {
		t.Errorf("a second connection: %+v", found.Again)
	}
	text := d.run(t, "", "echo", "--count", "2", "--size", "1").succeeds(t)
	for _, word := range []string{"handshake ", "round trip ", "2 of 1 octets, unchanged", "resumed: yes, 0-RTT: yes"} {
		if !strings.Contains(text, word) {
			t.Errorf("it printed %q, and not %q", text, word)
		}
	}
}

// TestEchoIsRefusedUnlessItIsAskedFor has a server without --echo, and one of another CA.
func TestEchoIsRefusedUnlessItIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newWorkbench(t)
	d.run(t, "", "echo", "--count", "1").expectOneLine(t, 1, "echoes nothing", "--echo")
	open := newWorkbench(t, "--echo")
	redroom(t, "", append(open.environment, "REDROOM_DATA="+d.Data), "echo", "--count", "1").expectOneLine(t, 1, "is not trusted")
}

// TestEchoSaysThatNothingCameBack asks a port that takes everything and is silent.
func TestEchoSaysThatNothingCameBack(t *testing.T) {
	t.Parallel() // it waits for most of its time
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r := redroom(t, "", nil, "echo", "--count", "1", "--server", silent.LocalAddr().String(), "--pin", strings.Repeat("0", 64))
	r.expectOneLine(t, 1, silent.LocalAddr().String(), "nothing came back over UDP")
}
