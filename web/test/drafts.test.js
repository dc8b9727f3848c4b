import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTabs, isBegun, wouldBeLost } from "../app/drafts.js";
import { Store } from "../app/store.js";

const written = { text: "Grüße ", ref: 3, edit: { seq: 2, text: "anders" } };
const empty = { text: " ", ref: 0, edit: null };
const idle = () => new Promise((resolve) => setImmediate(resolve));

test("a message, an answer and an edit are begun; white space isn't", () => {
  assert.deepEqual(
    [{ ...empty, text: "a" }, { ...empty, ref: 1 }, { ...empty, edit: { seq: 1, text: "" } }, empty].map(isBegun),
    [true, true, true, false],
  );
});

test("what is being written would be disturbed, and posts lost that this browser doesn't keep, or not yet", () => {
  const post = { message: { time: 1_000_000 } };
  const rooms = (drafts, posts = [], storage = "") => ({ drafts: new Map(drafts.map((draft, at) => [`t${at}`, draft])), posts, storage });
  assert.equal(wouldBeLost(rooms([empty]), 2_000_000), false);
  assert.equal(wouldBeLost(rooms([empty, written]), 2_000_000), true);
  assert.equal(wouldBeLost(rooms([{ ...written, elsewhere: true }]), 2_000_000), false);
  assert.equal(wouldBeLost(rooms([], [post]), 2_000_000), false);
  assert.equal(wouldBeLost(rooms([], [post], "refused"), 2_000_000), true);
  assert.equal(wouldBeLost(rooms([], [post]), 1_002_999), true);
  assert.equal(wouldBeLost(rooms([], [], "refused"), 2_000_000), false);
});

/** Tabs of one browser, each with what it shows. */
function tabs(...names) {
  const clock = { time: 0, now: () => clock.time };
  const channels = [];
  /** What is told arrives only when it is let go. */
  const held = { on: false, words: [], flush: () => held.words.splice(0).forEach((tell) => tell()) };
  const told = (tell) => (held.on ? held.words.push(tell) : tell());
  const all = names.map((name) => {
    const store = new Store({ name, display: "", role: "member" }, 0);
    store.dispatch({ type: "topic", topic: { id: "t", deal: "d", title: "", number: 1, open: true, head: 0 } });
    const channel = { onmessage: null, close() {}, postMessage: (data) => channels.forEach((other) => other !== channel && told(() => other.onmessage({ data: structuredClone(data) }))) };
    channels.push(channel);
    new DraftTabs(channel, store, clock);
    return {
      store,
      get text() {
        return store.state.drafts.get("t")?.text ?? "";
      },
      write: async (text) => {
        store.dispatch({ type: "draft", topic: "t", draft: { text, ref: 0, edit: null } });
        await idle();
      },
    };
  });
  return { all, clock, held };
}

test("what one writes in a tab appears in the others, and goes there when it is sent", async () => {
  const { all: [one, other] } = tabs("anna", "anna");
  await one.write("Gr");
  await one.write("Grüße");
  assert.equal(other.text, "Grüße");
  assert.ok(other.store.state.drafts.get("t").elsewhere);
  await one.write("");
  assert.equal(other.text, "");
});

test("it doesn't appear for somebody else, nor come back as if one had written it", async () => {
  const { all: [one, other, third] } = tabs("anna", "bert", "anna");
  await one.write("Grüße");
  assert.equal(other.text, "");
  assert.equal(third.text, "Grüße");
  assert.equal(one.store.state.drafts.get("t").elsewhere, undefined);
});

test("the newer words win, however soon they come, and whatever a tab's clock says", async () => {
  const { all: [one, other], clock } = tabs("anna", "anna");
  clock.time = 4_000;
  await other.write("hier");
  clock.time = 1_000;
  await one.write("dort");
  assert.deepEqual([one.text, other.text], ["dort", "dort"]);
});

test("what is sent from another tab goes at once, and is kept by none", async () => {
  const { all: [one, other] } = tabs("anna", "anna");
  await one.write("Grüße");
  await other.write("");
  assert.deepEqual([one.text, other.text], ["", ""]);
  assert.equal(one.store.state.drafts.has("t"), false, "the tab that kept it takes it away");
});

test("words that the sending tab couldn't know of stay, and are in both", async () => {
  const { all: [one, other], held } = tabs("anna", "anna");
  await one.write("Grüße");
  held.on = true;
  await one.write("Grüße und mehr");
  const before = one.store.state.drafts.get("t");
  await other.write("");
  held.flush();
  await idle();
  held.flush();
  assert.deepEqual([one.text, other.text], ["Grüße und mehr", "Grüße und mehr"]);
  assert.notEqual(one.store.state.drafts.get("t"), before, "they are kept anew");
});

test("a topic that goes in one tab takes nothing away in the others", async () => {
  const { all: [one, other] } = tabs("anna", "anna");
  await one.write("Grüße");
  one.store.dispatch({ type: "watch" });
  one.store.dispatch({ type: "watched" });
  one.store.dispatch({ type: "give-up" });
  await idle();
  assert.deepEqual([one.text, other.text], ["", "Grüße"]);
});
