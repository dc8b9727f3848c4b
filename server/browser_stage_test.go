package server_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
	"redroom/web"
)

// stage is a browser before a room in which every named state of the page can be
// reached, in one language.
type stage struct {
	t     *testing.T
	p     *servertest.Page
	lang  string
	words map[string]string // by their way in the dictionary, such as "topics.newDeal"

	fresh   *servertest.Room // that nobody has an account in
	room    *servertest.Room
	stop    func() // ends room
	people  map[string]*servertest.API
	posts   map[string]func(topic string, p client.Post) int64
	deal    string
	topics  []string
	feed    string   // a topic of reports; "" as long as there is none
	direct  string   // anna's conversation with miriam
	theirs  []string // what people wrote or chose, which nobody translates
	started time.Time
}

// forms is a text that has all that a text can have.
const forms = `**Vergleich** der *Methoden*, siehe [Anlage 4](https://example.com/anlage) und https://example.com/gutachten, @miriam:

| Methode | Zinssatz | Rückstellung |
|---|:-:|--:|
| Anwartschaftsbarwertverfahren | 1,83 % | 12.500.000 € |
| Teilwertverfahren | 6,00 % | 9.750.000 € |

> Der Prüfer bestätigt die Methode,
> aber nicht den Stichtag.

1. Gutachten anfordern
2. Zinssatz prüfen
   - nach HGB
   - nach IAS 19

` + "```sql\nselect sum(betrag) from rueckstellungen where stichtag = '2026-09-30' and verfahren = 'Anwartschaftsbarwertverfahren'\n```\nOffen: `rueckstellungen.csv`"

// The pseudo-language is English, each word 40 % longer, each text in brackets.
const pseudo = "pseudo"

// stretch makes a dictionary's texts those of the pseudo-language.
const stretch = `
const longer = (text) => text.replace(/\p{L}+/gu, (word) => word + word.at(-1).repeat(Math.round(word.length * 0.4)));
const stretched = (value) => {
	if (typeof value === "string") return "⟦" + longer(value) + "⟧";
	if (typeof value === "function") return (...given) => stretched(value(...given));
	if (Array.isArray(value)) return ["⟦", ...value.map((part) => (typeof part === "string" ? longer(part) : part)), "⟧"];
	return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, stretched(one)]));
};
export default stretched(en);
`

// pageIn is the source of the page where that language is spoken.
func pageIn(t *testing.T, lang string) fs.FS {
	t.Helper()
	if lang != pseudo {
		return web.Files
	}
	files := sourceFiles(t)
	for name := range files {
		if !strings.HasPrefix(name, "lang/en") {
			continue
		}
		before, _, found := strings.Cut(string(files[name].Data), "export default en;")
		if !found {
			t.Fatalf("%s exports its words otherwise than it did", name)
		}
		files[name].Data = []byte(before + stretch)
	}
	return files
}

// flatten gives a dictionary as one table. What is to be filled in stands there
// as "…", as it does in the names that tests look for.
const flatten = `(async () => {
	const plain = (said) => Array.isArray(said) ? said.map((part) => part.name ?? part).join("") : String(said);
	const table = {};
	const add = (value, way) => {
		if (typeof value === "object") for (const [key, one] of Object.entries(value)) add(one, way ? way + "." + key : key);
		else if (typeof value !== "function") table[way] = value;
		else try { table[way] = plain(value("…", "…", "…", "…", "…")) } catch { /* it takes other things than texts */ }
	};
	for (const file of %s) add((await import("/" + file)).default, file.endsWith("-admin.js") ? "admin" : "");
	return table;
})()`

// newStage opens a browser, and a room with everything in it that states show.
func newStage(t *testing.T, lang string) *stage {
	t.Helper()
	s := &stage{t: t, lang: lang, p: servertest.OpenPage(t), started: time.Now(), people: make(map[string]*servertest.API), posts: make(map[string]func(string, client.Post) int64)}
	page := pageIn(t, lang)
	s.words = s.dictionary(page)

	start := func() (*servertest.Room, func()) {
		c := servertest.Config(t)
		c.Page = packed(t, page)
		return servertest.StartWith(t, c)
	}
	s.fresh, _ = start()
	s.room, s.stop = start()
	s.fill()
	return s
}

// dictionary is all that a page says in the stage's language.
func (s *stage) dictionary(page fs.FS) map[string]string {
	s.t.Helper()
	source := httptest.NewServer(http.FileServerFS(page))
	s.t.Cleanup(source.Close)
	s.p.Open(source.URL + "/lang/en.js")
	dictionaries, err := fs.Glob(page, "lang/"+s.code()+"*.js")
	if err != nil {
		s.t.Fatal(err)
	}
	return servertest.Evaluate[map[string]string](s.p, fmt.Sprintf(flatten, encoded(s.t, dictionaries)))
}

// code is the language's as the page knows it.
func (s *stage) code() string {
	if s.lang == pseudo {
		return "en"
	}
	return s.lang
}

// word is what the page says there, such as "topics.newDeal".
func (s *stage) word(way string) string {
	s.t.Helper()
	word, ok := s.words[way]
	if !ok {
		s.t.Fatalf("the dictionary has no %s", way)
	}
	return word
}

// begin is what a word says before the first thing that is filled in.
func (s *stage) begin(way string) string {
	s.t.Helper()
	begin, _, _ := strings.Cut(s.word(way), "…")
	return begin + "…"
}

// open goes to a path of a room, at a desk's size, without what was open before.
func (s *stage) open(r *servertest.Room, path string) {
	s.t.Helper()
	s.p.Show(1280, 800, "light")
	s.p.Press(kb.Escape) // a dialog asks before its page is left
	path, hash, hashed := strings.Cut(path, "#")
	if hashed {
		hash = "#" + hash
	}
	s.p.Open("about:blank")
	s.p.Open(r.Plain + path + "?lang=" + s.code() + hash)
}

// enter opens a path of the room as somebody who is signed in.
func (s *stage) enter(name, path string) {
	s.t.Helper()
	s.p.Be(s.people[name])
	s.open(s.room, path)
	s.p.UntilText("status", s.word("connection.label"), "WebTransport")
}

// topic opens the room at a topic, and waits until all of it is there.
func (s *stage) topic(name string, number int) {
	s.t.Helper()
	s.enter(name, "/t/"+s.topics[number])
	s.p.Find("textbox", s.word("composer.label"))
	s.p.Find("StaticText", s.word("chain.good"))
}

// fill makes the people, deals and topics, and has them talk.
func (s *stage) fill() {
	t, r := s.t, s.room
	t.Helper()
	anna := r.Admin(t)
	s.people["anna"] = anna
	falcon := anna.Deal(t, "Projekt Falke", "joined")
	s.deal = anna.Deal(t, "GeldGeldGeld AG", "all")
	anna.Must(t, "PATCH", "/api/deals/"+s.deal, map[string]any{"receipts": true}, nil, 200)
	for name, display := range map[string]string{"miriam": "Miriam Brandt", "jonas": "Jonas Weber", "forderungsbericht": "Forderungsbericht"} {
		role := map[bool]string{true: "bot", false: "member"}[name == "forderungsbericht"]
		s.people[name] = r.Join(t, anna, name, role, s.deal, falcon)
		anna.Must(t, "PATCH", "/api/users/"+name, map[string]any{"display": display}, nil, 200)
	}
	anna.Must(t, "PATCH", "/api/users/anna", map[string]any{"display": "Anna Keller"}, nil, 200)
	titles := []string{"Due Diligence: Forderungsbewertung", "Vermögensübertragung: Share Deal Szenario", "Gesellschafterhaftung: Ausstehende Einlagen", "Nichts bisher", "Rückstellungen: Bewertungsmethodenvergleich"}
	for number, title := range titles {
		s.topics = append(s.topics, anna.Topic(t, s.deal, title, number+1))
	}
	narrow := anna.Topic(t, falcon, "Bewertung", 1)
	anna.Must(t, "PATCH", "/api/topics/"+narrow, map[string]any{"narrowed": true}, nil, 200)
	anna.Must(t, "PUT", "/api/topics/"+narrow+"/members/miriam", nil, nil, 204)
	closed := anna.Topic(t, falcon, "Fragen an den Verkäufer", 4)
	anna.Must(t, "PATCH", "/api/topics/"+closed, map[string]any{"open": false}, nil, 200)
	var made struct{ ID string }
	s.people["miriam"].Must(t, "POST", "/api/deals/"+s.deal+"/direct", map[string]any{"with": "anna"}, &made, 201)
	s.direct = made.ID

	for name, as := range s.people {
		s.posts[name] = sender(t, r, as)
		unreadOf(t, r, as) // it watches, and so it is present
	}
	listen(t, r, s.people["jonas"])
	text := func(who string, topic int, ref int64, body string) int64 {
		s.theirs = append(s.theirs, body)
		return s.posts[who](s.topics[topic], client.Post{Kind: room.Text, Ref: ref, Body: body})
	}
	text("anna", 0, 0, "Guten Morgen zusammen. Hier sammeln wir alles zur Bewertung der Forderungen zum 30. September.")
	text("jonas", 0, 0, "Die Einzelwertberichtigungen sind jetzt im Datenraum, Ordner 4.2. Offen ist noch die Liste der Forderungen über 90 Tage.")
	method := text("jonas", 0, 0, "Der Prüfer bestätigt die Methode, aber nicht den Stichtag.")
	text("miriam", 0, method, "Dann brauchen wir beide Werte nebeneinander, sonst sehen wir den Effekt auf den Kaufpreis nicht.")
	text("anna", 0, 0, "Danke. Ich rechne den Share Deal mit beiden Stichtagen durch und stelle es morgen um neun hier ein.")

	asked := text("miriam", 1, 0, "Wer prüft die Einzelwertberichtigungen zum Stichtag?")
	wrong := text("miriam", 1, 0, "Der Mandant heißt anders")
	const report = `{"Überfällig über 30 Tage":2718300.00,"Überfällig über 90 Tage":1284300.50,"Stand":"21.11.2026 18:1%d","geprüft":%t,"Schuldner":{"Inland":[{"Name":"Nordwerk GmbH","Betrag":800000.00}],"Ausland":[]}}`
	s.theirs = append(s.theirs, "Überfällig über 30 Tage", "Überfällig über 90 Tage", "Stand", "geprüft", "Schuldner", "true", "false")
	reported := s.posts["forderungsbericht"](s.topics[1], client.Post{Kind: room.Report, Body: fmt.Sprintf(report, 2, false)})
	s.posts["forderungsbericht"](s.topics[1], client.Post{Kind: room.Edit, Ref: reported, Body: fmt.Sprintf(report, 4, true)})
	answer := text("anna", 1, asked, "Das mache ich, bis morgen um zehn.")
	for _, body := range []string{"Das mache ich, bis morgen um neun. Den Share Deal rechne ich mit beiden Stichtagen durch.", "Das mache ich, bis morgen um neun. Den Share Deal rechne ich mit beiden Stichtagen durch und stelle ihn hier ein."} {
		s.theirs = append(s.theirs, body)
		s.posts["anna"](s.topics[1], client.Post{Kind: room.Edit, Ref: answer, Body: body})
	}
	s.posts["anna"](s.topics[1], client.Post{Kind: room.Redact, Ref: wrong, Body: "Nennt einen Mandanten, der nicht genannt werden darf"})
	text("jonas", 2, 0, "Laut Handelsregister sind 12.500 € der Stammeinlage noch nicht eingezahlt.")

	text("miriam", 4, 0, strings.Repeat("Die Pensionsrückstellungen sind nach dem Anwartschaftsbarwertverfahren bewertet.\n", 30))
	text("anna", 4, 0, forms)
	s.posts["miriam"](s.direct, client.Post{Kind: room.Text, Body: "Bleiben wir bei neun Uhr?"})

	s.theirs = append(s.theirs, "Nennt einen Mandanten, der nicht genannt werden darf", "GeldGeldGeld AG", "Projekt Falke", "Bewertung", "Fragen an den Verkäufer")
	s.theirs = append(s.theirs, titles...)
	s.theirs = append(s.theirs, "redroom peer", "/msg jonas …")
	s.theirs = append(s.theirs, "Anna Keller", "Miriam Brandt", "Jonas Weber", "Forderungsbericht", "anna", "miriam", "jonas", "forderungsbericht")
}

// reports is the topic of a feed, and of other reports than a feed's.
func (s *stage) reports() {
	s.t.Helper()
	if s.feed == "" {
		s.feed = s.people["anna"].Topic(s.t, s.deal, "Kurse und Zahlen", 6)
		report := func(body string) {
			s.posts["forderungsbericht"](s.feed, client.Post{Kind: room.Report, Body: body})
		}
		fed := func(source, reading string) {
			report(fmt.Sprintf(`{"source":"https://%s","time":%q,"connection":"9f86d081884c7d65","reading":%s}`, source, time.Now().UTC().Format(time.RFC3339), reading))
		}
		report(`{"Stand":"Vorläufig, ohne die Rückstellungen","Überfällig nach Monaten":[1310000.00,1284300.50,1297500.25,1251900.00,1240000.00,1284300.50],"Schuldner":{"Inland":41,"Ausland":7},"Quote":0.1250,"Prüfer":[{"Name":"Nordwerk GmbH"}],"geprüft":true}`)
		for i := range 6 {
			fed("kurse.example/gold", fmt.Sprintf(`{"EUR":%d.%d0,"Stand":"fortlaufend"}`, 2310+i*i%7, i*3%10))
		}
		s.posts["miriam"](s.feed, client.Post{Kind: room.Text, Body: "Der Kurs zieht an. Wer sagt es dem Verkäufer?"})
		fed("kurse.example/zinsen", `{"Euribor":{"3M":2.015,"6M":2.110,"12M":2.240},"Stand":"11:00"}`)
		fed("kurse.example/zinsen", `{"Euribor":{"3M":2.020,"6M":2.105,"12M":2.240},"Stand":"11:00"}`)
		fed("kurse.example/zinsen", `{"Euribor":{"3M":2.010,"6M":2.120,"12M":2.250},"Stand":"11:00"}`)
		s.theirs = append(s.theirs, "Kurse und Zahlen", "Vorläufig, ohne die Rückstellungen", "Überfällig nach Monaten", "Schuldner.Inland", "Schuldner.Ausland", "Quote", "Prüfer", "geprüft", "true",
			"Stand", "fortlaufend", "Euribor.3M", "Euribor.6M", "Euribor.12M", "EUR", "9f86d081884c7d65", "https://kurse.example/gold", "https://kurse.example/zinsen", "kurse.example/gold", "kurse.example/zinsen",
			"Der Kurs zieht an. Wer sagt es dem Verkäufer?")
	}
	s.enter("anna", "/t/"+s.feed)
	s.p.Find("textbox", s.word("composer.label"))
	s.p.Until("the lines of all numbers", func() bool { return s.p.Count("image", "…") == 5 })
}

// encoded is a value as a script has it.
func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
