import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const index = read("index.html");

/** The files of the page's folders with this ending. */
function files(ending, ...folders) {
  return folders.flatMap((folder) => readdirSync(new URL(`../${folder}/`, import.meta.url)).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`));
}

/** What a part of the document names in links of this kind. */
function named(rel, part = index) {
  return [...part.matchAll(new RegExp(`<link rel="${rel}" href="\\{\\{\\.Assets\\}\\}/([^"]+)"`, "g"))].map(([, path]) => path);
}

/** The scripts of the document. */
const scripts = [...index.matchAll(/<script [^>]*src="\{\{\.Assets\}\}\/([^"]+)"/g)].map(([, path]) => path);

/** All that a module imports, and what that imports. */
function imports(path, found = new Set()) {
  for (const [, relative] of read(path).matchAll(/^import (?:.* from )?"([^"]+)";$/gm)) {
    const imported = new URL(relative, `file:///${path}`).pathname.slice(1);
    if (!found.has(imported)) imports(imported, found.add(imported));
  }
  return found;
}

const [first, rest] = index.split('<template id="later">');
const [later, administration] = rest.split('<template id="administration">');

test("every module is named in the document, once: none waits until another one that needs it has come", () => {
  assert.deepEqual([...named("modulepreload"), ...scripts].sort(), files(".js", "app", "ui").sort());
});

test("what it takes to connect is named first, and nothing else is loaded before it", () => {
  assert.equal(scripts[0], "ui/begin.js");
  assert.deepEqual(named("modulepreload", first), [...imports("ui/begin.js")].sort());
  assert.ok(first.lastIndexOf("modulepreload") < first.indexOf("stylesheet"));
});

test("all the rest is what the page needs", () => {
  const needed = imports("ui/page.js");
  for (const path of named("modulepreload", later)) assert.ok(needed.has(path), `nothing imports ${path}`);
});

test("what only the administration needs is loaded with it, and not with the room", () => {
  const room = imports("ui/page.js");
  const needed = [...imports("ui/admin.js"), "ui/admin.js"].filter((path) => !room.has(path) && path !== "ui/page.js");
  assert.deepEqual(named("modulepreload", administration).sort(), needed.sort());
});

test("every stylesheet is named, once, and they come as one file, colors and sizes first", () => {
  const [, all] = /<link rel="stylesheet" href="\{\{\.Assets\}\}\/\{\{joined "ui\/all\.css"([^}]+)\}\}">/.exec(index);
  const joined = [...all.matchAll(/"([^"]+)"/g)].map(([, path]) => path);
  assert.deepEqual([...joined].sort(), files(".css", "ui").sort());
  assert.deepEqual(joined.slice(0, 2), ["ui/tokens.css", "ui/page.css"]);
  assert.equal(index.split("stylesheet").length, 2);
});
