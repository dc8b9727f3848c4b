package pack_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"redroom/server/pack"
)

// source is a page whose begin.js and page.js share tell.js; page.js loads
// part.js and other.js when it needs them, which share both.js; part.js shares
// only.js with page.js.
var source = fstest.MapFS{
	"index.html": {Data: []byte(`<!doctype html>
<script type="module" src="{{.Assets}}/ui/begin.js"></script>
<b>{{range needs "ui/begin.js"}}{{.}} {{end}}</b>
<link rel="stylesheet" href="{{.Assets}}/ui/all.css">
<script type="module" src="{{.Assets}}/ui/page.js"></script>
<b>{{range needs "ui/page.js" "ui/begin.js"}}{{.}} {{end}}</b>
<b>{{range needs "ui/part.js" "ui/begin.js" "ui/page.js"}}{{.}} {{end}}</b>
`)},
	"sw.js":            {Data: []byte("{{.Assets}} {{.Files}}")},
	"app/tell.js":      {Data: []byte("/** Says it. */\nexport function tell(whatIsSaid) { console.log('told', whatIsSaid); }\n")},
	"app/only.js":      {Data: []byte("export const only = 'Zürich';\n")},
	"ui/begin.js":      {Data: []byte("import { tell } from '../app/tell.js';\ntell('begin');\n")},
	"ui/page.js":       {Data: []byte("import { tell } from '../app/tell.js';\nimport { only } from '../app/only.js';\ntell(only); import('./part.js'); import('./other.js');\n")},
	"ui/part.js":       {Data: []byte("import { tell } from '../app/tell.js';\nimport { only } from '../app/only.js';\nimport { both } from './both.js'; tell(both('part'), only);\n")},
	"ui/other.js":      {Data: []byte("import sheet from './other.css' with { type: 'css' };\ndocument.adoptedStyleSheets.push(sheet);\nimport { both } from './both.js'; console.log(both('other'));\n")},
	"ui/other.css":     {Data: []byte("@layer page { b::before { content: \"Genf\"; color: rgb(255, 0, 0) } }\n")},
	"ui/both.js":       {Data: []byte("export const both = (text) => text + ' and more';\n")},
	"ui/none.js":       {Data: []byte("console.log('nobody imports this');\n")},
	"ui/all.css":       {Data: []byte("@import './first.css';\n@import './second.css';\n")},
	"ui/first.css":     {Data: []byte("a { b { color: rgb(255, 0, 0) } }\n")},
	"ui/second.css":    {Data: []byte("@layer page { a { color: blue } }\n")},
	"ui/mark.svg":      {Data: []byte("<svg/>\n")},
	"ui/mark.png":      {Data: []byte("PNG")},
	"page.webmanifest": {Data: []byte("{}\n")},
}

// with is the source with other files.
func with(changes map[string]string) fstest.MapFS {
	changed := maps.Clone(source)
	for name, content := range changes {
		changed[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return changed
}

func packed(t *testing.T, source fs.FS) *pack.Page {
	t.Helper()
	page, err := pack.Make(source)
	if err != nil {
		t.Fatal(err)
	}
	page.Compress(t.Context())
	return page
}

// read is what a browser gets that takes no coding.
func read(t *testing.T, f *pack.File) string {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// file is what a browser gets under a name.
func file(t *testing.T, page *pack.Page, name string) string {
	t.Helper()
	f, ok := page.File(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return read(t, f)
}

// kept are the names that the service worker is told.
func kept(t *testing.T, page *pack.Page) []string {
	t.Helper()
	assets, names, _ := strings.Cut(read(t, page.Worker), " ")
	if assets != "/assets/"+page.Hash {
		t.Errorf("the service worker finds them at %s", assets)
	}
	return strings.Fields(names)
}

func TestModulesAreBundledAndSplitWhereTheyAreLoadedLater(t *testing.T) {
	page := packed(t, source)
	index := read(t, page.Index)
	for _, entry := range []string{"ui/begin.js", "ui/page.js", "ui/all.css"} {
		if !strings.Contains(index, `"/assets/`+page.Hash+"/"+entry+`"`) {
			t.Errorf("the page doesn't begin with %s: %s", entry, index)
		}
	}
	where := make(map[string][]string) // the bundles in which a text of the source is
	for _, name := range kept(t, page) {
		content := file(t, page, name)
		for _, text := range []string{`"told"`, `"begin"`, "Zürich", `"part"`, `"other"`, "and more", "nobody imports", "whatIsSaid", "Says it"} {
			if strings.Contains(content, text) {
				where[text] = append(where[text], name)
			}
		}
	}
	for _, text := range []string{`"told"`, `"begin"`, "Zürich", `"part"`, `"other"`, "and more"} {
		if len(where[text]) != 1 {
			t.Errorf("%s is in %q, want one bundle", text, where[text])
		}
	}
	for _, text := range []string{"nobody imports", "whatIsSaid", "Says it"} {
		if len(where[text]) != 0 {
			t.Errorf("%s is sent, in %q", text, where[text])
		}
	}
	if !slices.Equal(where[`"begin"`], []string{"ui/begin.js"}) || !slices.Equal(where["Zürich"], []string{"ui/page.js"}) {
		t.Errorf("what the page begins with is in %q and %q", where[`"begin"`], where["Zürich"])
	}
	// What each begins with, without what the page has named or asked for before.
	needs := regexp.MustCompile(`<b>(.*)</b>`).FindAllStringSubmatch(index, -1)
	for i, want := range [][]string{where[`"told"`], nil, slices.Concat(where[`"part"`], where["and more"])} {
		got := strings.Fields(needs[i][1])
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("needs %d are %q, want %q", i, got, want)
		}
	}
}

// What is imported is there, under the name that it is imported by.
func TestBundlesImportEachOther(t *testing.T) {
	page := packed(t, source)
	imports := regexp.MustCompile(`(?:from|import|import\()"\./([^"]+)"`)
	seen := make(map[string]bool)
	for _, name := range kept(t, page) {
		for _, found := range imports.FindAllStringSubmatch(file(t, page, name), -1) {
			file(t, page, "ui/"+found[1])
			seen[found[1]] = true
		}
	}
	for _, want := range []string{"begin.js", "page.js"} {
		if !seen[want] { // what is loaded later does
			t.Errorf("nothing imports %s: %v", want, seen)
		}
	}
}

func TestStylesheetsComeAsOneInTheirOrder(t *testing.T) {
	page := packed(t, source)
	css := file(t, page, "ui/all.css")
	first, second := strings.Index(css, "red"), strings.Index(css, "#00f")
	if first < 0 || second < first || strings.Contains(css, "@import") || !strings.Contains(css, "@layer page") {
		t.Errorf("it is %q", css)
	}
	if _, ok := page.File("ui/first.css"); ok {
		t.Error("a part of it is there alone, too")
	}
}

func TestAStylesheetThatAModuleImportsComesWithIt(t *testing.T) {
	page := packed(t, source)
	if strings.Contains(file(t, page, "ui/all.css"), "Genf") {
		t.Error("it comes with the others, too")
	}
	for _, name := range kept(t, page) {
		content := file(t, page, name)
		if has, want := strings.Contains(content, `b:before{content:"Genf";color:red}`), name == "ui/other.js"; has != want {
			t.Errorf("%s has it: %t, want %t", name, has, want)
		}
	}
	if _, err := pack.Make(with(map[string]string{"ui/other.css": "a { color red }"})); err == nil {
		t.Error("one with a mistake is packed")
	}
}

func TestTheServiceWorkerKeepsWhatThePageMayNeed(t *testing.T) {
	page := packed(t, source)
	names := kept(t, page)
	for _, name := range names {
		file(t, page, name)
		if strings.HasSuffix(name, ".map") || strings.HasSuffix(name, ".png") || strings.HasSuffix(name, ".webmanifest") {
			t.Errorf("it keeps %s", name)
		}
	}
	for _, name := range []string{"ui/begin.js", "ui/page.js", "ui/all.css", "ui/mark.svg"} {
		if !slices.Contains(names, name) {
			t.Errorf("it keeps %q, without %s", names, name)
		}
	}
	if len(names) != 8 { // and what begin.js and page.js share, and the two parts, and what they share
		t.Errorf("it keeps %q", names)
	}
	for _, name := range []string{"ui/mark.png", "page.webmanifest"} {
		if got := file(t, page, name); got != string(source[name].Data) {
			t.Errorf("%s is sent as %q", name, got)
		}
	}
}

func TestSourceMapsShowTheSource(t *testing.T) {
	page := packed(t, source)
	for _, name := range []string{"ui/page.js", "ui/all.css"} {
		_, link, found := strings.Cut(file(t, page, name), "# sourceMappingURL=")
		link, _, _ = strings.Cut(link, " ")
		if found = found && strings.TrimSpace(link) == name[len("ui/"):]+".map"; !found {
			t.Fatalf("%s names the source map %q", name, link)
		}
	}
	var sources struct{ Sources, SourcesContent []string }
	if err := json.Unmarshal([]byte(file(t, page, "ui/page.js.map")), &sources); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"ui/page.js", "app/only.js"} {
		at := slices.Index(sources.Sources, "redroom:///"+module)
		if at < 0 || sources.SourcesContent[at] != string(source[module].Data) {
			t.Errorf("%s: it shows %q as %q", module, sources.SourcesContent, sources.Sources)
		}
	}
}

// What a part shares with what is there already is no bundle of its own, which
// would be one more for everybody who comes for the first time.
func TestPartsThatAreLoadedLaterLeaveTheFirstVisitAlone(t *testing.T) {
	without := with(map[string]string{"ui/page.js": strings.Replace(string(source["ui/page.js"].Data), "import('./part.js');", "", 1)})
	early := regexp.MustCompile(`(?s)^(.*)<b>.*?</b>\s*$`)
	count := func(page *pack.Page) int {
		return strings.Count(early.FindStringSubmatch(read(t, page.Index))[1], ".js")
	}
	without["index.html"] = &fstest.MapFile{Data: []byte(strings.Replace(string(source["index.html"].Data), `"ui/part.js"`, `"ui/other.js"`, 1))}
	if got, want := count(packed(t, source)), count(packed(t, without)); got != want {
		t.Errorf("with one part more it is %d scripts, before it was %d", got, want)
	}
}

func TestTheSameSourceIsTheSamePage(t *testing.T) {
	first, second := packed(t, source), packed(t, source)
	if first.Hash != second.Hash || read(t, first.Index) != read(t, second.Index) || read(t, first.Worker) != read(t, second.Worker) {
		t.Error("it isn't")
	}
	for _, name := range kept(t, first) {
		if file(t, first, name) != file(t, second, name) {
			t.Errorf("%s is another one", name)
		}
	}
}

func TestAnotherSourceIsAnotherVersion(t *testing.T) {
	seen := map[string]string{packed(t, source).Hash: "the source"}
	for name, content := range map[string]string{
		"app/only.js":  "export const only = 'Genf';\n",
		"ui/other.js":  "console.log('otherwise');\n",
		"ui/first.css": "a { color: green }\n",
		"ui/mark.svg":  "<svg></svg>\n",
		"ui/mark.png":  "GNP",
		"sw.js":        "{{.Assets}}  {{.Files}}",
		"index.html":   string(source["index.html"].Data) + "<p>",
	} {
		hash := packed(t, with(map[string]string{name: content})).Hash
		if other, known := seen[hash]; known {
			t.Errorf("with another %s it is that of %s", name, other)
		}
		seen[hash] = name
	}
}

func TestAPageThatCanNotBePackedIsAnError(t *testing.T) {
	without := func(name string) fs.FS {
		changed := maps.Clone(source)
		delete(changed, name)
		return changed
	}
	for _, test := range []struct {
		what   string
		source fs.FS
		want   string // in the error
	}{
		{"no index.html", without("index.html"), "index.html"},
		{"no sw.js", without("sw.js"), "sw.js"},
		{"no script", without("ui/begin.js"), "ui/begin.js"},
		{"no module", without("app/only.js"), "app/only.js"},
		{"no module to be loaded later", without("ui/part.js"), "ui/part.js"},
		{"no stylesheet", without("ui/first.css"), "ui/first.css"},
		{"a worker that is not a template", with(map[string]string{"sw.js": "{{"}), "sw.js"},
		{"a page that is not a template", with(map[string]string{"index.html": "{{"}), "index.html"},
		{"another field", with(map[string]string{"index.html": "{{.Nothing}}"}), "Nothing"},
		{"needs of what there isn't", with(map[string]string{"index.html": `{{needs "ui/lost.js"}}`}), "ui/lost.js"},
		{"a module that isn't one", with(map[string]string{"app/only.js": "export const only = ;"}), "app/only.js:1"},
		{"a name that nobody exports", with(map[string]string{"app/only.js": "export const other = 1;"}), "ui/page.js:2"},
		{"a module from elsewhere", with(map[string]string{"app/only.js": "export { only } from 'only';"}), "relative"},
		{"a stylesheet with a mistake", with(map[string]string{"ui/first.css": "a { color red }"}), "ui/first.css:1"},
	} {
		if _, err := pack.Make(test.source); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}
