package transport

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
)

// maxQlogs are written at once; connections beyond them go without. A file is begun
// with a client's first packet, whose address nobody has seen yet to be its own.
const maxQlogs = 256

// Qlog writes what happens on each QUIC connection to a file of its own in a
// directory, in the format of qlog (draft-ietf-quic-qlog-main-schema): packets, their
// frames, losses, windows and times, but nothing of what streams and datagrams carry,
// nor of HTTP/3's headers.
//
// A connection waits for its file: a disk that hangs stalls it. One that is full does
// not; then the file ends early, which is logged. A nil Qlog writes nothing.
type Qlog struct {
	dir     string
	log     *slog.Logger
	places  chan struct{}  // as many as are being written
	writing sync.WaitGroup // one a file
	without atomic.Bool    // the newest connection goes without a file
}

// OpenQlog writes to dir, which is made, for nobody else to read, if it isn't there.
func OpenQlog(dir string, log *slog.Logger) (*Qlog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory for qlog files: %w", err)
	}
	return &Qlog{dir: dir, log: log, places: make(chan struct{}, maxQlogs)}, nil
}

// Close waits until all files are complete. The connections must be closed before.
func (q *Qlog) Close() {
	if q != nil {
		q.writing.Wait()
	}
}

// trace is a quic.Config's Tracer, which notes the connection's id, too.
func (q *Qlog) trace(ctx context.Context, isClient bool, id quic.ConnectionID) qlogwriter.Trace {
	noteID(ctx, isClient, id)
	if q == nil {
		return nil
	}
	file, err := q.begin(id)
	if failed := err != nil; q.without.Swap(failed) != failed && failed { // not of each one of a flood
		q.log.Warn("connections go without qlog files", "error", err)
	}
	if err != nil {
		return nil
	}
	trace := qlogwriter.NewConnectionFileSeq(file, isClient, id, []string{qlog.EventSchema})
	q.writing.Go(func() {
		defer func() { <-q.places }()
		trace.Run()
	})
	return trace
}

var errQlogs = fmt.Errorf("%d are being written", maxQlogs)

// begin takes a place and makes the file of a connection. Its name begins with the
// time, so that they are listed in order, and has the id by which logs know the
// connection.
func (q *Qlog) begin(id quic.ConnectionID) (*qlogFile, error) {
	select {
	case q.places <- struct{}{}:
	default:
		return nil, errQlogs
	}
	name := time.Now().UTC().Format("20060102T150405.000000Z") + "-" + id.String() + ".sqlog"
	file, err := os.OpenFile(filepath.Join(q.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		<-q.places
		return nil, err
	}
	return newQlogFile(file, q.log), nil
}

// qlogFile fails once, into the log, and takes what comes after that to nowhere: what
// writes to it would complain to standard error by itself.
type qlogFile struct {
	buffer *bufio.Writer
	file   *os.File
	log    *slog.Logger
	failed bool
}

func newQlogFile(file *os.File, log *slog.Logger) *qlogFile {
	return &qlogFile{buffer: bufio.NewWriter(file), file: file, log: log}
}

func (f *qlogFile) Write(octets []byte) (int, error) {
	if !f.failed {
		_, err := f.buffer.Write(octets)
		f.note(err)
	}
	return len(octets), nil
}

func (f *qlogFile) Close() error {
	if !f.failed {
		f.note(f.buffer.Flush())
	}
	f.note(f.file.Close())
	return nil
}

func (f *qlogFile) note(err error) {
	if err != nil {
		f.failed = true
		f.log.Warn("a qlog file ends early", "file", f.file.Name(), "error", err)
	}
}
