import assert from "node:assert/strict";
import { test } from "node:test";
import { TOPIC, World, hashes, idle, until } from "./scripted.js";

const CHAIN = await hashes(3);

/** On a WebSocket, with WebTransport pending, in a topic of one message; Bert is online. */
async function onWebSocket() {
  const world = new World();
  world.tried = () => {};
  void world.session.start();
  await world.clock.forward(400);
  world.of("WebSocket")[0].ready();
  const control = await world.signIn();
  control.send("PRESENCE", ["bert", "online"]);
  control.send("UNREAD", [TOPIC, 1, 0, 1]);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 1, hash: CHAIN[0] });
  stream.message({ seq: 1 });
  await until(() => world.seqs().length === 1 && world.state.presence.has("bert"));
  return { world, control, stream };
}

test("on the way back nothing flickers: open all the time, topics, people, and what is unread stay", async () => {
  const { world } = await onWebSocket();
  const seen = new Set();
  const look = () => {
    const { connection, presence, topics, logs } = world.state;
    seen.add(JSON.stringify([connection.state, presence.get("bert"), topics.get(TOPIC)?.unread, logs.get(TOPIC)?.messages.length]));
  };
  world.store.subscribe(look);
  const since = world.state.connection.since;
  const link = world.of("WebTransport")[0].ready();
  const control = await until(() => link.control);
  look();
  assert.equal(world.state.connection.via, "WebSocket", "until the sign-in is complete");
  control.send("ACK", ["TOKEN", "anna"]);
  await until(() => control.of("WATCH").length > 0);
  control.send("DEAL", ["deal000000000001"], JSON.stringify({ name: "Deal", open: true, people: [] }));
  await idle();
  control.send("TOPIC", [TOPIC], JSON.stringify({ deal: "deal000000000001", title: "t", head: 1 }));
  await idle();
  control.send("UNREAD", [TOPIC, 1, 0, 1]);
  control.send("PRESENCE", ["bert", "online"]);
  control.send("ACK", ["WATCH"]);
  await until(() => world.state.stale === null);
  assert.deepEqual([...seen], [JSON.stringify(["open", "online", 1, 1])]);
  assert.equal(world.state.connection.via, "WebTransport");
  assert.equal(world.state.connection.since, since);
  world.session.stop();
});

test("who isn't named by the WATCH of the new link has gone meanwhile", async () => {
  const { world } = await onWebSocket();
  world.of("WebTransport")[0].ready();
  await idle();
  await world.signIn([TOPIC], world.of("WebTransport")[0].link);
  await until(() => !world.state.presence.has("bert"));
  assert.ok(world.state.topics.has(TOPIC));
  world.session.stop();
});

test("what the link that was left says is heard no more", async () => {
  const { world, control } = await onWebSocket();
  world.of("WebTransport")[0].ready();
  await idle();
  await world.signIn([TOPIC], world.of("WebTransport")[0].link);
  control.send("BYE", [410]);
  await idle();
  assert.equal(world.state.connection.state, "open");
  world.session.stop();
});

test("a BYE before the new link is signed in is the end of both", async () => {
  const { world, control } = await onWebSocket();
  const link = world.of("WebTransport")[0].ready();
  await until(() => link.control);
  control.send("BYE", [410]);
  await until(() => world.state.connection.state === "ended");
  assert.ok(link.closed);
  assert.equal(world.clock.waiting, 0);
});

test("a token for the way back that can't be had leaves everything as it is, until the next try", async () => {
  const { world } = await onWebSocket();
  const ticket = world.ticket;
  world.ticket = () => Object.assign(new Error("503"), { status: 503 });
  const link = world.of("WebTransport")[0].ready();
  await until(() => link.closed);
  assert.equal(world.state.connection.via, "WebSocket");
  world.ticket = ticket;
  await world.clock.forward(30_000);
  assert.equal(world.of("WebTransport").length, 2);
  world.session.stop();
});

test("a way back on which the sign-in isn't answered is left after 10 s", async () => {
  const { world } = await onWebSocket();
  const link = world.of("WebTransport")[0].ready();
  await until(() => link.control);
  await world.clock.forward(10_000);
  assert.ok(link.closed);
  assert.equal(world.state.connection.via, "WebSocket");
  world.session.stop();
});

test("a topic's WebSocket that is silent is asked after 20 s, and joined anew 5 s later; the session goes on", async () => {
  const { world, stream } = await onWebSocket();
  await world.clock.forward(60_000);
  assert.ok(stream.of("PING").length >= 2, "an idle one is kept from being dropped");
  assert.equal(world.link.topic(TOPIC), stream);
  stream.silent = true;
  await world.clock.forward(26_000);
  const again = await until(() => world.link.topic(TOPIC) !== stream && world.link.topic(TOPIC));
  assert.ok(stream.dropped);
  assert.deepEqual(again.received[0].fields, [TOPIC, "1", "e1", CHAIN[1]]);
  assert.equal(world.state.connection.via, "WebSocket");
  world.session.stop();
});

test("a stream of WebTransport isn't asked: the session's own question is enough", async () => {
  const world = new World();
  await world.start();
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 0, hash: CHAIN[0] });
  await world.clock.forward(60_000);
  assert.equal(stream.of("PING").length, 0);
  world.session.stop();
});

test("messages on a topic's WebSocket don't hide that the control one is dead", async () => {
  const { world, control, stream } = await onWebSocket();
  control.silent = true;
  for (let seq = 2; seq < 8; seq++) {
    await world.clock.forward(1000);
    stream.message({ seq });
  }
  assert.ok(world.of("WebSocket")[0].link.closed);
  world.session.stop();
});

test("news of the network while a try is made begins it anew, at once", async () => {
  const world = new World();
  world.tried = () => {};
  void world.session.start();
  await idle();
  assert.equal(world.tickets, 1);
  world.session.nudge();
  await idle();
  assert.equal(world.tickets, 2);
  assert.deepEqual(world.of("WebTransport").map((attempt) => attempt.pending), [false, true]);
  world.session.stop();
});

test("a token that isn't answered is asked for again after 10 s", async () => {
  const world = new World();
  const signals = [];
  world.ticket = (signal) =>
    new Promise((_, reject) => {
      signals.push(signal);
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  void world.session.start();
  await world.clock.forward(10_500);
  assert.deepEqual(signals.map((signal) => signal.aborted), [true, false]);
  world.session.stop();
  await idle();
  assert.ok(signals[1].aborted);
  assert.equal(world.clock.waiting, 0);
});

test("that one types is told by datagram, at most every three seconds, and anew after a message", async () => {
  const world = new World();
  await world.start();
  const told = () => world.link.datagrams.map((frame) => [frame.type, ...frame.fields]);
  world.session.typing.typed(TOPIC);
  await world.clock.forward(2900);
  world.session.typing.typed(TOPIC);
  assert.deepEqual(told(), [["TYPING", TOPIC]]);
  await world.clock.forward(100);
  world.session.typing.typed(TOPIC);
  assert.equal(told().length, 2);
  world.session.typing.sent();
  world.session.typing.typed(TOPIC);
  assert.equal(told().length, 2, "the server would drop it");
  await world.clock.forward(1000);
  world.session.typing.typed(TOPIC);
  assert.equal(told().length, 3);
  world.session.stop();
});

test("on a WebSocket it is told and heard on the control channel; while offline it is nobody's news", async () => {
  const { world, control } = await onWebSocket();
  world.session.typing.typed(TOPIC);
  assert.deepEqual(control.of("TYPING").map((frame) => frame.fields), [[TOPIC]]);
  control.send("TYPING", [TOPIC, "bert"]);
  await until(() => world.state.typing.get(TOPIC)?.join() === "bert");
  world.session.stop();
  await idle();
  world.session.typing.typed("another");
  assert.equal(control.of("TYPING").length, 1);
  assert.equal(world.clock.waiting, 0);
});

test("who types is shown for five seconds from the last time that it was told", async () => {
  const world = new World();
  await world.start();
  const typing = () => world.state.typing.get(TOPIC) ?? [];
  world.link.datagram("TYPING", [TOPIC, "bert"]);
  await until(() => typing().length === 1);
  await world.clock.forward(4000);
  world.link.datagram("TYPING", [TOPIC, "bert"]);
  await world.clock.forward(4900);
  assert.deepEqual(typing(), ["bert"]);
  await world.clock.forward(100);
  assert.deepEqual(typing(), []);
  world.session.stop();
});
