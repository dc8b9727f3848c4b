package bench

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"redroom/certs"
	"redroom/server/room"
	"redroom/server/transport"
	"redroom/server/wire"
)

// loopAt is what a loop says of itself, as a line of JSON, when it listens.
type loopAt struct {
	URL         string `json:"url"`
	Certificate string `json:"certificate"` // its SHA-256 in hex
}

// Loop is the bare loop: over the same transport, and in the same frames, it
// acknowledges a post as soon as it was read and hands it to whoever reads the
// topic. There is no store, no chain, no rights, no journal. It uses dir for
// its certificate. It says where it listens on out; then each line that comes
// in is answered with a line, its Usage; the end of what comes in ends it.
func Loop(ctx context.Context, dir string, in io.Reader, out io.Writer) (err error) {
	log := slog.New(slog.DiscardHandler)
	ca, err := certs.OpenCA(dir, log)
	if err != nil {
		return err
	}
	own, err := certs.NewShortLived(ca, nil, time.Now, log)
	if err != nil {
		return err
	}
	sockets, err := transport.Listen(ctx, "127.0.0.1:0", true, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sockets.Close()) }()
	q, err := transport.ListenQUIC(sockets.UDP[0], certs.Chooser{H3: own, Other: own}.QUIC(http3.NextProtoH3), nil)
	if err != nil {
		return err
	}
	l := &loop{topics: make(map[string]*loopTopic)}
	wt := transport.NewWebTransport(http.NotFoundHandler(), func(string) bool { return false }, l.serve)

	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		served <- q.Serve(ctx, transport.Protocols{http3.NextProtoH3: func(conn *quic.Conn) { wt.ServeConn(conn) }})
	}()
	defer func() {
		cancel()
		err = errors.Join(err, wt.Close(), q.Close(), <-served)
	}()
	hash := sha256.Sum256(own.Certificate().Certificate[0])
	at := loopAt{URL: "https://" + sockets.UDP[0].LocalAddr().String() + transport.Path, Certificate: hex.EncodeToString(hash[:])}
	answers := json.NewEncoder(out)
	if err := answers.Encode(at); err != nil {
		return fmt.Errorf("saying where the loop listens: %w", err)
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		used, err := ReadUsage()
		if err != nil {
			return err
		}
		if err := answers.Encode(used); err != nil {
			return fmt.Errorf("telling the loop's usage: %w", err)
		}
	}
	return nil
}

// loop has what all its sessions share.
type loop struct {
	mu     sync.Mutex
	topics map[string]*loopTopic
}

func (l *loop) topic(id string) *loopTopic {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.topics[id]
	if t == nil {
		t = &loopTopic{wake: make(chan struct{})}
		l.topics[id] = t
	}
	return t
}

// serve serves one session until it is over.
func (l *loop) serve(s transport.Session) {
	var channels sync.WaitGroup
	for {
		stream, err := s.Accept(s.Context())
		if err != nil {
			break
		}
		channels.Go(func() { l.serveChannel(s, stream) })
	}
	channels.Wait()
}

// serveChannel takes TOKEN, whatever it is, or JOIN as the first frame.
func (l *loop) serveChannel(s transport.Session, stream transport.Channel) {
	c := &loopChannel{stream: stream, over: make(chan struct{})}
	c.in = wire.NewReader(c)
	h, err := c.in.Next()
	if err != nil {
		stream.Reset(0)
		return
	}
	if h.Type != wire.TypeJoin {
		stream.Write(wire.AppendFrame(nil, wire.TypeAck, nil, wire.TypeToken, "bench"))
		io.Copy(io.Discard, stream) // until its end, which is the session's
		return
	}
	id := h.String(0)
	c.topic = l.topic(id)
	c.answers = wire.AppendFrame(c.answers, wire.TypeAck, nil, id, "0", "-", "1", room.ChainStart(id).String())
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write(s.Context())
	}()
	c.read()
	close(c.over)
	<-written
}

// loopTopic is a buffer of frames, in pieces that never change once they are
// full.
type loopTopic struct {
	mu     sync.Mutex
	seq    int64
	pieces [][]byte
	wake   chan struct{} // closed when there is more, or an answer
}

const pieceOctets = 64 << 10

// loopChannel is one cursor.
type loopChannel struct {
	topic  *loopTopic
	stream transport.Channel
	in     *wire.Reader
	over   chan struct{} // closed when nothing more comes in

	posts []byte // ids and texts that were read and are not in the topic yet
	cuts  []int  // where each ends in posts

	answers []byte // guarded by the topic's lock
}

// Read is the stream's for the frames' reader. Before it waits for more, what
// was read so far becomes messages.
func (c *loopChannel) Read(p []byte) (int, error) {
	c.publish()
	return c.stream.Read(p)
}

// read takes posts until the other side's FIN.
func (c *loopChannel) read() {
	for {
		h, err := c.in.Next()
		if err != nil {
			return
		}
		if h.Type != wire.TypePost {
			continue
		}
		c.posts = append(c.posts, h.Field(0)...)
		c.cuts = append(c.cuts, len(c.posts))
		text, err := c.in.Payload()
		if err != nil {
			return
		}
		c.posts = append(c.posts, text...)
		c.cuts = append(c.cuts, len(c.posts))
	}
}

// publish appends what was read to the topic and to the answers.
func (c *loopChannel) publish() {
	if len(c.cuts) < 2 {
		return
	}
	now := time.Now().UnixMilli()
	t := c.topic
	t.mu.Lock()
	start := 0
	for i := 0; i+1 < len(c.cuts); i += 2 {
		id, text := c.posts[start:c.cuts[i]], c.posts[c.cuts[i]:c.cuts[i+1]]
		start = c.cuts[i+1]
		t.seq++
		t.append(now, text)
		c.answers = wire.Begin(c.answers, wire.TypeAck, 0)
		c.answers = append(append(c.answers, ' '), id...)
		c.answers = append(wire.AppendNumber(c.answers, t.seq), '\n')
	}
	wake := t.wake
	t.wake = make(chan struct{})
	t.mu.Unlock()
	close(wake)
	if len(c.cuts)%2 == 1 { // an id whose text is to come
		c.posts = append(c.posts[:0], c.posts[start:]...)
		c.cuts = append(c.cuts[:0], len(c.posts))
		return
	}
	c.posts, c.cuts = c.posts[:0], c.cuts[:0]
}

// append adds a MESSAGE.
func (t *loopTopic) append(now int64, text []byte) {
	need := len(text) + 2*frameOctets
	if n := len(t.pieces); n == 0 || cap(t.pieces[n-1])-len(t.pieces[n-1]) < need {
		t.pieces = append(t.pieces, make([]byte, 0, max(pieceOctets, need)))
	}
	last := &t.pieces[len(t.pieces)-1]
	b := append(*last, wire.TypeMessage...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(text)), 10)
	b = wire.AppendNumber(b, t.seq)
	b = append(b, " bench-0123456789 "...)
	b = strconv.AppendInt(b, now, 10)
	b = append(b, " text - AAECAwQFBgcICQoL\n"...)
	*last = append(b, text...)
}

// write writes answers, and what is contiguous from where it is, until nothing
// more comes in.
func (c *loopChannel) write(ctx context.Context) {
	for piece, at := 0, 0; ; {
		c.topic.mu.Lock()
		answers := c.answers
		c.answers = nil
		var octets []byte
		if piece < len(c.topic.pieces) {
			octets = c.topic.pieces[piece][at:]
			if len(octets) == 0 && piece+1 < len(c.topic.pieces) {
				piece, at = piece+1, 0
				octets = c.topic.pieces[piece]
			}
		}
		wake := c.topic.wake
		c.topic.mu.Unlock()
		at += len(octets)
		if len(answers) == 0 && len(octets) == 0 {
			select {
			case <-wake:
				continue
			case <-c.over:
				c.stream.CloseWrite()
				return
			case <-ctx.Done():
				return
			}
		}
		for _, b := range [][]byte{answers, octets} {
			if len(b) == 0 {
				continue
			}
			if _, err := c.stream.Write(b); err != nil {
				return
			}
		}
	}
}
