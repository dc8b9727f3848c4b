package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"testing/iotest"

	"redroom/server/wire"
)

// golden is testdata/frames.json: frames that every implementation of the
// protocol reads alike. "bad" ones are refused as malformed headers.
type golden struct {
	Good []struct {
		Name    string   `json:"name"`
		Octets  []byte   `json:"octets"`
		Type    string   `json:"type"`
		Length  int      `json:"length"`
		Fields  []string `json:"fields"`
		Payload []byte   `json:"payload"`
	} `json:"good"`
	Bad []struct {
		Name   string `json:"name"`
		Octets []byte `json:"octets"`
	} `json:"bad"`
}

func readGolden(t testing.TB) golden {
	t.Helper()
	octets, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(octets, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Good) < 25 || len(g.Bad) < 40 {
		t.Fatalf("only %d good and %d bad frames", len(g.Good), len(g.Bad))
	}
	return g
}

// halves gives octets in two reads, split at n.
func halves(octets []byte, n int) io.Reader {
	return io.MultiReader(bytes.NewReader(octets[:n]), bytes.NewReader(octets[n:]))
}

// everySplit runs check on all ways to cut octets into two reads, and on one
// read an octet.
func everySplit(octets []byte, check func(how string, r io.Reader)) {
	for n := range octets {
		check("in two reads", halves(octets, n))
	}
	check("octet by octet", iotest.OneByteReader(bytes.NewReader(octets)))
	check("with the end in the last read", iotest.DataErrReader(bytes.NewReader(octets)))
}

func TestGoldenGoodFrames(t *testing.T) {
	for _, frame := range readGolden(t).Good {
		t.Run(frame.Name, func(t *testing.T) {
			everySplit(frame.Octets, func(how string, stream io.Reader) {
				r := wire.NewReader(stream)
				h, err := r.Next()
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if h.Type != frame.Type || h.Length != frame.Length {
					t.Fatalf("%s: got %s %d, want %s %d", how, h.Type, h.Length, frame.Type, frame.Length)
				}
				if got := fields(h); !slices.Equal(got, frame.Fields) {
					t.Fatalf("%s: got fields %q, want %q", how, got, frame.Fields)
				}
				payload, err := r.Payload()
				if err != nil || !bytes.Equal(payload, frame.Payload) {
					t.Fatalf("%s: got payload %q, %v; want %q", how, payload, err, frame.Payload)
				}
				if got := wire.AppendFrame(nil, h.Type, payload, fields(h)...); !bytes.Equal(got, frame.Octets) {
					t.Fatalf("%s: encodes to %q, want %q", how, got, frame.Octets)
				}
				if _, err := r.Next(); err != io.EOF {
					t.Fatalf("%s: after the frame: %v, want io.EOF", how, err)
				}
			})
		})
	}
}

func TestGoldenBadFrames(t *testing.T) {
	for _, frame := range readGolden(t).Bad {
		t.Run(frame.Name, func(t *testing.T) {
			everySplit(frame.Octets, func(how string, stream io.Reader) {
				r := wire.NewReader(stream)
				if h, err := r.Next(); !errors.Is(err, wire.ErrMalformed) {
					t.Fatalf("%s: got %v, %v; want ErrMalformed", how, h, err)
				}
			})
		})
	}
}

func fields(h *wire.Header) []string {
	all := make([]string, h.NumFields())
	for i := range all {
		all[i] = h.String(i)
	}
	return all
}
