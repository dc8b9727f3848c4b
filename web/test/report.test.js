import assert from "node:assert/strict";
import { test } from "node:test";
import { extract } from "../app/json.js";
import { indented, read, trend } from "../app/report.js";
import { legible } from "../app/direction.js";

const items = (text) => read(text).items.map(({ name, value, kind }) => [name, value, kind]);
const feed = (reading, more = {}) => JSON.stringify({ source: "https://host.example/path", time: "2026-11-22T14:00:02Z", connection: "ab12", reading, ...more });

test("an object of scalars is names and values, as it was written", () => {
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
  assert.deepEqual(items('{"id":12345678901234567890,"sum":0.10000000000000000001,"price":1.10}').map(([, value]) => value), ["12345678901234567890", "0.10000000000000000001", "1.10"]);
});

test("what is deeper is named by its way, to a depth; then it is counted", () => {
  assert.deepEqual(items('{"a":{"b":1,"c":{"d":"x"}},"e":{},"f":[]}'), [["a.b", "1", "number"], ["a.c.d", "x", "text"], ["e", "{}", "text"], ["f", "[]", "text"]]);
  assert.deepEqual(read('{"a":{"b":{"c":{"d":{"e":1,"f":2}}}}}').items, [{ name: "a.b.c.d", kind: "count", value: "", count: 2 }]);
  assert.deepEqual(read('{"by":[{"name":"x"},{"name":"y"},"z"]}').items, [{ name: "by", kind: "count", value: "", count: 3 }]);
});

test("of many items twelve are shown, and how many there are else is known", () => {
  const of = (count) => read(JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]))));
  assert.deepEqual([of(12).items.length, of(12).more], [12, 0]);
  assert.deepEqual([of(17).items.length, of(17).more], [12, 5]);
});

test("the one number of a report is its figure; of several none is", () => {
  assert.equal(read('{"price":12.3,"currency":"EUR"}').figure.name, "price");
  assert.equal(read('{"price":12.3,"volume":8}').figure, null);
  assert.equal(read('{"currency":"EUR"}').figure, null);
  assert.equal(read("12.30").figure.value, "12.30");
});

test("numbers in an array are a series with its last one as value, and so is what has one number each", () => {
  const series = (text) => {
    const [{ kind, value, series }] = read(text).items;
    return [kind, value, series?.count, series?.first, series?.least, series?.most];
  };
  for (const text of ["[3, 1.10, 2.0]", '{"p":[3,1.10,2.0]}', '[["a",3],["b",1.10],["c",2.0]]', "[[1,3],[2,1.10],[3,2.0]]", '[{"t":"a","v":3},{"t":"b","v":1.10},{"v":2.0}]']) {
    assert.deepEqual(series(text), ["series", "2.0", 3, "3", "1.10", "3"], text);
  }
  for (const text of ["[1]", '[1,"NaN"]', "[1,1e400]", '[1,{"v":2}]', '[{"v":1},{"w":2}]', '[{"v":1,"w":1},{"v":2,"w":2}]', "[[1,2,3],[4,5,6]]", "[1,[2]]", '[["a","b"],["c","d"]]']) {
    assert.equal(read(text).items[0].kind, "count", text);
  }
});

test("a feed's report is what it has read; where from, when and over what is told apart", () => {
  const { title, source, connection, time, items } = read(feed({ price: 12.3 }));
  assert.deepEqual([title, source, connection, time], ["host.example/path", "https://host.example/path", "ab12", Date.UTC(2026, 10, 22, 14, 0, 2)]);
  assert.deepEqual(items, [{ name: "price", kind: "number", value: "12.3" }]);
  assert.deepEqual(read(feed(12.3)).figure, { name: "", kind: "number", value: "12.3" });
});

test("neither a user nor a query of the source is shown, and what is no time or address isn't taken for one", () => {
  assert.equal(read(feed(1, { source: "https://anna:secret@host.example/?token=secret#secret" })).source, "https://host.example/");
  assert.equal(read(feed(1, { source: "https://host.example/" })).title, "host.example");
  for (const source of ["javascript:alert(1)", "host.example", "", 7, null, {}]) assert.equal(read(feed(1, { source })).title, "", String(source));
  for (const time of ["yesterday", "2026-13-45T99:99:99Z", "", 7, null]) assert.equal(read(feed(1, { time })).time, 0, String(time));
  assert.equal(read(feed(1, { connection: undefined })).connection, "");
});

test("a stream is what has one source, or, where there is none, the same names", () => {
  const same = (a, b) => read(a).stream === read(b).stream;
  assert.ok(same(feed({ a: 1 }), feed({ b: 2 })));
  assert.ok(!same(feed(1), feed(1, { source: "https://host.example/other" })));
  assert.ok(same('{"a":1}', '{"a":"x"}'));
  assert.ok(!same('{"a":1}', '{"b":1}'));
});

test("what a number was in reports before is a series that ends with what it is", () => {
  const cards = ["1.0", "3", "2.50"].map((price) => read(`{"price":${price},"at":"noon"}`));
  const { first, last, least, most, points } = trend(cards, "price");
  assert.deepEqual([first, last, least, most, points], ["1.0", "2.50", "1.0", "3", [1, 3, 2.5]]);
  assert.equal(trend(cards, "at"), null);
  assert.equal(trend(cards.slice(-1), "price"), null);
  assert.deepEqual(trend([cards[0], read('{"price":"none"}'), read("{}"), cards[1]], "price").points, [1, 3]);
  assert.equal(trend([...cards, read('{"price":null}')], "price"), null);
});

test("a lone word is itself, and what isn't JSON is as it stands there", () => {
  assert.equal(read('"Gr\\u00fc\\u00dfe"'), "Grüße");
  assert.equal(read("true"), "true");
  for (const text of ["", "{", "not JSON", "{'a':1}", "[1,]", "<b>x</b>"]) assert.equal(read(text), text);
  assert.deepEqual([read("{}").items[0].value, read("[]").items[0].value], ["{}", "[]"]);
});

test("names that come twice are both shown, and __proto__ is a name", () => {
  assert.deepEqual(items('{"a":1,"a":2,"__proto__":{"polluted":3},"constructor":4}').map(([name, value]) => [name, value]), [["a", "1"], ["a", "2"], ["__proto__.polluted", "3"], ["constructor", "4"]]);
  assert.equal({}.polluted, undefined);
  assert.equal(extract('{"source":"https://host.example","x":{"reading":1}}'), "source https://host.example · x …");
  for (const text of ['["source"]', '["source","http",1]', '{"source":"http"}', '{"source":[]}', "1"]) assert.equal(typeof extract(text), "string");
  assert.equal({}.polluted, undefined);
});

test("long names and values are cut, no character is cut in two, and what isn't text is a sign", () => {
  const [[name, value]] = items(JSON.stringify({ [`${"n".repeat(79)}😀`]: "v".repeat(1000) }));
  assert.equal(name, `${"n".repeat(79)}…`);
  assert.equal(value.length, 161);
  assert.deepEqual(items('{"a\\u0000\\u009bb":"c\\n\\u001bd"}')[0], ["a\ufffd\ufffdb", "c \ufffdd", "text"]);
  assert.equal(legible(items('{"\\u202eevil":1}')[0][0]), "[RLO]evil");
});

test("depth and length of the most that may come do no harm", () => {
  const most = 256 * 1024;
  const hostile = [
    "[".repeat(most / 2) + "]".repeat(most / 2),
    `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`,
    `[${Array.from({ length: 100_000 }, (_, at) => at % 97)}]`,
    `{${Array.from({ length: 30_000 }, (_, at) => `"${at}":1`)}}`,
    `{"${"n".repeat(most / 2)}":{${Array.from({ length: 20_000 }, () => '"":1')}}}`,
    JSON.stringify({ text: '\\"'.repeat(60_000) }),
    `[${"9".repeat(most / 2)},1]`,
    `[${Array.from({ length: 30_000 }, () => '["a",1]')}]`,
    feed({ source: feed({ reading: feed(1) }) }),
    `{"source":"http"${',"reading":1'.repeat(most / 6)}} `,
  ];
  for (const text of hostile) {
    const began = performance.now();
    const { items } = read(text);
    assert.ok(items.length <= 12);
    assert.ok(items.every((item) => (item.series?.points.length ?? 0) <= 122));
    assert.ok(indented(text).length < 40 * most);
    assert.ok(extract(text).length <= text.length * 3);
    assert.ok(performance.now() - began < 10_000, text.slice(0, 40));
  }
});

test("indented JSON has a line for each entry, its brackets and commas in texts left alone", () => {
  const text = indented('{"b":[1,{"c":"x, \\"y\\": [z]"}],"d":{},"e":[]}');
  assert.equal(text, '{\n  "b": [\n    1,\n    {\n      "c": "x, \\"y\\": [z]"\n    }\n  ],\n  "d": {},\n  "e": []\n}');
  assert.deepEqual(JSON.parse(text), { b: [1, { c: 'x, "y": [z]' }], d: {}, e: [] });
  assert.equal(indented("no JSON"), "no JSON");
});

test("a report in one line; a feed's is its reading", () => {
  assert.equal(extract('{"overdue": 12, "by": {"a": 1}, "at": "noon"}'), "overdue 12 · by … · at noon");
  assert.equal(extract(feed({ price: 12.3, by: { a: 1 } })), "price 12.3 · by …");
  assert.equal(extract(feed(12.3)), "12.3");
  assert.equal(extract('{"source":"the ledger","reading":1}'), "source the ledger · reading 1");
  assert.equal(extract('[{"source":"https://host.example","reading":1},":",2]'), "… · : · 2");
  assert.equal(extract("a\n b"), "a b");
});
