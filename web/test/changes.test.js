import assert from "node:assert/strict";
import { test } from "node:test";
import { original } from "../app/changes.js";
import { OUTDATED, empty, lastOwn, reduce, rights } from "../app/rooms.js";
import { rows } from "../app/rows.js";

const ME = { name: "anna", display: "Anna Keller", role: "member" };
const T = "topic00000000001";
const D = "deal000000000001";
const SECRET = "Zwölftausend";
const topic = { id: T, deal: D, title: "Bewertung", number: 1, open: true, head: 0 };

/** A message as it comes; one of the kind "edit 1" is an edit of message 1. */
const message = (seq, kind, text, { author = "anna", redacted = false } = {}) => {
  const [name, ref = 0] = kind.split(" ");
  return { seq, author, time: 1000 + seq, kind: name, ref: Number(ref), text: redacted ? "" : text, redacted };
};
const run = (state, ...actions) => actions.reduce(reduce, state);
const come = (...messages) => ({ type: "messages", topic: T, messages });
const page = (...messages) => ({ type: "page", topic: T, messages });
const quote = (message) => ({ type: "quote", topic: T, seq: message.seq, message });
const post = (id, kind, text) => {
  const [name, ref = 0] = kind.split(" ");
  return { type: "post", post: { id, topic: T, kind: name, text, ref: Number(ref), time: 5 } };
};
const joinedAt = (start, head, role = "member") =>
  run(
    empty({ ...ME, role }, 0),
    { type: "watch" },
    { type: "deal", deal: { id: D, name: "GeldGeldGeld AG", open: true, history: "all", people: [] } },
    { type: "topic", topic },
    { type: "watched" },
    { type: "joined", topic: T, epoch: "e", from: 1, head, start },
  );
const joined = joinedAt(0, 0);
const log = (state) => state.logs.get(T);
const at = (state, seq) => log(state).messages.find((message) => message.seq === seq);
const texts = (message) => message.versions?.map((version) => version.text) ?? [message.text];

/** Everywhere in a value where a text has a word in it. */
function places(value, word, path = "state", seen = new Set()) {
  if (typeof value === "string") return value.includes(word) ? [path] : [];
  if (value === null || typeof value !== "object" || seen.has(value)) return [];
  seen.add(value);
  const entries = value instanceof Map || value instanceof Set ? [...value.entries()] : Reflect.ownKeys(value).map((key) => [key, value[key]]);
  return entries.flatMap(([key, inner]) => [...places(key, word, `${path}(key)`, seen), ...places(inner, word, `${path}.${String(key)}`, seen)]);
}

/** All orders of a list. */
function* orders(list) {
  if (list.length < 2) yield list;
  for (let at = 0; at < list.length; at++) for (const rest of orders(list.toSpliced(at, 1))) yield [list[at], ...rest];
}

test("an edited message has its newest text, and all versions with their times", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "text", "x"), message(3, "edit 1", "b")), come(message(4, "edit 1", "c")));
  assert.equal(at(state, 1).text, "c");
  assert.deepEqual(at(state, 1).versions, [{ seq: 1, time: 1001, text: "a" }, { seq: 3, time: 1003, text: "b" }, { seq: 4, time: 1004, text: "c" }]);
  assert.equal(at(state, 2).versions, undefined);
});

test("edits and redactions keep their place in the log, and are no rows", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "edit 1", "b"), message(3, "text", "c"), message(4, "redact 3", "")));
  assert.deepEqual(log(state).messages.map((message) => message.seq), [1, 2, 3, 4]);
  assert.equal(state.topics.get(T).head, 4);
  const shown = rows(log(state).messages, [], null, "anna").filter((row) => row.kind === "message");
  assert.deepEqual(shown.map((row) => row.message.seq), [1, 3]);
});

test("an edit isn't news: no line stands above it", () => {
  const state = run(joined, come(message(1, "text", "a", { author: "bert" }), message(2, "edit 1", "b", { author: "bert" })));
  assert.deepEqual(rows(log(state).messages, [], 1, "anna").map((row) => row.kind), ["day", "message"]);
});

test("whatever comes twice, in whatever batches, changes nothing more", () => {
  const all = [message(1, "text", "a"), message(2, "edit 1", "b"), message(3, "text", "x"), message(4, "edit 1", "c"), message(5, "redact 3", "why")];
  const once = run(joined, come(...all));
  const often = run(joined, ...all.flatMap((_, end) => [come(...all.slice(0, end + 1)), come(...all.slice(0, end))]), quote(at(once, 1)), page(), page());
  assert.deepEqual(log(often).messages, log(once).messages);
  assert.equal(at(run(once, page()), 1), at(once, 1), "what is the same stays the same object");
});

test("only edits by the author count, of what can be edited", () => {
  const state = run(joined, come(
    message(1, "text", "a"), message(2, "edit 1", "forged", { author: "bert" }), message(3, "system", "s"), message(4, "edit 3", "t"), message(5, "edit 1", "b"), message(6, "edit 2", "c"),
  ));
  assert.deepEqual(texts(at(state, 1)), ["a", "b"]);
  assert.equal(at(state, 3).text, "s");
  assert.equal(at(state, 2).text, "forged", "it stays what it was, for nobody to see");
});

test("a page of older messages brings the original of edits that are held", () => {
  const late = run(joinedAt(2, 4), come(message(3, "edit 1", "b"), message(4, "edit 2", "y")));
  const state = run(late, page(message(1, "text", "a"), message(2, "text", "x")));
  assert.deepEqual([texts(at(state, 1)), texts(at(state, 2))], [["a", "b"], ["x", "y"]]);
});

test("a page of older messages brings earlier edits of what is held as a quote", () => {
  const late = run(joinedAt(3, 4), come(message(4, "edit 1", "c")), quote(message(1, "text", "a")));
  assert.equal(log(late).quotes.get(1).text, "c");
  const state = run(late, page(message(2, "edit 1", "b"), message(3, "text", "x")));
  assert.deepEqual(texts(log(state).quotes.get(1)), ["a", "b", "c"]);
});

test("what was let go of and comes again is as it was", () => {
  const all = [message(1, "text", "a"), message(2, "edit 1", "b"), message(3, "text", "x"), message(4, "edit 1", "c")];
  const state = run(joined, come(...all));
  const again = run(state, { type: "trim", topic: T, keep: 1 }, page(...all.slice(0, 3)));
  assert.deepEqual(log(again).messages, log(state).messages);
});

test("a redaction that arrives takes the words from everywhere, at once", () => {
  const before = run(
    joinedAt(0, 0, "admin"),
    come(message(1, "text", `${SECRET} 1`), message(2, "edit 1", `${SECRET} 2`), message(3, "text 1", "a reply"), message(4, "edit 1", `${SECRET} 3`)),
    quote(message(1, "text", `${SECRET} 1`)),
    post("waiting", "edit 1", `${SECRET} waiting`),
    post("accepted", "edit 1", `${SECRET} accepted`), { type: "accepted", topic: T, id: "accepted", seq: 9 },
    post("failed", "edit 1", `${SECRET} failed`), { type: "failed", id: "failed", code: 429, reason: "Too many." },
  );
  assert.equal(places(before, SECRET).length, 13, "the walk finds what is there");
  const state = run(before, come(message(5, "redact 1", "a name", { author: "bert" })));
  assert.deepEqual(places(state, SECRET), []);
  assert.deepEqual([at(state, 1).redacted, at(state, 1).redaction], [true, { seq: 5, author: "bert", time: 1005, reason: "a name" }]);
  assert.deepEqual(state.posts.map(({ id, state, code }) => [id, state, code]), [["waiting", "failed", 410], ["accepted", "accepted", 0], ["failed", "failed", 410]]);
  assert.equal(run(state, come(message(5, "redact 1", "a name"))), state);
  assert.equal(at(state, 3).text, "a reply");
});

test("no order of what comes leaves a word", () => {
  const words = message(1, "text", SECRET);
  const steps = [
    quote(words),
    quote(message(2, "edit 1", SECRET)),
    page(words, message(2, "edit 1", SECRET)),
    come(message(3, "edit 1", SECRET)),
    post("mine", "edit 1", SECRET),
  ];
  for (const order of orders(steps)) {
    // The redaction may come between any two of them, as soon as 3 has come.
    for (let place = order.indexOf(steps[3]) + 1; place <= steps.length; place++) {
      const state = run(joinedAt(2, 2), ...order.slice(0, place), come(message(4, "redact 1", "why")), ...order.slice(place));
      assert.deepEqual(places(state, SECRET), [], order.map((action) => action.type).join());
      assert.equal(log(state).messages.find((message) => message.seq === 1).redaction.reason, "why");
    }
  }
});

test("a redaction may name an edit: its original is meant", () => {
  const state = run(joined, come(message(1, "text", SECRET), message(2, "edit 1", SECRET), message(3, "edit 1", SECRET), message(4, "redact 2", "")));
  assert.deepEqual(places(state, SECRET), []);
  assert.equal(at(state, 1).redaction.seq, 4);
});

test("a redaction that names an edit which isn't held works as soon as that is known", () => {
  const before = run(joinedAt(2, 2), quote(message(1, "text", SECRET)), come(message(3, "edit 1", SECRET), message(4, "redact 2", "")));
  assert.equal(places(before, SECRET).length, 4);
  assert.deepEqual(places(run(before, quote(message(2, "edit 1", "", { redacted: true }))), SECRET), []);
});

test("what comes redacted takes the words of its edits, before the redaction itself comes", () => {
  const original = run(joinedAt(1, 1), come(message(2, "edit 1", SECRET)), page(message(1, "text", "", { redacted: true })));
  assert.deepEqual(places(original, SECRET), []);
  assert.equal(at(original, 1).redaction ?? null, null);
  const edit = run(joined, come(message(1, "text", SECRET), message(2, "edit 1", SECRET), message(3, "edit 1", "", { redacted: true })));
  assert.deepEqual(places(edit, SECRET), []);
  assert.equal(at(run(edit, come(message(4, "redact 1", "why"))), 1).redaction.reason, "why");
});

test("redacted again, it was redacted by the first", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "redact 1", "first"), message(3, "redact 1", "second")));
  assert.equal(at(state, 1).redaction.reason, "first");
});

test("an edit that comes redacted, of an original that one may not read, isn't shown", () => {
  const state = run(joinedAt(4, 5), come(message(5, "edit 1", "", { redacted: true }), message(6, "text", "x")));
  assert.deepEqual(rows(log(state).messages, [], null, "anna").map((row) => row.message?.seq ?? row.kind), ["day", 6]);
});

test("one's own edit stands at its message while it is on its way, and once it was refused", () => {
  const waiting = run(joined, come(message(1, "text", "a")), post("b", "edit 1", "b"));
  const shown = (state) => rows(log(state).messages, state.posts, null, "anna").filter((row) => row.kind === "message");
  assert.deepEqual(shown(waiting).map((row) => [row.message.seq, row.change?.id]), [[1, "b"]]);
  const failed = run(waiting, { type: "failed", id: "b", code: 422, reason: "" });
  assert.equal(shown(failed)[0].change.state, "failed");
  for (const order of [[come(message(2, "edit 1", "b")), { type: "accepted", topic: T, id: "b", seq: 2 }], [{ type: "accepted", topic: T, id: "b", seq: 2 }, come(message(2, "edit 1", "b"))]]) {
    const done = run(waiting, ...order);
    assert.deepEqual(shown(done).map((row) => [row.message.text, row.change]), [["b", null]]);
    assert.equal(done.posts.length, 0);
  }
});

test("what was refused for a message that isn't held stands by itself", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "text", "b")), post("c", "edit 1", "c"), { type: "trim", topic: T, keep: 1 });
  const seen = (state) => rows(log(state).messages, state.posts, null, "anna").flatMap((row) => (row.kind === "message" ? [row.message.seq || row.message.id] : []));
  assert.deepEqual(seen(state), [2]);
  assert.deepEqual(seen(run(state, { type: "failed", id: "c", code: 403, reason: "" })), [2, "c"]);
});

test("an edit that is refused because its message is redacted keeps no words; a redaction that comes too late is none", () => {
  const state = run(joined, come(message(1, "text", "a")), post("b", "edit 1", SECRET), post("c", "redact 1", "why"));
  const refused = run(state, { type: "failed", id: "b", code: 410, reason: "" }, { type: "failed", id: "c", code: 410, reason: "" });
  assert.deepEqual(places(refused, SECRET), []);
  assert.deepEqual(refused.posts.map(({ id, code }) => [id, code]), [["b", 410]]);
});

test("in another epoch nothing is done to what may be another message", () => {
  const state = run(joined, come(message(1, "text", "a")), post("b", "edit 1", "b"), post("c", "redact 1", ""), post("d", "text", "d"));
  const anew = run(state, { type: "forget", topic: T }, { type: "joined", topic: T, epoch: "f", from: 1, head: 1, start: 0 });
  assert.deepEqual(anew.posts.map(({ id, state, code }) => [id, state, code]), [["b", "failed", OUTDATED], ["c", "failed", OUTDATED], ["d", "waiting", 0]]);
  const same = run(state, { type: "forget", topic: T }, { type: "joined", topic: T, epoch: "e", from: 1, head: 1, start: 0 });
  assert.ok(same.posts.every((post) => post.state === "waiting"));
});

test("nothing is changed in place", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "edit 1", "b")), quote(message(1, "text", "a")), post("c", "edit 1", "c"));
  const before = structuredClone(state);
  run(state, come(message(3, "edit 1", "c"), message(4, "redact 1", "why")), post("d", "edit 1", "d"));
  assert.deepEqual(structuredClone(state), before);
});

test("a seq stands for the message that it speaks of", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "edit 1", "b"), message(3, "redact 2", ""), message(4, "text", "x"), message(5, "redact 5", "itself")));
  assert.deepEqual([1, 2, 3, 4, 5, 9].map((seq) => original(log(state), seq)), [1, 1, 1, 4, 5, 9]);
});

test("what one may do with a message", () => {
  const of = (role, change, open = true) => {
    const { answer, edit, redact } = rights(joinedAt(0, 0, role), { ...topic, open }, { ...message(1, "text", "a"), ...change });
    return [answer && "answer", edit && "edit", redact && "redact"].filter(Boolean).join(" ");
  };
  assert.equal(of("member", {}), "answer edit redact");
  assert.equal(of("member", { author: "bert" }), "answer");
  assert.equal(of("admin", { author: "bert" }), "answer redact");
  assert.equal(of("member", { kind: "report" }), "answer redact");
  assert.equal(of("admin", { kind: "system", author: "" }), "");
  for (const none of [of("observer", {}), of("admin", {}, false), of("admin", { redacted: true }), of("admin", { seq: 0 })]) assert.equal(none, "");
});

test("the last text of one's own, also while it is being sent", () => {
  const state = run(joined, come(message(1, "text", "a"), message(2, "text", "b"), message(3, "report", "{}"), message(4, "edit 1", "c"), message(5, "text", "x", { author: "bert" })));
  assert.equal(lastOwn(state, T).seq, 2);
  assert.equal(lastOwn(run(state, come(message(6, "redact 2", ""))), T).text, "c");
  assert.equal(lastOwn(run(state, post("d", "text", "d")), T).id, "d");
  assert.equal(lastOwn(joined, T), undefined);
});
