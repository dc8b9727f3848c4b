import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const index = read("index.html");

/** The files of the page's folders with this ending. */
function files(ending, ...folders) {
  return folders.flatMap((folder) => readdirSync(new URL(`../${folder}/`, import.meta.url)).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`));
}

/** The scripts of the document. */
const scripts = [...index.matchAll(/<script [^>]*src="\{\{\.Assets\}\}\/([^"]+)"/g)].map(([, path]) => path);

/** All that a module imports, and what that imports; with `later`, what is loaded when it is needed, too. */
function imports(path, later = false, found = new Set()) {
  const source = read(path);
  const names = [...source.matchAll(/^(?:import|export) (?:[^"]* from )?"([^"]+)";$/gm)];
  if (later) names.push(...source.replaceAll(/\/\*\*.*?\*\//gs, "").matchAll(/\bimport\("([^"]+)"\)/g));
  for (const [, relative] of names) {
    const imported = new URL(relative, `file:///${path}`).pathname.slice(1);
    if (!found.has(imported)) imports(imported, later, found.add(imported));
  }
  return found;
}

test("the document begins with what it takes to connect, and nothing that is shown is loaded with that", () => {
  assert.deepEqual(scripts, ["ui/begin.js", "ui/lost.js", "ui/page.js"]);
  assert.ok(index.indexOf("ui/begin.js") < index.indexOf("stylesheet"));
  assert.deepEqual([...imports("ui/begin.js", true)].filter((path) => !path.startsWith("app/")), []);
});

test("every module is loaded by something", () => {
  const loaded = new Set(scripts.flatMap((path) => [path, ...imports(path, true)]));
  assert.deepEqual(
    files(".js", "app", "ui", "lang").filter((path) => !loaded.has(path)),
    [],
  );
});

test("what only the administration needs is loaded with it, and not with the room", () => {
  const room = imports("ui/page.js");
  assert.deepEqual([...room].filter((path) => /admin|effects|trail/.test(path)), []);
  for (const path of ["ui/admin-audit.js", "app/administration.js"]) assert.ok(imports("ui/admin.js").has(path));
});

test("a language is loaded alone", () => {
  for (const path of imports("ui/page.js")) assert.ok(!path.startsWith("lang/"), `${path} is loaded with every language`);
});

test("every stylesheet is part of the one that the document names, colors and sizes first, or comes with what is loaded later", () => {
  const joined = [...read("ui/all.css").matchAll(/^@import "\.\/([^"]+)";$/gm)].map(([, name]) => `ui/${name}`);
  const room = new Set(["ui/page.js", ...imports("ui/page.js")]);
  const brought = new Set();
  for (const path of files(".js", "ui")) {
    for (const [, name] of read(path).matchAll(/^import \w+ from "\.\/([^"]+\.css)" with \{ type: "css" \};$/gm)) {
      assert.ok(!room.has(path), `${path} is there from the first moment, and so should be ${name}`);
      brought.add(`ui/${name}`);
    }
  }
  assert.deepEqual([...joined, ...brought, "ui/all.css"].sort(), files(".css", "ui").sort());
  assert.deepEqual(joined.slice(0, 2), ["ui/tokens.css", "ui/page.css"]);
  assert.equal(index.split("stylesheet").length, 2);
});
