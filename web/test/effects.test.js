import assert from "node:assert/strict";
import { test } from "node:test";
import { consequences } from "../app/effects.js";
import { plain, sentence } from "../app/sentence.js";
import { formats } from "../app/words.js";

const en = (await import("../lang/en-admin.js")).default;
const de = (await import("../lang/de-admin.js")).default;
const topics = (...titles) => titles.map((title) => ({ id: title.toLowerCase(), title }));
const say = (meaning, words = en, lang = "en") => consequences(meaning, { words, formats: formats(lang), who: "Bert Baum" }).map(plain);
const bert = { user: "bert", display: "Bert Baum" };

test("who loses what is said with its number and its names", () => {
  assert.deepEqual(say({ effects: [{ ...bert, loses: topics("Price", "Terms", "Plan") }] }), ["Bert Baum (bert) loses access to 3 topics at once: Price, Terms, Plan."]);
  assert.deepEqual(say({ effects: [{ ...bert, loses: topics("Price") }] }), ["Bert Baum (bert) loses access to Price at once."]);
  assert.deepEqual(say({ effects: [{ ...bert, loses: topics("Price", "Terms") }] }, de, "de"), ["Bert Baum (bert) verliert sofort den Zugang zu 2 Themen: Price, Terms."]);
});

test("those for whom the same changes are named together", () => {
  const effects = ["Anna", "Bert"].map((display) => ({ user: display.toLowerCase(), display, loses: topics("Price") }));
  assert.deepEqual(say({ effects: [...effects, { user: "carla", display: "Carla", gains: topics("Price") }] }), ["Anna, Bert lose access to Price at once.", "Carla can read Price from then on."]);
  assert.deepEqual(say({ effects }, de, "de"), ["Anna, Bert verlieren sofort den Zugang zu Price."]);
});

test("long lists are cut, and counted", () => {
  const many = Array.from({ length: 40 }, (_, at) => ({ user: `u${at}`, display: `U${at}`, loses: topics("Price") }));
  assert.deepEqual(say({ effects: many }), ["U0, U1, U2, U3, U4 and 35 more lose access to Price at once."]);
});

test("what is taken comes before what is given, and that sign-ins end comes last", () => {
  const effect = { ...bert, gains: topics("A"), speaks: topics("B"), more: topics("C"), mute: topics("D"), less: topics("E"), loses: topics("F") };
  assert.deepEqual(
    say({ effects: [effect], ends: true }).map((text) => /\b[A-F]\b/.exec(text)?.[0] ?? text),
    ["F", "E", "D", "A", "C", "B", "All sign-ins of Bert Baum end."],
  );
});

test("where nobody's rights change nothing is said", () => {
  assert.deepEqual(say({ effects: [], ends: false }), []);
  assert.deepEqual(say({}), []);
  assert.deepEqual(say({ effects: [{ ...bert, loses: [], gains: null }] }), []);
});

test("names in a sentence stay apart from its words", () => {
  assert.deepEqual(sentence`${"שלום"} signed in, ${[{ name: "a" }, " and ", { name: "b" }]} too.`, [{ name: "שלום" }, " signed in, ", { name: "a" }, " and ", { name: "b" }, " too."]);
  const [parts] = consequences({ effects: [{ ...bert, loses: topics("<b>") }] }, { words: en, formats: formats("en"), who: "" });
  assert.deepEqual(parts.filter((part) => typeof part !== "string"), [{ name: "Bert Baum (bert)" }, { name: "<b>" }]);
});
