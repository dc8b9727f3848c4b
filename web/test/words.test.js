import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { plain } from "../app/sentence.js";
import { LANGUAGES, amount, choose, explain, formats } from "../app/words.js";

const load = (part) => Promise.all(LANGUAGES.map(async (code) => ({ code, words: (await import(`../lang/${code}${part}.js`)).default })));
const dictionaries = await load("");
const parts = await load("-parts");
const joining = await load("-joining");
const check = await load("-check");
const administration = await load("-admin");
const account = await load("-account");

/** All sentences with the way to them. */
function* sentences(words, path = "") {
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === "object") yield* sentences(value, `${path}${key}.`);
    else yield [`${path}${key}`, value];
  }
}

test("each language has its dictionaries, and each dictionary is of a language", () => {
  assert.deepEqual(readdirSync(new URL("../lang/", import.meta.url)).sort(), LANGUAGES.flatMap((code) => [`${code}.js`, `${code}-parts.js`, `${code}-joining.js`, `${code}-check.js`, `${code}-admin.js`, `${code}-account.js`]).sort());
});

test("all dictionaries have the same keys, and take the same", () => {
  for (const all of [dictionaries, parts, joining, check, administration, account]) {
    const [first, ...others] = all.map(({ words }) => new Map(sentences(words)));
    for (const other of others) {
      assert.deepEqual([...other.keys()], [...first.keys()]);
      for (const [key, value] of first) {
        assert.equal(typeof other.get(key), typeof value, key);
        if (typeof value === "function") assert.ok(other.get(key).length <= value.length, key);
      }
    }
  }
});

test("no sentence is empty, shouts, or says Sie", () => {
  for (const { code, words } of [...dictionaries, ...parts, ...joining, ...check, ...administration, ...account]) {
    for (const [key, value] of sentences(words)) {
      const said = typeof value === "function" ? value("2", "2", "3", "4", "5") : value;
      const text = typeof said === "string" ? said : plain(said);
      assert.ok(text.trim().length > 0, `${code} ${key}`);
      assert.ok(!text.includes("!"), `${code} ${key}`);
      if (code === "de") assert.doesNotMatch(text, /[^.] (?:Sie|Ihnen|Ihre?[nmrs]?)\b/, key);
    }
  }
});

test("names that others rely on", () => {
  const words = { ...dictionaries[0].words, ...parts[0].words };
  assert.equal(words.form.userName, "User name");
  assert.equal(words.form.password, "Password");
  assert.equal(words.signIn.submit, "Sign in");
  assert.equal(joining[0].words.account.create, "Create account");
  assert.equal(words.topics.label, "Topics");
  assert.equal(words.log.label, "Messages");
  assert.equal(words.composer.label, "Message");
  assert.equal(words.composer.send, "Send");
  assert.equal(words.connection.label, "Connection");
  assert.equal(words.connection.offline, "Offline");
  assert.deepEqual([words.topics.newDeal, words.topics.newTopic, words.topics.invite], ["New deal", "New topic", "Invite"]);
  assert.deepEqual([words.dialog.name, words.dialog.title, words.dialog.number, words.dialog.deal], ["Name", "Title", "Number", "Deal"]);
  assert.deepEqual([words.dialog.create, words.dialog.cancel], ["Create", "Cancel"]);
  assert.deepEqual([words.log.edit, words.log.redact, words.log.edited, words.history.title, words.dialog.reason, words.composer.save], ["Edit", "Redact", "edited", "History", "Reason", "Save"]);
  assert.deepEqual([words.topics.search, words.topics.signOut], ["Search", "Sign out"]);
});

test("?lang= is kept for the session and beats the browser's choice", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  assert.equal(choose("", storage, ["fr-FR", "de-AT", "en"]), "de");
  assert.equal(choose("", storage, ["fr"]), "en");
  assert.equal(choose("?lang=xx", storage, ["de"]), "de");
  assert.equal(choose("?lang=de", storage, ["en"]), "de");
  assert.equal(choose("", storage, ["en"]), "de");
});

test("a problem is said in the place's own words, else in general ones, else as the server put it", () => {
  const { words } = dictionaries[1];
  assert.equal(explain({ status: 409 }, words, { 409: "here" }), "here");
  assert.equal(explain({ status: 0 }, words), words.problems[0]);
  assert.equal(explain({ status: 500, detail: "x" }, words), words.problems[503]);
  assert.equal(explain({ status: 422, detail: "as the server put it" }, words), "as the server put it");
  assert.equal(explain({ status: 418 }, words), words.problems.other);
});

test("numbers and days are written as the language writes them", () => {
  const time = new Date(2026, 10, 19, 18, 14).getTime();
  assert.equal(formats("de").number(1042), "1.042");
  assert.equal(formats("en").number(1042), "1,042");
  assert.equal(formats("de").time(time), "18:14");
  assert.match(formats("de").day(time, time), /^Donnerstag, 19\. November$/);
  assert.match(formats("de").day(time, new Date(2027, 1, 1).getTime()), /2026/);
});

test("octets are said as bytes, then as KiB that aren't less", () => {
  const { words } = dictionaries[0];
  assert.deepEqual([1, 1023, 1024, 1025, 65536].map((octets) => amount(octets, words, formats("en"))), ["1 byte", "1,023 bytes", "1 KiB", "1.1 KiB", "64 KiB"]);
});
