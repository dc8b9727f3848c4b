import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "../app/channel.js";
import { Reset } from "../app/link.js";
import { openWebSocket } from "../app/websocket.js";
import { Decoder, encode } from "../app/wire.js";
import { FakeClock, idle } from "./scripted.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TICKET = { token: "t", webtransport: { url: "" }, websocket: { url: "wss://room.example/rrp" } };

/** A WebSocket that does what the test says. */
class ScriptedSocket {
  sent = [];
  closing = null;
  readyState = 0;
  constructor(url, protocol) {
    Object.assign(this, { url, protocol });
    ScriptedSocket.all.push(this);
  }
  static all = [];
  send(octets) {
    this.sent.push(octets);
  }
  close(code) {
    this.closing ??= { code };
    this.readyState = Math.max(2, this.readyState);
  }
  opens() {
    this.readyState = 1;
    this.onopen();
  }
  says(octets) {
    this.onmessage({ data: octets.slice().buffer });
  }
  saysText(data) {
    this.onmessage({ data });
  }
  closes(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
  /** The frames that came. */
  get frames() {
    const frames = [];
    const parser = new Decoder();
    for (const octets of this.sent) parser.push(octets, ({ type, fields, payload }) => frames.push([type, ...fields, decoder.decode(payload)]));
    return frames;
  }
}

function begin() {
  ScriptedSocket.all = [];
  const clock = new FakeClock();
  const attempt = openWebSocket(TICKET, clock, ScriptedSocket);
  return { attempt, clock, sockets: ScriptedSocket.all };
}

async function opened() {
  const world = begin();
  world.sockets[0].opens();
  return { ...world, link: await world.attempt.ready, control: world.sockets[0] };
}

/** A link with one attached channel. */
async function attached() {
  const world = await opened();
  await world.link.open();
  world.link.useKey("the-key");
  const opening = world.link.open();
  await idle();
  world.sockets[1].opens();
  return { ...world, stream: await opening, socket: world.sockets[1] };
}

test("asks for rrp1 and octets, and is ready when it is open", async () => {
  const { attempt, sockets, clock } = begin();
  assert.deepEqual([sockets[0].url, sockets[0].protocol, sockets[0].binaryType], ["wss://room.example/rrp", "rrp1", "arraybuffer"]);
  sockets[0].opens();
  const link = await attempt.ready;
  assert.deepEqual([link.name, link.apart, link.datagrams], ["WebSocket", true, null]);
  assert.equal(clock.waiting, 0);
});

test("a try that is refused, given up, or not answered in 10 s comes to nothing", async () => {
  const refused = begin();
  refused.sockets[0].closes(1006);
  await assert.rejects(refused.attempt.ready);

  const left = begin();
  left.attempt.close();
  await assert.rejects(left.attempt.ready);
  assert.ok(left.sockets[0].closing);

  const late = begin();
  const rejected = assert.rejects(late.attempt.ready);
  await late.clock.forward(10_000);
  await rejected;
  assert.ok(late.sockets[0].closing);
});

test("the first channel is the socket itself; further ones are sockets that begin with ATTACH", async () => {
  const { link, sockets, control } = await opened();
  const first = await link.open();
  await first.write(encode("TOKEN", ["t"]));
  assert.equal(sockets.length, 1);
  assert.deepEqual(control.frames, [["TOKEN", "t", ""]]);
  link.useKey("the-key");
  const opening = link.open();
  await idle();
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].url, control.url);
  sockets[1].opens();
  await (await opening).write(encode("JOIN", ["topic", "0"]));
  assert.deepEqual(sockets[1].frames, [["ATTACH", "the-key", ""], ["JOIN", "topic", "0", ""]]);
});

test("a text split over any two messages arrives whole", async () => {
  const text = "Grüße, 你好, 🌍";
  const octets = encode("MESSAGE", ["1", "bert", "1000", "text", "", "AAECAwQFBgcICQoL"], encoder.encode(text));
  for (let at = 1; at < octets.length; at++) {
    const { stream, socket } = await attached();
    const came = [];
    const run = new Channel(stream, () => {}).run((frames) => came.push(...frames));
    socket.says(octets.subarray(0, at));
    await Promise.resolve();
    socket.says(octets.subarray(at));
    socket.closes(1000);
    await run;
    assert.deepEqual(came.map((frame) => decoder.decode(frame.payload)), [text], `split at ${at}`);
  }
});

test("what came before the close is read before it, however late", async () => {
  const { stream, socket } = await attached();
  socket.says(encoder.encode("a"));
  socket.says(encoder.encode("b"));
  socket.closes(1000);
  assert.deepEqual([decoder.decode(await stream.read()), decoder.decode(await stream.read())], ["a", "b"]);
  assert.equal(await stream.read(), null);
  assert.equal(await stream.read(), null, "and the end stays the end");
});

test("a channel that is closed with 1000 has ended, any other one was reset", async () => {
  for (const [code, ended] of [[1000, true], [1001, false], [1006, false], [1009, false], [1011, false]]) {
    const { stream, socket, link } = await attached();
    socket.closes(code);
    if (ended) assert.equal(await stream.read(), null);
    else await assert.rejects(stream.read(), (error) => error instanceof Reset && error.code === 0, String(code));
    await assert.rejects(stream.write(encode("PING")), Reset);
    assert.equal(await Promise.race([link.ended, "lives"]), "lives", "the session goes on");
  }
});

test("the control WebSocket's end is the session's, with the code that the server gave", async () => {
  for (const [code, said] of [[4400, 400], [4401, 401], [4410, 410], [4503, 503], [1000, 0], [1006, 0], [1001, 0]]) {
    const { link, control, stream, socket } = await attached();
    control.closes(code);
    assert.equal(await link.ended, said);
    assert.ok(socket.closing, "what was attached is closed with it");
    await assert.rejects(stream.read(), Reset);
    await assert.rejects(link.open());
  }
});

test("text from the server ends the channel: it isn't of this protocol", async () => {
  const { stream, socket } = await attached();
  socket.saysText("MESSAGE");
  await assert.rejects(stream.read(), Reset);
  assert.ok(socket.closing);
});

test("closing the link closes all of it, what isn't open yet too, and waits for nobody's answer", async () => {
  const { link, sockets, clock } = await attached();
  const opening = assert.rejects(link.open());
  await idle();
  link.close();
  await opening;
  assert.equal(await link.ended, 0);
  assert.equal(sockets.length, 3);
  assert.ok(sockets.every((socket) => socket.closing));
  assert.equal(clock.waiting, 0);
});

test("FIN is the close with 1000", async () => {
  const { stream, socket } = await attached();
  stream.finish();
  assert.deepEqual(socket.closing, { code: 1000 });
});

test("what is closing is written to no more: a browser complains of it", async () => {
  const { stream, socket } = await attached();
  const before = socket.sent.length;
  stream.finish();
  await assert.rejects(stream.write(new Uint8Array(1)), Reset);
  assert.equal(socket.sent.length, before);
});
