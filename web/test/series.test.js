import assert from "node:assert/strict";
import { test } from "node:test";
import { figures, line, seriesOf } from "../app/series.js";

const FIELD = { width: 100, height: 20, margin: 2 };

test("a series says its first, last, least and most as they were written", () => {
  const { count, first, last, least, most } = seriesOf(["2.00", "-1.10", "1e1", "3"]);
  assert.deepEqual([count, first, last, least, most], [4, "2.00", "3", "-1.10", "1e1"]);
});

test("fewer than two, and what isn't finite, make no line", () => {
  for (const tokens of [[], ["1"], ["1", "1e400"], ["1", "NaN"]]) assert.equal(seriesOf(tokens), null);
});

test("of a long series few points are drawn, with the first, the last, the least and the most", () => {
  const tokens = Array.from({ length: 100_000 }, (_, at) => String(at === 777 ? -5 : at === 90_001 ? 5 : Math.sin(at)));
  tokens[0] = "0.25";
  tokens[99_999] = "0.75";
  const { points } = seriesOf(tokens);
  assert.ok(points.length <= 122);
  assert.deepEqual([points[0], points.at(-1), Math.min(...points), Math.max(...points)], [0.25, 0.75, -5, 5]);
  assert.deepEqual(seriesOf(["1", "2", "3"]).points, [1, 2, 3]);
});

test("the line fills its field, whatever the numbers are", () => {
  assert.deepEqual(line([0, 5, 10], FIELD), [[2, 18], [50, 10], [98, 2]]);
  assert.deepEqual(line([7, 7], FIELD), [[2, 10], [98, 10]]);
  assert.deepEqual(line([-1.7e308, 1.7e308, 0], FIELD), [[2, 18], [50, 2], [98, 10]]);
  for (const [x, y] of line([5e-324, 0, 5e-324], FIELD)) assert.ok(Number.isFinite(x) && Number.isFinite(y));
});

test("a number is grouped as the language does it, and keeps every digit", () => {
  const [de, en] = [figures("de"), figures("en")];
  for (const [token, german, english] of [
    ["1284300.50", "1.284.300,50", "1,284,300.50"],
    ["1.10", "1,10", "1.10"],
    ["2026", "2026", "2026"],
    ["-12345", "-12.345", "-12,345"],
    ["12345678901234567890.1", "12.345.678.901.234.567.890,1", "12,345,678,901,234,567,890.1"],
    ["-0", "-0", "-0"],
  ]) assert.deepEqual([de(token), en(token)], [german, english]);
});

test("what a language can't write without a loss stays as it is written", () => {
  const de = figures("de");
  for (const token of ["1e5", "-3.1E-2", "0.100000000000000000000000001", "9".repeat(100)]) assert.equal(de(token), token);
  assert.equal(figures("ar-EG")("12345"), "12345");
});
