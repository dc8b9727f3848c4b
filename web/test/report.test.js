import assert from "node:assert/strict";
import { test } from "node:test";
import { extract } from "../app/json.js";
import { read } from "../app/report.js";

const items = (text) => read(text).items.map(({ name, value, kind }) => [name, value, kind]);

test("an object of scalars is a list, as it was written", () => {
  assert.deepEqual(items('{"overdue": 1284300.50, "at":"12:00", "open" : true, "none":null, "less":-3.1e2, "":""}'), [
    ["overdue", "1284300.50", "number"],
    ["at", "12:00", "text"],
    ["open", "true", "text"],
    ["none", "null", "text"],
    ["less", "-3.1e2", "number"],
    ["", "", "text"],
  ]);
});

test("no number loses a digit", () => {
  assert.deepEqual(items('{"id":12345678901234567890,"sum":0.10000000000000000001}').map(([, value]) => value), ["12345678901234567890", "0.10000000000000000001"]);
});

test("what is deeper is indented JSON, its brackets and commas in texts left alone", () => {
  const [name, value, kind] = items('{"a":{"b":[1,{"c":"x, \\"y\\": [z]"}],"d":{},"e":[]}}')[0];
  assert.deepEqual([name, kind], ["a", "tree"]);
  assert.equal(value, '{\n  "b": [\n    1,\n    {\n      "c": "x, \\"y\\": [z]"\n    }\n  ],\n  "d": {},\n  "e": []\n}');
  assert.deepEqual(JSON.parse(value), { b: [1, { c: 'x, "y": [z]' }], d: {}, e: [] });
});

test("how much is folded away is known", () => {
  assert.equal(read('{"a":[1,[2,3],4]}').items[0].count, 3);
  assert.deepEqual(items('{"a":[],"b":{}}'), [["a", "[]", "text"], ["b", "{}", "text"]]);
});

test("an array, and an object that is too long for a list, are a tree", () => {
  assert.deepEqual(read("[1, 2]"), { kind: "tree", text: "[\n  1,\n  2\n]", count: 2 });
  const long = Object.fromEntries(Array.from({ length: 41 }, (_, at) => [`k${at}`, at]));
  assert.deepEqual([read(JSON.stringify(long)).kind, read(JSON.stringify(long)).count], ["tree", 41]);
});

test("a lone scalar is itself, and what isn't JSON is plain text", () => {
  assert.deepEqual(read('"Gr\\u00fc\\u00dfe"'), { kind: "text", text: "Grüße" });
  assert.deepEqual(read(" 1.50 "), { kind: "text", text: "1.50" });
  for (const text of ["", "{", "not JSON", "{'a':1}", "[1,]", "<b>x</b>"]) assert.deepEqual(read(text), { kind: "text", text });
  assert.deepEqual(read("{}"), { kind: "list", items: [] });
});

test("names that come twice are both shown, and __proto__ is a name", () => {
  assert.deepEqual(items('{"a":1,"a":2,"__proto__":3}').map(([name, value]) => [name, value]), [["a", "1"], ["a", "2"], ["__proto__", "3"]]);
});

test("depth and length of the most that may come do no harm", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const shown = read(deep);
  assert.equal(shown.kind, "tree");
  assert.ok(shown.text.length < 10_000_000);
  assert.equal(read(JSON.stringify({ text: '\\"'.repeat(60_000) })).items[0].value.length, 120_000);
});

test("a report in one line", () => {
  assert.equal(extract('{"overdue": 12, "by": {"a": 1}, "at": "noon"}'), "overdue 12 · by … · at noon");
  assert.equal(extract("a\n b"), "a b");
});
