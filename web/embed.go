// Package web holds the page as one reads it: modules, stylesheets, dictionaries.
// There is no build. The server packs these files when it starts, and says in
// package pack what index.html and sw.js, which are templates, may ask of it.
package web

import "embed"

// Files is the page: index.html, sw.js, app/ (logic without a document), ui/ (custom
// elements, a stylesheet beside each), lang/ (each language's dictionaries) and
// install/ (what a system shows of it where it is installed).
// Modules import each other by relative paths.
//
//go:embed index.html sw.js app ui lang install
var Files embed.FS
