import assert from "node:assert/strict";
import { test } from "node:test";
import { isBegun, putAside, takeBack, wouldBeLost } from "../app/drafts.js";

function tab() {
  const items = new Map();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
const refuse = () => {
  throw new Error("refused");
};
const written = { text: "Grüße ", ref: 3, edit: { seq: 2, text: "anders" } };
const empty = { text: " ", ref: 0, edit: null };

test("a message, an answer and an edit are begun; white space isn't", () => {
  assert.deepEqual(
    [{ ...empty, text: "a" }, { ...empty, ref: 1 }, { ...empty, edit: { seq: 1, text: "" } }, empty].map(isBegun),
    [true, true, true, false],
  );
});

test("what was put aside is there for the next document, as it was, once", () => {
  const storage = tab();
  assert.ok(putAside(() => storage, "anna", new Map([["t1", written], ["t2", empty]])));
  assert.deepEqual([...takeBack(() => storage, "anna")], [["t1", written]]);
  assert.deepEqual([...takeBack(() => storage, "anna")], []);
  assert.equal(storage.items.size, 0);
});

test("it is for nobody else, and then for nobody", () => {
  const storage = tab();
  putAside(() => storage, "anna", new Map([["t1", written]]));
  assert.equal(takeBack(() => storage, "bert").size, 0);
  assert.equal(storage.items.size, 0);
});

test("where nothing is begun nothing is left of earlier", () => {
  const storage = tab();
  putAside(() => storage, "anna", new Map([["t1", written]]));
  assert.ok(putAside(() => storage, "anna", new Map([["t1", empty]])));
  assert.equal(storage.items.size, 0);
});

test("a browser that keeps nothing says so, if there is something to be kept", () => {
  assert.equal(putAside(refuse, "anna", new Map([["t1", written]])), false);
  assert.equal(putAside(refuse, "anna", new Map()), true);
  assert.equal(takeBack(refuse, "anna").size, 0);
});

test("what is being written would be lost, and posts that this browser doesn't keep, or not yet", () => {
  const post = { message: { time: 1_000_000 } };
  const none = new Map([["t1", empty]]);
  assert.equal(wouldBeLost(null, none, 2_000_000), false);
  assert.equal(wouldBeLost(null, new Map([["t1", written]]), 2_000_000), true);
  assert.equal(wouldBeLost({ posts: [post], storage: "" }, none, 2_000_000), false);
  assert.equal(wouldBeLost({ posts: [post], storage: "refused" }, none, 2_000_000), true);
  assert.equal(wouldBeLost({ posts: [post], storage: "" }, none, 1_002_999), true);
  assert.equal(wouldBeLost({ posts: [], storage: "refused" }, none, 2_000_000), false);
});
