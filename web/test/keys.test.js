import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf } from "../app/keys.js";
import { KEYS, PLACES } from "../app/sheet.js";
import de from "../lang/de-parts.js";
import en from "../lang/en-parts.js";

const NONE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false };
const pressed = (key, modifiers = {}, writing = false) => commandOf({ ...NONE, key, ...modifiers }, { writing });

test("each key of the table does what it says, and nothing else", () => {
  assert.equal(pressed("k", { ctrlKey: true }), "search");
  assert.equal(pressed("K", { metaKey: true }, true), "search");
  assert.equal(pressed("ArrowDown", { altKey: true }, true), "next");
  assert.equal(pressed("ArrowUp", { altKey: true }), "previous");
  assert.equal(pressed("ArrowDown", { altKey: true, shiftKey: true }), "nextUnread");
  assert.equal(pressed("ArrowUp", { altKey: true, shiftKey: true }), "previousUnread");
  assert.equal(pressed("k", { ctrlKey: true, shiftKey: true }), null);
  assert.equal(pressed("k", { ctrlKey: true, altKey: true }), null);
  assert.equal(pressed("ArrowDown"), null);
});

test("a single character does something only where nobody writes, and only the question mark", () => {
  assert.equal(pressed("?", { shiftKey: true }), "help");
  assert.equal(pressed("?"), "help", "a keyboard may need no Shift for it");
  assert.equal(pressed("?", { shiftKey: true }, true), null);
  assert.equal(pressed("?", { ctrlKey: true }), null);
  assert.equal(pressed("k", { ctrlKey: true, isComposing: true }), null);
  const single = KEYS.filter(({ place, combos }) => place === "anywhere" && combos.some((combo) => combo.length === 1 && combo[0].length === 1));
  assert.deepEqual(single.map(({ id }) => id), ["help"]);
});

test("the help has a word for each of them in both languages", () => {
  for (const { help } of [en, de]) {
    assert.deepEqual(Object.keys(help.does).sort(), KEYS.map(({ id }) => id).sort());
    assert.deepEqual(Object.keys(help.places).sort(), [...PLACES].sort());
    for (const key of KEYS.flatMap(({ combos }) => combos.flat())) assert.ok(key.length === 1 || help.keys[key], key);
  }
});
