import assert from "node:assert/strict";
import { test } from "node:test";
import { Missed } from "../app/missed.js";
import { FakeClock } from "./scripted.js";

function begin() {
  const clock = new FakeClock();
  const told = [];
  return { clock, told, missed: new Missed(clock, (count) => told.push(count)) };
}

test("what comes elsewhere is counted: the first at once, then all of a pause together", async () => {
  const { clock, told, missed } = begin();
  missed.add(0);
  missed.add(1);
  for (let time = 0; time < 7; time++) missed.add(2);
  assert.deepEqual(told, [1]);
  await clock.forward(15_000);
  assert.deepEqual(told, [1, 14]);
  await clock.forward(60_000);
  missed.add(3);
  assert.deepEqual(told, [1, 14, 3]);
});

test("whoever reads along again is told of nothing more", async () => {
  const { clock, told, missed } = begin();
  missed.add(1);
  missed.add(5);
  missed.clear();
  await clock.forward(60_000);
  assert.deepEqual([told, clock.waiting], [[1], 0]);
  missed.add(2);
  assert.deepEqual(told, [1, 2]);
});
