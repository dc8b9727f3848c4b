import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../app/clock.js";
import { TOPIC, World, hashes, idle, until } from "./scripted.js";

const decoder = new TextDecoder();
const problem = (status, seconds = 0) => Object.assign(new Error(String(status)), { status, seconds });
const connection = (world) => world.state.connection;

/** A world with one topic that is joined and has `count` messages. */
async function joinedWorld(count = 0) {
  const world = new World();
  const control = await world.start();
  const chain = await hashes(count);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: count, hash: chain[0] });
  for (let seq = 1; seq <= count; seq++) stream.message({ seq });
  await until(() => world.seqs().length === count && world.state.logs.has(TOPIC));
  return { world, control, stream, chain };
}

test("signs in by the token, WATCHes, and has the room's state", async () => {
  const world = new World();
  const control = await world.start();
  assert.deepEqual(control.received.map((frame) => [frame.type, ...frame.fields]), [["TOKEN", "token-1"], ["WATCH"]]);
  assert.deepEqual([connection(world).state, connection(world).via], ["open", "WebTransport"]);
  assert.ok(world.state.topics.has(TOPIC));
  world.session.stop();
});

test("no topic channel before the sign-in's ACK", async () => {
  const world = new World();
  void world.session.start();
  world.session.cursors.open(TOPIC);
  await until(() => world.link?.control);
  await idle();
  assert.equal(world.link.streams.length, 1);
  world.session.stop();
});

test("the first JOIN asks for the newest messages, one after a loss goes on behind the last", async () => {
  const { world, stream, chain } = await joinedWorld(3);
  assert.deepEqual(stream.received[0].fields, [TOPIC, "-200"]);
  world.link.lose();
  await until(() => connection(world).state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const again = await until(() => world.link.topic(TOPIC));
  assert.deepEqual(again.received[0].fields, [TOPIC, "3", "e1", chain[3]]);
  again.send("ACK", [TOPIC, 4, "e1", 1, chain[3]]);
  again.message({ seq: 4 });
  await until(() => world.seqs().length === 4);
  assert.deepEqual(world.seqs(), [1, 2, 3, 4]);
  world.session.stop();
});

test("a topic with much that is unread is joined as deep as that", async () => {
  const world = new World();
  const control = await world.start();
  control.send("UNREAD", [TOPIC, 300, 100, 400]);
  await until(() => world.state.topics.get(TOPIC).unread === 300);
  world.session.cursors.open(TOPIC);
  const stream = await until(() => world.link.topic(TOPIC));
  assert.deepEqual(stream.received[0].fields, [TOPIC, "-320"]);
  world.session.stop();
});

test("a topic with more that is unread than one would load is joined at its end", async () => {
  const world = new World();
  const control = await world.start();
  control.send("UNREAD", [TOPIC, 5000, 100, 5100]);
  await until(() => world.state.topics.get(TOPIC).unread === 5000);
  world.session.cursors.open(TOPIC);
  const stream = await until(() => world.link.topic(TOPIC));
  assert.deepEqual(stream.received[0].fields, [TOPIC, "-200"]);
  world.session.stop();
});

test("a post waits for the JOIN, and is solid with its ACK", async () => {
  const world = new World();
  await world.start();
  world.session.cursors.open(TOPIC);
  world.session.outbox.post(TOPIC, "Grüße", 0);
  const stream = await until(() => world.link.topic(TOPIC));
  await idle();
  assert.equal(stream.of("POST").length, 0);
  stream.send("ACK", [TOPIC, 0, "e1", 1, (await hashes(0))[0]]);
  const [post] = await until(() => stream.of("POST").length > 0 && stream.of("POST"));
  assert.deepEqual([post.fields, decoder.decode(post.payload)], [["id-1"], "Grüße"]);
  assert.equal(world.state.posts[0].state, "waiting");
  stream.send("ACK", ["id-1", 1]);
  await until(() => world.state.posts[0].state === "accepted");
  stream.message({ seq: 1, author: "anna", text: "Grüße" });
  await until(() => world.state.posts.length === 0);
  assert.deepEqual(world.seqs(), [1]);
  world.session.stop();
});

test("a reply names what it answers", async () => {
  const { world, stream } = await joinedWorld(2);
  world.session.outbox.post(TOPIC, "ja", 2);
  const [post] = await until(() => stream.of("POST").length > 0 && stream.of("POST"));
  assert.deepEqual(post.fields, ["id-1", "text", "2"]);
  world.session.stop();
});

test("posts without an ACK are sent again after a reconnect, under the same ids, in their order", async () => {
  const { world, stream, chain } = await joinedWorld();
  for (const text of ["one", "two"]) world.session.outbox.post(TOPIC, text, 0);
  await until(() => stream.of("POST").length === 1);
  stream.send("ACK", ["id-1", 1]);
  stream.message({ seq: 1, author: "anna", text: "one" });
  await until(() => stream.of("POST").length === 2);
  world.link.lose();
  await until(() => connection(world).state !== "open");
  world.session.outbox.post(TOPIC, "three", 0);
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const again = await until(() => world.link.topic(TOPIC));
  again.send("ACK", [TOPIC, 1, "e1", 1, chain[0]]);
  await until(() => again.of("POST").length === 1);
  again.send("ACK", ["id-2", 2]);
  await until(() => again.of("POST").length === 2);
  assert.deepEqual(again.of("POST").map((post) => [post.fields[0], decoder.decode(post.payload)]), [["id-2", "two"], ["id-3", "three"]]);
  world.session.stop();
});

test("the posts of a topic are on their way one at a time, in the order in which they were written", async () => {
  const { world, stream } = await joinedWorld();
  for (const text of ["one", "two", "three"]) world.session.outbox.post(TOPIC, text, 0);
  await idle();
  assert.deepEqual(stream.of("POST").map((post) => post.fields[0]), ["id-1"]);
  world.session.outbox.post(TOPIC, "four", 0);
  await idle();
  assert.equal(stream.of("POST").length, 1, "what is on its way is not sent again for another");
  stream.send("ERR", [403, "id-1"], "No.");
  await until(() => stream.of("POST").length === 2);
  await idle();
  assert.deepEqual(stream.of("POST").map((post) => post.fields[0]), ["id-1", "id-2"], "what was refused holds up nothing");
  stream.send("ACK", ["id-2", 1]);
  await until(() => stream.of("POST").length === 3);
  world.session.stop();
});

for (const code of [429, 503]) {
  test(`${code} for a post: it is sent again after the seconds, and what comes after it stays behind it`, async () => {
    const { world, stream } = await joinedWorld();
    world.session.outbox.post(TOPIC, "one", 0);
    await until(() => stream.of("POST").length === 1);
    stream.send("ERR", [code, "id-1", 3], "Not now.");
    await idle();
    world.session.outbox.post(TOPIC, "two", 0);
    await world.clock.forward(2900);
    assert.equal(stream.of("POST").length, 1);
    assert.ok(world.state.posts.every((post) => post.state === "waiting"));
    await world.clock.forward(200);
    stream.send("ACK", ["id-1", 1]);
    await until(() => stream.of("POST").length === 3);
    assert.deepEqual(stream.of("POST").map((post) => post.fields[0]), ["id-1", "id-1", "id-2"]);
    world.session.stop();
  });
}

test("whom the server takes this browser for now is asked at every sign-in: it may be another one", async () => {
  const world = new World();
  void world.session.start();
  await until(() => world.links.length > 0);
  const control = await until(() => world.link.control);
  control.send("ACK", ["TOKEN", "bert"]);
  await until(() => connection(world).state === "ended");
  assert.equal(connection(world).why, "elsewhere");
  assert.equal(control.of("WATCH").length, 0);
  world.session.stop();
});

test("another code refuses a post; it can be sent again, after a collision under another id", async () => {
  const { world, stream } = await joinedWorld();
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  stream.send("ERR", [403, "id-1"], "This topic is closed.");
  await until(() => world.state.posts[0].state === "failed");
  assert.deepEqual([world.state.posts[0].code, world.state.posts[0].reason], [403, "This topic is closed."]);
  world.session.outbox.again("id-1");
  await until(() => stream.of("POST").length === 2);
  stream.send("ERR", [409, "id-1"], "Other words.");
  await until(() => world.state.posts[0].state === "failed");
  world.session.outbox.again("id-1");
  await until(() => stream.of("POST").length === 3);
  assert.deepEqual(stream.of("POST").map((post) => post.fields[0]), ["id-1", "id-1", "id-2"]);
  assert.equal(world.state.posts.length, 1);
  world.session.stop();
});

test("another epoch: what is held is forgotten and the topic joined anew", async () => {
  const { world } = await joinedWorld(2);
  world.link.lose();
  await until(() => connection(world).state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const refused = await until(() => world.link.topic(TOPIC));
  refused.send("ERR", [409, TOPIC, "e2"], "Join anew.");
  refused.fin();
  const anew = await until(() => world.link.topic(TOPIC) !== refused && world.link.topic(TOPIC));
  assert.deepEqual(anew.received[0].fields, [TOPIC, "-200"]);
  anew.send("ACK", [TOPIC, 1, "e2", 1, (await hashes(0))[0]]);
  anew.message({ seq: 1, text: "restored" });
  await until(() => world.state.logs.get(TOPIC)?.messages[0]?.text === "restored");
  assert.notEqual(world.state.logs.get(TOPIC).check?.ok, false, "a restored store is no forgery");
  world.session.stop();
});

test("another history under the same epoch is said loudly", async () => {
  const { world } = await joinedWorld(2);
  world.link.lose();
  await until(() => connection(world).state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const refused = await until(() => world.link.topic(TOPIC));
  refused.send("ERR", [409, TOPIC, "e1"], "Join anew.");
  refused.fin();
  const anew = await until(() => world.link.topic(TOPIC) !== refused && world.link.topic(TOPIC));
  anew.send("ACK", [TOPIC, 0, "e1", 1, (await hashes(0))[0]]);
  await until(() => world.state.logs.get(TOPIC)?.check?.ok === false);
  world.session.stop();
});

test("a topic that one may not know of is gone, and isn't asked for again", async () => {
  const world = new World();
  await world.start();
  world.session.cursors.open(TOPIC);
  const stream = await until(() => world.link.topic(TOPIC));
  stream.send("ERR", [404, TOPIC], "There is no such topic.");
  stream.fin();
  await until(() => !world.state.topics.has(TOPIC));
  await world.clock.forward(10_000);
  assert.equal(world.link.topic(TOPIC), stream);
  assert.equal(connection(world).state, "open");
  world.session.stop();
});

test("a channel that is reset by 404 forgets its copies and asks again", async () => {
  const { world, stream } = await joinedWorld(2);
  stream.reset(404);
  await until(() => !world.state.logs.has(TOPIC));
  await world.clock.forward(1000);
  const again = await until(() => world.link.topic(TOPIC) !== stream && world.link.topic(TOPIC));
  assert.deepEqual(again.received[0].fields, [TOPIC, "-200"]);
  world.session.stop();
});

test("TOPIC gone takes topic, log and channel away", async () => {
  const { world, control, stream } = await joinedWorld(1);
  control.send("TOPIC", [TOPIC, "gone"]);
  await until(() => !world.state.topics.has(TOPIC));
  assert.equal(world.state.logs.has(TOPIC), false);
  await until(() => stream.finished);
  world.session.stop();
});

test("503 for a JOIN: the same place again after the seconds, nothing forgotten", async () => {
  const { world, stream, chain } = await joinedWorld(1);
  stream.fin();
  await world.clock.forward(1000);
  const second = await until(() => world.link.topic(TOPIC) !== stream && world.link.topic(TOPIC));
  second.send("ERR", [503, TOPIC, 2], "Behind.");
  second.fin();
  await world.clock.forward(1900);
  assert.equal(world.link.topic(TOPIC), second);
  await world.clock.forward(2000);
  const third = await until(() => world.link.topic(TOPIC) !== second && world.link.topic(TOPIC));
  assert.deepEqual(third.received[0].fields, [TOPIC, "1", "e1", chain[1]]);
  assert.deepEqual(world.seqs(), [1]);
  world.session.stop();
});

test("a message out of its order ends the channel, which is joined where it was", async () => {
  const { world, stream, chain } = await joinedWorld(1);
  stream.message({ seq: 3 });
  await until(() => stream.dropped);
  await world.clock.forward(1000);
  const again = await until(() => world.link.topic(TOPIC) !== stream && world.link.topic(TOPIC));
  assert.deepEqual(again.received[0].fields, [TOPIC, "1", "e1", chain[1]]);
  assert.deepEqual(world.seqs(), [1]);
  world.session.stop();
});

test("the chain is compared with HEAD, once all that was asked for has come", async () => {
  const { world, stream, chain } = await joinedWorld(3);
  const [head] = await until(() => stream.of("HEAD").length > 0 && stream.of("HEAD"));
  assert.deepEqual(head.fields, ["3"]);
  stream.send("HEAD", [3, chain[3]]);
  const check = await until(() => world.state.logs.get(TOPIC).check);
  assert.deepEqual([check.ok, check.from, check.to], [true, 1, 3]);
  stream.message({ seq: 4, text: "forged" });
  await until(() => world.seqs().length === 4);
  await world.clock.forward(3000);
  await until(() => stream.of("HEAD").length === 2);
  stream.send("HEAD", [4, (await hashes(4))[4]]);
  await until(() => world.state.logs.get(TOPIC).check.ok === false);
  world.session.stop();
});

test("older pages are proved against what is known", async () => {
  const world = new World();
  await world.start();
  const chain = await hashes(250);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 250, hash: chain[50] });
  for (let seq = 51; seq <= 250; seq++) stream.message({ seq });
  await until(() => stream.of("HEAD").length === 1);
  stream.send("HEAD", [250, chain[250]]);
  await until(() => world.state.logs.get(TOPIC).check?.from === 51);
  world.pages = async (topic, span) => {
    assert.deepEqual([topic, span], [TOPIC, { before: 51, limit: 200 }]);
    const messages = Array.from({ length: 50 }, (_, index) => {
      const seq = index + 1;
      return { seq, author: "bert", time: 1000 + seq, kind: "text", ref: 0, salt: "AAECAwQFBgcICQoL", body: `m${seq}` };
    });
    return { messages, head: 250, epoch: "e1", from: 1 };
  };
  assert.equal(await world.session.cursors.older(TOPIC), true);
  assert.equal(world.seqs().length, 250);
  await until(() => world.state.logs.get(TOPIC).check.from === 1);
  assert.equal(world.state.logs.get(TOPIC).check.ok, true);
  assert.equal(await world.session.cursors.older(TOPIC), false, "there is nothing before the first");
  world.session.stop();
});

test("READ is sent at once, then at most once a second, with the last one never lost", async () => {
  const { world, stream } = await joinedWorld(5);
  for (const seq of [1, 2, 3]) world.session.cursors.read(TOPIC, seq);
  const sent = () => stream.of("READ").map((frame) => frame.fields[0]);
  assert.deepEqual(sent(), ["1"]);
  await world.clock.forward(1000);
  assert.deepEqual(sent(), ["1", "3"]);
  await world.clock.forward(5000);
  assert.deepEqual(sent(), ["1", "3"]);
  world.session.stop();
});

test("ten topics keep their channel", async () => {
  const topics = Array.from({ length: 11 }, (_, index) => `topic0000000000${10 + index}`);
  const world = new World();
  await world.start(topics);
  for (const topic of topics) {
    world.session.cursors.open(topic);
    await until(() => world.link.topic(topic));
  }
  assert.deepEqual(topics.map((topic) => world.link.topic(topic).finished), [true, ...Array(10).fill(false)]);
  world.session.stop();
});

test("silence is asked about after 2 s, and is a loss 2.5 s later", async () => {
  const world = new World();
  const control = await world.start();
  await world.clock.forward(1900);
  assert.equal(control.of("PING").length, 0);
  await world.clock.forward(200);
  assert.equal(control.of("PING").length, 1);
  await world.clock.forward(60_000);
  assert.equal(connection(world).state, "open");
  world.link.silent = true;
  await world.clock.forward(4500);
  assert.equal(world.links[0].closed, true);
  await until(() => world.links.length === 2);
  assert.equal(world.of("WebSocket").length, 1, "what works is found out at once");
  world.session.stop();
});

test("a PING is answered with its cookie, on every channel", async () => {
  const { world, control, stream } = await joinedWorld();
  for (const channel of [control, stream]) {
    channel.send("PING", ["cookie"]);
    const [pong] = await until(() => channel.of("PONG").length > 0 && channel.of("PONG"));
    assert.deepEqual(pong.fields, ["cookie"]);
  }
  world.session.stop();
});

test("BYE 503 waits for as long as it says", async () => {
  const world = new World();
  world.random = 0;
  const control = await world.start();
  control.send("BYE", [503, 7], "Restarting.");
  await until(() => connection(world).state === "waiting");
  await world.clock.forward(6900);
  assert.equal(world.tickets, 1);
  await world.clock.forward(200);
  assert.equal(world.tickets, 2);
  world.session.stop();
});

test("BYE 401 asks for a token at once; only if that is refused the sign-in is over", async () => {
  const world = new World();
  const control = await world.start();
  control.send("BYE", [401], "Signed out.");
  await until(() => world.links.length === 2);
  const second = await world.signIn();
  await world.clock.forward(6000);
  world.ticket = () => problem(401);
  second.send("BYE", [401], "Signed out.");
  await until(() => connection(world).state === "ended");
  assert.equal(connection(world).why, "signed-out");
  await world.clock.forward(60_000);
  assert.equal(world.tickets, 3);
});

test("a token that was spent is replaced, not taken for a sign-out", async () => {
  const world = new World();
  void world.session.start();
  const first = await until(() => world.link?.control);
  first.send("ERR", [401, "TOKEN"], "Spent.");
  first.fin();
  await until(() => world.links.length === 2);
  await world.signIn();
  assert.equal(connection(world).state, "open");
  world.session.stop();
});

test("BYE 410 says that the account is deactivated, and is the end", async () => {
  const world = new World();
  const control = await world.start();
  control.send("BYE", [410], "Deactivated.");
  await until(() => connection(world).state === "ended");
  assert.equal(connection(world).why, "deactivated");
  assert.equal(world.tickets, 1);
});

test("half a header from the server and its end is a loss like any other", async () => {
  const world = new World();
  const control = await world.start();
  control.fin();
  await until(() => connection(world).state === "waiting");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  world.session.stop();
});

test("the pauses double from half a second to eight, with full jitter", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((failures) => backoff(failures, () => 1)), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
  assert.equal(backoff(3, () => 0), 0);
  assert.equal(backoff(3, () => 0.25), 1000);
});

test("failures in a row wait longer; news of the network tries at once", async () => {
  const world = new World();
  world.ticket = () => problem(0);
  void world.session.start();
  await idle();
  assert.equal(world.tickets, 1);
  await world.clock.forward(500);
  assert.equal(world.tickets, 2);
  await world.clock.forward(900);
  assert.equal(world.tickets, 2);
  world.session.nudge();
  await idle();
  assert.equal(world.tickets, 3);
  world.session.stop();
});

test("a dial that never ends is given up, and is a failure like any other", async () => {
  const world = new World();
  world.dialed = () => new Promise(() => {});
  void world.session.start();
  await idle();
  assert.equal(connection(world).state, "connecting");
  await world.clock.forward(10_000);
  assert.equal(connection(world).state, "waiting");
  await world.clock.forward(500);
  assert.equal(world.tickets, 2);
  await world.clock.forward(10_000 + 900);
  assert.equal(world.tickets, 2);
  await world.clock.forward(100);
  assert.equal(world.tickets, 3);
  world.session.stop();
});

test("doubt about an open connection asks at once; a browser without network waits for a second only", async () => {
  for (const [gone, within] of [[false, 2500], [true, 1000]]) {
    const world = new World();
    const control = await world.start();
    world.session.look(gone);
    assert.equal(control.of("PING").length, 1);
    await world.clock.forward(within);
    assert.equal(world.links[0].closed, false, "it was answered");
    world.links[0].silent = true;
    world.session.look(gone);
    await world.clock.forward(within - 1);
    assert.equal(world.links[0].closed, false);
    await world.clock.forward(1);
    assert.equal(world.links[0].closed, true);
    world.session.stop();
  }
});

test("stop leaves nothing behind: no link, no timer, no further try", async () => {
  const { world, stream } = await joinedWorld(2);
  world.session.cursors.read(TOPIC, 1);
  world.session.outbox.post(TOPIC, "one", 0);
  await until(() => stream.of("POST").length === 1);
  stream.send("ERR", [503, "id-1", 60], "Not now.");
  await idle();
  world.session.stop();
  await until(() => world.link.closed);
  await idle();
  assert.equal(world.clock.waiting, 0);
  assert.equal(world.tickets, 1);
});

test("a channel that ends as soon as it is joined is joined again after growing pauses", async () => {
  const { world, stream, chain } = await joinedWorld();
  let last = stream;
  let joins = 1;
  stream.fin();
  for (let quarter = 0; quarter < 240; quarter++) {
    await world.clock.forward(250);
    const next = world.link.topic(TOPIC);
    if (next === last) continue;
    last = next;
    joins++;
    next.send("ACK", [TOPIC, 0, "e1", 1, chain[0]]);
    next.fin();
  }
  assert.ok(joins > 3 && joins < 15, `${joins} in a minute`);
  assert.equal(connection(world).state, "open");
  world.session.stop();
});
