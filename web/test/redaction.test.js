import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { OUTDATED } from "../app/rooms.js";
import { fromFrame } from "../app/message.js";
import { Proof } from "../app/proof.js";
import { SALT, TOPIC, World, chainOf, digestOf, idle, until } from "./scripted.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const posts = (stream) => stream.of("POST").map((frame) => [frame.fields, decoder.decode(frame.payload)]);

/** A world with one topic that is joined at 0; the stream has sent these messages. */
async function joinedWorld(messages = []) {
  const world = new World();
  await world.start();
  const chain = await chainOf(messages);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: messages.length, hash: chain[0] });
  for (const message of messages) stream.message(message);
  await until(() => world.state.logs.has(TOPIC) && world.seqs().length === messages.length);
  return { world, stream, chain };
}

test("an edit and a redaction are posts of their kinds, under the same id on every try", async () => {
  const { world, stream } = await joinedWorld([{ seq: 1, author: "anna" }]);
  world.session.outbox.post(TOPIC, "better", 1, "edit");
  world.session.outbox.post(TOPIC, "", 1, "redact");
  await until(() => stream.of("POST").length === 1);
  const [edit, redact] = [[["id-1", "edit", "1"], "better"], [["id-2", "redact", "1"], ""]];
  assert.deepEqual(posts(stream), [edit]);
  stream.send("ERR", [503, "id-1", 1], "Not now.");
  await world.clock.forward(1100);
  stream.send("ACK", ["id-1", 2]);
  await until(() => stream.of("POST").length === 3);
  stream.send("ERR", [503, "id-2", 1], "Not now.");
  await world.clock.forward(1100);
  assert.deepEqual(posts(stream), [edit, edit, redact, redact]);
  world.session.stop();
});

test("an edit of a message that was redacted while one was away isn't sent again", async () => {
  const { world, stream, chain } = await joinedWorld([{ seq: 1, author: "anna" }]);
  world.link.lose();
  await until(() => world.state.connection.state !== "open");
  world.session.outbox.post(TOPIC, "better", 1, "edit");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const again = await until(() => world.link.topic(TOPIC));
  again.send("ACK", [TOPIC, 2, "e1", 1, chain[1]]);
  again.message({ seq: 2, kind: "redact", ref: 1, text: "why" });
  again.send("ERR", [410, "id-1"], "It is redacted.");
  await until(() => world.state.posts[0].state === "failed");
  await idle();
  assert.deepEqual(world.state.posts.map(({ code, message }) => [code, message.text]), [[410, ""]]);
  world.session.stop();
});

test("in a restored store an edit is given up before it is sent", async () => {
  const { world } = await joinedWorld([{ seq: 1, author: "anna" }]);
  world.link.lose();
  await until(() => world.state.connection.state !== "open");
  world.session.outbox.post(TOPIC, "better", 1, "edit");
  world.session.outbox.post(TOPIC, "new", 0);
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const refused = await until(() => world.link.topic(TOPIC));
  refused.send("ERR", [409, TOPIC, "e2"], "Join anew.");
  refused.fin();
  const anew = await until(() => world.link.topic(TOPIC) !== refused && world.link.topic(TOPIC));
  anew.send("ACK", [TOPIC, 0, "e2", 1, (await chainOf([]))[0]]);
  await until(() => anew.of("POST").length > 0);
  assert.deepEqual(posts(anew), [[["id-2"], "new"]]);
  assert.deepEqual(world.state.posts.map(({ state, code }) => [state, code]), [["failed", OUTDATED], ["waiting", 0]]);
  world.session.stop();
});

test("a new edit takes the place of one that was refused", async () => {
  const { world, stream } = await joinedWorld([{ seq: 1, author: "anna" }]);
  world.session.outbox.post(TOPIC, "one", 1, "edit");
  await until(() => stream.of("POST").length === 1);
  stream.send("ERR", [403, "id-1"], "No.");
  await until(() => world.state.posts[0].state === "failed");
  world.session.outbox.post(TOPIC, "two", 1, "edit");
  assert.deepEqual(world.state.posts.map((post) => post.message.text), ["two"]);
  world.session.stop();
});

const told = [
  { seq: 1, author: "anna" },
  { seq: 2, author: "anna", text: "Zwölftausend" },
  { seq: 3, author: "anna", kind: "edit", ref: 2, text: "Zwölftausend und eins" },
  { seq: 4 },
];

test("the chain verifies over a message that comes without its words", async () => {
  const world = new World();
  await world.start();
  const chain = await chainOf(told);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 4, hash: chain[0] });
  stream.message(told[0]);
  stream.redacted({ ...told[1], length: 13, digest: await digestOf(told[1].text) });
  stream.redacted({ ...told[2], length: 22, digest: await digestOf(told[2].text) });
  stream.message(told[3]);
  await until(() => stream.of("HEAD").length > 0);
  stream.send("HEAD", [4, chain[4]]);
  const check = await until(() => world.state.logs.get(TOPIC).check);
  assert.deepEqual([check.ok, check.from, check.to], [true, 1, 4]);
  assert.deepEqual(world.state.logs.get(TOPIC).messages.map((message) => message.redacted), [false, true, true, false]);
  world.session.stop();
});

test("a length or a digest that isn't that of the words is found out", async () => {
  for (const wrong of [{ length: 12 }, { digest: "00".repeat(32) }]) {
    const world = new World();
    await world.start();
    const chain = await chainOf(told.slice(0, 2));
    world.session.cursors.open(TOPIC);
    const stream = await world.join({ head: 2, hash: chain[0] });
    stream.message(told[0]);
    stream.redacted({ ...told[1], length: 13, digest: await digestOf(told[1].text), ...wrong });
    await until(() => stream.of("HEAD").length > 0);
    stream.send("HEAD", [2, chain[2]]);
    await until(() => world.state.logs.get(TOPIC).check?.ok === false);
    world.session.stop();
  }
});

test("the chain goes on after words that came were taken away", async () => {
  const { world, stream } = await joinedWorld(told);
  const more = { seq: 5, kind: "redact", ref: 2, text: "why" };
  stream.message(more);
  await until(() => world.state.logs.get(TOPIC).messages[1].redacted);
  const chain = await chainOf([...told, more]);
  await until(() => stream.of("HEAD").length > 0);
  const [asked] = stream.of("HEAD")[0].fields;
  stream.send("HEAD", [asked, chain[asked]]);
  await world.clock.forward(3000);
  const last = await until(() => stream.of("HEAD").at(-1).fields[0] === "5" && stream.of("HEAD").at(-1));
  stream.send("HEAD", [last.fields[0], chain[5]]);
  await until(() => world.state.logs.get(TOPIC).check?.to === 5);
  assert.equal(world.state.logs.get(TOPIC).check.ok, true);
  world.link.lose();
  await until(() => world.state.connection.state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const again = await until(() => world.link.topic(TOPIC));
  assert.deepEqual(again.received[0].fields, [TOPIC, "5", "e1", chain[5]], "it proves the same place");
  world.session.stop();
});

test("what the chain takes of a message holds none of its words", async () => {
  const proof = new Proof(TOPIC);
  await proof.begin(0, (await chainOf([]))[0]);
  const arrive = () => {
    const payload = encoder.encode("Zwölftausend");
    const { link, message } = fromFrame({ type: "MESSAGE", fields: ["1", "anna", "1", "text", "", SALT], payload });
    return { link, words: [new WeakRef(payload), new WeakRef(message)] };
  };
  const { link, words } = arrive();
  void proof.extend([link]);
  assert.deepEqual(Object.keys(await link).sort(), ["author", "digest", "kind", "length", "ref", "seq", "time"]);
  assert.equal((await proof.top()).seq, 1);
  await idle();
  collectGarbage();
  assert.deepEqual(words.map((word) => word.deref()), [undefined, undefined]);
  assert.equal((await link).length, 13);
});

test("a redaction that names an edit which isn't held has it fetched, again after a failure", async () => {
  const all = Array.from({ length: 249 }, (_, index) => ({ seq: index + 1, author: "anna" }));
  const world = new World();
  await world.start();
  const chain = await chainOf(all);
  world.session.cursors.open(TOPIC);
  const stream = await world.join({ head: 249, hash: chain[49] });
  const asked = [];
  world.pages = async (topic, span) => {
    asked.push(span);
    if (asked.length === 1) throw new Error("no answer");
    return { messages: [{ seq: 7, author: "anna", time: 1, kind: "edit", ref: 6, redacted: 5, digest: "00".repeat(32) }], head: 251, epoch: "e1", from: 1 };
  };
  for (const message of all.slice(49)) stream.message(message);
  stream.message({ seq: 250, author: "anna", kind: "edit", ref: 6, text: "Zwölftausend" });
  stream.message({ seq: 251, kind: "redact", ref: 7, text: "" });
  await until(() => asked.length === 1);
  await idle();
  assert.equal(world.state.logs.get(TOPIC).messages.at(-2).text, "Zwölftausend");
  world.link.lose();
  await until(() => world.state.connection.state !== "open");
  await world.clock.forward(1000);
  await until(() => world.links.length === 2);
  await world.signIn();
  const again = await until(() => world.link.topic(TOPIC));
  again.send("ACK", [TOPIC, 251, "e1", 1, chain[49]]);
  await until(() => world.state.logs.get(TOPIC).messages.at(-2).text === "");
  assert.deepEqual(asked, [{ after: 6, limit: 1, edits: 1 }, { after: 6, limit: 1, edits: 1 }]);
  world.session.stop();
});
