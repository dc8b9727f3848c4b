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
  const search = (question, cursor, limit, signal) => new Promise((answer, refuse) => asked.push({ question, cursor, limit, signal, answer, refuse }));
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

/** A finder with so many hits, of which all but twenty were fetched as more. */
async function paged(count) {
  const world = begin();
  const { clock, finder, asked, answer } = world;
  const hits = Array.from({ length: count }, (_, at) => hit("t", count - at));
  finder.look(rooms({ t: count }));
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: hits.slice(0, 20), cursor: "20" });
  for (let at = 20; at < count; at += 20) {
    void finder.more();
    await answer(asked.length - 1, { hits: hits.slice(at, at + 20), cursor: String(at + 20) });
  }
  return { ...world, hits };
}

test("what was fetched as more is looked for again too, for as many as there are", async () => {
  const { clock, asked, finder, seqs, answer, hits } = await paged(40);
  finder.look(rooms({ t: 41 }));
  await clock.forward(1000);
  const { cursor, limit } = asked.at(-1);
  assert.deepEqual([asked.length, cursor, limit], [3, "", 40]);
  await answer(2, { hits: hits.filter(({ seq }) => seq !== 5), cursor: "39" });
  assert.deepEqual([seqs().length, seqs().includes(5), finder.found.cursor], [39, false, "39"], "what was redacted is there no more");
});

test("more than the server gives at once is looked for again in several answers, shown together", async () => {
  const { clock, asked, finder, seqs, answer, hits } = await paged(120);
  finder.look(rooms({ t: 121 }));
  await clock.forward(1000);
  const first = asked.length - 1;
  assert.equal(asked[first].limit, 100);
  await answer(first, { hits: hits.slice(1, 101), cursor: "c" });
  assert.deepEqual([seqs().length, asked[first + 1].cursor, asked[first + 1].limit], [120, "c", 20]);
  await answer(first + 1, { hits: hits.slice(101), cursor: "" });
  assert.deepEqual([seqs().length, finder.found.cursor, finder.found.asking], [119, "", false]);
});

test("a topic that is always fed doesn't put off that it is looked for again", async () => {
  const { clock, asked, finder, answer } = begin();
  finder.look(rooms({ t: 1 }));
  finder.ask("a");
  await clock.forward(120);
  await answer(0, { hits: [hit("t", 1)] });
  for (let head = 2; head < 8; head++) {
    finder.look(rooms({ t: head }));
    await clock.forward(300);
  }
  assert.equal(asked.length, 2);
  // What came since it was asked is looked for after the answer.
  await answer(1, { hits: [hit("t", 2)] });
  await clock.forward(1000);
  assert.equal(asked.length, 3);
});

test("more can be asked for while it is looked for again, which is done afterwards", async () => {
  const { clock, asked, finder, seqs, answer, hits } = await paged(20);
  finder.look(rooms({ t: 21 }));
  await clock.forward(1000);
  void finder.more();
  assert.ok(asked[1].signal.aborted);
  assert.equal(asked[2].cursor, "20");
  await answer(2, { hits: [hit("t", 100)], cursor: "" });
  assert.equal(seqs().length, 21);
  await clock.forward(1000);
  await answer(3, { hits: hits.slice(1) });
  assert.equal(seqs().length, 19);
});
