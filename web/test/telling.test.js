import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../app/store.js";
import { DEFAULTS } from "../app/settings.js";
import { idle } from "./scripted.js";

/** A browser that shows notices, and lets a test wait where the browser takes its time. */
function browser() {
  const standing = [];
  const gates = { registration: async () => {}, showing: async () => {} };
  const worker = {
    active: {},
    getNotifications: async () => [...standing],
    showNotification: async (title, { tag, data }) => {
      await gates.showing();
      const notification = { tag, data, close: () => standing.splice(standing.indexOf(notification), 1) };
      standing.push(notification);
    },
  };
  const serviceWorker = Object.assign(new EventTarget(), {
    getRegistration: async () => {
      await gates.registration();
      return worker;
    },
  });
  const put = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  put("navigator", { serviceWorker });
  put("Notification", { permission: "granted" });
  put("window", globalThis);
  put("location", new URL("https://room.example/"));
  put("document", { documentElement: { lang: "en" }, querySelector: () => null });
  return { standing, gates };
}

/** A gate that opens when the test says so. */
function gate() {
  let open = () => {};
  const opened = new Promise((resolve) => (open = resolve));
  return { open, wait: () => opened };
}

test("what one is told of just while one signs out doesn't stay", async () => {
  for (const place of ["registration", "showing"]) {
    const { standing, gates } = browser();
    const { Notices } = await import("../ui/notices.js");
    const store = new Store({ name: "anna", display: "Anna", role: "member" }, 0);
    const message = { seq: 1, author: "bert", time: 0, kind: "text", ref: 0, text: "eins", redacted: false };
    for (const action of [
      { type: "watch" },
      { type: "deal", deal: { id: "d", name: "Deal", open: true, history: "all", people: [] } },
      { type: "topic", topic: { id: "t", deal: "d", title: "t", number: 1, open: true, head: 0 } },
      { type: "watched" },
      { type: "joined", topic: "t", epoch: "e", from: 1, start: 0, head: 0 },
    ]) store.dispatch(action);
    const chosen = { ...DEFAULTS, notice: "all" };
    const words = { notices: { one: () => "one", several: () => "several", direct: "direct" } };
    const notices = new Notices({ speech: { words, formats: { number: String } }, store, settings: { fresh: chosen, now: chosen, subscribe: () => () => {} }, go: () => {} });
    notices.update("");
    await idle();
    const held = gate();
    gates[place] = held.wait;
    store.dispatch({ type: "messages", topic: "t", messages: [message] });
    store.dispatch({ type: "unread", topic: "t", count: 1, read: 0, head: 1 });
    notices.update("");
    await idle();
    gates.registration = async () => {};
    const stopped = notices.stop();
    await idle();
    held.open();
    await stopped;
    await idle();
    assert.deepEqual(standing, [], place);
  }
});
