import assert from "node:assert/strict";
import { test } from "node:test";
import { Race } from "../app/race.js";
import { FakeClock, ServerTry, idle } from "./scripted.js";

const TICKET = { token: "t", webtransport: { url: "" }, websocket: { url: "" } };

/** A race whose tries come to what the test says. */
class Track {
  clock = new FakeClock();
  tries = [];
  life = new AbortController();
  constructor({ webTransport = true } = {}) {
    const open = (name) => (ticket) => {
      const attempt = new ServerTry(name, ticket);
      this.tries.push(attempt);
      return attempt.client;
    };
    this.race = new Race(this.clock, { webTransport: webTransport ? open("WebTransport") : null, webSocket: open("WebSocket") });
  }
  dial(together = false, took = 0) {
    const dialed = this.race.dial(TICKET, together, this.life.signal, took);
    dialed.catch(() => {});
    return dialed;
  }
  of(name) {
    return this.tries.filter((attempt) => attempt.name === name);
  }
  names() {
    return this.tries.map((attempt) => attempt.name);
  }
  /** Dials, with a WebSocket that wins. */
  async onWebSocket() {
    const dialed = this.dial();
    await this.clock.forward(400);
    this.of("WebSocket").at(-1).ready();
    return dialed;
  }
}

test("a browser without WebTransport opens a WebSocket at once, and never looks for more", async () => {
  const track = new Track({ webTransport: false });
  const dialed = track.dial();
  assert.deepEqual(track.names(), ["WebSocket"]);
  track.tries[0].ready();
  assert.equal((await dialed).name, "WebSocket");
  track.race.seek(() => assert.fail("there is no way back"));
  track.race.hurry();
  await track.clock.forward(120_000);
  assert.equal(track.tries.length, 1);
});

test("a browser that throws instead of trying has failed, no more", async () => {
  const clock = new FakeClock();
  const throws = () => {
    throw new Error("SecurityError");
  };
  const race = new Race(clock, { webTransport: throws, webSocket: throws });
  await assert.rejects(race.dial(TICKET, false, new AbortController().signal));
  assert.equal(clock.waiting, 0);
});

test("both at the same time where that is asked for", () => {
  const track = new Track();
  void track.dial(true);
  assert.deepEqual(track.names(), ["WebTransport", "WebSocket"]);
});

test("WebTransport is alone for as long as the ticket took, three seconds at most", async () => {
  for (const [took, alone] of [
    [0, 400],
    [399, 400],
    [900, 900],
    [9000, 3000],
  ]) {
    const track = new Track();
    void track.dial(false, took);
    await track.clock.forward(alone - 1);
    assert.deepEqual(track.names(), ["WebTransport"], `${took} ms`);
    await track.clock.forward(1);
    assert.deepEqual(track.names(), ["WebTransport", "WebSocket"], `${took} ms`);
  }
});

test("a WebTransport that comes while the WebSocket still signs in is kept, and handed over when it is asked for", async () => {
  const track = new Track();
  await track.onWebSocket();
  track.of("WebTransport")[0].ready();
  await idle();
  const found = [];
  track.race.seek((link) => found.push(link));
  assert.deepEqual(found.map((link) => link.name), ["WebTransport"]);
});

test("one that was kept and is lost again isn't handed over; the next try is made in its time", async () => {
  const track = new Track();
  await track.onWebSocket();
  track.of("WebTransport")[0].ready().lose();
  await idle();
  track.race.seek(() => assert.fail("it is lost"));
  await track.clock.forward(29_000);
  assert.equal(track.of("WebTransport").length, 1);
  await track.clock.forward(1000);
  assert.equal(track.of("WebTransport").length, 2);
});

test("where only WebSocket got through, another dial leaves WebTransport its rest", async () => {
  const track = new Track();
  await track.onWebSocket();
  track.race.stop();
  await track.clock.forward(10_000);
  void track.dial();
  assert.deepEqual(track.names(), ["WebTransport", "WebSocket", "WebSocket"]);
  track.of("WebSocket")[1].ready();
  track.race.seek(() => {});
  await track.clock.forward(20_000);
  assert.equal(track.of("WebTransport").length, 2, "30 s after the first try's beginning");
});

test("news of the network ends the rest", async () => {
  const track = new Track();
  await track.onWebSocket();
  track.race.stop();
  track.race.hurry();
  void track.dial();
  assert.equal(track.of("WebTransport").length, 2);
});

test("news of the network takes the place of a try that is pending: there is never more than one", async () => {
  const track = new Track();
  await track.onWebSocket();
  track.race.seek(() => {});
  track.race.hurry();
  track.race.hurry();
  assert.deepEqual(track.of("WebTransport").map((attempt) => attempt.pending), [false, false, true]);
  assert.ok(track.of("WebTransport").slice(0, 2).every((attempt) => attempt.closed));
});

test("if both fail, both are tried the next time", async () => {
  const track = new Track();
  const dialed = track.dial();
  track.tries[0].fail();
  await idle();
  track.tries[1].fail();
  await assert.rejects(dialed);
  assert.equal(track.clock.waiting, 0);
  void track.dial();
  assert.deepEqual(track.names(), ["WebTransport", "WebSocket", "WebTransport"]);
});

test("a WebSocket that fails leaves WebTransport its time", async () => {
  const track = new Track();
  const dialed = track.dial();
  await track.clock.forward(400);
  track.of("WebSocket")[0].fail();
  await track.clock.forward(5000);
  track.of("WebTransport")[0].ready();
  assert.equal((await dialed).name, "WebTransport");
});

test("the loser that is ready all the same is closed", async () => {
  const track = new Track();
  const dialed = track.dial(true);
  const [transport, socket] = track.tries;
  transport.ready();
  const late = socket.ready();
  await dialed;
  await idle();
  assert.ok(late.closed);
});

test("a dial that is given up leaves nothing behind", async () => {
  const track = new Track();
  const dialed = track.dial(true);
  track.life.abort();
  await assert.rejects(dialed);
  assert.ok(track.tries.every((attempt) => attempt.closed));
  assert.equal(track.clock.waiting, 0);
});

test("stop closes what is pending, what is kept, and tries no more", async () => {
  const pending = new Track();
  await pending.onWebSocket();
  pending.race.seek(() => {});
  pending.race.stop();
  await pending.clock.forward(100_000);
  assert.equal(pending.of("WebTransport").length, 1);
  assert.ok(pending.of("WebTransport")[0].closed);

  const kept = new Track();
  await kept.onWebSocket();
  const link = kept.of("WebTransport")[0].ready();
  await idle();
  kept.race.stop();
  assert.ok(link.closed);
});

test("a ticket that has grown old is replaced before WebTransport is tried by it", async () => {
  const track = new Track();
  await track.onWebSocket();
  let renewed = 0;
  let refuses = true;
  track.race.seek(
    () => assert.fail("nothing is ready"),
    async () => {
      renewed++;
      if (refuses) throw new Error("not now");
      return { ...TICKET, token: "new" };
    },
  );
  for (let turn = 0; turn < 58; turn++) {
    await track.clock.forward(30_000);
    assert.equal(track.of("WebTransport").at(-1).ticket, TICKET);
  }
  assert.equal(renewed, 0);
  await track.clock.forward(90_000);
  assert.ok(renewed >= 1 && renewed <= 3, `asked ${renewed} times`);
  const before = track.of("WebTransport").length;
  refuses = false;
  await track.clock.forward(60_000);
  assert.ok(track.of("WebTransport").length > before);
  assert.equal(track.of("WebTransport").at(-1).ticket.token, "new");
  const asked = renewed;
  await track.clock.forward(600_000);
  assert.equal(renewed, asked, "it is fresh again");
  track.race.stop();
  assert.equal(track.clock.waiting, 0);
});
