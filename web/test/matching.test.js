/** Which message is which post, where that has to be guessed, and what becomes of a wrong guess. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { empty, reduce } from "../app/rooms.js";
import { rows } from "../app/rows.js";

const ANNA = { name: "anna", display: "Anna", role: "member" };
const message = (seq, text, more) => ({ seq, author: "anna", time: 1000 + seq, kind: "text", ref: 0, text, redacted: false, ...more });
const post = (id, text, time = 1000) => ({ id, order: time, topic: "t", epoch: "e", message: { ...message(0, text), time, id }, state: "waiting", seq: 0, match: 0, code: 0, reason: "" });

function room(...actions) {
  const first = { type: "topic", topic: { id: "t", deal: "d", title: "T", number: 1, open: true, head: 0 } };
  return [first, { type: "joined", topic: "t", epoch: "e", from: 1, head: 0, start: 0 }, ...actions].reduce(reduce, empty(ANNA, 0));
}

/** What the log shows: the text and the state of each row. */
function shown(state) {
  const all = rows(state.logs.get("t").messages, state.posts, null, "anna").filter((row) => row.kind === "message");
  assert.equal(new Set(all.map((row) => row.key)).size, all.length, "each row has a key of its own");
  return all.map((row) => [row.message.text, row.message.seq > 0 ? "in the log" : row.post.state]);
}

test("a post of a tab that is gone, whose message is here already, is shown once", () => {
  const state = room({ type: "messages", topic: "t", messages: [message(1, "ok")] }, { type: "adopted", posts: [post("x", "ok")] });
  assert.deepEqual(shown(state), [["ok", "in the log"]]);
});

test("an older message of the same words isn't that post", () => {
  const state = room({ type: "messages", topic: "t", messages: [message(1, "ok", { time: 1000 })] }, { type: "adopted", posts: [post("x", "ok", 3_600_000)] });
  assert.deepEqual(shown(state), [["ok", "in the log"], ["ok", "waiting"]]);
});

test("two posts of the same words are two", () => {
  const state = room({ type: "messages", topic: "t", messages: [message(1, "ok")] }, { type: "adopted", posts: [post("x", "ok"), post("y", "ok", 1001)] });
  assert.deepEqual(shown(state), [["ok", "in the log"], ["ok", "waiting"]]);
});

test("a post that is refused after another tab's message was taken for it stands beside that message", () => {
  const state = room(
    { type: "post", post: { id: "p", topic: "t", text: "ok", ref: 0, time: 900 } },
    { type: "messages", topic: "t", messages: [message(1, "ok")] },
    { type: "failed", id: "p", code: 403, reason: "" },
  );
  assert.deepEqual(shown(state), [["ok", "in the log"], ["ok", "failed"]]);
});
