package wire

import (
	"bytes"
	"errors"
	"io"
)

const (
	readSize = 4 << 10 // octets of the read buffer: a header and most payloads
	maxEmpty = 100     // reads without octets or error before io.ErrNoProgress
)

// Reader reads frames from a stream: Next for a header, then Payload or Skip
// or neither. It reads ahead, up to its read buffer.
//
// After a malformed header every call gives the same error. An error of the
// stream leaves the Reader as it is: if the stream can be read again, as after
// a deadline, the same call goes on where it stopped.
type Reader struct {
	stream io.Reader
	err    error // came from stream together with octets, told when these are used up
	bad    error // the malformed header that ended it

	buf        []byte // read ahead: buf[start:end]
	start, end int

	header Header
	left   int    // octets of the payload that weren't yet taken from the stream
	body   []byte // a payload longer than buf, as far as it has come
}

// NewReader gives a Reader of the frames that r carries.
func NewReader(r io.Reader) *Reader {
	return &Reader{
		stream: r,
		buf:    make([]byte, readSize),
		header: Header{octets: make([]byte, 0, 128), ends: make([]int, 0, 8)},
	}
}

// ParseFrame reads octets that are exactly one frame, as a datagram is.
func ParseFrame(octets []byte) (h *Header, payload []byte, err error) {
	end := bytes.IndexByte(octets[:min(len(octets), MaxHeader)], '\n')
	if end < 0 {
		return nil, nil, errHeaderSize
	}
	h = new(Header)
	if err := h.parse(octets[:end]); err != nil {
		return nil, nil, err
	}
	if payload = octets[end+1:]; len(payload) != h.Length {
		return nil, nil, errNotOne
	}
	return h, payload, nil
}

// Next gives the next frame's header, after it has skipped what is left of the
// payload before. It gives io.EOF where the stream ends between two frames,
// io.ErrUnexpectedEOF where it ends within one, an error that is ErrMalformed
// for a header against the grammar, and else what the stream's Read gave.
func (r *Reader) Next() (*Header, error) {
	if r.bad != nil {
		return nil, r.bad
	}
	if err := r.Skip(); err != nil {
		return nil, err
	}
	for searched := 0; ; {
		window := r.buf[r.start:min(r.end, r.start+MaxHeader)]
		if i := bytes.IndexByte(window[searched:], '\n'); i >= 0 {
			return r.take(window[:searched+i])
		}
		if len(window) == MaxHeader {
			return nil, r.refuse(errHeaderSize)
		}
		searched = len(window)
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// take makes the line at the read buffer's start the current header.
func (r *Reader) take(line []byte) (*Header, error) {
	if err := r.header.parse(line); err != nil {
		return nil, r.refuse(err)
	}
	r.start += len(line) + 1
	r.left = r.header.Length
	return &r.header, nil
}

func (r *Reader) refuse(err error) error {
	r.bad = err
	return err
}

// Payload reads the payload of the header that Next gave. It is valid until
// the next call of any method but InFrame; a second call gives an empty one.
func (r *Reader) Payload() ([]byte, error) {
	if r.bad != nil {
		return nil, r.bad
	}
	if r.header.Length > len(r.buf) {
		return r.longPayload()
	}
	for r.end-r.start < r.left {
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	end := r.start + r.left
	payload := r.buf[r.start:end:end]
	r.start, r.left = end, 0
	return payload, nil
}

// longPayload collects a payload that doesn't fit the read buffer.
func (r *Reader) longPayload() ([]byte, error) {
	if r.left == 0 {
		r.dropBody()
	}
	for r.left > 0 {
		r.growBody()
		free := r.body[len(r.body):min(cap(r.body), len(r.body)+r.left)]
		n := copy(free, r.buf[r.start:r.end])
		r.start += n
		if n == 0 {
			var err error
			if n, err = r.read(free); err != nil {
				return nil, err
			}
		}
		r.body = r.body[:len(r.body)+n]
		r.left -= n
	}
	return r.body, nil
}

// growBody makes room for at least one octet more: twice what has come, but
// not more than the payload needs.
func (r *Reader) growBody() {
	if len(r.body) < cap(r.body) {
		return
	}
	size := min(len(r.body)+r.left, max(2*len(r.body), 2*readSize))
	grown := make([]byte, len(r.body), size)
	copy(grown, r.body)
	r.body = grown
}

// dropBody forgets a long payload: they are rare, and sessions have many
// channels that would each keep room for one.
func (r *Reader) dropBody() { r.body = nil }

// Skip reads what is left of the current payload without keeping it.
func (r *Reader) Skip() error {
	if r.bad != nil {
		return r.bad
	}
	r.dropBody()
	for r.left > 0 {
		if r.start == r.end {
			if err := r.fill(); err != nil {
				return err
			}
		}
		n := min(r.left, r.end-r.start)
		r.start += n
		r.left -= n
	}
	return nil
}

// InFrame says whether the Reader waits for the rest of a frame: a header that
// has begun or a payload that isn't complete. It is made to be asked from within
// the stream's Read, where it tells whether silence is rest (between two frames)
// or a sender that doesn't go on; elsewhere it's true also of a whole frame that
// was read ahead.
func (r *Reader) InFrame() bool { return r.left > 0 || r.start < r.end }

// fill reads more into the read buffer, which the caller hasn't found enough
// in: so there is room for an octet at least.
func (r *Reader) fill() error {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.end == len(r.buf) {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.read(r.buf[r.end:])
	r.end += n
	return err
}

// read gives either octets or an error.
func (r *Reader) read(p []byte) (int, error) {
	if err := r.err; err != nil {
		r.err = nil
		return 0, r.ended(err)
	}
	for range maxEmpty {
		n, err := r.stream.Read(p)
		if n > 0 {
			r.err = err
			return n, nil
		}
		if err != nil {
			return 0, r.ended(err)
		}
	}
	return 0, io.ErrNoProgress
}

// ended names an end of the stream by where it came.
func (r *Reader) ended(err error) error {
	if errors.Is(err, io.EOF) && r.InFrame() {
		return io.ErrUnexpectedEOF
	}
	return err
}
