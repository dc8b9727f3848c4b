package server_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/server/transport"
)

// overWebTransport is a session with a stream for each topic.
func (s *library) overWebTransport(t *testing.T) (*servertest.Wire, way) {
	t.Helper()
	wire := s.reader.OpenWire(t, s.room.Room)
	return wire, s.over(t, wire)
}

// overWebSockets is a session with a WebSocket for each topic.
func (s *library) overWebSockets(t *testing.T) way {
	t.Helper()
	trust := s.room.Trust(t)
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	conn, err := transport.DialWebSocket(ctx, "wss://"+s.tunnel(t)+transport.Path, "", trust)
	if err != nil {
		t.Fatal(err)
	}
	return s.over(t, conn)
}

func (s *library) over(t *testing.T, conn transport.Session) way {
	return func(heard func(room.Message)) *visitor {
		c := s.signIn(t, conn)
		v := &visitor{history: newPlace(), leave: func() { c.Close() }}
		join(t, c, s.live, s.said, heard)
		v.begin = func() { join(t, c, s.history, 0, v.history.saw) }
		return v
	}
}

// tunnel is an address here that leads to the room from the reader's machine,
// from which the connections are made.
func (s *library) tunnel(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var carrying sync.WaitGroup
	t.Cleanup(func() { l.Close(); carrying.Wait() })
	carrying.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := s.reader.Dial(t.Context(), "tcp4", servertest.RoomHost+":4433")
			if err != nil {
				t.Error(err)
				near.Close()
				continue
			}
			carry := func(to, from net.Conn) {
				io.Copy(to, from)
				to.Close()
				from.Close()
			}
			carrying.Go(func() { carry(near, far) })
			carrying.Go(func() { carry(far, near) })
		}
	})
	return l.Addr().String()
}

// overASingleWebSocket is a relay beside the server that reads both topics
// there, as anybody does, and sends each message over one WebSocket as it comes:
// the topic's number, the seq, the text. It keeps nothing back but what waits for
// its turn to be written, and neither encrypts nor compresses.
func (s *library) overASingleWebSocket(t *testing.T) way {
	t.Helper()
	c := s.signIn(t, s.Server().OpenWire(t, s.room.Room))
	relay := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close() // after what it writes to
		defer conn.CloseNow()
		for number, topic := range []string{s.live, s.history} {
			_, asked, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			after := int64(binary.BigEndian.Uint64(asked))
			_, err = c.Join(r.Context(), topic, after, nil, func(m room.Message) {
				head := binary.BigEndian.AppendUint64([]byte{byte(number)}, uint64(m.Seq))
				conn.Write(context.Background(), websocket.MessageBinary, append(head, m.Body...)) // or nobody is there any more
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
		conn.Read(r.Context()) // until the visitor leaves
	})}
	l := s.Server().Listen(t)
	var serving sync.WaitGroup
	serving.Go(func() { relay.Serve(l) })
	t.Cleanup(func() { relay.Close(); serving.Wait() })

	return func(heard func(room.Message)) *visitor {
		via := &http.Transport{DialContext: s.reader.Dial}
		conn, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: via}})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadLimit(-1)
		v := &visitor{history: newPlace()}
		each := []func(room.Message){heard, v.history.saw}
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				_, octets, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				each[octets[0]](room.Message{Seq: int64(binary.BigEndian.Uint64(octets[1:])), Body: octets[9:]})
			}
		})
		ask := func(after int64) {
			if err := conn.Write(t.Context(), websocket.MessageBinary, binary.BigEndian.AppendUint64(nil, uint64(after))); err != nil {
				t.Fatal(err)
			}
		}
		ask(s.said)
		v.begin = func() { ask(0) }
		v.leave = func() { conn.CloseNow(); reading.Wait() }
		return v
	}
}
