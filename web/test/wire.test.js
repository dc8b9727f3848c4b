import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Decoder, MAX_HEADER, MAX_PAYLOAD, Malformed, encode, number } from "../app/wire.js";

const golden = JSON.parse(readFileSync(new URL("../../server/wire/testdata/frames.json", import.meta.url), "utf8"));
const octetsOf = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const ascii = (text) => new TextEncoder().encode(text);

/** Everything that a decoder makes of these pieces. */
function decode(...pieces) {
  const frames = [];
  const decoder = new Decoder();
  for (const piece of pieces) decoder.push(piece, (frame) => frames.push(frame));
  return frames;
}

test("golden frames parse to what Go parses them to, and encode to the same octets", () => {
  assert.ok(golden.good.length > 0);
  for (const { name, octets, type, length, fields, payload } of golden.good) {
    const [frame, ...more] = decode(octetsOf(octets));
    assert.equal(more.length, 0, name);
    assert.equal(frame.type, type, name);
    assert.deepEqual(frame.fields, fields ?? [], name);
    assert.equal(frame.payload.length, length, name);
    assert.deepEqual(frame.payload, octetsOf(payload), name);
    assert.deepEqual(encode(frame.type, frame.fields, frame.payload), octetsOf(octets), name);
  }
});

test("golden bad frames are refused", () => {
  assert.ok(golden.bad.length > 0);
  for (const { name, octets } of golden.bad) assert.throws(() => decode(octetsOf(octets)), Malformed, name);
});

test("frames come out the same however their octets are split", () => {
  const all = golden.good.filter(({ length }) => length < 100_000);
  const whole = Buffer.concat(all.map(({ octets }) => octetsOf(octets)));
  const expected = decode(new Uint8Array(whole));
  let seed = 1;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let round = 0; round < 50; round++) {
    const pieces = [];
    for (let at = 0; at < whole.length; ) {
      const end = Math.min(whole.length, at + (round === 0 ? 1 : random(40)));
      pieces.push(new Uint8Array(whole.subarray(at, end)));
      at = end;
    }
    assert.deepEqual(decode(...pieces), expected);
  }
});

test("frames before a bad header are still handed on", () => {
  const frames = [];
  const octets = ascii("PING 0 a\nPING 0 b\nping 0\n");
  assert.throws(() => new Decoder().push(octets, (frame) => frames.push(frame)), Malformed);
  assert.deepEqual(frames.map((frame) => frame.fields[0]), ["a", "b"]);
});

test("a header has at most 1,024 octets with its LF", () => {
  const longest = `A 0 ${"x".repeat(MAX_HEADER - 5)}\n`;
  assert.equal(ascii(longest).length, MAX_HEADER);
  assert.equal(decode(ascii(longest)).length, 1);
  assert.throws(() => decode(ascii(longest.replace("x", "xx"))), Malformed);
  assert.throws(() => decode(ascii("A".repeat(MAX_HEADER))), Malformed, "without waiting for its LF");
  assert.throws(() => encode("A", ["x".repeat(MAX_HEADER)]), RangeError);
});

test("a payload has at most 1 MiB", () => {
  const payload = new Uint8Array(MAX_PAYLOAD).fill(7);
  assert.deepEqual(decode(encode("A", [], payload))[0].payload, payload);
  assert.throws(() => decode(ascii(`A ${MAX_PAYLOAD + 1}\n`)), Malformed);
  assert.throws(() => encode("A", [], new Uint8Array(MAX_PAYLOAD + 1)), RangeError);
});

test("fields bear any text but control characters", () => {
  for (const field of ["", "-", "--", "%", "%2D", "a b", "Grüße", "🏦", "\ufeffx", "\u0080", "=", "a=b"]) {
    assert.deepEqual(decode(encode("A", [field]))[0].fields, [field]);
  }
  for (const field of ["\n", "\0", "\x7f", "a\tb"]) assert.throws(() => encode("A", [field]), RangeError);
});

test("what isn't canonical is refused", () => {
  const bad = ["a 0", "A 00", "A 01", "A +1", "A", "A 0 ", "A  0", " A 0", "A 0\r", "A 0 %41", "A 0 %2d", "A 0 %c3%a4", "A 0 %FF", "A 0 %ED%A0%80", "A 0 %00", "A 0 %0A", "A 0 %", "A 0 %4", "A 0 a%2Db", `${"A".repeat(17)} 0`, ""];
  for (const header of bad) assert.throws(() => decode(ascii(`${header}\n`)), Malformed, JSON.stringify(header));
});

test("random octets are refused or skipped, and never anything else", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647);
  for (let round = 0; round < 2000; round++) {
    const octets = Uint8Array.from({ length: random() % 200 }, () => random() & 0xff);
    try {
      decode(octets);
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error));
    }
  }
});

test("numbers are decimal, without leading zero, at most 2^53-1", () => {
  assert.equal(number("0"), 0);
  assert.equal(number("9007199254740991"), 2 ** 53 - 1);
  for (const text of ["", "-1", "01", "1.5", "1e3", "9007199254740992", "x", undefined]) assert.ok(Number.isNaN(number(text)), text);
});
