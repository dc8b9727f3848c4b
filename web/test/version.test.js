import assert from "node:assert/strict";
import { test } from "node:test";
import { Version, versionOf } from "../app/version.js";
import { World, idle, until } from "./scripted.js";

/** A tab's storage. */
export class Tab {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

/** A document of a tab that has this version. */
function load(own, tab = new Tab()) {
  const page = { tab, reloads: 0, changes: 0 };
  page.version = new Version({ own, storage: () => tab, reload: () => page.reloads++ });
  page.version.changed = () => page.changes++;
  return page;
}

test("a version is what the addresses of its files have in common", () => {
  assert.equal(versionOf("https://room.example/assets/0123abcd/ui/begin.js"), "0123abcd");
  assert.equal(versionOf("file:///web/ui/begin.js"), "");
});

test("a page that is the server's stays", () => {
  const page = load("a");
  assert.equal(page.version.heard("a"), false);
  assert.deepEqual([page.reloads, page.changes, page.version.newer], [0, 0, ""]);
});

test("a page that the server has another one of is loaded again, by the first ticket", () => {
  const page = load("a");
  assert.equal(page.version.heard("b"), true);
  assert.equal(page.reloads, 1);
});

test("never again for the same version, whatever was loaded then", () => {
  const tab = new Tab();
  load("a", tab).version.heard("b");
  const again = load("a", tab);
  assert.equal(again.version.heard("b"), false);
  assert.deepEqual([again.reloads, again.changes, again.version.newer], [0, 1, "b"]);
});

test("two servers that take turns with two versions come to an end", () => {
  const tab = new Tab();
  let reloads = 0;
  for (let turn = 0; turn < 10; turn++) {
    const page = load(turn % 2 ? "b" : "a", tab);
    page.version.heard(turn % 2 ? "a" : "b");
    reloads += page.reloads;
  }
  assert.equal(reloads, 2);
});

test("a later ticket only says so, each time: what follows from it may have failed", () => {
  const page = load("a");
  page.version.heard("a");
  assert.equal(page.version.heard("b"), false);
  assert.equal(page.version.heard("b"), false);
  assert.deepEqual([page.reloads, page.changes, page.version.newer], [0, 2, "b"]);
});

test("then the page is loaded again when it disturbs nobody", () => {
  const page = load("a");
  assert.equal(page.version.renew(), false);
  page.version.heard("a");
  page.version.heard("b");
  page.version.busy = () => true;
  assert.equal(page.version.renew(), false);
  page.version.busy = () => false;
  assert.equal(page.version.renew(), true);
  assert.equal(page.version.renew(), false);
  assert.equal(page.reloads, 1);
});

test("nothing is written over: not by the first ticket either", () => {
  const page = load("a");
  page.version.busy = () => true;
  assert.equal(page.version.heard("b"), false);
  assert.deepEqual([page.reloads, page.changes], [0, 1]);
});

test("a server that goes back to this version takes the word back", () => {
  const page = load("a");
  page.version.heard("a");
  page.version.heard("b");
  page.version.heard("a");
  assert.deepEqual([page.changes, page.version.newer, page.version.renew()], [2, "", false]);
});

test("a browser that keeps nothing loads nothing again by itself, as it could do so for ever", () => {
  const page = load("a");
  const refused = new Version({ own: "a", reload: () => page.reloads++, storage: () => { throw new Error("refused"); } });
  assert.equal(refused.heard("b"), false);
  assert.deepEqual([page.reloads, refused.newer], [0, "b"]);
});

test("a server that doesn't say, or a page that doesn't know, has no other version", () => {
  const page = load("a");
  page.version.heard(undefined);
  const unknown = load("");
  unknown.version.heard("b");
  assert.deepEqual([page.reloads, page.version.newer, unknown.reloads, unknown.version.newer], [0, "", 0, ""]);
});

const ticket = (page) => () => ({ token: "t", page, webtransport: { url: "" }, websocket: { url: "" } });

test("while the page is loaded again, nothing is connected; if that comes to nothing, it goes on", async () => {
  const page = load("a");
  const world = new World({ ahead: true, tried: () => {}, version: page.version, ticket: ticket("b") });
  await world.clock.forward(9_000);
  assert.deepEqual([page.reloads, world.tries.length], [1, 0]);
  await world.clock.forward(1_000);
  assert.deepEqual([page.reloads, world.tries.length], [1, 1]);
  world.opening.close();
});

test("every later ticket is heard: the one after a loss too", async () => {
  const page = load("a");
  const world = new World({ version: page.version, ticket: ticket("a") });
  await world.start();
  world.ticket = ticket("b");
  world.link.lose();
  await until(() => world.state.connection.state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  await idle();
  assert.deepEqual([page.reloads, page.changes, page.version.newer], [0, 1, "b"]);
  assert.equal(world.state.connection.state, "open");
  world.session.stop();
});
