import assert from "node:assert/strict";
import { test } from "node:test";
import { Herald, isWorth, timeOfDay } from "../app/notices.js";
import { empty, reduce } from "../app/rooms.js";
import { DEFAULTS, unread } from "../app/settings.js";
import { idle } from "./scripted.js";

const D = "deal000000000001";
const people = ["anna", "bert"].map((name) => ({ name, display: name, role: "member", reads: true }));
const topic = (id, more = {}) => ({ id, deal: D, title: id, number: 1, open: true, head: 0, ...more });
const said = (seq, text, more = {}) => ({ seq, author: "bert", kind: "text", text, redacted: false, ...more });
const now = { me: "anna", time: "12:00", looking: false };
const worth = (chosen, message, more = {}, where = topic("t")) => isWorth({ ...DEFAULTS, ...chosen }, where, message, { ...now, ...more });

test("one is told as one has set it: of mentions, of all, of nothing, and of all that is direct", () => {
  const plain = said(1, "Guten Tag");
  const mention = said(1, "Kann @anna das ansehen?");
  assert.deepEqual([worth({}, plain), worth({}, mention)], [false, true]);
  assert.deepEqual([worth({ notice: "all" }, plain), worth({ notice: "none" }, mention)], [true, false]);
  assert.deepEqual([worth({ notices: { t: "all" } }, plain), worth({ notices: { t: "none" } }, mention)], [true, false]);
  assert.equal(worth({}, plain, {}, topic("t", { direct: true })), true);
  assert.equal(worth({}, said(1, "bei anna@example.com und @annabel")), false);
});

test("one isn't told of oneself, of what is before one's eyes, redacted or changed, nor in quiet hours", () => {
  const all = { notice: "all" };
  assert.equal(worth(all, said(1, "a", { author: "anna" })), false);
  assert.equal(worth(all, said(1, "a"), { looking: true }), false);
  assert.equal(worth(all, said(1, "", { redacted: true })), false);
  for (const kind of ["edit", "redact", "system"]) assert.equal(worth(all, said(1, "a", { kind })), false, kind);
  assert.equal(worth({ ...all, quiet: { from: "11:00", to: "13:00" } }, said(1, "a")), false);
  assert.equal(worth({ ...all, quiet: { from: "19:00", to: "08:00" } }, said(1, "a")), true);
  assert.equal(timeOfDay(new Date(2026, 10, 22, 7, 5)), "07:05");
});

/** A herald over a room that the test changes. */
function begin(chosen = { notice: "all" }) {
  const shown = [];
  const closed = [];
  const standing = new Map();
  const log = new Map();
  const world = { allowed: true, looking: false, fail: 0, fetched: 0 };
  let rooms = empty({ name: "anna", display: "Anna", role: "member" }, 0);
  const run = (...actions) => (rooms = actions.reduce(reduce, rooms));
  run({ type: "watch" }, { type: "deal", deal: { id: D, name: "Deal", open: true, history: "all", people } }, { type: "topic", topic: topic("t", { head: 3 }) }, { type: "watched" });
  const herald = new Herald({
    rooms: () => rooms,
    chosen: () => ({ ...DEFAULTS, ...chosen }),
    fetch: async (id, after, limit) => {
      world.fetched++;
      if (world.fail-- > 0) throw new Error("away");
      const found = (log.get(id) ?? []).filter(({ seq }) => seq > after).slice(0, limit);
      world.whileFetching?.();
      return found;
    },
    allowed: () => world.allowed,
    looking: async () => world.looking,
    time: () => "12:00",
    show: async (notice) => {
      world.whileShowing?.();
      shown.push([notice.topic, notice.seq, notice.count, notice.text]);
      standing.set(notice.topic, { topic: notice.topic, seq: notice.seq, words: notice.text !== "" });
    },
    up: async () => [...standing.values()],
    close: (id, read) => {
      closed.push([id, read]);
      if ((standing.get(id)?.seq ?? Infinity) <= read) standing.delete(id);
    },
    share: () => {},
  });
  const write = (id, ...messages) => {
    log.set(id, [...(log.get(id) ?? []), ...messages]);
    run({ type: "unread", topic: id, count: messages.length, read: rooms.topics.get(id)?.read ?? 0, head: messages.at(-1).seq });
  };
  const look = async () => {
    herald.update();
    await idle();
  };
  /** What the server does: the words go, and a message says so. */
  const redact = (id, seq) => {
    log.set(id, log.get(id).map((message) => (message.seq === seq ? { ...message, text: "", redacted: true } : message)));
    write(id, said(log.get(id).at(-1).seq + 1, "", { kind: "redact", ref: seq }));
  };
  return { herald, shown, closed, standing, world, run, write, redact, look, rooms: () => rooms };
}

test("what was there before isn't told; what comes is, once, the newest for all that is unread", async () => {
  const { shown, run, write, look } = begin();
  run({ type: "unread", topic: "t", count: 0, read: 3, head: 3 });
  await look();
  assert.deepEqual(shown, []);
  write("t", said(4, "vier"));
  await look();
  await look();
  write("t", said(5, "fünf"));
  await look();
  assert.deepEqual(shown, [["t", 4, 1, ""], ["t", 5, 2, ""]], "and nothing of their words");
});

test("what was fetched along with something older isn't told again when it is known to be there", async () => {
  const { shown, run, write, look } = begin();
  await look();
  write("t", said(4, "vier"), said(5, "fünf"));
  run({ type: "unread", topic: "t", count: 2, read: 0, head: 5 });
  const told = () => shown.map(([, seq]) => seq);
  await look();
  assert.deepEqual(told(), [5]);
  write("t", said(6, "sechs", { author: "anna" }));
  await look();
  assert.deepEqual(told(), [5]);
});

test("the words are told where one wants that, as plain text", async () => {
  const { shown, write, look } = begin({ notice: "all", extracts: true });
  await look();
  write("t", said(4, "**Zwölf**\n\nMillionen"));
  await look();
  assert.equal(shown[0][3], "Zwölf Millionen");
  write("t", said(5, '{"source":"https://host.example","reading":{"price":12.30}}', { kind: "report" }));
  await look();
  assert.equal(shown[1][3], "price 12.30");
});

test("what is read meanwhile, here or in another tab, is taken back and not told", async () => {
  const { herald, shown, closed, run, write, look } = begin();
  await look();
  write("t", said(4, "vier"));
  await look();
  run({ type: "read", topic: "t", seq: 4 });
  await look();
  assert.deepEqual(closed.at(-1), ["t", 4]);
  write("t", said(5, "fünf"));
  herald.update();
  herald.heard("t", 5);
  await idle();
  assert.deepEqual(shown.length, 1);
  assert.deepEqual(closed.at(-1), ["t", 5]);
});

test("what is read in another tab just while it is being shown is taken back", async () => {
  const { herald, shown, closed, world, write, look } = begin();
  await look();
  write("t", said(4, "vier"));
  world.whileShowing = () => herald.heard("t", 4);
  await look();
  assert.deepEqual([shown.length, closed.filter(([, read]) => read === 4).length], [1, 2], "once it was heard, and once it was there");
});

test("of a topic that is taken away nothing is told, also while its messages are fetched", async () => {
  const { herald, shown, closed, run, write, look } = begin();
  await look();
  write("t", said(4, "vier"));
  herald.update();
  run({ type: "topic-gone", id: "t" });
  await idle();
  await look();
  assert.deepEqual([shown, closed.at(-1)], [[], ["t", Infinity]]);
});

test("a tab that isn't the one to tell asks for nothing, and tells nothing later", async () => {
  const { shown, world, write, look } = begin();
  await look();
  world.allowed = false;
  write("t", said(4, "vier"));
  await look();
  world.allowed = true;
  await look();
  assert.deepEqual([shown, world.fetched], [[], 0]);
});

test("what is to be told of nothing isn't even asked for", async () => {
  const { world, write, look } = begin({ notices: { t: "none" } });
  await look();
  write("t", said(4, "vier"));
  await look();
  assert.equal(world.fetched, 0);
});

test("a conversation that somebody begins is told from its first message", async () => {
  const { shown, run, write, look } = begin({});
  await look();
  run({ type: "topic", topic: topic("u", { direct: true, members: ["anna", "bert"], head: 1 }) });
  write("u", said(1, "Unter uns"));
  await look();
  assert.deepEqual(shown, [["u", 1, 1, ""]]);
});

test("what couldn't be learned is tried again, a few times", async () => {
  const { shown, world, write, look } = begin();
  await look();
  world.fail = 2;
  write("t", said(4, "vier"));
  for (let time = 0; time < 5; time++) await look();
  assert.deepEqual([shown.length, world.fetched], [1, 3]);
  world.fail = 100;
  write("t", said(5, "fünf"));
  for (let time = 0; time < 10; time++) await look();
  assert.equal(world.fetched, 3 + 4);
});

test("what is unread counts where one wants to be told of it", () => {
  const { rooms, write, run } = begin();
  run({ type: "topic", topic: topic("u") });
  write("t", said(4, "a"), said(5, "b"));
  write("u", said(1, "c"));
  assert.deepEqual([unread(rooms(), DEFAULTS), unread(rooms(), { ...DEFAULTS, notices: { t: "none" } })], [3, 1]);
});

test("what is redacted is taken back, also of a topic whose log isn't here", async () => {
  const { standing, world, write, redact, look } = begin({ notice: "all", extracts: true });
  await look();
  write("t", said(4, "zwölf Millionen"));
  await look();
  write("t", said(5, "noch etwas", { author: "anna" }));
  await look();
  assert.deepEqual([...standing.keys()], ["t"], "what else came changes nothing");
  redact("t", 4);
  await look();
  assert.deepEqual([...standing.keys()], []);
  const { fetched } = world;
  write("t", said(7, "und noch etwas", { author: "anna" }));
  await look();
  assert.equal(world.fetched, fetched + 1, "what was taken back isn't asked for any more");
});

test("what the log shows redacted is taken back, with its words or without", async () => {
  for (const extracts of [true, false]) {
    const { standing, world, run, write, look } = begin({ notice: "all", extracts });
    const message = (seq, kind, ref, text) => ({ type: "messages", topic: "t", messages: [{ seq, author: "bert", time: 0, kind, ref, text, redacted: false }] });
    run({ type: "joined", topic: "t", epoch: "e", from: 1, start: 3, head: 3 }, { type: "read", topic: "t", seq: 3 });
    await look();
    run(message(4, "text", 0, "zwölf Millionen"));
    write("t", said(4, "zwölf Millionen"));
    await look();
    assert.deepEqual([...standing.keys()], ["t"]);
    run(message(5, "redact", 4, ""));
    await look();
    assert.deepEqual([[...standing.keys()], world.fetched], [[], 0]);
  }
});

test("what is redacted just while it is being shown is taken back", async () => {
  for (const moment of ["whileShowing", "whileFetching"]) {
    const { shown, standing, world, write, redact, look } = begin({ notice: "all", extracts: true });
    await look();
    write("t", said(4, "zwölf Millionen"));
    world[moment] = () => {
      delete world[moment];
      redact("t", 4);
    };
    await look();
    assert.deepEqual([shown.length, [...standing.keys()]], [1, []], moment);
  }
});

test("what an earlier page or another tab has told is looked after by the one that tells now", async () => {
  const { herald, standing, write, redact, look } = begin();
  write("t", said(4, "vier"));
  redact("t", 4);
  standing.set("t", { topic: "t", seq: 4, words: true });
  standing.set("gone", { topic: "gone", seq: 4, words: true });
  await herald.lead();
  await look();
  assert.deepEqual([...standing.keys()], []);
});

test("words of which it can't be learned whether they were redacted are taken back", async () => {
  const { standing, world, write, look } = begin({ notice: "all", extracts: true });
  await look();
  write("t", said(4, "zwölf Millionen"));
  await look();
  world.fail = 100;
  write("t", said(5, "noch etwas"));
  await look();
  assert.equal(standing.size, 1);
  for (let time = 0; time < 5; time++) await look();
  assert.equal(standing.size, 0);
});

test("after one has signed out nothing is told that was still being asked for", async () => {
  const { shown, world, write, look } = begin();
  await look();
  world.whileFetching = () => (world.allowed = false);
  write("t", said(4, "vier"));
  await look();
  assert.deepEqual(shown, []);
});

test("nothing is fetched that wouldn't be told: in quiet hours, or of what one has before one's eyes", async () => {
  for (const [chosen, looking] of /** @type {const} */ ([[{ notice: "all", quiet: { from: "11:00", to: "13:00" } }, false], [{ notice: "all" }, true], [{ notice: "none" }, false]])) {
    const { shown, world, write, look } = begin(chosen);
    world.looking = looking;
    await look();
    write("t", said(4, "vier"));
    await look();
    assert.deepEqual([shown, world.fetched], [[], 0]);
  }
});
