import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../app/pulse.js";
import { FakeClock } from "./scripted.js";

function begin() {
  const clock = new FakeClock();
  const world = { clock, asked: 0, dead: 0 };
  world.pulse = new Pulse({ clock, askAfter: 2000, answerWithin: 2500, ask: () => world.asked++, dead: () => world.dead++ });
  return world;
}

test("asks after a silence, and takes no answer for the end, once", async () => {
  const world = begin();
  await world.clock.forward(1999);
  assert.equal(world.asked, 0);
  await world.clock.forward(1);
  assert.equal(world.asked, 1);
  await world.clock.forward(2499);
  assert.equal(world.dead, 0);
  await world.clock.forward(1);
  assert.equal(world.dead, 1);
  await world.clock.forward(60_000);
  assert.deepEqual([world.asked, world.dead, world.clock.waiting], [1, 1, 0]);
});

test("whatever is heard puts the question off, and answers it", async () => {
  const world = begin();
  for (let second = 0; second < 10; second++) {
    await world.clock.forward(1000);
    world.pulse.heard();
  }
  assert.equal(world.asked, 0);
  await world.clock.forward(3000);
  assert.equal(world.asked, 1);
  world.pulse.heard();
  await world.clock.forward(1999);
  assert.deepEqual([world.asked, world.dead], [1, 0]);
});

test("a timer that is late asks once more: the computer was busy, or slept", async () => {
  const world = begin();
  await world.clock.forward(2000);
  world.clock.sleep(60_000);
  await world.clock.forward(0);
  assert.deepEqual([world.asked, world.dead], [2, 0]);
  await world.clock.forward(2500);
  assert.equal(world.dead, 1);
});

test("a look asks at once, and may be less patient", async () => {
  const world = begin();
  world.pulse.look(1000);
  assert.equal(world.asked, 1);
  await world.clock.forward(1000);
  assert.equal(world.dead, 1);
});

test("stopped, it never calls again", async () => {
  const world = begin();
  world.pulse.stop();
  await world.clock.forward(10_000);
  assert.deepEqual([world.asked, world.dead, world.clock.waiting], [0, 0, 0]);
});
