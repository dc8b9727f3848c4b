package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"redroom/server/room"
)

// Filter picks of a reading what is to be reported. It is a program in the
// language of jq; it can read neither files nor the environment.
type Filter struct {
	code   *gojq.Code
	within time.Duration
}

// pickWithin is how long a filter may take.
const pickWithin = time.Second

// ParseFilter reads a filter.
func ParseFilter(text string) (*Filter, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the filter: %w", err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fmt.Errorf("reading the filter: %w", err)
	}
	return &Filter{code, pickWithin}, nil
}

// Pick is what a filter makes of a reading: its one output; of several, an array
// of them; of none, nil, for then there is nothing to report. Numbers that it
// doesn't count with stay as they were written. No filter, which is nil, takes
// the whole.
func (f *Filter) Pick(ctx context.Context, reading []byte) ([]byte, error) {
	if f == nil {
		var whole bytes.Buffer
		err := json.Compact(&whole, reading)
		return whole.Bytes(), err
	}
	ctx, cancel := context.WithTimeout(ctx, f.within)
	defer cancel()
	var in any
	decoder := json.NewDecoder(bytes.NewReader(reading))
	decoder.UseNumber()
	if err := decoder.Decode(&in); err != nil {
		return nil, err
	}
	outputs, err := f.run(ctx, in)
	switch {
	case ctx.Err() != nil:
		return nil, &failure{"pick", fmt.Errorf("the filter took more than %v", f.within)}
	case err != nil:
		return nil, &failure{"pick", fmt.Errorf("the filter failed: %.100s", unquoted(err))}
	case len(outputs) == 0:
		return nil, nil
	case len(outputs) == 1:
		return outputs[0], nil
	}
	all := bytes.Join(outputs, []byte(","))
	return append(append([]byte("["), all...), ']'), nil
}

// unquoted is what an error says before it quotes the reading, which isn't for a
// log; of what the filter itself says by error, the beginning.
func unquoted(err error) string {
	said := err.Error()
	if quote := strings.IndexAny(said, "(\"{[0123456789"); quote >= 0 {
		said = said[:quote]
	}
	return strings.TrimRight(said, " :")
}

var errTooMuch = errors.New("it gives more than a report may have")

// run gives the outputs, as JSON.
func (f *Filter) run(ctx context.Context, in any) (outputs [][]byte, err error) {
	octets := 0
	for iter := f.code.RunWithContext(ctx, in); ; {
		output, more := iter.Next()
		if !more {
			return outputs, nil
		}
		if failed, ok := output.(error); ok {
			var halt *gojq.HaltError
			if errors.As(failed, &halt) && halt.Value() == nil {
				return outputs, nil
			}
			return nil, failed
		}
		encoded, err := gojq.Marshal(output)
		if err != nil {
			return nil, err
		}
		if octets += len(encoded) + 1; octets > room.Report.Limit() {
			return nil, errTooMuch
		}
		outputs = append(outputs, encoded)
	}
}
