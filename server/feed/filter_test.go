package feed

import (
	"strings"
	"testing"
	"time"
)

func TestAFilterPicks(t *testing.T) {
	const reading = `{"power": 1.10, "big": 12345678901234567890.000, "meters": [{"sum": 1e3}, {"sum": 7}], "name": "Grüße <&> \u2028"}`
	for filter, want := range map[string]string{
		".":                               `{"big":12345678901234567890.000,"meters":[{"sum":1e3},{"sum":7}],"name":"Grüße <&> ` + "\u2028" + `","power":1.10}`,
		".power":                          "1.10",
		"{power, first: .meters[0]}":      `{"first":{"sum":1e3},"power":1.10}`,
		".power + 1":                      "2.1",
		".meters[].sum":                   "[1e3,7]",
		"[.meters[].sum]":                 "[1e3,7]",
		"select(.power > 2)":              "", // nothing to report
		"halt":                            "",
		"$ENV.HOME // env.HOME // \"no\"": `"no"`,
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Pick(t.Context(), []byte(reading))
		if err != nil || string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s picks %s, %v; want %s", filter, got, err, want)
		}
	}
	var whole *Filter
	if got, err := whole.Pick(t.Context(), []byte(" {\"b\": 1.10,\n \"a\": 2}\n")); err != nil || string(got) != `{"b":1.10,"a":2}` {
		t.Errorf("no filter picks %s, %v", got, err)
	}
}

func TestWhatIsNoFilter(t *testing.T) {
	for _, filter := range []string{"{", "foo", "input", `import "a" as a; .`, "$x"} {
		if _, err := ParseFilter(filter); err == nil {
			t.Errorf("%s is a filter", filter)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: it says %q", filter, err)
		}
	}
}

func TestAFilterThatFailsIsSaid(t *testing.T) {
	for filter, words := range map[string]string{
		".power":                        "expected an object",
		`error("no\u001b way")`:         "no",
		"range(1; 1e9)":                 "more than a report may have",
		"def f: f; f":                   "more than 50ms",
		`[limit(3; repeat("x" * 1e5))]`: "more than a report may have",
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		f.within = 50 * time.Millisecond
		if filter != "def f: f; f" {
			f.within = patience
		}
		if got, err := f.Pick(t.Context(), []byte("[1]")); err == nil || !strings.Contains(err.Error(), words) || kindOf(err) != "pick" {
			t.Errorf("%s picks %d octets, and says %v", filter, len(got), err)
		}
	}
}

func TestAFilterThatFailsDoesNotSayTheReading(t *testing.T) {
	for _, filter := range []string{".a.b", ".a | tonumber", ".a + 1", ".a | fromjson", `.a | strptime("%Y")`, "error", ".n | keys", ".n.x"} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Pick(t.Context(), []byte(`{"a":"secret`+strings.Repeat("x", 1000)+`","n":4711}`))
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "4711") || len(err.Error()) > 200 {
			t.Errorf("%s says %v", filter, err)
		}
	}
}
