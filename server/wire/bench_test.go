package wire_test

import (
	"bytes"
	"io"
	"testing"

	"redroom/server/wire"
)

var body = bytes.Repeat([]byte("redroom "), 16)

// appendMessage writes a MESSAGE as the server does, seven numbers and words
// in its header.
func appendMessage(dst []byte) []byte {
	dst = wire.Begin(dst, wire.TypeMessage, len(body))
	dst = wire.AppendNumber(dst, 12345)
	dst = wire.AppendField(dst, "anna")
	dst = wire.AppendNumber(dst, 1767225600000)
	dst = wire.AppendField(dst, "text")
	dst = wire.AppendField(dst, "")
	dst = wire.AppendField(dst, "AAECAwQFBgcICQoL")
	dst = append(dst, '\n')
	return append(dst, body...)
}

// loop repeats octets without end.
type loop struct {
	octets []byte
	at     int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.octets[l.at:])
	l.at = (l.at + n) % len(l.octets)
	return n, nil
}

// readMessage reads a MESSAGE as a client does, and looks at what it says.
func readMessage(tb testing.TB, r *wire.Reader) {
	h, err := r.Next()
	if err != nil {
		tb.Fatal(err)
	}
	seq, okSeq := h.Number(0)
	at, okAt := h.Number(2)
	payload, err := r.Payload()
	if err != nil || h.Type != wire.TypeMessage || !okSeq || seq != 12345 || !okAt || at != 1767225600000 ||
		string(h.Field(1)) != "anna" || len(h.Field(4)) != 0 || len(payload) != len(body) {
		tb.Fatalf("read %v %q, %v", h, payload, err)
	}
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	if allocs := testing.AllocsPerRun(1000, func() { appendMessage(dst[:0]) }); allocs != 0 {
		t.Errorf("writing a MESSAGE allocates %v times", allocs)
	}
	r := wire.NewReader(&loop{octets: appendMessage(nil)})
	if allocs := testing.AllocsPerRun(1000, func() { readMessage(t, r) }); allocs != 0 {
		t.Errorf("reading a MESSAGE allocates %v times", allocs)
	}
	frame := testing.AllocsPerRun(1000, func() {
		wire.AppendFrame(dst[:0], wire.TypeErr, body, "403", "Grüße")
	})
	if frame != 0 {
		t.Errorf("AppendFrame allocates %v times", frame)
	}
}

func BenchmarkReadMessage(b *testing.B) {
	octets := appendMessage(nil)
	r := wire.NewReader(&loop{octets: octets})
	b.SetBytes(int64(len(octets)))
	b.ReportAllocs()
	for b.Loop() {
		readMessage(b, r)
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	dst := make([]byte, 0, 4096)
	b.SetBytes(int64(len(appendMessage(nil))))
	b.ReportAllocs()
	for b.Loop() {
		dst = appendMessage(dst[:0])
	}
	if _, err := io.Discard.Write(dst); err != nil {
		b.Fatal(err)
	}
}
