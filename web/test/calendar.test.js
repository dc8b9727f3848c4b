import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, dayOf, later, monthsLater, moved, weeks } from "../app/calendar.js";
import { Times } from "../app/times.js";

const day = (year, month, day) => ({ year, month: month - 1, day });
const key = (key, shiftKey = false) => ({ key, shiftKey });
const MONDAY = 1;
const SUNDAY = 7;

test("a month's weeks begin where weeks begin, and hold each of its days once", () => {
  const shown = (first) => weeks(2026, 10, first).map((week) => week.map((cell) => cell?.day ?? 0).join(" "));
  assert.deepEqual(shown(MONDAY), ["0 0 0 0 0 0 1", "2 3 4 5 6 7 8", "9 10 11 12 13 14 15", "16 17 18 19 20 21 22", "23 24 25 26 27 28 29", "30 0 0 0 0 0 0"]);
  assert.deepEqual(shown(SUNDAY).slice(0, 2), ["1 2 3 4 5 6 7", "8 9 10 11 12 13 14"]);
  assert.equal(weeks(2024, 1, MONDAY).flat().filter(Boolean).length, 29);
});

test("arrows go by days and weeks, Home and End to the week's ends, Page Up and Down by months and years", () => {
  const from = day(2026, 11, 1); // a Sunday
  for (const [pressed, to] of [
    [key("ArrowLeft"), day(2026, 10, 31)],
    [key("ArrowRight"), day(2026, 11, 2)],
    [key("ArrowUp"), day(2026, 10, 25)],
    [key("ArrowDown"), day(2026, 11, 8)],
    [key("Home"), day(2026, 10, 26)],
    [key("End"), day(2026, 11, 1)],
    [key("PageUp"), day(2026, 10, 1)],
    [key("PageDown", true), day(2027, 11, 1)],
    [key("x"), null],
  ]) assert.deepEqual(moved(from, pressed, MONDAY), to, JSON.stringify(pressed));
});

test("a month that is too short for a day ends with its last", () => {
  assert.deepEqual(monthsLater(day(2026, 1, 31), 1), day(2026, 2, 28));
  assert.deepEqual(monthsLater(day(2024, 2, 29), 12), day(2025, 2, 28));
  assert.deepEqual(monthsLater(day(2026, 1, 15), -1), day(2025, 12, 15));
});

test("a day is the one of the local calendar, also where clocks are changed", () => {
  for (let at = day(2026, 1, 1), n = 0; n < 800; n++, at = later(at, 1)) {
    assert.deepEqual(dayOf(beginning(at)), at);
    assert.deepEqual(dayOf(beginning(later(at, 1)) - 1), at, "up to the next one");
  }
});

test("between times that are known others are guessed", () => {
  const times = new Times();
  assert.equal(times.guess(5), 0);
  times.note(100, 1000);
  assert.equal(times.guess(5), 1000);
  times.note(200, 3000);
  assert.equal(times.guess(150), 2000);
  assert.equal(times.guess(900), 3000);
  assert.ok(times.knows(100) && !times.knows(150));
  for (let seq = 1000; seq < 3000; seq++) times.note(seq, seq);
  assert.ok(!times.knows(100), "what is known is bounded");
});
