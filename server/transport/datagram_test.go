package transport_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redroom/server/transport"
)

func TestDatagramsComeOrThereAreNone(t *testing.T) {
	conforms(t, func(t *testing.T, client, server transport.Session) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := server.SendDatagram([]byte("hello")); errors.Is(err, transport.ErrNoDatagrams) {
			if _, err := client.ReceiveDatagram(ctx); !errors.Is(err, transport.ErrNoDatagrams) {
				t.Errorf("receiving where there are none: %v", err)
			}
			return
		}
		for again := time.NewTicker(time.Second); ; { // it may be lost
			heard := make(chan string, 1)
			go func() {
				octets, _ := client.ReceiveDatagram(ctx)
				heard <- string(octets)
			}()
			select {
			case got := <-heard:
				if got != "hello" {
					t.Errorf("%q came", got)
				}
				return
			case <-again.C:
				server.SendDatagram([]byte("hello"))
			}
		}
	})
}

// TestDatagramsWaitForNobody sends more of them than a queue holds to a client
// whose acknowledgments stay away.
func TestDatagramsWaitForNobody(t *testing.T) {
	for by, dial := range map[string]func(p *path, s *udpServer) (transport.Session, error){
		"WebTransport": func(p *path, s *udpServer) (transport.Session, error) {
			return transport.DialWebTransport(t.Context(), "https://"+p.host+transport.Path, "", s.trust)
		},
		"QUIC": func(p *path, s *udpServer) (transport.Session, error) {
			return transport.DialQUIC(t.Context(), p.host, s.trust)
		},
	} {
		t.Run(by, func(t *testing.T) {
			s := serveUDP(t)
			path := newPath(t, s)
			client, server, err := s.accept(dial(path, s))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close(0, "")
			defer server.Close(0, "")
			datagramsWaitForNobody(t, path, server)
		})
	}
}

func datagramsWaitForNobody(t *testing.T, path *path, server transport.Session) {
	path.cut.Store(true)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for range 1000 {
			server.SendDatagram(make([]byte, 1000))
		}
	}()
	select {
	case <-sent:
	case <-time.After(patience / 2):
		t.Error("sending a datagram waits for the client")
		path.cut.Store(false)
		<-sent
	}
}

// path is one between a client and the server which can be cut.
type path struct {
	host string // localhost:PORT
	cut  atomic.Bool
}

func newPath(t *testing.T, s *udpServer) *path {
	t.Helper()
	back, err := net.Dial("udp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(front.LocalAddr().String())
	p := &path{host: "localhost:" + port}
	var client atomic.Pointer[net.Addr]
	var running sync.WaitGroup
	running.Go(func() {
		for packet := make([]byte, 2048); ; {
			n, from, err := front.ReadFrom(packet)
			if err != nil {
				return
			}
			client.Store(&from)
			if !p.cut.Load() {
				back.Write(packet[:n])
			}
		}
	})
	running.Go(func() {
		for packet := make([]byte, 2048); ; {
			n, err := back.Read(packet)
			if err != nil {
				return
			}
			if !p.cut.Load() {
				front.WriteTo(packet[:n], *client.Load())
			}
		}
	})
	t.Cleanup(func() {
		front.Close()
		back.Close()
		running.Wait()
	})
	return p
}
