/**
 * What a browser keeps, and what it makes of it at the next visit: against a
 * shelf that has its transactions in memory. The real one is tested in a
 * browser.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Left } from "../app/shelf.js";
import { DEAL, TOPIC, World, chainOf, hashes, idle, until } from "./scripted.js";

/** What is on the disk, for any number of tabs. */
class Disk {
  posts = new Map();
  drafts = new Map();
  logs = new Map();
  room = undefined;
  /** What a change comes to; an Error is thrown. */
  change = () => {};

  tab() {
    const disk = this;
    return {
      enter: async () => ({ room: disk.room, logs: structuredClone([...disk.logs.values()]) }),
      change: async (tab, { posts = [], answered = [], logs = [], dropped = [], room }) => {
        const error = disk.change({ posts, answered, logs, room });
        if (error) throw error;
        if (posts.length > 0) await disk.slowPosts;
        for (const post of posts) disk.posts.set(post.id, { ...structuredClone(post), tab });
        for (const id of answered) disk.posts.delete(id);
        for (const log of logs) disk.logs.set(log.topic, structuredClone(log));
        for (const topic of dropped) disk.logs.delete(topic);
        if (room) disk.room = structuredClone(room);
      },
      drafts: async () => structuredClone([...disk.drafts.values()]),
      draft: async (drafts) => {
        const error = disk.change({ drafts });
        if (error) throw error;
        await disk.slow;
        for (const [topic, draft] of drafts) {
          if (draft) disk.drafts.set(topic, { ...structuredClone(draft), topic });
          else disk.drafts.delete(topic);
        }
      },
      tabs: async () => [...new Set([...disk.posts.values()].map((post) => post.tab))],
      take: async (from, to) => {
        const taken = [...disk.posts.values()].filter((post) => post.tab === from);
        for (const post of taken) post.tab = to;
        return taken.map(({ tab, ...post }) => structuredClone(post));
      },
      shrink: async () => {
        disk.logs.clear();
        disk.room = undefined;
      },
    };
  }
}

/** The browser's locks: one holder a name, the others in their order. */
class Locks {
  #held = new Map();

  request = async (name, ...rest) => {
    const work = rest.at(-1);
    const before = this.#held.get(name) ?? Promise.resolve();
    const mine = before.then(work);
    this.#held.set(name, mine.catch(() => {}));
    return mine;
  };
}

const browser = () => ({ disk: new Disk(), locks: new Locks() });
let tabs = 0;

/** A page in a browser. */
function page({ disk, locks }, how = {}) {
  return new World({ shelf: Promise.resolve(disk.tab()), locks, tab: `tab-${++tabs}`, ...how });
}

/** A page that has read a topic up to its end, and stopped. */
async function visit(where, count = 3) {
  const chain = await hashes(count);
  const world = page(where);
  await world.start();
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: count, hash: chain[0] });
  for (let seq = 1; seq <= count; seq++) stream.message({ seq });
  await until(() => world.seqs().length === count);
  await world.clock.forward(3000);
  await until(() => where.disk.logs.has(TOPIC));
  return { world, stream, chain };
}

/** What is written in a topic, as the composer does it. */
function write(world, text, topic = TOPIC) {
  world.store.dispatch({ type: "draft", topic, draft: { text, ref: 0, edit: null } });
}

test("what is being written is kept at once, is there at the next visit, and is gone when it was sent or taken back", async () => {
  const where = browser();
  const { world } = await visit(where);
  write(world, "Grüße");
  await until(() => where.disk.drafts.get(TOPIC)?.text === "Grüße");
  world.session.stop();

  const next = page(where);
  await next.start();
  await until(() => next.state.drafts.get(TOPIC)?.text === "Grüße");
  write(next, "Grüße aus");
  await until(() => where.disk.drafts.get(TOPIC)?.text === "Grüße aus");
  write(next, "");
  await until(() => where.disk.drafts.size === 0);
  write(next, " ");
  await idle();
  assert.equal(where.disk.drafts.size, 0);
  next.session.stop();
});

test("what is being written goes no sooner than it is kept as a post", async () => {
  const where = browser();
  const { world } = await visit(where);
  write(world, "Grüße");
  await until(() => where.disk.drafts.size === 1);
  let goOn = () => {};
  where.disk.slowPosts = new Promise((resolve) => (goOn = resolve));
  write(world, "");
  world.session.outbox.post(TOPIC, "Grüße", 0);
  for (let turns = 0; turns < 20; turns++) await idle();
  assert.deepEqual([where.disk.drafts.get(TOPIC)?.text, where.disk.posts.size], ["Grüße", 0]);
  goOn();
  await until(() => where.disk.drafts.size === 0);
  assert.equal(where.disk.posts.size, 1);
  world.session.stop();
});

test("of many keys on a slow disk the last is kept, and the page can wait for it", async () => {
  const where = browser();
  const { world } = await visit(where);
  let writes = 0;
  where.disk.change = ({ drafts }) => void (writes += drafts ? 1 : 0);
  let goOn = () => {};
  where.disk.slow = new Promise((resolve) => (goOn = resolve));
  for (let keys = 1; keys <= 100; keys++) {
    write(world, "x".repeat(keys));
    await idle();
  }
  const written = world.session.keeper.written();
  goOn();
  await written;
  assert.equal(where.disk.drafts.get(TOPIC).text.length, 100);
  assert.ok(writes <= 3, `${writes} writes`);
  world.session.stop();
});

test("a draft of another tab isn't kept by this one", async () => {
  const where = browser();
  const { world } = await visit(where);
  world.store.dispatch({ type: "draft", topic: TOPIC, draft: { text: "dort", ref: 0, edit: null, elsewhere: true } });
  await world.session.keeper.written();
  assert.equal(where.disk.drafts.size, 0);
  world.session.stop();
});

test("a topic that goes and comes again at once takes neither drafts nor posts along; one that stays away does", async () => {
  const where = browser();
  const { world } = await visit(where);
  write(world, "Entwurf");
  world.link.control.send("TOPIC", [TOPIC, "gone"]);
  await until(() => !world.state.topics.has(TOPIC));
  world.session.outbox.post(TOPIC, "unterwegs", 0);
  await world.clock.forward(1000);
  world.link.control.send("TOPIC", [TOPIC], JSON.stringify({ deal: DEAL, title: "Forderungen", head: 3 }));
  await until(() => world.state.topics.has(TOPIC));
  await world.clock.forward(5000);
  assert.deepEqual([world.state.drafts.get(TOPIC)?.text, world.state.posts.length, world.state.unsendable], ["Entwurf", 1, 0]);
  assert.equal(where.disk.drafts.get(TOPIC)?.text, "Entwurf");

  world.link.control.send("TOPIC", [TOPIC, "gone"]);
  await until(() => !world.state.topics.has(TOPIC));
  await world.clock.forward(5000);
  assert.deepEqual([world.state.drafts.size, world.state.posts.length, world.state.unsendable], [0, 0, 1]);
  await until(() => where.disk.drafts.size === 0);
  world.session.stop();
});

test("a post is kept before it is sent, and until it is answered", async () => {
  const where = browser();
  const { world, stream } = await visit(where);
  let keptBefore = false;
  where.disk.change = () => void (keptBefore = stream.of("POST").length === 0);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  assert.ok(keptBefore, "it was sent first");
  assert.equal(where.disk.posts.get("id-1").message.text, "one");
  stream.send("ACK", ["id-1", 4]);
  await until(() => where.disk.posts.size === 0);
  world.session.stop();
});

test("what wasn't answered goes out at the next visit, under the same id, before what is written then", async () => {
  const where = browser();
  const { world, stream, chain } = await visit(where);
  for (const text of ["one", "two"]) world.session.outbox.post(TOPIC, text, 0);
  await until(() => stream.of("POST").length === 1 && where.disk.posts.size === 2);
  world.session.stop();

  const next = page(where, { prefix: "next-" });
  next.clock.sleep(60_000);
  await next.start();
  await until(() => next.state.posts.length === 2);
  next.session.outbox.post(TOPIC, "three", 0);
  const again = await next.join({ head: 3, hash: chain[3] });
  for (let seq = 4; seq <= 6; seq++) {
    await until(() => again.of("POST").length === seq - 3);
    again.send("ACK", [again.of("POST").at(-1).fields[0], seq]);
  }
  assert.deepEqual(again.of("POST").map((post) => new TextDecoder().decode(post.payload)), ["one", "two", "three"]);
  assert.equal(again.of("POST")[0].fields[0], "id-1");
  await until(() => where.disk.posts.size === 0);
  next.session.stop();
});

test("a refused post is there at the next visit, with the reason", async () => {
  const where = browser();
  const { world, stream } = await visit(where);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  stream.send("ERR", [403, "id-1"], "The topic is closed.");
  await until(() => where.disk.posts.get("id-1")?.state === "failed");
  world.session.stop();

  const next = page(where);
  await next.start();
  await until(() => next.state.posts.length === 1);
  assert.deepEqual([next.state.posts[0].state, next.state.posts[0].code, next.state.posts[0].reason], ["failed", 403, "The topic is closed."]);
  next.session.outbox.discard("id-1");
  await until(() => where.disk.posts.size === 0);
  next.session.stop();
});

test("two tabs send their own posts; one that is gone leaves its posts to another", async () => {
  const where = browser();
  const { world: one, stream } = await visit(where);
  const two = page(where);
  await two.start();
  one.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  await two.session.keeper.adopt();
  await idle();
  assert.equal(two.state.posts.length, 0, "its tab lives");
  one.session.stop();
  await until(() => two.state.posts.length === 1);
  const again = await until(() => two.link.topic(TOPIC));
  again.send("ACK", [TOPIC, 3, "e1", 1, (await hashes(3))[3]]);
  await until(() => again.of("POST").length === 1);
  assert.equal(again.of("POST")[0].fields[0], "id-1");
  two.session.stop();
});

test("a message that came before its ACK stands there once at the next visit, before the ACK and after it", async () => {
  const where = browser();
  const { world, stream, chain } = await visit(where, 1);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  stream.message({ seq: 2, author: "anna", text: "one" });
  await until(() => world.state.posts[0].match === 2);
  await world.clock.forward(3000);
  await until(() => where.disk.logs.get(TOPIC).messages.length === 2);
  world.session.stop();

  const next = page(where);
  await next.start();
  await until(() => next.state.posts.length === 1);
  assert.equal(next.state.posts[0].match, 2);
  const full = await chainOf([{ seq: 1 }, { seq: 2, author: "anna", text: "one" }]);
  const again = await next.join({ head: 2, hash: full[2] });
  await until(() => again.of("POST").length === 1);
  again.send("ACK", ["id-1", 2]);
  await until(() => next.state.posts.length === 0);
  assert.deepEqual(next.seqs(), [1, 2]);
  assert.equal(chain.length, 2);
  next.session.stop();
});

test("what was kept is joined where it ends, proved, and isn't current before the server has said so", async () => {
  const where = browser();
  const { world, chain } = await visit(where);
  world.session.stop();

  const next = page(where);
  void next.session.start();
  await until(() => next.state.logs.has(TOPIC));
  const log = () => next.state.logs.get(TOPIC);
  assert.deepEqual([next.seqs(), log().kept, log().asOf > 0, next.state.asOf > 0, next.state.watched], [[1, 2, 3], true, true, true, false]);
  await until(() => next.links.length > 0);
  await next.signIn();
  const stream = await until(() => next.link.topic(TOPIC));
  assert.deepEqual(stream.received[0].fields, [TOPIC, "3", "e1", chain[3]]);
  const longer = await hashes(4);
  stream.send("ACK", [TOPIC, 4, "e1", 1, chain[3]]);
  await idle();
  assert.equal(log().kept, true, "there is more to come");
  stream.message({ seq: 4 });
  await until(() => !log().kept && log().asOf === 0);
  const head = await until(() => stream.of("HEAD")[0]);
  stream.send("HEAD", [4, longer[4]]);
  await until(() => log().check?.ok && log().check.to === 4);
  assert.deepEqual(head.fields, ["4"]);
  next.session.stop();
});

test("a redaction while one was away takes the words from what is kept, with the first that comes", async () => {
  const where = browser();
  const { world, chain } = await visit(where);
  world.session.stop();
  const next = page(where);
  await next.start();
  const stream = await next.join({ head: 4, hash: chain[3] });
  stream.message({ seq: 4, kind: "redact", ref: 2, text: "" });
  await until(() => next.seqs().length === 4);
  assert.equal(next.state.logs.get(TOPIC).messages[1].text, "");
  await next.clock.forward(3000);
  await until(() => where.disk.logs.get(TOPIC).messages.length === 4);
  assert.ok(!JSON.stringify([...where.disk.logs.values()].map((log) => log.messages)).includes("m2"));
  next.session.stop();
});

test("a topic that isn't one's own any more is removed from what is kept at the next contact", async () => {
  const where = browser();
  const { world } = await visit(where);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => where.disk.posts.size === 1);
  world.session.stop();
  const next = page(where);
  await next.start([]);
  await until(() => where.disk.logs.size === 0);
  await next.clock.forward(3000);
  await until(() => where.disk.posts.size === 0);
  assert.equal(next.state.unsendable, 1, "and what wasn't sent is said");
  next.session.stop();
});

test("where one may read only from later on, what was kept of before is removed at the next contact", async () => {
  const where = browser();
  const { world, chain } = await visit(where);
  world.session.stop();
  assert.deepEqual(where.disk.logs.get(TOPIC).messages.map((message) => message.seq), [1, 2, 3]);
  const next = page(where);
  await next.start();
  await next.join({ head: 3, from: 4, hash: chain[3] });
  await until(() => !where.disk.logs.has(TOPIC));
  assert.deepEqual(next.seqs(), []);
  next.session.stop();
});

test("a store that was restored takes the place of what is kept", async () => {
  const where = browser();
  const { world } = await visit(where);
  world.session.stop();
  const next = page(where);
  await next.start();
  const stream = await until(() => next.link.topic(TOPIC));
  stream.send("ERR", [409, TOPIC, "e2"], "Another epoch.");
  stream.fin();
  await until(() => where.disk.logs.size === 0);
  next.session.stop();
});

test("a reply that waits isn't sent into another epoch, where it would answer something else; again, it is one without", async () => {
  const where = browser();
  const { world, stream } = await visit(where);
  world.session.outbox.post(TOPIC, "ja", 2);
  await until(() => stream.of("POST").length === 1);
  world.session.stop();
  const next = page(where);
  await next.start();
  const refused = await until(() => next.link.topic(TOPIC));
  refused.send("ERR", [409, TOPIC, "e2"], "Another epoch.");
  refused.fin();
  await next.clock.forward(1000);
  const fresh = await until(() => next.link.topic(TOPIC) !== refused && next.link.topic(TOPIC));
  fresh.send("ACK", [TOPIC, 0, "e2", 1, (await hashes(0))[0]]);
  await until(() => next.state.posts[0]?.state === "failed");
  assert.equal(next.state.posts[0].code, 412);
  assert.equal(fresh.of("POST").length, 0);
  next.session.outbox.again(next.state.posts[0].id);
  const [post] = await until(() => fresh.of("POST").length > 0 && fresh.of("POST"));
  assert.equal(post.fields.length, 1);
  next.session.stop();
});

test("a browser that refuses to keep anything costs nothing but that, and says so", async () => {
  const world = new World({ shelf: Promise.reject(new Error("refused")) });
  await world.start();
  assert.equal(world.state.storage, "refused");
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 0, hash: (await hashes(0))[0] });
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  world.session.stop();
});

test("one that doesn't answer is waited for a second, no longer", async () => {
  const world = new World({ shelf: new Promise(() => {}) });
  void world.session.start();
  await world.clock.forward(1100);
  await until(() => world.links.length > 0);
  assert.equal(world.state.storage, "refused");
  world.session.stop();
});

test("without space, what was read makes room for what was written; without any, it is said until there is some", async () => {
  const where = browser();
  const { world, stream } = await visit(where);
  const full = new DOMException("full", "QuotaExceededError");
  where.disk.change = () => (where.disk.logs.size > 0 ? full : null);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => where.disk.posts.size === 1);
  assert.equal(world.state.storage, "");
  where.disk.change = () => full;
  await until(() => stream.of("POST").length === 1);
  stream.send("ACK", ["id-1", 4]);
  world.session.outbox.post(TOPIC, "two", 0);
  await until(() => world.state.storage === "full");
  await until(() => stream.of("POST").length === 2);
  where.disk.change = () => null;
  world.session.outbox.post(TOPIC, "three", 0);
  await until(() => world.state.storage === "");
  assert.ok(where.disk.posts.has("id-2"), "what had no room has it now");
  world.session.stop();
});

test("an answered post that couldn't be removed is removed as soon as it can", async () => {
  const where = browser();
  const { world, stream } = await visit(where);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  let failures = 0;
  where.disk.change = ({ answered }) => (answered.length > 0 && failures++ < 2 ? new Error("the disk is busy") : null);
  stream.send("ACK", ["id-1", 4]);
  await until(() => failures > 0);
  stream.message({ seq: 4, author: "anna", text: "one" });
  await until(() => world.seqs().length === 4);
  stream.message({ seq: 5 });
  await until(() => where.disk.posts.size === 0);
  world.session.stop();
});

test("posts of a tab that is gone go between one's own, as they were written", async () => {
  const where = browser();
  const { world: gone } = await visit(where);
  gone.link.lose();
  await until(() => gone.state.connection.state !== "open");
  const world = page(where, { prefix: "mine-" });
  world.tried = () => {};
  void world.session.start();
  await until(() => world.state.logs.has(TOPIC));
  world.clock.sleep(gone.clock.now() - world.clock.now());
  for (const [writer, text] of [[world, "one"], [gone, "two"], [world, "three"]]) {
    for (const each of [world, gone]) each.clock.sleep(10);
    writer.session.outbox.post(TOPIC, text, 0);
  }
  await until(() => where.disk.posts.size === 3);
  gone.session.stop();
  await world.session.keeper.adopt();
  await until(() => world.state.posts.length === 3);
  assert.deepEqual(world.state.posts.map((post) => post.message.text), ["one", "two", "three"]);
  world.session.stop();
});

test("what a tab that is gone wanted to change in another epoch isn't sent", async () => {
  const where = browser();
  const { world: gone, stream } = await visit(where);
  const world = page(where);
  await world.start();
  gone.session.outbox.post(TOPIC, "better", 1, "edit");
  await until(() => stream.of("POST").length === 1);
  const refused = await until(() => world.link.topic(TOPIC));
  refused.send("ERR", [409, TOPIC, "e2"], "Another epoch.");
  refused.fin();
  await world.clock.forward(1000);
  const fresh = await until(() => world.link.topic(TOPIC) !== refused && world.link.topic(TOPIC));
  fresh.send("ACK", [TOPIC, 0, "e2", 1, (await hashes(0))[0]]);
  await until(() => world.state.logs.get(TOPIC)?.epoch === "e2");
  gone.session.stop();
  await world.session.keeper.adopt();
  await until(() => world.state.posts.length === 1);
  assert.deepEqual([world.state.posts[0].state, world.state.posts[0].code], ["failed", 412]);
  await idle();
  assert.equal(fresh.of("POST").length, 0);
  world.session.stop();
});

test("a redaction that names an edit which isn't held is asked about at the next visit, too", async () => {
  const where = browser();
  const chain = await hashes(251);
  const world = page(where);
  await world.start();
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 250, hash: chain[50] });
  for (let seq = 51; seq <= 250; seq++) stream.message({ seq });
  stream.message({ seq: 251, kind: "redact", ref: 10, text: "" });
  await until(() => world.seqs().length === 201);
  await world.clock.forward(3000);
  await until(() => where.disk.logs.has(TOPIC));
  world.session.stop();
  const asked = [];
  const next = page(where, { pages: async (topic, span) => (asked.push(span.after), { messages: [], head: 251, epoch: "e1", from: 1 }) });
  await next.start();
  await until(() => next.link.topic(TOPIC));
  next.link.topic(TOPIC).send("ACK", [TOPIC, 251, "e1", 1, "0".repeat(64)]);
  await until(() => asked.includes(9));
  next.session.stop();
});

test("somebody who signed out in another tab is signed out in this one", async () => {
  const where = browser();
  const { world } = await visit(where);
  where.disk.change = () => new Left();
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => world.state.connection.state === "ended");
  assert.equal(world.state.connection.why, "elsewhere");
});

test("what is kept is as old as the last time that it was known to be all", async () => {
  const where = browser();
  const { world } = await visit(where);
  await world.clock.forward(10 * 60_000);
  world.session.stop();
  const next = page(where);
  void next.session.start();
  await until(() => next.state.logs.has(TOPIC));
  assert.ok(next.state.logs.get(TOPIC).asOf > 1_000_000 + 9 * 60_000, "ten minutes of silence are ten minutes in which nothing was said");
  assert.equal(next.state.deals.get(DEAL).name, "Deal");
  next.session.stop();
});
