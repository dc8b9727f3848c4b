import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../app/pulse.js";
import { FakeClock, World, idle, until } from "./scripted.js";

function begin() {
  const clock = new FakeClock();
  const world = { clock, asked: 0, dead: 0 };
  world.pulse = new Pulse({ clock, askAfter: 2000, answerWithin: 2500, givenUpAfter: 30_000, ask: () => world.asked++, dead: () => world.dead++ });
  return world;
}

for (const [what, happens] of Object.entries({
  "a timer that is late": () => {},
  "something that came before": ({ pulse }) => pulse.heard(),
  "somebody who looks": ({ pulse }) => pulse.look(),
})) {
  test(`after a sleep in which the other side has left, ${what} is the end, at once, and nothing is asked`, async () => {
    const world = begin();
    await world.clock.forward(1000);
    world.clock.sleep(30_000);
    happens(world);
    await world.clock.forward(0);
    assert.deepEqual([world.asked, world.dead, world.clock.waiting], [0, 1, 0]);
    world.pulse.heard();
    world.pulse.look();
    await world.clock.forward(60_000);
    assert.deepEqual([world.asked, world.dead, world.clock.waiting], [0, 1, 0]);
  });
}

test("a shorter sleep is only a reason to ask", async () => {
  const world = begin();
  await world.clock.forward(1000);
  world.clock.sleep(28_000);
  await world.clock.forward(0);
  assert.deepEqual([world.asked, world.dead], [1, 0]);
  world.pulse.heard();
  await world.clock.forward(1999);
  assert.deepEqual([world.asked, world.dead], [1, 0]);
});

test("a page that nobody sees, whose timers come once a minute, doesn't sleep: the other side's signs of life come", async () => {
  const world = begin();
  for (let quarter = 0; quarter < 8; quarter++) {
    world.clock.sleep(15_000);
    world.pulse.heard();
  }
  await world.clock.forward(0);
  assert.equal(world.dead, 0);
});

/** A session that is connected for so long that it counts, and then sleeps. */
async function asleep(ms) {
  const world = new World();
  await world.start();
  await world.clock.forward(10_000);
  world.tried = () => {};
  world.link.silent = true;
  world.clock.sleep(ms);
  return world;
}

/** The tries since it slept, which were begun without time going on. */
async function triesAtOnce(world) {
  await until(() => world.tries.length > 1);
  await idle();
  return world.tries.slice(1).map((attempt) => attempt.name);
}

for (const [what, happens] of Object.entries({
  "its first timer": (world) => world.clock.forward(0),
  "news about the network": (world) => world.session.nudge(),
  "a look": (world) => world.session.look(),
  "the end of the connection": (world) => world.link.lose(),
})) {
  test(`a session that slept longer than the server waits is dialed anew with ${what}, over all transports at once`, async () => {
    const world = await asleep(31_000);
    await happens(world);
    assert.deepEqual(await triesAtOnce(world), ["WebTransport", "WebSocket"]);
    assert.ok(world.links[0].closed);
    world.session.stop();
  });
}

test("a session that slept for less is asked, and goes on", async () => {
  const world = await asleep(20_000);
  world.link.silent = false;
  await world.clock.forward(3_000);
  assert.deepEqual([world.tries.length, world.state.connection.state], [1, "open"]);
  world.session.stop();
});
