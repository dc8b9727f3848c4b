import assert from "node:assert/strict";
import { test } from "node:test";
import { readable } from "../app/extract.js";

/** What is written between ‹ and › was found. @param {string} text */
const pieces = (text) => text.split(/(‹[^›]*›)/).filter(Boolean).map((part) => (part.startsWith("‹") ? { text: part.slice(1, -1), hit: true } : { text: part, hit: false }));
/** @param {string} text @param {string} [kind] */
const shown = (text, kind = "text") => readable(kind, pieces(text)).map(({ text, hit }) => (hit ? `‹${text}›` : text)).join("");

test("an extract has no signs of markup, and what was found is marked as it was", () => {
  for (const [written, want] of [
    ["Der **‹Stichtag›** ist der `30. ‹September›`", "Der ‹Stichtag› ist der 30. ‹September›"],
    ["**Der ‹Stich›tag**", "Der ‹Stich›tag"],
    ["> ‹Stichtag› am 5.\nJa", "‹Stichtag› am 5.\nJa"],
    ["- ‹Stichtag›\n- Methode", "– ‹Stichtag›\n– Methode"],
    ["| Fall | ‹Wert› |\n|---|--:|\n| A | ‹12› |", "Fall\t‹Wert›\nA\t‹12›"],
    ["```\n‹let› x\n```", "‹let› x"],
    ["[Der ‹Vertrag›](https://example.com/der/Vertrag) ist da", "Der ‹Vertrag› ist da"],
    ["_‹Due› Diligence_ und *mehr*", "‹Due› Diligence und mehr"],
  ]) assert.equal(shown(written), want);
});

test("what is no markup stays as it was written", () => {
  for (const text of ["> ‹5› % sind zu viel", "‹5›*3*2 und a_‹b›_c", "C:\\‹pfad›\\x", "12 < ‹Wert› > 3", "‹1›. Januar", "Fußnote*", "2**3 ist ‹acht›", "Ende ‹…›"]) assert.equal(shown(text), text);
});

test("what was cut in two leaves no signs behind", () => {
  for (const [written, want] of [
    ["…fett** und ‹mehr›", "…fett und ‹mehr›"],
    ["‹mehr› und **fett…", "‹mehr› und fett…"],
    ["…\n> ‹gesagt›\nJa", "…\n‹gesagt›\nJa"],
    ["…\n| A | ‹12› |\n| B | 13 |…", "…\n\t A \t ‹12› \t\n\t B \t 13 \t…"],
    ["…\n|---|---|\n| A | ‹12› |", "…\n\n\t A \t ‹12› \t"],
    ["…x = 1\n```\nDas ist ‹Code›", "…x = 1\n\nDas ist ‹Code›"],
    ["…2**3 ist ‹acht›…", "…2**3 ist ‹acht›…"],
  ]) assert.equal(shown(written), want);
});

test("what was found is never taken away with what is around it", () => {
  const text = "[Vertrag](https://example.com/‹Stichtag›) vom **5.**";
  assert.equal(shown(text), text);
});

test("of a report the names and values are left", () => {
  assert.equal(shown('{"‹Überfällig› über 30":2718300.00,"Schuldner":[{"Name":"Nordwerk"}],"Stand":"21.11. 18:12"}', "report"), "‹Überfällig› über 30: 2718300.00, Schuldner: Name: Nordwerk, Stand: 21.11. 18:12");
});

test("of a feed's report the reading is left, unless something was found in the rest", () => {
  const beside = '"source":"https://host.example/gold","time":"2026-11-22T14:00:02Z","connection":"ab12"';
  for (const [written, want] of [
    [`{${beside},"reading":{"‹price›":12.3}}`, "‹price›: 12.3"],
    [`{${beside},"reading":‹12.3›}`, "‹12.3›"],
    ['…4:00:02Z","connection":"ab12","reading":{"‹price›":12.3}}', "‹price›: 12.3"],
    [`{${beside.replace("gold", "‹gold›")},"reading":1}`, "source: https://host.example/‹gold›, time: 2026-11-22T14:00:02Z, connection: ab12, reading: 1"],
    ['{"a":{"b":1},"reading":‹2›}', "a: b: 1, reading: ‹2›"],
  ]) assert.equal(shown(written, "report"), want);
});
