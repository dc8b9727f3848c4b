import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, tokens, wordsOf } from "../app/query.js";
import { asked, complete, completions } from "../app/question.js";
import { empty, reduce } from "../app/rooms.js";

const ME = { name: "anna", display: "Anna Keller", role: "member" };
const D = "deal000000000001";
const E = "deal000000000002";
const person = (name, display) => ({ name, display, role: "member", reads: true });
const people = [person("anna", "Anna Keller"), person("bert", "Bert Müller"), person("bea", "Bea"), person("carl", "Alex"), person("cleo", "Alex")];
const deal = (id, name) => ({ id, name, open: true, history: "all", people });
const topic = (id, title, more = {}) => ({ id, deal: D, title, number: 1, open: true, head: 0, ...more });
const rooms = [
  { type: "watch" },
  { type: "deal", deal: deal(D, "GeldGeldGeld AG") },
  { type: "deal", deal: deal(E, "Falke") },
  { type: "topic", topic: topic("t1", "Bewertung") },
  { type: "topic", topic: topic("t2", "Fragen an den Verkäufer") },
  { type: "topic", topic: topic("t3", "Bewertung", { deal: E }) },
  { type: "topic", topic: topic("t4", "anna, bert", { direct: true, members: ["anna", "bert"] }) },
  { type: "watched" },
].reduce(reduce, empty(ME, 0));
const speech = { collator: new Intl.Collator("en"), me: "you", days: () => [{ value: "2026-11-22", label: "today" }] };
const question = (text) => asked(text, rooms).question;
const offered = (text, caret = text.length) => completions(text, caret, rooms, speech)?.offered;

test("words, phrases and operators are told apart, with their places", () => {
  const parts = (text) => tokens(text).map(({ operator, value, start, end }) => [operator, value, text.slice(start, end)]);
  assert.deepEqual(parts('kredit "über 90" FROM:bert in:"Fragen an" after:'), [
    ["", "kredit", "kredit"],
    ["", "über 90", '"über 90"'],
    ["from", "bert", "FROM:bert"],
    ["in", "Fragen an", 'in:"Fragen an"'],
    ["after", "", "after:"],
  ]);
  assert.deepEqual(parts('xfrom:bert "offen'), [["", "xfrom:bert", "xfrom:bert"], ["", "offen", '"offen']]);
  assert.deepEqual(parts("  "), []);
});

test("titles are compared with the words alone", () => {
  assert.equal(wordsOf("from:bert kredit"), "kredit");
  assert.equal(wordsOf("in:Bewertung"), "");
  assert.equal(wordsOf("3 Bew: a"), "3 Bew: a");
  assert.equal(fold("  Vermögen "), "vermogen");
});

test("an operator that is still being typed is no part of the question yet", () => {
  assert.equal(question("kredit from:be"), "kredit");
  assert.equal(question("kredit from:bert"), "kredit from:bert");
  assert.equal(question("kredit before:2026-1"), "kredit");
  assert.equal(question("kredit before:2026-11"), "kredit before:2026-11");
  assert.equal(question("from:"), "");
  assert.equal(question("from:gone "), "from:gone", "the server may know who isn't here any more");
});

test("people and topics may be called by the names that one sees", () => {
  assert.equal(question('from:"Bert Müller"'), "from:bert");
  assert.equal(question("from:me"), "from:me");
  assert.equal(question('from:Alex '), "from:Alex", "two are called so");
  assert.equal(question('in:"fragen an den verkaufer"'), "in:t2");
  assert.equal(question('in:"Bert Müller"'), "in:t4", "a conversation is called by the other's name");
  assert.equal(question("in:Bewertung "), "in:Bewertung", "two are called so");
  assert.equal(question('in:"Von früher" a'), 'in:"Von früher" a');
});

test("a day that is none is said as soon as it isn't being typed any more", () => {
  assert.deepEqual(asked("kredit before:2026-02-30", rooms), { question: "kredit", wrong: null });
  assert.deepEqual(asked("kredit before:2026-02-30 ", rooms), { question: "", wrong: { operator: "before", value: "2026-02-30" } });
  assert.deepEqual(asked("after:gestern x", rooms).wrong, { operator: "after", value: "gestern" });
  for (const day of ["2026", "2026-02", "2024-02-29"]) assert.equal(asked(`after:${day} x`, rooms).wrong, null, day);
});

test("operators are completed from what one can see, those that begin so first", () => {
  assert.deepEqual(offered("from:be").map(({ insert, label }) => [insert, label]), [["from:bea ", "Bea"], ["from:bert ", "Bert Müller"]]);
  assert.deepEqual(offered("from:mull").map(({ insert }) => insert), ["from:bert "]);
  assert.ok(offered("from:").some(({ insert, label }) => insert === "from:me " && label === "you"));
  assert.ok(!offered("from:").some(({ insert }) => insert === "from:anna "), "oneself is offered once");
  assert.deepEqual(offered("in:fra").map(({ insert }) => insert), ['in:"Fragen an den Verkäufer" ']);
  assert.deepEqual(offered("in:bew").map(({ insert, note }) => [insert, note]), [["in:t1 ", "GeldGeldGeld AG"], ["in:t3 ", "Falke"]], "two titles alike go by their ids");
  assert.deepEqual(offered("before:").map(({ insert }) => insert), ["before:2026-11-22 "]);
  assert.equal(offered("kredit"), undefined);
  assert.equal(offered("from:bert kredit"), undefined, "the caret is elsewhere");
});

test("a completion takes its operator's place, and the caret stands behind it", () => {
  const text = "kredit from:be offen";
  const { token, offered } = completions(text, 14, rooms, speech);
  assert.deepEqual(complete(text, token, offered[1]), { text: "kredit from:bert offen", caret: 17 });
});
