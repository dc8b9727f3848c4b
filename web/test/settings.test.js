import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, Settings, isQuiet, keyOf, noticeOf, parse } from "../app/settings.js";

function storage(items = new Map()) {
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

test("whatever stands there, settings are complete and make sense", () => {
  const odd = [null, "", "null", "[]", "7", '"x"', "{", '{"enter":7,"notice":"loud","notices":[1],"quiet":{"from":"25:00","to":"07:00"}}', '{"quiet":"22:00"}'];
  for (const stored of odd) assert.deepEqual(parse(stored), DEFAULTS, stored);
  assert.deepEqual(parse('{"quiet":{"from":"08:00","to":"08:00"}}').quiet, null);
});

test("what makes sense stays, whatever stands beside it", () => {
  const stored = { enter: "break", notice: "none", notices: { t1: "all", t2: "shout", t3: 4 }, quiet: { from: "22:00", to: "07:30", more: 1 }, later: true };
  assert.deepEqual(parse(JSON.stringify(stored)), { enter: "break", notice: "none", notices: { t1: "all" }, quiet: { from: "22:00", to: "07:30" }, extracts: false });
});

test("one is told as one has said, in a direct topic of all", () => {
  const settings = { ...DEFAULTS, notices: { t2: /** @type {const} */ ("none") } };
  assert.deepEqual([{ id: "t1" }, { id: "t2" }, { id: "t3", direct: true }, { id: "t2", direct: true }].map((topic) => noticeOf(settings, topic)), ["mentions", "none", "all", "none"]);
});

test("quiet hours begin and end on the minute, over midnight too", () => {
  const quiet = (from, to) => ["00:00", "06:59", "07:00", "12:00", "21:59", "22:00", "23:59"].filter((time) => isQuiet({ ...DEFAULTS, quiet: { from, to } }, time));
  assert.deepEqual(quiet("22:00", "07:00"), ["00:00", "06:59", "22:00", "23:59"]);
  assert.deepEqual(quiet("07:00", "22:00"), ["07:00", "12:00", "21:59"]);
  assert.equal(isQuiet(DEFAULTS, "03:00"), false);
});

test("they are kept, a person's own, and told of", () => {
  const kept = storage();
  const anna = new Settings("anna", () => kept);
  let told = 0;
  const end = anna.subscribe(() => told++);
  anna.change({ enter: "break" });
  assert.equal(anna.now.enter, "break");
  assert.equal(new Settings("anna", () => kept).now.enter, "break");
  assert.equal(new Settings("bert", () => kept).now.enter, "send");
  end();
  anna.change({ enter: "send" });
  assert.equal(told, 1);
});

test("tabs are in step, and none undoes what another one has changed", () => {
  const kept = storage();
  const [one, other] = [new Settings("anna", () => kept), new Settings("anna", () => kept)];
  one.change({ enter: "break" });
  other.change({ notice: "none" });
  assert.deepEqual(other.now, { ...DEFAULTS, enter: "break", notice: "none" });
  assert.equal(one.now.notice, "mentions");
  one.heard({ key: keyOf("bert") });
  assert.equal(one.now.notice, "mentions");
  one.heard({ key: keyOf("anna") });
  assert.deepEqual(one.now, other.now);
});

test("a browser that keeps nothing has them as long as the page is there", () => {
  const refuse = () => {
    throw new Error("refused");
  };
  const settings = new Settings("anna", refuse);
  settings.change({ enter: "break" });
  settings.change({ notice: "all" });
  assert.deepEqual(settings.now, { ...DEFAULTS, enter: "break", notice: "all" });
});
