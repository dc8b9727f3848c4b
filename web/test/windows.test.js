import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, isAhead, last, sight, WIDEST } from "../app/log.js";
import { Store } from "../app/store.js";
import { whole } from "../app/pages.js";
import { PAGE, TAIL, Windows } from "../app/windows.js";

const ME = { name: "anna", display: "Anna", role: "member" };
const T = "topic00000000001";
const D = "deal000000000001";

/** Numbers that are the same for the same seed. */
function random(seed) {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A server's log: what was posted, and how each message reads now. */
class Server {
  log = [];
  epoch = "e";

  post(kind = "text", ref = 0, text = "") {
    const seq = this.log.length + 1;
    this.log.push({ seq, author: "bert", time: 1000 + seq, kind, ref, text: text || `${kind} ${seq}`, redacted: false });
    if (kind !== "redact") return;
    // As the server's store does: the words go, also those of the edits.
    for (const other of this.log) if (other.seq === ref || (other.kind === "edit" && other.ref === ref)) Object.assign(other, { text: "", redacted: true });
  }

  /** Something that may be said in such a log. */
  act(pick) {
    const what = pick(10);
    const ref = this.log.length > 0 ? 1 + pick(this.log.length) : 0;
    const meant = this.log[ref - 1];
    if (what === 0 && meant?.kind === "text" && !meant.redacted) this.post("edit", ref);
    else if (what === 1 && meant?.kind === "text" && !meant.redacted && pick(4) === 0) this.post("redact", ref);
    else this.post();
  }

  /** How a message reads now. */
  reads(seq) {
    const message = this.log[seq - 1];
    if (message.redacted || message.kind !== "text") return message.text;
    return this.log.findLast(({ kind, ref }) => kind === "edit" && ref === seq)?.text ?? message.text;
  }

  entry({ seq, author, time, kind, ref, text, redacted }) {
    const entry = { seq, author, time, kind, ...(ref && { ref }) };
    return redacted ? { ...entry, redacted: 5, digest: "00".repeat(32) } : { ...entry, salt: "AAECAwQFBgcICQoL", body: text };
  }

  messages = async (topic, { before, after, since, limit, edits }) => {
    let found = this.log;
    if (since !== undefined) found = found.filter((message) => message.time >= since).slice(0, limit);
    else if (before !== undefined) found = found.slice(Math.max(0, before - 1 - limit), before - 1);
    else found = found.slice(after, after + limit);
    const end = found.at(-1)?.seq ?? 0;
    const seqs = new Set(found.map((message) => message.seq));
    const later = edits ? this.log.filter(({ seq, kind, ref }) => kind === "edit" && seq > end && seqs.has(ref) && !this.log[ref - 1].redacted) : [];
    return { messages: found.map(this.entry), edits: later.map(this.entry), head: this.log.length, epoch: this.epoch, from: 1 };
  };
}

/** A page that reads along; answers wait until they are let through. */
class World {
  constructor(seed, length) {
    this.pick = random(seed);
    this.server = new Server();
    while (this.server.log.length < length) this.server.act(this.pick);
    this.store = new Store(ME, 0);
    this.waiting = [];
    const api = { messages: async (...asked) => this.through(await this.server.messages(...asked)) };
    const store = this.store;
    const cursors = {
      older: async () => false,
      reach: async () => false,
      merge: (topic) => store.dispatch({ type: "merge", topic }),
      trim: (topic, keep) => store.dispatch({ type: "trim", topic, keep }),
    };
    this.windows = new Windows({ store, api, cursors });
    this.dispatch({ type: "topic", topic: { id: T, deal: D, title: "x", number: 1, open: true, head: length } });
    const start = Math.max(0, length - TAIL);
    this.dispatch({ type: "joined", topic: T, epoch: "e", from: 1, head: length, start });
    this.sent = start;
    this.stream();
  }

  dispatch = (action) => this.store.dispatch(action);

  through(answer) {
    return new Promise((resolve) => this.waiting.push(() => resolve(answer)));
  }

  get log() {
    return this.store.state.logs.get(T);
  }

  /** Some of what the channel has to carry comes. */
  stream(count = Infinity) {
    const messages = this.server.log.slice(this.sent, this.sent + count).map((message) => ({ ...message }));
    this.sent += messages.length;
    if (messages.length > 0) this.dispatch({ type: "messages", topic: T, messages });
  }

  async idle() {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }

  async step() {
    const { pick, windows, log } = this;
    const what = pick(12);
    if (what < 3) for (let n = pick(30); n >= 0; n--) this.server.act(pick);
    else if (what < 5) this.stream(1 + pick(40));
    else if (what === 5) void windows.look(T, 1 + pick(this.server.log.length));
    else if (what === 6) void windows.older(T);
    else if (what === 7) void windows.newer(T);
    else if (what === 8 && !log.window && log.messages.length > WIDEST) windows.part(T, log.start + 1 + pick(log.messages.length));
    else if (what === 9 && pick(4) === 0) windows.home(T);
    else if (this.waiting.length > 0) this.waiting.splice(pick(this.waiting.length), 1)[0]();
    await this.idle();
  }

  async settle() {
    for (let rounds = 0; rounds < 20; rounds++) {
      for (const answer of this.waiting.splice(0)) answer();
      this.stream();
      await this.idle();
    }
  }

  /** What holds at every moment. */
  check(said) {
    const { messages, start } = sight(this.log);
    messages.forEach((message, at) => assert.equal(message.seq, start + 1 + at, `${said}: a gap`));
    if (this.log.window) assert.ok(messages.length <= WIDEST, `${said}: ${messages.length} in a window`);
    const gone = this.server.log.filter(({ kind, seq }) => kind === "redact" && seq <= last(this.log)).map(({ ref }) => ref);
    for (const ref of gone) if (covers(sight(this.log), ref)) assert.equal(messages[ref - start - 1].text, "", `${said}: words of ${ref}, which was redacted`);
  }
}

test("in whatever order pages and live messages come, what is in sight is what the log says", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World(seed, 300 + (seed * 97) % 1500);
    let windows = 0;
    for (let step = 0; step < 120; step++) {
      await world.step();
      world.check(`seed ${seed}, step ${step}`);
      if (world.log.window) windows++;
    }
    await world.settle();
    world.check(`seed ${seed}`);
    assert.ok(windows > 0, `seed ${seed}: nobody looked elsewhere`);
    for (const { seq, kind, text } of sight(world.log).messages) {
      if (kind === "text") assert.equal(text, world.server.reads(seq), `seed ${seed}: message ${seq}`);
    }
    assert.ok(world.log.edits.length <= WIDEST + PAGE && world.log.quotes.size <= 400);
  }
});

test("a window that goes on comes to the tail and becomes it, without a gap", async () => {
  const world = new World(7, 1000);
  const looked = world.windows.look(T, 500);
  await world.settle();
  assert.equal(await looked, "there");
  assert.deepEqual([world.log.window.start, last(world.log.window)], [500 - PAGE - 1, 500 + PAGE - 1]);
  for (let pages = 0; world.log.window && pages < 20; pages++) {
    void world.windows.newer(T);
    await world.settle();
    world.check(`page ${pages}`);
  }
  assert.equal(world.log.window, null);
  assert.equal(last(world.log), world.server.log.length);
  assert.ok(world.log.start < 1000 - TAIL, "what was in sight still is");
});

test("back from a long tail one reads by a window, and the tail is cut", async () => {
  const world = new World(3, 400);
  for (let n = 0; n < 700; n++) world.server.post();
  world.stream();
  assert.ok(world.log.messages.length > 600);
  void world.windows.older(T);
  await world.settle();
  assert.equal(world.log.messages.length, TAIL);
  world.check("older");
  assert.ok(sight(world.log).start < 200);
});

test("the last of several looks counts, whichever is answered last", async () => {
  const world = new World(5, 2000);
  const first = world.windows.look(T, 100);
  const second = world.windows.look(T, 900);
  await world.idle();
  for (const answer of world.waiting.splice(0).reverse()) answer();
  assert.deepEqual(await Promise.all([first, second]), ["elsewhere", "there"]);
  assert.ok(covers(sight(world.log), 900));
  const third = world.windows.look(T, 100);
  world.windows.home(T);
  await world.settle();
  assert.equal(await third, "elsewhere");
  assert.equal(world.log.window, null);
});

test("what can't be fetched is said, and what lies before one's right isn't asked for", async () => {
  const world = new World(5, 2000);
  world.windows = new Windows({ store: world.store, api: { messages: () => Promise.reject(new Error("away")) }, cursors: { reach: async () => false } });
  assert.equal(await world.windows.look(T, 100), "unreachable");
  assert.equal(world.log.window, null);
  world.dispatch({ type: "joined", topic: T, epoch: "e", from: 1900, head: 2000, start: 2000 });
  assert.equal(await world.windows.look(T, 100), "beyond");
});

test("another epoch, or less that one may read, takes a window away", async () => {
  for (const news of [{ epoch: "f", from: 1, start: 1800 }, { epoch: "e", from: 600, start: 2000 }]) {
    const world = new World(5, 2000);
    void world.windows.look(T, 500);
    await world.settle();
    assert.ok(world.log.window);
    world.dispatch({ type: "joined", topic: T, head: 2000, ...news });
    assert.equal(world.log.window, null);
  }
  const world = new World(5, 2000);
  const looked = world.windows.look(T, 500);
  await world.idle();
  world.server.epoch = "f";
  world.dispatch({ type: "joined", topic: T, epoch: "f", from: 1, head: 2000, start: 1800 });
  await world.settle();
  assert.equal(await looked, "unreachable");
  assert.equal(world.log.window, null, "a page of the old epoch isn't shown in the new one");
});

test("what is left out for somebody who came later is no gap, and for others it is a fault", () => {
  const message = (seq) => ({ seq, author: "bert", time: 1, kind: "text", ref: 0, text: "x", redacted: false });
  assert.deepEqual(whole([message(11), message(13)], { after: 9 }, 5).map(({ seq, kind }) => `${seq} ${kind}`), ["10 edit", "11 text", "12 edit", "13 text"]);
  assert.deepEqual(whole([message(11)], { before: 14 }, 5).map(({ seq }) => seq), [11, 12, 13]);
  assert.deepEqual(whole([message(7)], { after: 2 }, 7).map(({ seq }) => seq), [7]);
  assert.throws(() => whole([message(11), message(13)], { after: 10 }, 1));
  assert.deepEqual(whole([], { after: 10 }, 1), []);
});

test("what there is no message for yet is said to be so, and not waited for, once the newest is known", async () => {
  const world = new World(7, 30);
  assert.equal(await world.windows.look(T, 99_999), "ahead");
  assert.equal(isAhead(world.log, 30, 30), false);
  // The server has told of one that hasn't come yet.
  world.server.post();
  world.dispatch({ type: "unread", topic: T, count: 1, read: 0, head: 31 });
  assert.deepEqual([await world.windows.look(T, 31), await world.windows.look(T, 32)], ["there", "ahead"]);
  // While the tail is still coming the newest isn't known.
  world.dispatch({ type: "joined", topic: T, epoch: "e", from: 1, head: 40, start: 31 });
  assert.equal(isAhead(world.log, 40, 99_999), false);
});
