import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const index = readFileSync(new URL("../index.html", import.meta.url), "utf8");

/** The files of the page's folders with this ending. */
function files(ending, ...folders) {
  return folders.flatMap((folder) => readdirSync(new URL(`../${folder}/`, import.meta.url)).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`));
}

/** What the document names in links of this kind. */
function named(rel) {
  return [...index.matchAll(new RegExp(`<link rel="${rel}" href="\\{\\{\\.Assets\\}\\}/([^"]+)"`, "g"))].map(([, path]) => path);
}

test("every module is named in the document: none waits until another one that needs it has come", () => {
  assert.deepEqual([...named("modulepreload"), "ui/page.js"].sort(), files(".js", "app", "ui").sort());
});

test("every stylesheet is named, once", () => {
  assert.deepEqual(named("stylesheet").sort(), files(".css", "ui").sort());
});
