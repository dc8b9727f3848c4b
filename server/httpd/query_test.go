package httpd

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

func day(t *testing.T, day, zone string) int64 {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateOnly, day, z)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func TestQueriesAreReadAsTheyAreMeant(t *testing.T) {
	term := func(text string, kind room.TermKind) room.Term { return room.Term{Text: text, Kind: kind} }
	for asked, want := range map[string]query{
		"":                          {},
		"  ":                        {},
		"geld":                      {terms: []room.Term{term("geld", room.TermTyped)}},
		"geld ist da":               {terms: []room.Term{term("geld", room.TermPart), term("ist", room.TermPart), term("da", room.TermTyped)}},
		"gel* da*":                  {terms: []room.Term{term("gel", room.TermStart), term("da", room.TermStart)}},
		`"due diligence"`:           {terms: []room.Term{term("due diligence", room.TermPhrase)}},
		`"due dil`:                  {terms: []room.Term{term("due dil", room.TermStart)}},
		`"due dil"* x`:              {terms: []room.Term{term("due dil", room.TermStart), term("x", room.TermTyped)}},
		"http://x.de":               {terms: []room.Term{term("http://x.de", room.TermTyped)}},
		"! ? geld —":                {terms: []room.Term{term("geld", room.TermPart)}, passedOver: true},
		"From:Anna geld":            {author: "anna", terms: []room.Term{term("geld", room.TermTyped)}},
		"from:@anna":                {author: "anna"},
		"from:me from:bert":         {author: "bert"},
		`in:"Due Diligence" in:x y`: {titles: []string{"Due Diligence", "x"}, terms: []room.Term{term("y", room.TermTyped)}},
		"before:2026-11-01":         {before: day(t, "2026-11-01", "UTC")},
		"after:2026-11":             {since: day(t, "2026-11-01", "UTC")},
		"after:2025 after:2026 before:2027 before:2026-12": {since: day(t, "2026-01-01", "UTC"), before: day(t, "2026-12-01", "UTC")},
		"after:1970": {since: 1},
	} {
		if got, err := parseQuery(asked, "bert", time.UTC); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v, %v, want %+v", asked, got, err, want)
		}
	}
}

func TestDaysAreThoseOfTheZone(t *testing.T) {
	for params, want := range map[string]query{
		"q=after:2026-11-01&zone=Europe/Berlin":     {since: day(t, "2026-11-01", "Europe/Berlin")},
		"q=before:2026-11-01&zone=America/New_York": {before: day(t, "2026-11-01", "America/New_York")},
		"after=2026-11-01&before=2026-12&author=me": {since: day(t, "2026-11-01", "UTC"), before: day(t, "2026-12-01", "UTC"), author: "bert"},
		"q=from:anna&author=anna":                   {author: "anna"},
	} {
		asked, err := url.ParseQuery(params)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readQuery(asked, "bert"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v, %v, want %+v", params, got, err, want)
		}
	}
}

func TestWhatIsWrongWithAQueryIsSaid(t *testing.T) {
	for params, says := range map[string]string{
		"q=from:":                       "Behind from:",
		"q=in: x":                       "Behind in:",
		"q=from:Ä":                      "user name",
		"q=from:anna from:bert":         "one author",
		"q=before:yesterday":            "2026-11-01",
		"q=after:2026-13":               "2026-11-01",
		"q=after:2026-02-30":            "2026-11-01",
		"q=after:1969":                  "1970",
		"q=x&before=0":                  "2026-11-01",
		"q=x&author=-":                  "user name",
		"q=x&zone=Nowhere/Atall":        "Europe/Berlin",
		"q=x&zone=Local":                "Europe/Berlin",
		"q=x&zone=../../etc/passwd":     "Europe/Berlin",
		"q=%ff":                         "UTF-8",
		"q=€":                           "Write a word",
		"q=€&author=anna":               "Write a word",
		"q=!! from:anna":                "Write a word",
		`q=""`:                          "Write a word",
		"q=" + strings.Repeat("ä", 257): "256",
		"q=" + strings.Repeat("a ", 17): "16",

		"q=" + strings.Repeat("in:a ", 17): "16 topics",
	} {
		asked, err := url.ParseQuery(params)
		if err != nil {
			t.Fatal(err)
		}
		_, err = readQuery(asked, "bert")
		var refusal *room.Error
		if !errors.As(err, &refusal) || refusal.Code != 422 || !strings.Contains(refusal.Text, says) {
			t.Errorf("%q: %v, which doesn't say %q", params, err, says)
		}
	}
	if _, err := parseQuery(strings.Repeat("ä", 256), "bert", time.UTC); err != nil {
		t.Error(err)
	}
}

// FuzzQuery shows that whatever is asked for is either refused in words or has
// terms that a search can take.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "geld", `"a b`, `""* x:`, "from:me in:\"x", "before:2026-11-01 *", "a* \u0301* \"\u0301\"", "in:\x00", "AFTER:2026"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuery(text, "bert", time.UTC)
		if err != nil {
			if refusal := room.AsError(err); refusal.Code != 422 || refusal.Text == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if len(q.terms) > maxTerms || len(q.titles) > maxTitles || q.author != "" && !room.ValidUserName(q.author) || q.since < 0 || q.before < 0 {
			t.Errorf("%q is %+v", text, q)
		}
		for _, term := range q.terms {
			if term.Text == "" || !strings.Contains(text, term.Text) {
				t.Errorf("%q has the term %q", text, term.Text)
			}
		}
	})
}
