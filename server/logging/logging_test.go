package logging_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"redroom/server/logging"
)

var known = []string{"session", "transport.http", "transport.quic"}

// What is set for a component holds for its children too, unless they have a level
// of their own.
func TestAComponentsLevelIsItsOwnOrItsParents(t *testing.T) {
	for _, c := range []struct{ levels, component, writes string }{
		{"info", "", "INFO WARN ERROR"},
		{"debug", "", "DEBUG INFO WARN ERROR"},
		{"warn", "session", "WARN ERROR"},
		{"error", "transport.quic", "ERROR"},
		{"session=debug", "session", "DEBUG INFO WARN ERROR"},
		{"session=debug", "", "INFO WARN ERROR"},
		{"session=debug", "transport.quic", "INFO WARN ERROR"},
		{"error,session=debug", "session", "DEBUG INFO WARN ERROR"},
		{"session=debug,error", "transport.quic", "ERROR"},
		{"warn,transport=debug", "transport", "DEBUG INFO WARN ERROR"},
		{"warn,transport=debug", "transport.quic", "DEBUG INFO WARN ERROR"},
		{"warn,transport=debug", "transportation", "WARN ERROR"},
		{"debug,transport=error,transport.quic=info", "transport.quic", "INFO WARN ERROR"},
		{"debug,transport=error,transport.quic=info", "transport.http", "ERROR"},
		{"debug,transport.quic=error", "transport", "DEBUG INFO WARN ERROR"},
	} {
		t.Run(c.levels+" of "+c.component, func(t *testing.T) {
			levels, err := logging.ParseLevels(c.levels, known...)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			log := slog.New(logging.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), levels))
			if c.component != "" {
				log = log.With("before", 1).With(logging.Component, c.component)
			}
			log = log.With("user", "anna").WithGroup("of").With(logging.Component, "session")
			log.Debug("said")
			log.Info("said")
			log.Warn("said")
			log.Error("said")
			var wrote []string
			for line := range strings.Lines(out.String()) {
				_, level, _ := strings.Cut(line, "level=")
				wrote = append(wrote, strings.Fields(level)[0])
			}
			if got := strings.Join(wrote, " "); got != c.writes {
				t.Errorf("it wrote %q, want %q", got, c.writes)
			}
		})
	}
}

func TestLevelsThatAreNone(t *testing.T) {
	for levels, word := range map[string]string{
		"":                              `""`,
		"loud":                          `"loud"`,
		"info,":                         `""`,
		"info,debug":                    `"debug"`,
		"session=debug,session=info":    `"session=info"`,
		"sesion=debug":                  "session, transport.http",
		"trans=debug":                   `"trans"`,
		"session=":                      `""`,
		"=debug":                        `""`,
		"session=debug=info":            `"debug=info"`,
		"transport.quic.stream=warning": `"warning"`,
	} {
		if _, err := logging.ParseLevels(levels, known...); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %s in it", levels, err, word)
		}
	}
	if _, err := logging.ParseLevels("feed=debug"); err == nil {
		t.Error("a component was found where there are none")
	}
}
