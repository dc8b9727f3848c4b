import assert from "node:assert/strict";
import { test } from "node:test";
import { legible, pieces } from "../app/direction.js";
import { saying } from "../app/saying.js";

test("what turns a text round is told apart from it, each by its name", () => {
  assert.deepEqual(pieces("A\u202egnp.exe\u202c"), ["A", { sign: "RLO" }, "gnp.exe", { sign: "PDF" }]);
  assert.equal(legible("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), "[LRE][RLE][PDF][LRO][RLO][LRI][RLI][FSI][PDI]");
});

test("other text stays what it is, Hebrew and Arabic too", () => {
  for (const text of ["", "Grüße", "שלום 12 abc", "\u200fمرحبا\u200e"]) {
    assert.deepEqual(pieces(text), [text]);
    assert.equal(legible(text), text);
  }
});

test("an extract of a message has none", () => {
  assert.equal(saying({ kind: "text", text: "**A\u202egnp.exe**" }), "A[RLO]gnp.exe");
});
