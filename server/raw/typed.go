package raw

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"redroom/server/wire"
)

// maxLine is the longest line that is read: one octet more than a frame has is
// enough to see what happens.
const maxLine = wire.MaxHeader + wire.MaxLength

// typed reads frames as they are typed:
//
//	TYPE - field…    the next line is the payload, without its end; the length is filled in
//	TYPE n field…    the next n octets are
//
// A header that isn't legal is a frame by itself, as it is; an empty line none.
type typed struct{ in *bufio.Reader }

func newTyped(in io.Reader) *typed { return &typed{bufio.NewReader(in)} }

// frame is one that was typed.
type frame struct {
	octets []byte
	asks   bool  // it will be answered
	wrong  error // with what was typed, which is said all the same
}

// answered are the types that are answered.
var answered = map[string]bool{
	wire.TypeToken: true, wire.TypeUser: true, wire.TypePass: true, wire.TypeAttach: true,
	wire.TypeWatch: true, wire.TypePing: true, wire.TypeBind: true, wire.TypeQuery: true, wire.TypeLeave: true,
	wire.TypeTicket: true, wire.TypeCalc: true, wire.TypeJoin: true, wire.TypePost: true, wire.TypeHead: true,
}

// next reads the next frame; io.EOF: there is none any more.
func (t *typed) next() (frame, error) {
	line := []byte("\n")
	for len(line) == 1 && line[0] == '\n' {
		var err error
		if line, err = t.line(); err != nil {
			return frame{}, err
		}
	}
	typ, rest, _ := bytes.Cut(line, []byte(" "))
	var payload []byte
	if fields, ok := cutDash(rest); ok {
		var err error
		if payload, err = t.line(); err != nil && !errors.Is(err, io.EOF) {
			return frame{}, err
		}
		payload = bytes.TrimSuffix(payload, []byte("\n"))
		line = bytes.Join([][]byte{typ, []byte(" "), strconv.AppendInt(nil, int64(len(payload)), 10), fields}, nil)
	}
	f := frame{asks: answered[string(typ)]}
	h, err := wire.NewReader(bytes.NewReader(line)).Next()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.asks, f.wrong = false, fmt.Errorf("%q has no line's end", line)
	case err != nil:
		f.asks = true
		f.wrong = fmt.Errorf("%q is no legal frame: %w", bytes.TrimSuffix(line, []byte("\n")), err)
	case payload == nil && h.Length > 0:
		payload = make([]byte, h.Length)
		n, err := io.ReadFull(t.in, payload)
		if err != nil {
			f.asks, f.wrong = false, fmt.Errorf("%d octets of payload are missing", len(payload)-n)
		}
		payload = payload[:n]
	}
	f.octets = append(line, payload...)
	return f, nil
}

// cutDash cuts the dash that stands for a length, if one does.
func cutDash(rest []byte) (fields []byte, ok bool) {
	fields, ok = bytes.CutPrefix(rest, []byte("-"))
	return fields, ok && len(fields) > 0 && (fields[0] == ' ' || fields[0] == '\n')
}

// line reads one with its end, which only the last one may lack.
func (t *typed) line() ([]byte, error) {
	var line []byte
	for {
		part, err := t.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case len(line) > maxLine:
			return nil, fmt.Errorf("a line has more than %d octets", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		default:
			return nil, err
		}
	}
}
