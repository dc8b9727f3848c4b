// Package logging decides which diagnostics are written, by the part that tells
// them.
//
// A part says which one it is by the attribute "component", in [slog.Logger.With].
// One whose name goes on behind a dot is a child: what is set for transport holds
// for transport.quic, unless something is set for that, and what is set for none
// holds for all others, and where no component is named.
//
// A handler of [New]'s keeps no state beyond what With gives it, and blocks where
// the one below it does.
package logging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Component is the key of the attribute that names a part.
const Component = "component"

// Levels are the least levels that are written.
type Levels struct {
	least slog.Level            // where nothing is set
	of    map[string]slog.Level // by component
}

// ParseLevels reads levels as a flag has them: LEVEL or COMPONENT=LEVEL, with
// commas between. One without a component holds for what no other one does; info,
// if there is none. Components are those of known, and their parents.
func ParseLevels(s string, known ...string) (Levels, error) {
	l := Levels{of: make(map[string]slog.Level)}
	general := false
	for part := range strings.SplitSeq(s, ",") {
		component, name, one := strings.Cut(part, "=")
		if !one {
			component, name = "", part
		}
		var level slog.Level
		if err := level.UnmarshalText([]byte(name)); err != nil {
			return l, fmt.Errorf("a level is debug, info, warn or error, not %q", name)
		}
		_, twice := l.of[component]
		switch {
		case twice, !one && general:
			return l, fmt.Errorf("%q is a second level of the same", part)
		case !one:
			l.least, general = level, true
			continue
		case !slices.ContainsFunc(known, func(k string) bool { return k == component || strings.HasPrefix(k, component+".") }):
			return l, unknown(component, known)
		}
		l.of[component] = level
	}
	return l, nil
}

func unknown(component string, known []string) error {
	if len(known) == 0 {
		return errors.New("there are no components here, and one level is enough")
	}
	return fmt.Errorf("there is no component %q; those are %s", component, strings.Join(known, ", "))
}

// Of is the least level of a component.
func (l Levels) Of(component string) slog.Level {
	for {
		if level, ok := l.of[component]; ok {
			return level
		}
		dot := strings.LastIndexByte(component, '.')
		if dot < 0 {
			return l.least
		}
		component = component[:dot]
	}
}

// New is a handler that hands on to next, which takes all levels, what is to be
// written.
func New(next slog.Handler, levels Levels) slog.Handler {
	return handler{next: next, levels: levels, least: levels.least}
}

// handler is that of one component, or of none.
type handler struct {
	next   slog.Handler
	levels Levels
	least  slog.Level
	inside bool // of a group, where an attribute names no component
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least }

func (h handler) Handle(ctx context.Context, r slog.Record) error { return h.next.Handle(ctx, r) }

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.next = h.next.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == Component && !h.inside {
			h.least = h.levels.Of(a.Value.String())
		}
	}
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	h.next, h.inside = h.next.WithGroup(name), h.inside || name != ""
	return h
}
