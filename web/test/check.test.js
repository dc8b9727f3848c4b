import assert from "node:assert/strict";
import { test } from "node:test";
import { check, verdict } from "../app/check.js";
import { FakeClock, ServerTry, idle } from "./scripted.js";

const OFFER = { address: "203.0.113.7", protocol: "HTTP/2.0", http3: false, webtransport: { url: "https://a:4433/rrp" }, websocket: { url: "wss://a/rrp" } };

/** A server that carries requests over these versions, the last one for ever, and tries that come to what the test says. */
class World {
  clock = new FakeClock();
  tries = [];
  results = [];
  asked = 0;
  constructor({ protocols = ["HTTP/2"], offer = OFFER, webTransport = true } = {}) {
    const open = (name) => (ticket) => {
      const attempt = new ServerTry(name, ticket);
      this.tries.push(attempt);
      return attempt.client;
    };
    const ask = async () => {
      const protocol = protocols[Math.min(this.asked++, protocols.length - 1)];
      if (!protocol) throw new Error("no answer");
      return { offer, protocol, took: 7 };
    };
    this.done = check({ ask, webTransport: webTransport ? open("WebTransport") : null, webSocket: open("WebSocket"), clock: this.clock }, (result) =>
      this.results.push(result),
    );
  }
  /** Lets the newest try be ready after 40 ms, or fail. */
  async works() {
    await this.clock.forward(40);
    this.tries.at(-1).ready();
    await idle();
  }
  async fails() {
    this.tries.at(-1).fail();
    await idle();
  }
  outcomes() {
    return this.results.map(({ way, outcome }) => `${way} ${outcome}`);
  }
}

test("tries one way after the other, and tells each as it is known", async () => {
  const world = new World();
  await idle();
  assert.deepEqual(world.outcomes(), ["tcp works", "http3 off"]);
  assert.deepEqual(world.tries.map((attempt) => attempt.name), ["WebTransport"]);
  await world.works();
  assert.deepEqual(world.tries.map((attempt) => attempt.name), ["WebTransport", "WebSocket"]);
  await world.works();
  assert.equal(await world.done, OFFER);
  assert.deepEqual(world.outcomes(), ["tcp works", "http3 off", "webtransport works", "websocket works"]);
  assert.deepEqual([world.results[2].opened, world.results[2].answered], [40, 0]);
  assert.ok(world.tries.every((attempt) => attempt.link.closed), "nothing is left open");
  assert.equal(world.clock.waiting, 0);
  assert.deepEqual(world.tries[0].link.streams[0].received.map((frame) => [frame.type, ...frame.fields]), [["PING", "x"]], "and nothing else was said");
  assert.equal(verdict(world.results), "best");
});

test("UDP that is dropped silently is given up after five seconds", async () => {
  const world = new World();
  await world.clock.forward(5000);
  assert.equal(world.outcomes()[2], "webtransport late");
  assert.ok(world.tries[0].closed);
  await world.works();
  await world.done;
  assert.equal(verdict(world.results), "blocked");
});

test("refused at once, not there in the browser, and not offered are told apart", async () => {
  const refused = new World();
  await idle();
  await refused.fails();
  await refused.works();
  assert.equal(refused.outcomes()[2], "webtransport refused");
  assert.equal(verdict(refused.results), "refused");

  const missing = new World({ webTransport: false });
  await idle();
  await missing.works();
  assert.equal(verdict(missing.results), "missing");

  const off = new World({ offer: { ...OFFER, webtransport: undefined } });
  await idle();
  await off.works();
  assert.equal(verdict(off.results), "off");
});

test("a way that opens and then says nothing doesn't work", async () => {
  const world = new World();
  await idle();
  world.tries[0].ready().silent = true;
  await world.clock.forward(5000);
  assert.equal(world.outcomes()[2], "webtransport mute");
  await world.fails();
  await world.done;
  assert.equal(verdict(world.results), "nothing");
});

test("WebTransport without its substitute is said", async () => {
  const world = new World();
  await idle();
  await world.works();
  await world.fails();
  await world.done;
  assert.equal(verdict(world.results), "alone");
});

test("HTTP/3 has a few requests to be taken up", async () => {
  const offer = { ...OFFER, http3: true };
  const taken = new World({ offer, protocols: ["HTTP/2", "HTTP/2", "HTTP/3"] });
  await taken.clock.forward(600);
  assert.deepEqual(taken.outcomes(), ["tcp works", "http3 works"]);
  const left = new World({ offer });
  await left.clock.forward(1200);
  assert.deepEqual(left.outcomes(), ["tcp works", "http3 other"]);
  assert.equal(left.asked, 5);
  const lost = new World({ offer, protocols: ["HTTP/2", ""] });
  await lost.clock.forward(300);
  assert.equal(lost.outcomes()[1], "http3 fails");
  const first = new World({ offer, protocols: ["HTTP/3"] });
  await idle();
  assert.deepEqual(first.outcomes(), ["tcp other", "http3 works"]);
});

test("without an answer there is nothing else to try", async () => {
  const world = new World({ protocols: [""] });
  assert.equal(await world.done, null);
  assert.deepEqual(world.outcomes(), ["tcp fails"]);
  assert.equal(verdict(world.results), "unreachable");
});
