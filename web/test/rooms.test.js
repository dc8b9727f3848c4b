import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNews } from "../app/news.js";
import { displayName, empty, groups, last, readOnly, reduce, settled } from "../app/rooms.js";

const ME = { name: "anna", display: "Anna Keller", role: "member" };
const T = "topic00000000001";
const D = "deal000000000001";
const deal = { id: D, name: "GeldGeldGeld AG", open: true, history: "all", people: [{ name: "bert", display: "Bert", role: "member", reads: true }] };
const topic = { id: T, deal: D, title: "Bewertung", number: 1, open: true, head: 0 };
const message = (seq, text = `m${seq}`, author = "bert") => ({ seq, author, time: 1000 + seq, kind: "text", ref: 0, text, redacted: false });

const run = (state, ...actions) => actions.reduce(reduce, state);
const watched = run(empty(ME, 0), { type: "watch" }, { type: "deal", deal }, { type: "topic", topic }, { type: "watched" });
const joined = run(watched, { type: "joined", topic: T, epoch: "e", from: 1, head: 0, start: 0 });
const come = (...messages) => ({ type: "messages", topic: T, messages });
const post = (id, text, ref = 0) => ({ type: "post", post: { id, topic: T, text, ref, time: 5 } });
const accepted = (id, seq) => ({ type: "accepted", topic: T, id, seq });
const seqs = (state) => state.logs.get(T).messages.map((message) => message.seq);
/** The posts that are shown beside the log. */
const pending = (state) => state.posts.filter((post) => post.match === 0).map((post) => post.id);

test("nothing is changed in place", () => {
  const frozen = run(joined, come(message(1)), post("a", "x"));
  const before = structuredClone(frozen);
  run(frozen, come(message(2, "x", "anna")), accepted("a", 2), { type: "trim", topic: T, keep: 1 }, { type: "topic-gone", id: T });
  assert.deepEqual(structuredClone(frozen), before);
});

test("messages count once, however often and in whatever batches they come", () => {
  const once = run(joined, come(message(1), message(2), message(3)));
  const often = run(joined, come(message(1)), come(message(1), message(2)), come(message(2)), come(message(2), message(3)), come(message(1)));
  assert.deepEqual(seqs(once), [1, 2, 3]);
  assert.deepEqual(often.logs.get(T).messages, once.logs.get(T).messages);
  assert.equal(run(once, come(message(2))), once);
});

test("a message after a gap isn't taken", () => {
  assert.deepEqual(seqs(run(joined, come(message(1)), come(message(3)))), [1]);
});

test("one's own post is in the log once, whichever of ACK and MESSAGE comes first", () => {
  const mine = message(1, "x", "anna");
  for (const order of [
    [accepted("a", 1), come(mine)],
    [come(mine), accepted("a", 1)],
    [come(mine), accepted("a", 1), accepted("a", 1), come(mine)],
  ]) {
    const state = run(joined, post("a", "x"), ...order);
    assert.deepEqual(seqs(state), [1]);
    assert.equal(state.posts.length, 0);
    assert.equal(state.logs.get(T).messages[0].id, "a", "it stays the same row");
  }
});

test("a post is shown once at every moment between", () => {
  const waiting = run(joined, post("a", "x"));
  assert.deepEqual(pending(waiting), ["a"]);
  assert.deepEqual(pending(run(waiting, accepted("a", 2))), ["a"], "an ACK before the MESSAGE");
  const shown = run(waiting, come(message(1, "x", "anna")));
  assert.deepEqual(pending(shown), [], "a MESSAGE before the ACK");
});

test("the same words twice are two messages, in any order of ACK and MESSAGE", () => {
  const orders = [
    [come(message(1, "x", "anna")), come(message(2, "x", "anna")), accepted("a", 1), accepted("b", 2)],
    [come(message(1, "x", "anna")), accepted("b", 1), come(message(2, "x", "anna")), accepted("a", 2)],
    [accepted("b", 1), accepted("a", 2), come(message(1, "x", "anna"), message(2, "x", "anna"))],
    [come(message(1, "x", "anna")), accepted("a", 2), accepted("b", 1), come(message(2, "x", "anna"))],
  ];
  for (const order of orders) {
    const state = run(joined, post("a", "x"), post("b", "x"), ...order);
    assert.deepEqual(seqs(state), [1, 2]);
    assert.equal(state.posts.length, 0);
  }
});

test("the same words from one's other device don't swallow a post", () => {
  const state = run(joined, post("a", "x"), come(message(1, "x", "anna")), accepted("a", 2));
  assert.deepEqual(pending(state), ["a"]);
  const after = run(state, come(message(2, "x", "anna")));
  assert.deepEqual(seqs(after), [1, 2]);
  assert.equal(after.posts.length, 0);
});

test("an ACK for a message that was already let go of ends its post", () => {
  const state = run(joined, post("a", "x"), come(message(1, "x", "anna"), message(2), message(3)), { type: "trim", topic: T, keep: 1 }, accepted("a", 1));
  assert.equal(state.posts.length, 0);
});

test("a refused post says why, and can be tried again or given up", () => {
  const failed = run(joined, post("a", "x"), { type: "failed", id: "a", code: 403, reason: "closed" });
  assert.equal(failed.posts[0].state, "failed");
  assert.equal(failed.posts[0].code, 403);
  assert.equal(run(failed, { type: "again", id: "a" }).posts[0].state, "waiting");
  assert.equal(run(failed, { type: "discard", id: "a" }).posts.length, 0);
});

test("a JOIN that goes on keeps the log; another epoch begins it anew, posts stay", () => {
  const state = run(joined, come(message(1), message(2)), post("a", "x"));
  const on = run(state, { type: "joined", topic: T, epoch: "e", from: 1, head: 9, start: 2 });
  assert.deepEqual(seqs(on), [1, 2]);
  assert.equal(settled(on.logs.get(T)), false);
  const anew = run(state, { type: "forget", topic: T }, { type: "joined", topic: T, epoch: "f", from: 1, head: 1, start: 0 }, come(message(1, "other")));
  assert.deepEqual(anew.logs.get(T).messages.map((m) => m.text), ["other"]);
  assert.deepEqual(pending(anew), ["a"]);
});

test("a post that looked like a message of a forgotten log waits in sight again", () => {
  const state = run(joined, post("a", "x"), come(message(1, "x", "anna")));
  assert.deepEqual(pending(state), []);
  const anew = run(state, { type: "joined", topic: T, epoch: "f", from: 1, head: 0, start: 0 });
  assert.deepEqual(pending(anew), ["a"]);
});

test("older pages go before what is there, once", () => {
  const state = run(watched, { type: "joined", topic: T, epoch: "e", from: 1, head: 5, start: 3 }, come(message(4), message(5)));
  const page = { type: "page", topic: T, messages: [message(2), message(3)] };
  const more = run(state, page, page);
  assert.deepEqual(seqs(more), [2, 3, 4, 5]);
  assert.equal(last(more.logs.get(T)), 5);
  assert.equal(run(state, { type: "page", topic: T, messages: [message(1), message(3)] }).logs.get(T).older, "failed");
});

test("what a repeated WATCH no longer names is gone", () => {
  const other = { ...topic, id: "topic00000000002" };
  const state = run(watched, { type: "topic", topic: other }, { type: "joined", topic: T, epoch: "e", from: 1, head: 0, start: 0 });
  const again = run(state, { type: "watch" }, { type: "deal", deal }, { type: "topic", topic: other });
  assert.ok(again.topics.has(T), "until the end of the WATCH nothing goes");
  const done = run(again, { type: "watched" });
  assert.deepEqual([...done.topics.keys()], [other.id]);
  assert.equal(done.logs.has(T), false);
});

test("a deal that is gone takes its topics and logs along, and what was written there if it doesn't come again", () => {
  const draft = { type: "draft", topic: T, draft: { text: "x", ref: 0, edit: null } };
  const gone = run(joined, come(message(1)), post("a", "x"), draft, { type: "deal-gone", id: D });
  assert.equal(gone.deals.size + gone.topics.size + gone.logs.size, 0);
  assert.deepEqual([gone.posts.length, gone.drafts.size], [1, 1]);
  const given = run(gone, { type: "give-up" });
  assert.deepEqual([given.posts.length, given.drafts.size, given.unsendable], [0, 0, 1]);
  const again = run(gone, { type: "topic", topic }, { type: "give-up" });
  assert.deepEqual([again.posts.length, again.drafts.size, again.unsendable], [1, 1, 0]);
});

test("unread is the server's count, but for what was read here since", () => {
  const unread = (count, read, head) => ({ type: "unread", topic: T, count, read, head });
  const of = (state) => state.topics.get(T).unread;
  const three = run(watched, unread(3, 2, 5));
  assert.equal(of(three), 3);
  const done = run(three, { type: "read", topic: T, seq: 5 });
  assert.equal(of(done), 0);
  assert.equal(of(run(done, unread(3, 2, 5))), 0, "a count from before");
  assert.equal(of(run(done, unread(4, 2, 6))), 1, "a count from before, and one more message");
  assert.equal(of(run(done, unread(1, 5, 6))), 1);
  const behind = run(watched, unread(2, 3, 7), { type: "read", topic: T, seq: 6 });
  assert.equal(of(behind), 1);
  assert.equal(run(behind, { type: "read", topic: T, seq: 6 }), behind, "read twice changes nothing");
});

test("topics stand by number, then title, in deals by name", () => {
  const collator = new Intl.Collator("de", { numeric: true });
  const make = (id, deal, number, title) => ({ type: "topic", topic: { ...topic, id, deal, number, title } });
  const state = run(
    watched,
    { type: "deal", deal: { ...deal, id: "d2", name: "Äpfel" } },
    make("a", D, 2, "A"), make("b", D, 1, "Übertragung"), make("c", D, 1, "Teil 10"), make("d", D, 1, "Teil 9"), make("e", "d2", 1, "E"),
    { type: "topic-gone", id: T },
  );
  const order = groups(state, collator).map(({ deal, topics }) => [deal.name, ...topics.map((topic) => topic.id)]);
  assert.deepEqual(order, [["Äpfel", "e"], ["GeldGeldGeld AG", "d", "c", "b", "a"]]);
});

test("why one can't write", () => {
  const of = (change, role = "member") => readOnly(run(empty({ ...ME, role }, 0), { type: "deal", deal: { ...deal, ...change } }), { ...topic, ...change.topic });
  assert.equal(of({}), "");
  assert.equal(of({}, "observer"), "observer");
  assert.equal(of({ topic: { open: false } }), "closed");
  assert.equal(of({ topic: { open: false, archived: true } }), "archived");
  assert.equal(of({ open: false }), "deal-closed");
});

test("people have their display names, or at least their names", () => {
  const known = watched.topics.get(T);
  assert.equal(displayName(watched, known, "bert"), "Bert");
  assert.equal(displayName(watched, known, "anna"), "Anna Keller");
  assert.equal(displayName(watched, known, "nobody"), "nobody");
});

test("who types is shown in the order in which they began, oneself never, until their message comes", () => {
  const typing = (name) => ({ type: "typing", topic: T, name });
  const both = run(joined, typing("bert"), typing("carla"), typing("bert"), typing("anna"));
  assert.deepEqual(both.typing.get(T), ["bert", "carla"]);
  assert.equal(run(both, typing("bert")), both);
  assert.deepEqual(run(both, come(message(1))).typing.get(T), ["carla"]);
  assert.equal(run(both, { type: "typing-over", topic: T, name: "bert" }, { type: "typing-over", topic: T, name: "carla" }).typing.size, 0);
  assert.equal(run(both, { type: "topic-gone", id: T }).typing.size, 0);
});

test("a repeated WATCH takes away who and what it doesn't name, and nothing before its end", () => {
  const before = run(watched, { type: "presence", name: "bert", presence: "online", reachable: false }, { type: "presence", name: "carla", presence: "away", reachable: false });
  const during = run(before, { type: "watch" }, { type: "deal", deal }, { type: "presence", name: "bert", presence: "online", reachable: false });
  assert.deepEqual([...during.presence], [["bert", "online"], ["carla", "away"]]);
  assert.ok(during.topics.has(T));
  const after = run(during, { type: "watched" });
  assert.deepEqual([...after.presence], [["bert", "online"]]);
  assert.deepEqual([after.deals.has(D), after.topics.has(T)], [true, false]);
});

const news = (...fields) => fromNews({ type: "PRESENCE", length: 0, fields, payload: new Uint8Array() });

test("who can be reached directly is said with the presence, until that is said without it", () => {
  const both = run(watched, news("bert", "online", "direct=1"), news("carla", "away", "since=5", "direct=1", "later=x"));
  assert.deepEqual([[...both.reachable], [...both.presence]], [["bert", "carla"], [["bert", "online"], ["carla", "away"]]]);
  assert.equal(run(both, news("bert", "online", "direct=1")), both);
  assert.deepEqual([...run(both, news("bert", "away", "direct=1")).reachable], ["bert", "carla"]);
  assert.deepEqual([...run(both, news("bert", "online")).reachable], ["carla"]);
  assert.deepEqual([...run(both, news("bert", "offline")).reachable], ["carla"]);
  for (const fields of [["bert", "online", "direct=0"], ["bert", "online", "direct"], ["bert", "direct=1"], ["direct=1", "online"]]) {
    assert.equal(run(watched, news(...fields)).reachable.size, 0, fields.join(" "));
  }
});

test("after a connection was lost, only those can be reached directly of whom it is said again", () => {
  const before = run(watched, news("bert", "online", "direct=1"), news("carla", "online", "direct=1"), news("dora", "online", "direct=1"));
  const during = run(before, { type: "watch" }, news("bert", "online", "direct=1"), news("carla", "online"));
  assert.deepEqual([...during.reachable], ["bert", "dora"]);
  assert.deepEqual([...run(during, { type: "watched" }).reachable], ["bert"]);
});
