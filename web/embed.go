// Package web holds the page: index.html, a template whose one field Assets is
// the path under which everything else is served, and the modules, stylesheets
// and dictionaries that the browser loads from there as they are written here.
// There is no build: what is in this folder is what runs; only the stylesheets
// are served as one file, in the order in which the template has them joined,
// and sw.js, the service worker, is told what all of that is.
package web

import "embed"

// Files is the page: index.html, sw.js, app/ (logic without a document), ui/ (custom
// elements, a stylesheet beside each) and lang/ (each language's dictionaries).
// Modules import each other by relative paths, so any prefix will do.
//
//go:embed index.html sw.js app ui lang
var Files embed.FS
