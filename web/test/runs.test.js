import assert from "node:assert/strict";
import { test } from "node:test";
import { rows } from "../app/rows.js";
import { Runs } from "../app/runs.js";

const noon = new Date(2026, 10, 22, 12).getTime();
const feed = (price, source = "https://host.example/price") => JSON.stringify({ source, reading: { price } });
const message = (seq, text, more = {}) => ({ seq, author: "bot", time: noon + 2000 * seq, kind: "report", ref: 0, text, redacted: false, ...more });
const said = (seq, text = "Hallo", more = {}) => message(seq, text, { kind: "text", author: "anna", ...more });
/** How each stands: f folded, j joined, else -; nothing for what is no report. */
const standing = (messages, runs = new Runs(() => {}), mark = null) => {
  const standings = runs.of(rows(messages, [], mark, "bert"));
  return messages.map(({ seq }) => standings.get(String(seq))).map((one) => (one ? `${one.folded ? "f" : ""}${one.joined ? "j" : ""}` || "-" : "")).join(" ");
};

test("of a run the newest stands there in full, with the others above it in one line each", () => {
  assert.equal(standing([1, 2, 3].map((seq) => message(seq, feed(seq)))), "f fj j");
});

test("another author, another source, and whatever is said between them end a run", () => {
  assert.equal(standing([message(1, feed(1)), message(2, feed(2), { author: "other" }), message(3, feed(3))]), "- - -");
  assert.equal(standing([message(1, feed(1)), message(2, feed(2, "https://host.example/other"))]), "- -");
  assert.equal(standing([message(1, feed(1)), said(2), message(3, feed(3))]), "-  -");
  assert.equal(standing([message(1, feed(1)), message(2, "", { redacted: true }), message(3, feed(3))]), "-  -");
  assert.equal(standing([message(1, '"a"'), message(2, '"a"')]), "- -");
});

test("a day's line and the line above what is new stand in a run, but not between what stands together", () => {
  assert.equal(standing([message(1, feed(1)), message(2, feed(2), { time: noon + 86_400_000 }), message(3, feed(3), { time: noon + 86_400_001 })]), "f f j");
  assert.equal(standing([1, 2, 3].map((seq) => message(seq, feed(seq))), new Runs(() => {}), 1), "f f j");
});

test("every five minutes it is said anew who they are by", () => {
  const minutes = [0, 2, 4, 6, 8];
  assert.equal(standing(minutes.map((minute, at) => message(at + 1, feed(at), { time: noon + minute * 60_000 }))), "f fj fj f j");
});

test("what is told of the same before makes the trail, also across what is said between, 60 at most", () => {
  const prices = (messages) => new Runs(() => {}).of(rows(messages, [], null, "bert")).get(String(messages.at(-1).seq)).trail.map(({ items }) => Number(items[0].value));
  assert.deepEqual(prices([message(1, feed(1)), said(2), message(3, feed(9), { author: "other" }), message(4, feed(8, "https://host.example/other")), message(5, feed(5))]), [1, 5]);
  const many = prices(Array.from({ length: 100 }, (_, at) => message(at + 1, feed(at))));
  assert.deepEqual([many.length, many[0], many.at(-1)], [60, 40, 99]);
});

test("how one stands is the same object as long as it is so", () => {
  const runs = new Runs(() => {});
  const of = (messages) => runs.of(rows(messages, [], null, "bert"));
  const all = Array.from({ length: 100 }, (_, at) => message(at + 1, feed(at)));
  const before = of(all.slice(0, 99));
  const after = of(all);
  for (const { seq } of all.slice(0, 98)) assert.equal(after.get(String(seq)), before.get(String(seq)), String(seq));
  assert.notEqual(after.get("99"), before.get("99"));
  assert.equal(of(all).get("100"), after.get("100"));
});
