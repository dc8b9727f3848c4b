import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNews } from "../app/news.js";
import { empty, groups, readOnly, reduce, rights } from "../app/rooms.js";
import { exactName } from "../app/sentence.js";
import { audience, directs, inCommon, listedAs, otherRole, readers, titleOf } from "../app/walls.js";

const ME = { name: "anna", display: "Anna Keller", role: "member" };
const T = "topic00000000001";
const D = "deal000000000001";
const deal = { id: D, name: "GeldGeldGeld AG", open: true, history: "all", people: [] };
const topic = { id: T, deal: D, title: "Bewertung", number: 1, open: true, head: 0 };
const run = (state, ...actions) => actions.reduce(reduce, state);
const watched = run(empty(ME, 0), { type: "watch" }, { type: "deal", deal }, { type: "topic", topic }, { type: "watched" });

const people = [
  { name: "anna", display: "Anna Keller", role: "member", reads: true },
  { name: "bert", display: "Bert", role: "member", reads: true },
  { name: "carla", display: "Carla", role: "admin", reads: true },
  { name: "dora", display: "Dora", role: "member", reads: false },
];
const peopled = run(watched, { type: "deal", deal: { ...deal, people } });

test("who can read: the deal; of a narrowed topic its members and admins; of a direct one its two", () => {
  const of = (more) => readers(peopled, { ...topic, ...more }).map((person) => person.name);
  assert.deepEqual(of({}), ["anna", "bert", "carla"]);
  assert.deepEqual(of({ narrowed: true, members: ["bert", "dora"] }), ["bert", "carla"]);
  assert.deepEqual(of({ narrowed: true, members: [] }), ["carla"]);
  assert.deepEqual(of({ direct: true, members: ["anna", "bert"] }), ["anna", "bert"]);
  assert.deepEqual(of({ narrowed: false, members: null }), ["anna", "bert", "carla"]);
});

test("archived topics and direct conversations stand apart, the latter by the other's name", () => {
  const collator = new Intl.Collator("en");
  const talk = { ...topic, id: "talk", title: "anna, bert", direct: true, members: ["anna", "bert"] };
  const state = run(peopled, { type: "topic", topic: { ...topic, id: "old", archived: true, open: false } }, { type: "topic", topic: talk });
  const [group] = groups(state, collator);
  assert.deepEqual([group.topics, group.archived].map((topics) => topics.map((topic) => topic.id)), [[T], ["old"]]);
  assert.deepEqual(directs(state, collator).map((topic) => titleOf(state, topic)), ["Bert"]);
  assert.equal(titleOf(state, { ...topic, title: "Bewertung" }), "Bewertung");
});

test("of two conversations that are called alike the deal tells which is meant", () => {
  const talk = { ...topic, id: "talk", title: "anna, bert", direct: true, members: ["anna", "bert"] };
  const one = run(peopled, { type: "topic", topic: talk });
  assert.equal(listedAs(one, talk), "Bert");
  const other = { ...deal, id: "deal000000000002", name: "Zweiter Deal", people };
  const again = { ...talk, id: "talk2", deal: other.id };
  const two = run(one, { type: "deal", deal: other }, { type: "topic", topic: again });
  assert.deepEqual([talk, again].map((each) => listedAs(two, each)), ["Bert · GeldGeldGeld AG", "Bert · Zweiter Deal"]);
});

test("to somebody who reads no more nothing is said", () => {
  const talk = (other) => ({ ...topic, direct: true, members: ["anna", other] });
  assert.equal(readOnly(peopled, talk("bert")), "");
  assert.equal(readOnly(peopled, talk("dora")), "alone");
  assert.equal(readOnly(peopled, { ...talk("dora"), direct: false, narrowed: true }), "");
});

test("who is called like another is told apart by the account", () => {
  assert.equal(exactName({ name: "evil", display: "Miriam Brandt" }), "Miriam Brandt (evil)");
  assert.equal(exactName({ name: "bert", display: "Bert" }), "Bert");
  assert.equal(exactName({ name: "bert", display: "" }), "bert");
  assert.equal(exactName({ name: "bert" }), "bert");
});

test("a role that has changed is noticed: a deal says so, or an admin has lost them all", () => {
  const became = (role) => run(peopled, { type: "deal", deal: { ...deal, people: [{ ...people[0], role }] } });
  assert.ok(!otherRole(peopled, peopled));
  assert.ok(otherRole(peopled, became("observer")));
  assert.ok(!otherRole(peopled, became("member")));
  const admin = run(empty({ ...ME, role: "admin" }, 0), { type: "watch" }, { type: "deal", deal }, { type: "watched" });
  const none = run(admin, { type: "deal-gone", id: D });
  assert.ok(otherRole(admin, none));
  assert.ok(!otherRole(none, none), "an admin of an empty room is one");
  assert.ok(!otherRole(watched, run(watched, { type: "deal-gone", id: D })), "a member is removed from the last deal");
  assert.ok(!otherRole(peopled, run(peopled, { type: "watch" }, { type: "deal", deal: { ...deal, people: [{ ...people[0], role: "bot" }] } })), "not before all is said");
});

test("a topic that is narrowed no more has no members any more", () => {
  const frame = (value) => ({ type: "TOPIC", fields: [T], payload: new TextEncoder().encode(JSON.stringify(value)) });
  const named = { id: T, deal: D, title: "Bewertung", number: 1, open: true, head: 0 };
  const narrow = reduce(peopled, fromNews(frame({ ...named, narrowed: true, archived: false, members: ["bert"] })));
  assert.deepEqual([narrow.topics.get(T).narrowed, narrow.topics.get(T).members], [true, ["bert"]]);
  const wide = reduce(narrow, fromNews(frame({ ...named, narrowed: false, archived: false })));
  assert.deepEqual([wide.topics.get(T).narrowed, wide.topics.get(T).members], [false, null]);
});

test("whom a topic is open to is told apart: all of the deal, some of it, or two", () => {
  const of = (more) => audience(peopled, { ...topic, ...more });
  assert.deepEqual(of({}), { kind: "deal", count: 3, admins: 1 });
  assert.deepEqual(of({ narrowed: true, members: ["bert"] }), { kind: "narrowed", count: 2, admins: 1 });
  assert.deepEqual(of({ direct: true, members: ["anna", "bert"] }), { kind: "direct", count: 2, admins: 0 });
});

test("with somebody one has those deals in common that they read", () => {
  const other = { ...deal, id: "deal000000000002", name: "Zweiter Deal", people: [people[0], { ...people[3], reads: true }] };
  const two = run(peopled, { type: "deal", deal: other });
  const of = (name) => inCommon(two, name).deals.map((deal) => deal.name);
  assert.deepEqual([of("bert"), of("dora"), of("anna"), of("nobody")], [["GeldGeldGeld AG"], ["Zweiter Deal"], ["GeldGeldGeld AG", "Zweiter Deal"], []]);
  assert.equal(inCommon(two, "dora").person.reads, true);
  assert.equal(inCommon(peopled, "dora").person.display, "Dora", "who wrote here once is known by name");
});

test("who has read is offered where the deal shows it, for what is there", () => {
  const shows = run(watched, { type: "deal", deal: { ...deal, receipts: true } });
  const message = { seq: 3, author: "bert", time: 0, kind: "text", ref: 0, text: "a", redacted: false };
  assert.deepEqual([rights(shows, topic, message).readers, rights(watched, topic, message).readers], [true, false]);
  assert.deepEqual([rights(shows, topic, { ...message, redacted: true }).readers, rights(shows, topic, { ...message, seq: 0 }).readers], [false, false]);
});
