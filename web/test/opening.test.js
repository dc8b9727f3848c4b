import assert from "node:assert/strict";
import { test } from "node:test";
import { Opening } from "../app/opening.js";
import { FakeClock, TOPIC, World, idle, until } from "./scripted.js";

const problem = (status, seconds = 0) => Object.assign(new Error(String(status)), { status, seconds });
const connection = (world) => world.state.connection;
const names = (world) => world.tries.map((attempt) => attempt.name);

/** A page that has begun to connect, and whose tries come to what the test says. */
function opened(what = {}) {
  return new World({ ahead: true, tried: () => {}, ...what });
}

const TICKET = { token: "fresh", webtransport: { url: "" }, websocket: { url: "" } };
/** For asking in vain: there is no answer until it is given up. */
const never = (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(problem(0))));

test("who one is and a ticket are asked for side by side, and the race has begun before either the page or the answer is there", async () => {
  const world = opened();
  assert.ok(world.me);
  assert.equal(world.tickets, 1);
  await world.clock.forward(399);
  assert.deepEqual(names(world), ["WebTransport"]);
  await world.clock.forward(1);
  assert.deepEqual(names(world), ["WebTransport", "WebSocket"]);
  world.me.resolve();
  assert.deepEqual(await world.opening.me, { name: "anna", display: "Anna", role: "member" });
  world.opening.close();
});

test("where nobody seems to be signed in, no ticket is asked for before it is known who one is", async () => {
  for (const [answer, tickets] of [[() => Promise.resolve({ name: "anna" }), 1], [() => Promise.reject(problem(401)), 0]]) {
    let asked = 0;
    let resolve = (_) => {};
    const me = new Promise((resolved) => (resolve = resolved));
    const ticket = () => (asked++, Promise.reject(problem(503)));
    const opening = new Opening({ api: { whoAmI: () => me, ticket }, race: { stop() {} }, clock: new FakeClock(), known: false });
    await idle();
    assert.equal(asked, 0);
    resolve(answer());
    await idle();
    assert.equal(asked, tickets);
    opening.close();
  }
});

test("the session signs in on the link that is there already, by its ticket, and asks for none", async () => {
  const world = opened();
  await idle();
  const link = world.tries[0].ready();
  world.me.resolve();
  await idle();
  assert.equal(link.streams.length, 0, "nothing is said before there is a session");
  void world.session.start();
  const control = await world.signIn();
  assert.deepEqual(control.received[0].fields, ["token-1"]);
  assert.deepEqual([connection(world).state, connection(world).via, world.tickets, world.tries.length], ["open", "WebTransport", 1, 1]);
  world.session.stop();
  await idle();
  assert.ok(link.closed);
});

test("the session waits for the one that is still raced for, and begins none", async () => {
  const world = opened();
  await world.clock.forward(300);
  void world.session.start();
  assert.equal(connection(world).state, "connecting");
  await world.clock.forward(100);
  assert.deepEqual(names(world), ["WebTransport", "WebSocket"]);
  world.of("WebSocket")[0].ready();
  await world.signIn();
  assert.deepEqual([connection(world).via, world.tickets, world.tries.length], ["WebSocket", 1, 2]);
  world.session.stop();
});

test("the WebTransport try that was begun then is the one that leads back, and is the only one", async () => {
  const world = opened();
  await world.clock.forward(400);
  world.of("WebSocket")[0].ready();
  await idle();
  void world.session.start();
  await world.signIn();
  assert.equal(world.of("WebTransport").length, 1);
  assert.ok(!world.of("WebTransport")[0].closed);
  await world.signIn([TOPIC], world.of("WebTransport")[0].ready());
  assert.deepEqual([connection(world).via, world.tickets, world.tries.length], ["WebTransport", 2, 2]);
  world.session.stop();
});

test("a WebTransport link that came before the session, but after a WebSocket, leads back too", async () => {
  const world = opened();
  await world.clock.forward(400);
  world.of("WebSocket")[0].ready();
  await idle();
  const kept = world.of("WebTransport")[0].ready();
  await idle();
  void world.session.start();
  await world.signIn([TOPIC], world.of("WebSocket")[0].link);
  await until(() => kept.control);
  await world.signIn([TOPIC], kept);
  assert.equal(connection(world).via, "WebTransport");
  world.session.stop();
});

test("it is for the first connection: what comes after a loss is the session's own", async () => {
  const world = opened();
  await idle();
  world.tries[0].ready();
  void world.session.start();
  await world.signIn();
  world.link.lose();
  await until(() => connection(world).state === "waiting");
  await world.clock.forward(500);
  assert.equal(world.tickets, 2);
  world.of("WebTransport")[1].ready();
  const control = await world.signIn();
  assert.deepEqual(control.received[0].fields, ["token-2"]);
  world.session.stop();
});

test("no ticket: the session asks itself, at once and once", async () => {
  const world = opened({ ticket: () => problem(0) });
  await idle();
  assert.equal(world.tickets, 1);
  void world.session.start();
  await idle();
  assert.deepEqual([world.tickets, connection(world).state], [2, "waiting"]);
  await world.clock.forward(499);
  assert.equal(world.tickets, 2, "it is one failure, with the pause of one");
  await world.clock.forward(1);
  assert.equal(world.tickets, 3);
  world.session.stop();
});

test("no way to the server: the session tries itself, at once", async () => {
  const world = opened();
  await idle();
  world.tries[0].fail();
  await idle();
  world.tries[1].fail();
  await idle();
  void world.session.start();
  await idle();
  assert.deepEqual([world.tickets, ...names(world)], [2, "WebTransport", "WebSocket", "WebTransport"]);
  world.tries[2].ready();
  await world.signIn();
  assert.equal(connection(world).state, "open");
  world.session.stop();
});

test("a ticket that never comes is given up after ten seconds", async () => {
  const world = opened({ ticket: never });
  await idle();
  void world.session.start();
  await world.clock.forward(9_999);
  assert.equal(world.tickets, 1);
  await world.clock.forward(1);
  assert.equal(world.tickets, 2);
  world.session.stop();
});

test("a link that the server has given up meanwhile, or a token that is no longer one, is a loss like any other", async () => {
  const world = opened();
  await idle();
  world.tries[0].ready().lose();
  void world.session.start();
  await until(() => connection(world).state === "waiting");
  await world.clock.forward(500);
  assert.equal(world.of("WebTransport").length, 2);
  world.session.stop();

  const late = opened();
  await idle();
  const link = late.tries[0].ready();
  void late.session.start();
  const control = await until(() => link.control);
  control.send("ERR", ["401", "TOKEN"]);
  control.send("BYE", ["401"]);
  await until(() => late.tickets === 2);
  late.session.stop();
});

test("401 to both: there is nothing to close, and a session later begins from nothing", async () => {
  const world = opened({ ticket: () => problem(401) });
  world.me.reject(problem(401));
  await assert.rejects(world.opening.me, { status: 401 });
  await idle();
  assert.deepEqual([world.tries.length, world.clock.waiting], [0, 0]);
  world.ticket = () => TICKET;
  world.tried = (attempt) => attempt.ready();
  void world.session.start();
  await until(() => world.link);
  const control = await world.signIn();
  assert.deepEqual(control.received[0].fields, ["fresh"]);
  world.session.stop();
});

test("who one is isn't known: what was begun is given up, pending or ready", async () => {
  const pending = opened();
  await pending.clock.forward(400);
  pending.me.reject(problem(0));
  await idle();
  assert.deepEqual(pending.tries.map((attempt) => attempt.closed), [true, true]);
  assert.equal(pending.clock.waiting, 0);

  const ready = opened();
  await ready.clock.forward(400);
  const link = ready.of("WebSocket")[0].ready();
  await idle();
  ready.me.reject(problem(0));
  await idle();
  assert.ok(link.closed);
  assert.ok(ready.of("WebTransport")[0].closed);
  assert.equal(ready.clock.waiting, 0);
});

test("the page is left before there is a session: nothing stays, and one that comes back connects by itself", async () => {
  const world = opened();
  await idle();
  world.opening.close();
  await idle();
  assert.ok(world.tries[0].closed);
  assert.equal(world.clock.waiting, 0);
  void world.session.start();
  await idle();
  assert.deepEqual([world.tickets, ...names(world)], [2, "WebTransport", "WebTransport"]);
  world.session.stop();
});

test("left while the ticket is asked for: no try is made any more", async () => {
  let answer;
  const world = opened({ ticket: () => new Promise((resolve) => (answer = resolve)) });
  await idle();
  world.opening.close();
  answer(TICKET);
  await idle();
  assert.deepEqual([world.tries.length, world.clock.waiting], [0, 0]);
});

test("once a session has it, only the session closes it", async () => {
  const world = opened();
  await idle();
  world.tries[0].ready();
  void world.session.start();
  await world.signIn();
  world.opening.close();
  await idle();
  assert.equal(connection(world).state, "open");
  assert.ok(!world.link.closed);
  world.session.stop();
});

test("a session that is stopped while it waits for it leaves nothing", async () => {
  for (const world of [opened({ ticket: never }), opened()]) {
    await world.clock.forward(400);
    void world.session.start();
    await idle();
    world.session.stop();
    await idle();
    assert.ok(world.tries.every((attempt) => attempt.closed));
    assert.deepEqual([world.tickets, world.clock.waiting], [1, 0]);
  }
});

test("news about the network while it waits: what was begun is given up, and all is tried anew at once", async () => {
  const world = opened();
  await world.clock.forward(400);
  void world.session.start();
  await idle();
  world.session.nudge();
  await idle();
  assert.deepEqual(world.tries.slice(0, 2).map((attempt) => attempt.closed), [true, true]);
  assert.deepEqual([world.tickets, ...names(world)], [2, "WebTransport", "WebSocket", "WebTransport"]);
  world.session.stop();
});
