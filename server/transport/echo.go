package transport

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// EchoProtocol is the ALPN of what comes back as it was sent (PROTOCOL.md section 7).
const EchoProtocol = "echo"

// What strangers may have of echoes.
const (
	maxEchoConns   = 16
	maxEchoStreams = 64 // of a connection
	echoBuffer     = 64 << 10
	echoFor        = 10 * time.Minute // a connection
)

// Echo sends back what comes on each bidirectional stream, octet by octet, until its
// FIN. Streams don't wait for each other, but the 65th of a connection waits until
// another one is over; the 17th connection is closed with 503, and each is after ten
// minutes. Of a stream that nobody reads, 64 KiB are kept here, and what the
// connection's windows let in: no more than 2 MiB over all streams.
type Echo struct {
	places  chan struct{} // one a connection
	lasting time.Duration // of a connection
}

// NewEcho makes an Echo that nobody uses yet.
func NewEcho() *Echo {
	return &Echo{places: make(chan struct{}, maxEchoConns), lasting: echoFor}
}

// Serve echoes what comes on a connection until it is over. Nobody need know yet
// whether the client is where its address says: what is read before the handshake is
// complete may have been sent before, by somebody else.
func (e *Echo) Serve(conn *quic.Conn) {
	select {
	case e.places <- struct{}{}:
	default:
		Refuse(conn, 503, "too many connections")
		return
	}
	defer func() { <-e.places }()
	ctx, cancel := context.WithTimeout(conn.Context(), e.lasting)
	defer cancel()
	var echoing sync.WaitGroup
	echoStreams(ctx, conn, &echoing)
	conn.CloseWithError(0, "its time is over")
	echoing.Wait()
}

// echoStreams accepts streams until ctx ends.
func echoStreams(ctx context.Context, conn *quic.Conn, echoing *sync.WaitGroup) {
	places := make(chan struct{}, maxEchoStreams)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		echoing.Go(func() {
			defer func() { <-places }()
			echo(stream)
		})
	}
}

// echo sends back what comes on a stream. A side that the client gives up takes the
// other one with it.
func echo(stream *quic.Stream) {
	if _, err := io.CopyBuffer(stream, stream, make([]byte, echoBuffer)); err != nil {
		quicChannel{stream}.Reset(0)
		return
	}
	stream.Close()
}
