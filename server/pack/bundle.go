package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// bundles are scripts and stylesheets as they are sent, and their source maps.
type bundles struct {
	files   map[string][]byte
	entries []string
	outputs map[string]output
}

// entries are what the page names: all, and of these the modules.
type entries struct{ all, modules []string }

// output is what esbuild says of a file that it made.
type output struct {
	EntryPoint string
	Imports    []imported
	Inputs     map[string]struct{ BytesInOutput int }
}

type imported struct{ Path, Kind string }

const statically = "import-statement"

// bundle makes the entries of what lies in source.
func bundle(source fs.FS, entries entries) (*bundles, error) {
	root, err := filepath.Abs(string(filepath.Separator))
	if err != nil {
		return nil, err
	}
	options := api.BuildOptions{
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Target:            api.ESNext,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Sourcemap:         api.SourceMapLinked,
		Metafile:          true,
		AbsWorkingDir:     root, // nothing is read from there, nor written
		Outdir:            root,
		ChunkNames:        path.Join(dirOf(entries.modules), "[name]-[hash]"),
		TsconfigRaw:       "{}",
		LogLevel:          api.LogLevelSilent,
		Plugins:           []api.Plugin{from(source, entries.modules)},
	}
	for _, name := range entries.all {
		options.EntryPointsAdvanced = append(options.EntryPointsAdvanced, api.EntryPoint{
			InputPath:  name,
			OutputPath: strings.TrimSuffix(name, path.Ext(name)),
		})
	}
	built := api.Build(options)
	if err := problems(built.Errors, built.Warnings); err != nil {
		return nil, err
	}
	b := &bundles{files: make(map[string][]byte), entries: entries.all}
	for _, file := range built.OutputFiles {
		name, err := filepath.Rel(root, file.Path)
		if err != nil {
			return nil, err
		}
		b.files[filepath.ToSlash(name)] = file.Contents
	}
	var about struct{ Outputs map[string]output }
	if err := json.Unmarshal([]byte(built.Metafile), &about); err != nil {
		return nil, fmt.Errorf("reading what was bundled: %w", err)
	}
	b.outputs = about.Outputs
	for _, module := range entries.modules {
		b.merge(module)
	}
	b.shorten()
	return b, nil
}

// dirOf is where all bundles are: beside the page's modules, as they import each
// other by relative paths.
func dirOf(modules []string) string {
	if len(modules) == 0 {
		return "."
	}
	return path.Dir(modules[0])
}

// merge has the bundle with an entry's module take the entry's name. As it is
// imported by what is loaded later, esbuild gives it another one, and makes of the
// entry a file that imports that and no more, which would have to be sent as well.
func (b *bundles) merge(entry string) {
	module := scheme + ":" + origin + entry
	for name, with := range b.outputs {
		if name == entry || with.Inputs[module].BytesInOutput == 0 || path.Dir(name) != path.Dir(entry) || !b.covers(name, entry) {
			continue
		}
		with.EntryPoint = module
		b.outputs[name] = with
		b.rename(name, entry)
		return
	}
}

// hashed is what a bundle's name ends with that is no entry.
var hashed = regexp.MustCompile(`-[0-9A-Z]{8}\.js$`)

// shorten takes the hashes out of the bundles' names: the path above them has one
// already, and what is as good as random can't be compressed.
func (b *bundles) shorten() {
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		if !hashed.MatchString(name) {
			continue
		}
		stem := hashed.ReplaceAllString(name, "")
		short := stem + ".js"
		for n := 2; b.files[short] != nil; n++ {
			short = fmt.Sprintf("%s-%d.js", stem, n)
		}
		b.rename(name, short)
	}
}

// rename gives a bundle another name, in the place of another one if there is one
// of that name. Its own, which has a hash, stands nowhere but where it is meant.
func (b *bundles) rename(name, to string) {
	b.outputs[to] = b.outputs[name]
	b.files[to], b.files[to+".map"] = b.files[name], b.files[name+".map"]
	for _, gone := range []string{name, name + ".map"} {
		delete(b.outputs, gone)
		delete(b.files, gone)
	}
	for other, content := range b.files {
		b.files[other] = bytes.ReplaceAll(content, []byte(path.Base(name)), []byte(path.Base(to)))
	}
	for _, other := range b.outputs {
		for i := range other.Imports {
			if other.Imports[i].Path == name {
				other.Imports[i].Path = to
			}
		}
	}
}

// covers tells whether a bundle does all that an entry does, so that it can take
// its place.
func (b *bundles) covers(name, entry string) bool {
	reached := map[string]bool{name: true}
	var reach func(name string)
	reach = func(name string) {
		for _, i := range b.outputs[name].Imports {
			if i.Kind == statically && !reached[i.Path] {
				reached[i.Path] = true
				reach(i.Path)
			}
		}
	}
	reach(name)
	for _, input := range b.outputs[entry].Inputs {
		if input.BytesInOutput > 0 {
			return false
		}
	}
	for _, i := range b.outputs[entry].Imports {
		if i.Kind != statically || !reached[i.Path] {
			return false
		}
	}
	return true
}

// A module's name in the source follows these in source maps, which makes it an
// address there that DevTools can show as a tree. What is loaded by import()
// begins with a module of another scheme.
const (
	scheme = "redroom"
	later  = "later"
	origin = "///"
)

// from has esbuild read the source instead of a disk. Modules import each other
// by relative paths, as browsers want it.
func from(source fs.FS, begun []string) api.Plugin {
	loaders := map[string]api.Loader{".js": api.LoaderJS, ".css": api.LoaderCSS}
	return api.Plugin{Name: "source", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "."}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			name := a.Path
			if a.Kind != api.ResolveEntryPoint && a.Namespace != later {
				if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
					return api.OnResolveResult{}, fmt.Errorf("%q is not a relative path", name)
				}
				name = path.Join(path.Dir(strings.TrimPrefix(a.Importer, origin)), name)
			}
			if a.Kind == api.ResolveJSDynamicImport {
				return api.OnResolveResult{Path: origin + name, Namespace: later}, nil
			}
			return api.OnResolveResult{Path: origin + name, Namespace: scheme}, nil
		})
		read := func(name string) (string, error) {
			content, err := fs.ReadFile(source, name)
			return string(content), err
		}
		build.OnLoad(api.OnLoadOptions{Filter: ".", Namespace: scheme}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			name := strings.TrimPrefix(a.Path, origin)
			loader, ok := loaders[path.Ext(name)]
			if !ok {
				return api.OnLoadResult{}, fmt.Errorf("%s is neither a script nor a stylesheet", name)
			}
			content, err := read(name)
			if err == nil && a.With["type"] == "css" {
				content, err = sheet(name, content)
				loader = api.LoaderJS
			}
			return api.OnLoadResult{Contents: &content, Loader: loader}, err
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".", Namespace: later}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			name := strings.TrimPrefix(a.Path, origin)
			content, err := read(name)
			module := beginning(name, content, begun)
			return api.OnLoadResult{Contents: &module, Loader: api.LoaderJS}, err
		})
	}}
}

// beginning is what a module begins with that is loaded by import(): the page's
// own modules, which are there by then. So what the module shares with them is
// no bundle of its own, of which there would be one for each set of modules that
// share something, and all of them would be part of the first visit.
func beginning(name, content string, begun []string) string {
	var module strings.Builder
	for _, name := range begun {
		fmt.Fprintf(&module, "import %q;\n", name)
	}
	fmt.Fprintf(&module, "export * from %q;\n", name)
	if strings.Contains(content, "export default ") {
		fmt.Fprintf(&module, "export { default } from %q;\n", name)
	}
	return module.String()
}

// sheet is a stylesheet as a module (CSS module scripts), which a module imports
// with {type: "css"}: so it comes with the bundle that is loaded later.
func sheet(name, content string) (string, error) {
	made := api.Transform(content, api.TransformOptions{
		Sourcefile: name, Loader: api.LoaderCSS, Target: api.ESNext, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone, LogLevel: api.LogLevelSilent,
	})
	if err := problems(made.Errors, made.Warnings); err != nil {
		return "", err
	}
	text, err := json.Marshal(strings.TrimSpace(string(made.Code)))
	return fmt.Sprintf("const sheet = new CSSStyleSheet();\nsheet.replaceSync(%s);\nexport default sheet;\n", text), err
}

// problems are what esbuild complains of: what is doubtful isn't sent either.
func problems(all ...[]api.Message) (err error) {
	for _, message := range slices.Concat(all...) {
		where := ""
		if at := message.Location; at != nil {
			where = fmt.Sprintf("%s:%d: ", at.File, at.Line)
		}
		err = errors.Join(err, errors.New(where+message.Text))
	}
	return err
}

// needs are the bundles that a script or module can't run without, in order, but
// those that the page names anyway, and those that the others need.
func (b *bundles) needs(module string, others ...string) (names []string, err error) {
	seen := make(map[string]bool)
	for _, entry := range b.entries {
		seen[entry] = true
	}
	var add func(name string)
	add = func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
		for _, imported := range b.outputs[name].Imports {
			if imported.Kind == statically && !seen[imported.Path] {
				add(imported.Path)
			}
		}
	}
	for _, module := range append(others, module) {
		names = nil
		made, ok := b.made(module)
		if !ok {
			return nil, fmt.Errorf("no bundle begins with %s: %w", module, fs.ErrNotExist)
		}
		add(made)
	}
	return names, nil
}

// made is the bundle that begins with a module.
func (b *bundles) made(module string) (name string, ok bool) {
	for _, scheme := range []string{scheme, later} {
		for name, output := range b.outputs {
			if output.EntryPoint == scheme+":"+origin+module {
				return name, true
			}
		}
	}
	return "", false
}
