import assert from "node:assert/strict";
import { test } from "node:test";
import { writtenDay } from "../app/calendar.js";
import { COMMANDS, understood } from "../app/commands.js";
import { MOST, commandsFor, emojiFor, namesFor, soughtAt } from "../app/completion.js";
import { EMOJI } from "../app/emoji.js";
import en from "../lang/en-parts.js";
import de from "../lang/de-parts.js";

/** What is sought at the bar in a text. */
function at(text) {
  const caret = text.indexOf("¦");
  const sought = soughtAt(text.replace("¦", ""), caret);
  return sought && `${sought.kind} ${sought.query} ${sought.start}-${sought.end}`;
}

test("a name is sought after @, where a word could begin", () => {
  assert.deepEqual(["@¦", "@an¦", "Frag @jan_d¦ bitte", "(@o-n¦", "mail@bank¦", "@an na¦", "a\n@Jö¦"].map(at), ["name  0-1", "name an 0-3", "name jan_d 5-11", "name o-n 1-5", null, null, "name Jö 2-5"]);
});

test("a command is sought at the beginning of a message, and nowhere else", () => {
  assert.deepEqual(["/¦", "/se¦", "a /se¦", "/search x¦", "\n/se¦", "/etc/h¦", "//¦"].map(at), ["command  0-1", "command se 0-3", null, null, null, null, null]);
});

test("an emoji is sought after a colon and two letters; smileys and times are left alone", () => {
  assert.deepEqual([":sm¦", "Gut :da¦", ":+1¦", ":s¦", ":)¦", ":-)¦", "12:30¦", "Um 12:ab¦", "https://x¦", ":D¦", "Note:gut¦"].map(at), ["emoji sm 0-3", "emoji da 4-7", "emoji +1 0-3", null, null, null, null, null, null, null, null]);
});

test("those whose name begins so are offered, the user name first, and not oneself", () => {
  const people = [
    { name: "anna", display: "Anna Keller" },
    { name: "bert", display: "Bert Anders" },
    { name: "joerg", display: "Jörg Ölmann" },
    { name: "o-neill", display: "" },
  ];
  const names = (query) => namesFor(query, people, "bert", new Intl.Collator("de")).map(({ insert }) => insert);
  assert.deepEqual([names("an"), names("ol"), names("Jör"), names("kel"), names("bert"), names("x")], [["@anna "], ["@joerg "], ["@joerg "], ["@anna "], [], []]);
  assert.deepEqual(names(""), ["@anna ", "@joerg ", "@o-neill "]);
  const many = Array.from({ length: 200 }, (_, at) => ({ name: `p${at}`, display: "" }));
  assert.equal(namesFor("p", many, "bert", new Intl.Collator("de")).length, MOST);
});

test("commands are done, refused where there is none, and are text where they are none", () => {
  assert.deepEqual(understood("/search  Zins von:anna "), { command: { name: "search", rest: "Zins von:anna" } });
  assert.deepEqual(understood("/help"), { command: { name: "help", rest: "" } });
  assert.deepEqual(understood("/Goto 12"), { command: { name: "goto", rest: "12" } });
  assert.deepEqual(understood("/goto"), { incomplete: "goto" });
  assert.deepEqual(understood("/serach x"), { unknown: "serach" });
  assert.deepEqual(understood("//serach x"), { text: "/serach x" });
  for (const text of ["/etc/hosts", "/etc/hosts fehlt", "/ 5", "/", "a /help", "/help\nund mehr", "/1", "12/5", " /help", "/a.txt", "/data_room"]) assert.deepEqual(understood(text), { text }, text);
});

test("every command has words in both languages", () => {
  for (const words of [en, de]) {
    const offers = commandsFor("", words.completion.commands);
    assert.equal(offers.length, COMMANDS.length);
    for (const { note } of offers) assert.ok(note);
  }
  assert.deepEqual(commandsFor("s", en.completion.commands).map(({ insert }) => insert), ["/search ", "/settings "]);
});

test("days are understood as one writes them", () => {
  const now = new Date(2026, 10, 22, 12);
  const day = (text) => writtenDay(text, now)?.toDateString();
  assert.equal(day("2026-11-03"), "Tue Nov 03 2026");
  assert.equal(day("3.11.2026"), "Tue Nov 03 2026");
  assert.equal(day("3.11."), "Tue Nov 03 2026");
  assert.equal(day("24.12."), "Wed Dec 24 2025");
  for (const text of ["gestern", "31.2.2026", "2026-13-01", "", "3/11/2026"]) assert.equal(writtenDay(text, now), null, text);
});

test("there are hundreds of emoji, each once, with a name of its own in each language", () => {
  assert.ok(EMOJI.length >= 280 && EMOJI.length <= 420, `${EMOJI.length}`);
  assert.equal(new Set(EMOJI.map(({ character }) => character)).size, EMOJI.length);
  for (const { character, names } of EMOJI) {
    assert.ok(names.length >= 2, character);
    assert.match(character, /\p{Emoji}/u);
    for (const name of names) assert.match(name, /^[\p{Ll}\p{N}_+-]+$/u, name);
  }
  const all = EMOJI.flatMap(({ names }) => [...new Set(names)]);
  assert.deepEqual(all.filter((name, index) => all.indexOf(name) !== index), []);
});

test("an emoji is found by either name, umlauts or not, the whole name first", () => {
  const first = (query) => emojiFor(query, EMOJI)[0]?.insert;
  assert.deepEqual([first("rocket"), first("rakete"), first("daumen_hoch"), first("+1"), first("kase"), first("käse"), first("ok"), first("xyz")], ["🚀", "🚀", "👍", "👍", "🧀", "🧀", "🆗", undefined]);
  assert.ok(emojiFor("herz", EMOJI).length <= MOST);
});
