import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../app/sentence.js";
import { ACTIONS, raw, told } from "../app/trail.js";
import { formats } from "../app/words.js";

const dictionaries = await Promise.all(
  ["en", "de"].map(async (lang) => ({ lang, room: (await import(`../lang/${lang}.js`)).default, words: (await import(`../lang/${lang}-admin.js`)).default })),
);
const called = new Map([["anna", "Anna Adler"], ["bert", "Bert Baum"], ["d1", "Alpha"], ["t1", "Price"]]);
const names = { user: (name) => called.get(name) ?? name, deal: (id) => called.get(id) ?? id, topic: (id) => called.get(id) ?? "" };

function say(entry, at = 0) {
  const { lang, room, words } = dictionaries[at];
  const { number, names: list } = formats(lang);
  return told({ seq: 1, time: 0, by: "anna", ...entry }, names, { words, roles: room.roles, number, list }).map(plain);
}

test("an entry says who did what to whom", () => {
  assert.deepEqual(say({ action: "deal.member.removed", user: "bert", deal: "d1" }), ["Anna Adler removed Bert Baum from Alpha."]);
  assert.deepEqual(say({ action: "deal.member.removed", user: "bert", deal: "d1" }, 1), ["Anna Adler hat Bert Baum aus Alpha entfernt."]);
  assert.deepEqual(say({ action: "topic.opened", topic: "t1" }), ["Anna Adler opened Price."]);
  assert.deepEqual(say({ action: "user.added", by: "", user: "bert", detail: { role: "observer" } }), ["The operator added Bert Baum in the role Observer."]);
});

test("who came by an invitation came by himself, and it is said who had invited", () => {
  assert.deepEqual(say({ action: "invitation.accepted", by: "bert", user: "bert", detail: { role: "member", deals: ["d1"], made_by: "anna" } }), ["Bert Baum took an invitation.", "It was made by Anna Adler, for the role Member."]);
  assert.deepEqual(say({ action: "deal.member.added", by: "bert", user: "bert", deal: "d1" }), ["Bert Baum came to Alpha."]);
  assert.deepEqual(say({ action: "user.password", by: "bert", user: "bert", detail: { link: true, made_by: "" } }), ["The password of Bert Baum was changed by a link."]);
});

test("an entry of several changes says each", () => {
  assert.deepEqual(say({ action: "user.changed", user: "bert", detail: { role: "observer", active: false } }), ["Anna Adler gave Bert Baum the role Observer.", "Anna Adler deactivated Bert Baum."]);
  assert.deepEqual(say({ action: "topic.changed", topic: "t1", detail: { narrowed: true, members: ["bert"], title: "Costs" } }), [
    "Anna Adler gave a topic the title Costs.",
    "Anna Adler narrowed the topic Price.",
    "Members of Price are Bert Baum.",
  ]);
});

test("failed sign-ins are counted, and say whether the account exists", () => {
  assert.deepEqual(say({ action: "signin.failed", by: "", user: "bert", count: 3 }), ["3 sign-ins as Bert Baum failed within a minute."]);
  assert.deepEqual(say({ action: "signin.failed", by: "", user: "", count: 1 }), ["A sign-in failed, to an account that doesn’t exist."]);
});

test("that two were let talk past the server is said, in both languages", () => {
  assert.deepEqual(say({ action: "peer.introduced", user: "bert" }), ["Anna Adler was let talk to Bert Baum past the server, from one program to the other."]);
  assert.deepEqual(say({ action: "peer.introduced", user: "bert" }, 1), ["Anna Adler durfte mit Bert Baum am Server vorbei sprechen, von Programm zu Programm."]);
});

test("what has no name any more, or isn't one's to know, is said without", () => {
  assert.deepEqual(say({ action: "topic.opened", topic: "gone" }), ["Anna Adler opened a direct conversation."]);
  assert.deepEqual(say({ action: "deal.created", deal: "d9", detail: {} }), ["Anna Adler created the deal d9."]);
  assert.deepEqual(say({ action: "something.new" }), ["Anna Adler: something.new"]);
});

test("what was changed of signing in is said, a sentence each", () => {
  assert.deepEqual(say({ action: "signin.rules", detail: { demand: ["admin", "member"], idle: 900, life: 28_800 } }), [
    "Anna Adler now demands a second factor of Admins and Members.",
    "Anna Adler lets sign-ins that aren’t used end after 15 minutes.",
    "Anna Adler lets any sign-in end after 8 hours.",
  ]);
  assert.deepEqual(say({ action: "signin.rules", detail: { demand: ["observer"], idle: 0 } }, 1), ["Anna Adler verlangt jetzt einen zweiten Faktor von Beobachtern.", "Anna Adler lässt keine Anmeldung enden, weil sie ungenutzt ist."]);
  assert.deepEqual(say({ action: "signin.rules", detail: { demand: [], provider: null } }), ["Anna Adler now demands a second factor of nobody.", "Anna Adler removed the company’s sign-in."]);
  assert.deepEqual(say({ action: "signin.rules", detail: { provider: { issuer: "https://login.example" } } }), ["Anna Adler set the company’s sign-in: https://login.example."]);
});

test("a sign-in says what was shown for it", () => {
  assert.deepEqual(say({ action: "session.opened", user: "bert", detail: { session: "s" } }), ["Bert Baum signed in."]);
  assert.deepEqual(say({ action: "session.opened", user: "bert", detail: { session: "s", factor: "passkey" } }), ["Bert Baum signed in with a passkey."]);
  assert.deepEqual(say({ action: "session.opened", user: "bert", detail: { session: "s", factor: "later" } }), ["Bert Baum signed in."]);
});

test("what a program did is told as that, and what the company’s sign-in made", () => {
  assert.deepEqual(say({ action: "topic.opened", topic: "t1", detail: { program: "member" } }), ["Anna Adler opened Price.", "It was done by a program, with a token in the role Member."]);
  assert.deepEqual(say({ action: "topic.opened", topic: "t1", detail: { program: "observer" } }, 1), ["Anna Adler hat Price geöffnet.", "Das tat ein Programm, mit einem Token in der Rolle Beobachter."]);
  assert.deepEqual(say({ action: "user.vouched", by: "bert", user: "bert", detail: { made: true, role: "member" } }), ["The company’s sign-in made the account of Bert Baum.", "The company’s sign-in gave Bert Baum the role Member."]);
  assert.deepEqual(say({ action: "user.vouched", by: "bert", user: "bert", detail: {} }), ["The company’s sign-in knows Bert Baum."]);
});

test("every action has a name in each language, and a sentence of its own", () => {
  for (const [at, { words, lang }] of dictionaries.entries()) {
    assert.deepEqual(Object.keys(words.actions), [...ACTIONS], lang);
    for (const action of ACTIONS) {
      const [text] = say({ action, user: "bert", deal: "d1", topic: "t1", count: 2, detail: {} }, at);
      assert.ok(text.length > 5 && !text.includes("undefined") && text !== `Anna Adler: ${action}`, `${lang} ${action}: ${text}`);
    }
  }
});

test("the raw fields are those that are there", () => {
  assert.deepEqual(raw({ seq: 3, time: 5, by: "anna", address: "", action: "deal.changed", user: "", count: 0, detail: { open: false } }), [["seq", "3"], ["time", "5"], ["by", "anna"], ["action", "deal.changed"], ["detail", '{"open":false}']]);
});
