import assert from "node:assert/strict";
import { test } from "node:test";
import { called, calledAmong, doubtful, isMixed, skeleton } from "../app/names.js";

const person = (name, display = "") => ({ name, display });

test("what looks the same has the same skeleton", () => {
  const alike = [
    ["Anna", "Аnna", "\u0410\u043d\u043d\u0430".replaceAll("\u043d", "n"), "an\u200bna", "ANNA", "Änna", "Ａｎｎａ", "anna\u2060", "a n n a"],
    ["Paypal", "PaypaI", "Раураl", "paypa1", "PаyPаl"],
    ["Bernd", "Bemd"],
    ["Otto", "0tto", "Οττο"],
    ["Will", "VVill"],
  ];
  for (const [first, ...others] of alike) for (const other of others) assert.equal(skeleton(other), skeleton(first), `${other} and ${first}`);
  assert.notEqual(skeleton("Anna"), skeleton("Arne"));
});

test("letters of two scripts are noticed", () => {
  assert.deepEqual(["Anna", "Аnna", "Анна", "Ανnα", "Jörg Åse", "O’Neill-Smith 3", "山田 Taro"].map(isMixed), [false, true, false, true, false, false, true]);
});

test("who could be taken for another one is doubtful, and so is the other one", () => {
  const people = [person("anna", "Anna Berg"), person("mallory", "Аnnа Веrg"), person("bert", "Bert"), person("carla")];
  assert.deepEqual([...doubtful(people)], ["anna", "mallory"]);
});

test("a name of two scripts is doubtful even where nobody is called so yet", () => {
  assert.deepEqual([...doubtful([person("mallory", "P\u0430ul"), person("bert", "Bert")])], ["mallory"]);
});

test("a display name that is another one's user name is doubtful", () => {
  assert.deepEqual([...doubtful([person("bert", "Herr Klein"), person("mallory", "BERT")])], ["mallory"]);
  assert.deepEqual([...doubtful([person("bert", "Bert"), person("carla", "Carla")])], []);
});

test("names that are nothing to see are doubtful, and two who are called alike", () => {
  assert.deepEqual([...doubtful([person("a", "\u2060\u200b"), person("b", "Müller"), person("c", "Muller"), person("d", "Meier")])], ["a", "b", "c"]);
});

test("who could be taken for somebody else is called by the account as well, and nobody else is", () => {
  const people = [person("anna", "Anna"), person("mallory", "Аnna"), person("bert", "Bert")];
  assert.deepEqual(people.map((one) => calledAmong(one, people)), ["Anna @anna", "Аnna @mallory", "Bert"]);
  const rooms = { me: person("anna", "Anna"), deals: new Map([["d", { people }]]) };
  assert.deepEqual(["anna", "bert", "gone"].map((name) => called(rooms, { deal: "d" }, name)), ["Anna @anna", "Bert", "gone"]);
  assert.equal(called(rooms, undefined, "anna"), "Anna");
});
