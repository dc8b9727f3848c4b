package servertest

import (
	"encoding/binary"
	"net"
	"testing"
	"time"
)

// over sends numbered packets of so many octets over a path to a server that
// sends them back; it gives the numbers as they come, and when each came after
// it was sent.
func over(t *testing.T, path Path, packets, octets int) (came []int, took []time.Duration) {
	t.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 2048)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			server.WriteTo(packet[:n], from)
		}
	}()
	t.Cleanup(func() { server.Close(); <-ended })
	seen, proxy := (&Room{Rrp: "https://" + server.LocalAddr().String() + "/rrp"}).Behind(t, path)
	if want := "https://" + proxy.Addr + "/rrp"; seen.Rrp != want {
		t.Fatalf("the room is seen at %s, want %s", seen.Rrp, want)
	}
	conn, err := net.Dial("udp4", proxy.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	sent := make([]time.Time, packets)
	packet := make([]byte, octets)
	for i := range packets {
		binary.BigEndian.PutUint32(packet, uint32(i))
		sent[i] = time.Now()
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		if i%20 == 19 {
			time.Sleep(time.Millisecond) // the buffers of sockets are no path
		}
	}
	for {
		conn.SetReadDeadline(time.Now().Add(2*(path.Delay+path.Jitter+backlog) + 200*time.Millisecond))
		if _, err := conn.Read(packet); err != nil {
			return came, took
		}
		i := int(binary.BigEndian.Uint32(packet))
		came, took = append(came, i), append(took, time.Since(sent[i]))
	}
}

func TestAPathIsAsBadAsItSays(t *testing.T) {
	inOrder := func(came []int) bool {
		for i, n := range came {
			if i != n {
				return false
			}
		}
		return true
	}
	t.Run("good", func(t *testing.T) {
		if came, _ := over(t, Path{}, 200, 100); len(came) != 200 || !inOrder(came) {
			t.Errorf("these came: %v", came)
		}
	})
	t.Run("delay", func(t *testing.T) {
		came, took := over(t, Path{Delay: 50 * time.Millisecond}, 200, 100)
		if len(came) != 200 || !inOrder(came) {
			t.Errorf("these came: %v", came)
		}
		for i, d := range took {
			if d < 100*time.Millisecond || d > time.Second {
				t.Errorf("packet %d took %v there and back, want 100 ms and little more", came[i], d)
			}
		}
	})
	t.Run("jitter", func(t *testing.T) {
		if came, _ := over(t, Path{Jitter: 50 * time.Millisecond}, 200, 100); len(came) != 200 || inOrder(came) {
			t.Errorf("these came: %v, want all of 200, and not in order", came)
		}
	})
	t.Run("loss", func(t *testing.T) { // of the packet, or of the answer
		if came, _ := over(t, Path{Loss: 0.5}, 400, 100); len(came) < 40 || len(came) > 160 {
			t.Errorf("%d of 400 came, want about 100", len(came))
		}
	})
	t.Run("duplicates", func(t *testing.T) { // of the packet, and of each answer
		if came, _ := over(t, Path{Duplicate: 1}, 50, 100); len(came) != 200 {
			t.Errorf("%d came, want each of 50 four times", len(came))
		}
	})
	t.Run("rate", func(t *testing.T) {
		began := time.Now()
		came, _ := over(t, Path{Rate: 500_000}, 100, 1000)
		took := time.Since(began)
		if len(came) != 100 || !inOrder(came) || took < 200*time.Millisecond {
			t.Errorf("%d of 100 came within %v, want all, and not before 200 ms", len(came), took)
		}
		if came, _ = over(t, Path{Rate: 100_000}, 200, 1000); len(came) > 60 {
			t.Errorf("%d of 200 came, want as many as wait no longer than %v", len(came), backlog)
		}
	})
}
