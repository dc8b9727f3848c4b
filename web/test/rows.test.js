import assert from "node:assert/strict";
import { test } from "node:test";
import { rows } from "../app/rows.js";

const NOON = new Date(2026, 10, 19, 12).getTime();
const MINUTE = 60_000;
const message = (seq, minutes, author = "bert", more = {}) => ({ seq, author, time: NOON + minutes * MINUTE, kind: "text", ref: 0, text: "x", redacted: false, ...more });
const post = (id, state, match = 0) => ({ id, topic: "t", message: { ...message(0, 0, "anna"), id }, state, seq: 0, match, code: 0, reason: "" });
/** A row as a word: day, new, the seq, or +seq where it stands with the one before. */
const words = (list) => list.map((row) => (row.kind === "message" ? `${row.joined ? "+" : ""}${row.message.seq || row.message.id}` : row.kind));

test("messages of one author within five minutes stand together", () => {
  const list = rows([message(1, 0), message(2, 4), message(3, 4.99), message(4, 5), message(5, 6, "cora"), message(6, 7)], [], null, "anna");
  assert.deepEqual(words(list), ["day", "1", "+2", "+3", "4", "5", "6"]);
});

test("a reply and what the server says stand alone", () => {
  const list = rows([message(1, 0), message(2, 1, "bert", { ref: 1 }), message(3, 1, "bert", { kind: "system" }), message(4, 2)], [], null, "anna");
  assert.deepEqual(words(list), ["day", "1", "2", "3", "4"]);
});

test("a clock that goes back parts what it would otherwise join", () => {
  assert.deepEqual(words(rows([message(1, 2), message(2, 1)], [], null, "anna")), ["day", "1", "2"]);
});

test("a line for each day", () => {
  const list = rows([message(1, 0), message(2, 12 * 60), message(3, 12 * 60 + 1)], [], null, "anna");
  assert.deepEqual(words(list), ["day", "1", "day", "2", "+3"]);
});

test("a line above the first new message that isn't one's own", () => {
  const log = [message(1, 0), message(2, 1, "anna"), message(3, 2), message(4, 2)];
  assert.deepEqual(words(rows(log, [], 1, "anna")), ["day", "1", "2", "new", "3", "+4"]);
  assert.deepEqual(words(rows(log, [], 4, "anna")), ["day", "1", "2", "3", "+4"]);
  assert.deepEqual(words(rows(log, [], null, "anna")), ["day", "1", "2", "3", "+4"]);
});

test("posts stand at the end, but for one whose message seems to be there", () => {
  const list = rows([message(1, 0)], [post("a", "waiting"), post("b", "waiting", 1), post("c", "failed", 1)], null, "anna");
  assert.deepEqual(words(list), ["day", "1", "a", "+c"]);
});

test("every row has a key of its own, and a post keeps its key as a message", () => {
  const list = rows([message(1, 0), { ...message(2, 1, "anna"), id: "a" }], [post("b", "waiting")], 0, "anna");
  const keys = list.map((row) => row.key);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.includes("a"));
});
