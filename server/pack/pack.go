// Package pack makes of the page's source what is sent to browsers. The source
// is modules and stylesheets as one reads them; a visit would ask for a hundred
// files of them, so they are bundled, split where the source says import(), and
// minified, in memory and by the server itself: there is no build, and no file
// that somebody has to make. Each bundle names its source map, which is asked
// for only where DevTools are open, and shows the source there.
//
// # What is sent
//
// index.html, a template, says with what the page begins: whatever script or
// stylesheet it names by {{.Assets}}/NAME is bundled under that name with all
// that it imports. {{range needs "NAME" "OTHER"…}} gives the bundles that NAME, a
// script or a module that is loaded by import(), can't run without, but those
// that the page names anyway and those that the others need, so that the page can
// ask for them early. sw.js, a template too, has {{.Files}}: the names of all
// bundles and pictures, with spaces between.
//
// Files that are no scripts and no stylesheets are sent as they are. All of them
// are below one path, which has a hash of all that is sent: a browser never mixes
// two versions of the page, and may keep what it has for ever.
//
// # Order and time
//
// The same source always makes the same page, octet for octet. Make takes some
// 50 ms. Brotli at its best takes a second for all of it, which is Compress's to
// do, once; whoever asks before that is done gets gzip, for which nobody waits. A
// Page changes nothing else and may be used by any number of servers at once.
//
// # Compression and secrets
//
// Only these files are compressed, which are the same for everybody. Answers
// that hold what is somebody's beside what somebody else may have chosen are
// not: their compressed length would tell of the one by the other (BREACH).
package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	texttemplate "text/template"
)

// Path is below which a page's files are, each version's below its hash.
const Path = "/assets/"

const (
	indexFile  = "index.html"
	workerFile = "sw.js"
)

// Page is a page as it is sent.
type Page struct {
	// Hash is of all of it, in hexadecimal digits: its version.
	Hash string
	// Index is the page itself, Worker its service worker.
	Index, Worker *File

	files      map[string]*File
	compressed *atomic.Bool // all that a visit asks for
}

// Make packs the page that lies in source: index.html, sw.js, and what they
// need.
func Make(source fs.FS) (*Page, error) {
	index, err := fs.ReadFile(source, indexFile)
	if err != nil {
		return nil, err
	}
	worker, err := fs.ReadFile(source, workerFile)
	if err != nil {
		return nil, err
	}
	bundled, err := bundle(source, named(index))
	if err != nil {
		return nil, err
	}
	if err := addPlain(source, bundled.files); err != nil {
		return nil, err
	}
	p := &Page{Hash: hashOf(bundled.files, index, worker), files: make(map[string]*File), compressed: new(atomic.Bool)}
	for name, content := range bundled.files {
		p.files[name] = newFile(name, content, p.compressed)
	}
	data := struct{ Assets, Files string }{
		Assets: Path + p.Hash,
		Files:  strings.Join(kept(bundled.files), " "),
	}
	page, err := template.New(indexFile).Funcs(template.FuncMap{"needs": bundled.needs}).Parse(string(index))
	if err != nil {
		return nil, err
	}
	if p.Index, err = p.fill(indexFile, page.Execute, data); err != nil {
		return nil, err
	}
	script, err := texttemplate.New(workerFile).Parse(string(worker))
	if err != nil {
		return nil, err
	}
	p.Worker, err = p.fill(workerFile, script.Execute, data)
	return p, err
}

// File is one of the page's files, by its name below the hash.
func (p *Page) File(name string) (*File, bool) {
	f, ok := p.files[name]
	return f, ok
}

// Compress compresses everything that a visit asks for as far as that goes, which
// visitors have from then on. It ends early with its context.
func (p *Page) Compress(ctx context.Context) {
	all := []*File{p.Index, p.Worker}
	for _, name := range kept(p.files) {
		all = append(all, p.files[name])
	}
	for _, f := range all {
		if ctx.Err() != nil {
			return
		}
		f.brotli()
	}
	p.compressed.Store(true)
}

// Sizes are how many octets of each file are sent to a browser that takes
// Brotli, source maps left out.
func (p *Page) Sizes() map[string]int {
	sizes := map[string]int{indexFile: p.Index.size(), workerFile: p.Worker.size()}
	for _, name := range kept(p.files) {
		sizes[name] = p.files[name].size()
	}
	return sizes
}

var (
	namedFiles   = regexp.MustCompile(`\{\{\.Assets\}\}/([\w./-]+\.(?:js|css))"`)
	namedModules = regexp.MustCompile(`<script type="module"[^>]* src="\{\{\.Assets\}\}/([\w./-]+\.js)"`)
)

// named are the scripts and stylesheets that the page begins with.
func named(index []byte) entries {
	names := func(pattern *regexp.Regexp) (names []string) {
		for _, found := range pattern.FindAllSubmatch(index, -1) {
			names = append(names, string(found[1]))
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	return entries{all: names(namedFiles), modules: names(namedModules)}
}

// addPlain adds what is sent as it is.
func addPlain(source fs.FS, files map[string][]byte) error {
	return fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if kind := path.Ext(name); kind == ".js" || kind == ".css" || name == indexFile {
			return nil
		}
		files[name], err = fs.ReadFile(source, name)
		return err
	})
}

// kept are the names of what the page may ever need to work, in order: all but
// what is for DevTools, and for whoever installs it.
func kept[T any](files map[string]T) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool {
		return slices.Contains([]string{".map", ".png", ".webmanifest"}, path.Ext(name))
	})
}

func hashOf(files map[string][]byte, templates ...[]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s\n%d\n", name, len(files[name]))
		sum.Write(files[name])
	}
	for _, template := range templates {
		fmt.Fprintf(sum, "%d\n", len(template))
		sum.Write(template)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// fill makes what is sent of a template.
func (p *Page) fill(name string, execute func(io.Writer, any) error, data any) (*File, error) {
	var made bytes.Buffer
	if err := execute(&made, data); err != nil {
		return nil, err
	}
	f, sum := newFile(name, made.Bytes(), p.compressed), sha256.Sum256(made.Bytes())
	f.etag = hex.EncodeToString(sum[:8])
	return f, nil
}
