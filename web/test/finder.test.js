import assert from "node:assert/strict";
import { test } from "node:test";
import { Finder } from "../app/finder.js";
import { FakeClock, idle } from "./scripted.js";

const hit = (topic, seq) => ({ topic, deal: "d", seq, author: "bert", time: 0, kind: "text", extract: [{ text: "x" }] });
const rooms = (heads, lost = 0) => ({ topics: new Map(Object.entries(heads).map(([id, head]) => [id, { id, head }])), lost });

/** A finder, and a server that answers when the test says so. */
function begin() {
  const clock = new FakeClock();
  const asked = [];
  const search = (question, cursor, signal) => new Promise((answer, refuse) => asked.push({ question, cursor, signal, answer, refuse }));
  const finder = new Finder(search, clock, () => {});
  const seqs = () => finder.found.hits?.map(({ seq }) => seq) ?? null;
  const answer = async (at, value) => {
    asked[at].answer({ behind: 0, ...value });
    await idle();
  };
  return { clock, asked, finder, seqs, answer };
}

test("it asks when there was a moment's pause, and once", async () => {
  const { clock, asked, finder } = begin();
  for (const text of ["k", "kr", "kre"]) {
    finder.ask(text);
    await clock.forward(100);
  }
  assert.equal(asked.length, 0);
  await clock.forward(20);
  assert.deepEqual(asked.map(({ question }) => question), ["kre"]);
  finder.ask("kre");
  await clock.forward(1000);
  assert.equal(asked.length, 1);
});

test("the answer to an older question never takes the place of a newer one's", async () => {
  const { clock, asked, finder, seqs, answer } = begin();
  finder.ask("alt");
  await clock.forward(120);
  finder.ask("neu");
  assert.ok(asked[0].signal.aborted);
  await clock.forward(120);
  await answer(1, { hits: [hit("t", 2)] });
  await answer(0, { hits: [hit("t", 1)] });
  assert.deepEqual(seqs(), [2]);
  asked[0].refuse(new Error("late"));
  await idle();
  assert.equal(finder.found.problem, null);
});

test("what was found stays in sight until the next answer, and goes with the question", async () => {
  const { clock, finder, seqs, answer } = begin();
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: [hit("t", 1)] });
  finder.ask("ab");
  assert.deepEqual(seqs(), [1]);
  assert.ok(finder.found.asking);
  finder.ask("");
  assert.equal(seqs(), null);
  assert.ok(!finder.found.asking);
});

test("more goes on where the cursor is, and a failure leaves what there was", async () => {
  const { clock, asked, finder, seqs, answer } = begin();
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: [hit("t", 9)], cursor: "c" });
  void finder.more();
  asked[1].refuse({ status: 503 });
  await idle();
  assert.deepEqual([seqs(), finder.found.problem.status, finder.found.cursor], [[9], 503, "c"]);
  void finder.more();
  assert.deepEqual([asked[2].question, asked[2].cursor], ["a", "c"]);
  await answer(2, { hits: [hit("t", 8)] });
  assert.deepEqual([seqs(), finder.found.cursor], [[9, 8], ""]);
});

test("a right that was lost drops all that was found at once, also while an answer is on its way", async () => {
  const { clock, asked, finder, seqs, answer } = begin();
  finder.look(rooms({ t: 1, u: 1 }));
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: [hit("t", 1), hit("u", 1)] });
  finder.look(rooms({ t: 1 }, 1));
  assert.equal(seqs(), null);
  // The same again before that was answered: it may have been asked for before the loss.
  finder.look(rooms({}, 2));
  assert.ok(asked[1].signal.aborted);
  await answer(1, { hits: [hit("t", 1)] });
  assert.equal(seqs(), null);
  await answer(2, { hits: [] });
  assert.deepEqual(seqs(), []);
});

test("what is written meanwhile is looked for again, and what isn't indexed yet too", async () => {
  const { clock, asked, finder, seqs, answer } = begin();
  finder.look(rooms({ t: 1 }));
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: [hit("t", 1)] });
  finder.look(rooms({ t: 2 }));
  await clock.forward(1000);
  assert.equal(asked.length, 2);
  await answer(1, { hits: [hit("t", 1)], behind: 1 });
  await clock.forward(1000);
  await answer(2, { hits: [hit("t", 2), hit("t", 1)] });
  assert.deepEqual(seqs(), [2, 1]);
  await clock.forward(5000);
  assert.equal(asked.length, 3);
});

test("a question that failed says why, and can be asked again", async () => {
  const { clock, asked, finder, seqs, answer } = begin();
  finder.ask("a");
  await clock.forward(120);
  asked[0].refuse({ status: 422 });
  await idle();
  assert.deepEqual([seqs(), finder.found.problem.status, finder.found.asking], [null, 422, false]);
  finder.again();
  await answer(1, { hits: [hit("t", 1)] });
  assert.deepEqual([seqs(), finder.found.problem], [[1], null]);
});

test("after its end it asks nothing more", async () => {
  const { clock, asked, finder } = begin();
  finder.ask("a");
  finder.stop();
  await clock.forward(1000);
  assert.deepEqual([asked.length, clock.waiting], [0, 0]);
});
