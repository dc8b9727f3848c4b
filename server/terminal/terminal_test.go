package terminal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"redroom/server/terminal"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"words", "Hallo, wie läuft's? 数字 🚀", "Hallo, wie läuft's? 数字 🚀"},
		{"a color", "\x1b[31mrot", "␛[31mrot"},
		{"a title of the window", "\x1b]0;root\x07", "␛]0;root␇"},
		{"the C1 form of an escape", "a\u009b31mb", "a\ufffd31mb"},
		{"a raw octet of it", "a\x9b31mb", "a\ufffd31mb"},
		{"backspaces and a rubout", "paid\b\b\b\bowed\x7f", "paid␈␈␈␈owed␡"},
		{"back to the line's beginning", "100\r999", "100␍999"},
		{"lines", "one\ntwo\r\nthree\u2028four", "one␊two␊three␊four"},
		{"a tab", "a\tb", "a    b"},
		{"a sum turned around", "EUR \u202e001\u202c", "EUR \ufffd001\ufffd"},
		{"marks of direction", "a\u200e\u200fb\u061c", "a\ufffdb\ufffd"},
		{"isolates", "\u2066a\u2069", "\ufffda\ufffd"},
		{"what nobody sees", "pa\u200bss\u2060wo\u00adrd\ufeff", "pa\ufffdss\ufffdwo\ufffdrd\ufffd"},
		{"words hidden in tags", "yes\U000e006e\U000e006f", "yes\ufffd"},
		{"words hidden in selectors", "yes\ufe01\ufe02\ufe03", "yes\ufe01\ufffd"},
		{"a wide blank that is no space", "a\u3164b", "a\ufffdb"},
		{"an emoji of several", "👩\u200d🚒 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3", "👩\u200d🚒 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3"},
		{"Persian", "می\u200cخواهم", "می\u200cخواهم"},
		{"a joiner in a name", "an\u200dna", "an\ufffdna"},
		{"joiners at the end", "é\u200d\u200d", "é\ufffd"},
		{"half a character", "a\xf0\x9f\x9a", "a\ufffd"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := terminal.Clean(c.in); got != c.want {
				t.Errorf("%+q became %+q, want %+q", c.in, got, c.want)
			}
		})
	}
}

func TestCleanTextKeepsLines(t *testing.T) {
	if got, want := terminal.CleanText("one\ntwo\r\nthree\u2029four\r\x1b"), "one\ntwo\nthree\nfour␍␛"; got != want {
		t.Errorf("%+q, want %+q", got, want)
	}
}

func TestEscapeJSONMeansTheSame(t *testing.T) {
	in := map[string]string{"text": "a\x7f\u009b31m \u202e001 \u2028 \U000e0041 👩\u200d🚒 ü <&> \x1b\n"}
	raw, err := json.MarshalIndent(in, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	escaped := terminal.EscapeJSON(raw)
	var out map[string]string
	if err := json.Unmarshal(escaped, &out); err != nil || out["text"] != in["text"] {
		t.Errorf("%s: %+q, %v", escaped, out, err)
	}
	if !strings.Contains(string(escaped), "ü") {
		t.Errorf("%s: umlauts are to be read", escaped)
	}
	if at := strings.IndexFunc(string(escaped), dangerous); at >= 0 {
		t.Errorf("%+q has %+q", escaped, escaped[at:])
	}
}

// dangerous is what a terminal is never sent.
func dangerous(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// seen is what of a text somebody would see, without what stands for the rest.
func seen(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r), r == utf8.RuneError, r >= '␀' && r <= '␡':
			return -1
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, s)
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"Grüße\x1b[2J", "\u202e001\u202c\r\n", "👩\u200d🚒\ufe0f\ufe0f", "\x9b\xf0\x9f", "\u00ad\u200c\t\x7f", "a\u2028b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		line, text := terminal.Clean(in), terminal.CleanText(in)
		for _, out := range []string{line, strings.ReplaceAll(text, "\n", "")} {
			if at := strings.IndexFunc(out, dangerous); at >= 0 {
				t.Errorf("%+q became %+q, which has %+q", in, out, out[at:])
			}
		}
		for _, out := range []string{line, text} {
			if !utf8.ValidString(out) {
				t.Errorf("%+q became %+q, which is no UTF-8", in, out)
			}
			if got, want := seen(out), seen(in); got != want {
				t.Errorf("%+q became %+q: of it one sees %+q, and of what it was %+q", in, out, got, want)
			}
		}
		if again := terminal.Clean(line); again != line {
			t.Errorf("%+q became %+q, and then %+q", in, line, again)
		}
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		escaped := terminal.EscapeJSON(raw)
		var back string
		if err := json.Unmarshal(escaped, &back); err != nil || utf8.ValidString(in) && back != in {
			t.Errorf("%+q became %s, which says %+q: %v", in, escaped, back, err)
		}
		if at := strings.IndexFunc(string(escaped), dangerous); at >= 0 {
			t.Errorf("%+q became %+q", in, escaped)
		}
	})
}
