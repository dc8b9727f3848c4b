package wire_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"redroom/server/wire"
)

func TestFramesOneAfterTheOther(t *testing.T) {
	long := bytes.Repeat([]byte("long "), 20_000)
	var octets []byte
	octets = wire.AppendFrame(octets, wire.TypePost, []byte("first"), "1")
	octets = wire.AppendFrame(octets, wire.TypePost, long, "2")
	octets = wire.AppendFrame(octets, wire.TypePing, nil)
	octets = wire.AppendFrame(octets, wire.TypePost, []byte("last"), "3")

	for name, stream := range map[string]io.Reader{
		"at once":        bytes.NewReader(octets),
		"octet by octet": iotest.OneByteReader(bytes.NewReader(octets)),
		"half reads":     iotest.HalfReader(bytes.NewReader(octets)),
	} {
		t.Run(name, func(t *testing.T) {
			r := wire.NewReader(stream)
			for _, want := range []string{"first", string(long), "", "last"} {
				h, err := r.Next()
				if err != nil {
					t.Fatal(err)
				}
				ref := h.String(0)
				payload, err := r.Payload()
				if err != nil || string(payload) != want {
					t.Fatalf("got %d octets, %v; want %d", len(payload), err, len(want))
				}
				if h.String(0) != ref {
					t.Fatalf("reading the payload changed the header: %q, before %q", h.String(0), ref)
				}
				if again, err := r.Payload(); err != nil || len(again) != 0 {
					t.Fatalf("a second Payload: got %d octets, %v; want none", len(again), err)
				}
			}
			if _, err := r.Next(); err != io.EOF {
				t.Fatalf("got %v, want io.EOF", err)
			}
		})
	}
}

func TestAnUnreadPayloadIsSkipped(t *testing.T) {
	for _, length := range []int{0, 1, 4096, 4097, wire.MaxLength} {
		octets := wire.AppendFrame(nil, "NOVELTY", make([]byte, length))
		octets = wire.AppendFrame(octets, wire.TypePing, nil)

		for _, skip := range []bool{false, true} {
			r := wire.NewReader(bytes.NewReader(octets))
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			if skip {
				if err := r.Skip(); err != nil {
					t.Fatal(err)
				}
				if r.Skip() != nil {
					t.Fatal("skipping twice fails")
				}
			}
			if h, err := r.Next(); err != nil || h.Type != wire.TypePing {
				t.Errorf("%d octets, Skip called %t: got %v, %v; want PING", length, skip, h, err)
			}
		}
	}
}

func TestEndOfTheStream(t *testing.T) {
	tests := []struct {
		octets string
		want   error
	}{
		{"", io.EOF},
		{"PING 0\n", io.EOF},
		{"POST 3 a\nabc", io.EOF},
		{"P", io.ErrUnexpectedEOF},
		{"PING 0", io.ErrUnexpectedEOF},
		{"PING 0\nP", io.ErrUnexpectedEOF},
		{"POST 3 a\n", io.ErrUnexpectedEOF},
		{"POST 3 a\nab", io.ErrUnexpectedEOF},
		{"POST 9000 a\n" + strings.Repeat("a", 8999), io.ErrUnexpectedEOF},
		{"POST 9000 a\n" + strings.Repeat("a", 9000), io.EOF},
	}
	for _, test := range tests {
		for _, take := range []func(*wire.Reader) error{
			func(r *wire.Reader) error { _, err := r.Payload(); return err },
			func(r *wire.Reader) error { return r.Skip() },
			func(*wire.Reader) error { return nil },
		} {
			r := wire.NewReader(strings.NewReader(test.octets))
			var err error
			for err == nil {
				if _, err = r.Next(); err == nil {
					err = take(r)
				}
			}
			if err != test.want {
				t.Errorf("%.20q: got %v, want %v", test.octets, err, test.want)
			}
			if r.InFrame() != (test.want == io.ErrUnexpectedEOF) {
				t.Errorf("%.20q: InFrame is %t", test.octets, r.InFrame())
			}
		}
	}
}

func TestAMalformedHeaderIsTheEnd(t *testing.T) {
	r := wire.NewReader(strings.NewReader("PING 0\nPOST 1048577 a\nPING 0\n"))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, err := r.Next()
	if !errors.Is(err, wire.ErrMalformed) || err.Error() != "malformed header: length above 1048576" {
		t.Fatalf("got %v", err)
	}
	if _, again := r.Next(); again != err {
		t.Errorf("Next again: got %v, want %v", again, err)
	}
	if _, again := r.Payload(); again != err {
		t.Errorf("Payload: got %v, want %v", again, err)
	}
	if again := r.Skip(); again != err {
		t.Errorf("Skip: got %v, want %v", again, err)
	}
}

func TestAHeaderWithoutEndIsRefusedAtOnce(t *testing.T) {
	client, server := io.Pipe()
	defer client.Close()
	go server.Write(bytes.Repeat([]byte("A"), wire.MaxHeader)) // ends when client is closed
	if _, err := wire.NewReader(client).Next(); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("after 1,024 octets, with the stream still open: %v", err)
	}
}

// stutter gives an octet, then an error that passes, then the next octet.
type stutter struct {
	octets []byte
	failed bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.failed = !s.failed; s.failed {
		return 0, os.ErrDeadlineExceeded
	}
	if len(s.octets) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:1], s.octets)
	s.octets = s.octets[n:]
	return n, nil
}

func TestReadingGoesOnAfterAnErrorThatPasses(t *testing.T) {
	for _, want := range []string{"short", strings.Repeat("long", 5000)} {
		octets := wire.AppendFrame(nil, wire.TypePost, []byte(want), "id")
		octets = wire.AppendFrame(octets, wire.TypePing, nil)
		r := wire.NewReader(&stutter{octets: octets})

		next := func() (h *wire.Header, err error) {
			for h, err = r.Next(); errors.Is(err, os.ErrDeadlineExceeded); h, err = r.Next() {
			}
			return h, err
		}
		if h, err := next(); err != nil || h.String(0) != "id" {
			t.Fatalf("got %v, %v", h, err)
		}
		payload, err := r.Payload()
		for errors.Is(err, os.ErrDeadlineExceeded) {
			payload, err = r.Payload()
		}
		if err != nil || string(payload) != want {
			t.Fatalf("got %d octets, %v; want %d", len(payload), err, len(want))
		}
		if h, err := next(); err != nil || h.Type != wire.TypePing {
			t.Fatalf("got %v, %v; want PING", h, err)
		}
	}
}

// watched calls before each Read.
type watched struct {
	io.Reader
	before func()
}

func (w watched) Read(p []byte) (int, error) {
	w.before()
	return w.Reader.Read(p)
}

func TestInFrameTellsRestFromAHalfFrame(t *testing.T) {
	const octets = "POST 2 a\nbcPING 0\n"
	atRest := map[int]bool{0: true, len("POST 2 a\nbc"): true, len(octets): true}

	var r *wire.Reader
	count := 0
	r = wire.NewReader(watched{iotest.OneByteReader(strings.NewReader(octets)), func() {
		if r.InFrame() == atRest[count] {
			t.Errorf("before octet %d of %q: InFrame is %t", count, octets, r.InFrame())
		}
		count++
	}})
	for {
		if _, err := r.Next(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Payload(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStreamThatGivesNothing(t *testing.T) {
	if _, err := wire.NewReader(iotest.ErrReader(nil)).Next(); err != io.ErrNoProgress {
		t.Errorf("got %v, want io.ErrNoProgress", err)
	}
}

func TestAClaimedLengthCostsNothing(t *testing.T) {
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			r := wire.NewReader(strings.NewReader("POST 1048576 a\nno more"))
			r.Next()
			r.Payload()
		}
	}).AllocedBytesPerOp()
	if allocated > 20_000 {
		t.Errorf("%d octets allocated for 7 that came", allocated)
	}
}

func TestADatagramIsExactlyOneFrame(t *testing.T) {
	h, payload, err := wire.ParseFrame([]byte("TYPING 3 topic anna\nabc"))
	if err != nil || h.Type != wire.TypeTyping || h.String(1) != "anna" || string(payload) != "abc" {
		t.Errorf("got %v, %q, %v", h, payload, err)
	}
	for _, octets := range []string{"", "\n", "TYPING 0", "TYPING 0 topic", "TYPING 3 topic\nab", "TYPING 3 topic\nabcd", "TYPING 0 topic\nTYPING 0 topic\n", "typing 0 topic\n"} {
		if h, _, err := wire.ParseFrame([]byte(octets)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%q: got %v, %v", octets, h, err)
		}
	}
}
