import assert from "node:assert/strict";
import { test } from "node:test";
import { calculate, written } from "../app/calc.js";

test("a sum is understood as one writes it, and nothing else", () => {
  const sums = {
    "1250000 * 7.5": ["*,1250000,7.5", "1250000 * 7.5"],
    " 1+1 ": ["+,1,1", "1 + 1"],
    "-3 - -4": ["-,-3,-4", "-3 - -4"],
    "2--1": ["-,2,-1", "2 - -1"],
    "1 / 0": ["/,1,0", "1 / 0"], // the server knows
  };
  for (const [text, [request, sum]] of Object.entries(sums)) assert.deepEqual(written(text), { request, sum }, text);
  for (const text of ["", "1", "1 +", "1 ^ 2", "1 + 1 + 1", "1,5 * 2", "1e9 + 1", "a + b", "1 1", "+,1,1", "1\n+ 1\n2"]) assert.equal(written(text), null, text);
});

const still = { now: () => 0, after: () => () => {} };

/** A session that answers each frame so, or not at all. */
const answering = (/** @type {((fields: string[]) => [string, string] | null) | null} */ answer) => {
  const session = {
    results: new Map(),
    said: /** @type {string[][]} */ ([]),
    say(/** @type {string} */ type, /** @type {string[]} */ fields) {
      if (!answer) return false;
      session.said.push([type, ...fields]);
      const given = answer(fields);
      if (given) session.results.get(fields[0])({ type: "RESULT", fields: [given[0], fields[0]], payload: new TextEncoder().encode(given[1]) });
      return true;
    },
  };
  return session;
};

test("the server calculates", async () => {
  const session = answering(() => ["200", "9375000"]);
  assert.equal(await calculate(session, "*,1250000,7.5", still), "9375000");
  assert.deepEqual([session.said[0][0], session.said[0][2], session.results.size], ["CALC", "*,1250000,7.5", 0]);
  assert.equal(await calculate(answering(() => ["300", "-1"]), "/,1,0", still), null);
});

test("without a connection, or an answer in time, that is a problem", async () => {
  await assert.rejects(calculate(answering(null), "+,1,1", still), { status: 0 });
  const late = { now: () => 0, after: (/** @type {number} */ _, /** @type {() => void} */ then) => (queueMicrotask(then), () => {}) };
  const session = answering(() => null);
  await assert.rejects(calculate(session, "+,1,1", late), { status: 0 });
  assert.equal(session.results.size, 0);
});
