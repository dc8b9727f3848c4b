import assert from "node:assert/strict";
import { test } from "node:test";
import { Unsaved, carryOut, changes, difference, isOvertaken, isUnsaved, matches, placeOf, wholeNumber, wrongLabel } from "../app/administration.js";

test("a form sends what is different, and of which version it is", () => {
  const seen = { title: "Price", number: 3, strict: false, open: true, version: 7 };
  assert.equal(difference(seen, { title: "Price", number: 3, strict: false }), null);
  assert.deepEqual(difference(seen, { title: "Terms", number: 3, strict: true }), { title: "Terms", strict: true, version: 7 });
});

test("each change says where it goes, whatever is in a name", () => {
  assert.deepEqual(changes.user("bert", { active: false, version: 2 }), { method: "PATCH", path: "/api/users/bert", body: { active: false, version: 2 } });
  assert.deepEqual(changes.removeMember("d/1", "a?b"), { method: "DELETE", path: "/api/deals/d%2F1/members/a%3Fb" });
  assert.deepEqual(changes.removeFactors("a/b"), { method: "DELETE", path: "/api/users/a%2Fb/factors" });
  assert.deepEqual(changes.rules({ idle: 0, version: 2 }), { method: "PATCH", path: "/api/signin/rules", body: { idle: 0, version: 2 } });
  assert.deepEqual(changes.moveReader("t", "bert", 5), { method: "PATCH", path: "/api/topics/t/members/bert", body: { from: 5 } });
});

test("a change is made once it was said what it means, and that was wanted where it was asked for", async () => {
  const change = changes.user("bert", { role: "observer", version: 3 });
  const means = { ends: true };
  const run = async ({ wanted, leave = "" }) => {
    const visit = new AbortController();
    const did = [];
    const at = (step) => {
      did.push(step);
      if (step === leave) visit.abort();
    };
    const server = {
      meaning: async () => (at("ask"), means),
      change: async (what) => (assert.equal(what, change), at("change"), { version: 4 }),
    };
    const question = async (meaning) => (assert.equal(meaning, means), at("question"), wanted);
    return [await carryOut(change, { wanted: question, left: visit.signal }, server), did];
  };
  assert.deepEqual(await run({ wanted: true }), [{ version: 4 }, ["ask", "question", "change"]]);
  assert.deepEqual(await run({ wanted: false }), [null, ["ask", "question"]]);
  assert.deepEqual(await run({ wanted: true, leave: "ask" }), [null, ["ask"]]);
  assert.deepEqual(await run({ wanted: true, leave: "question" }), [null, ["ask", "question"]]);
  assert.deepEqual(await run({ wanted: true, leave: "change" }), [{ version: 4 }, ["ask", "question", "change"]]);
});

test("what is typed while something is saved stays unsaved", () => {
  const field = { key: "title", was: "Price", text: "Terms" };
  assert.ok(isUnsaved(field));
  assert.ok(!isUnsaved({ ...field, was: "Terms" }));
  assert.ok(isUnsaved({ key: "title", was: "Terms", text: "Terms of all" }));
});

test("what is so stands beside what was typed if it became another thing meanwhile", () => {
  const typed = { key: "title", was: "Price", text: "Terms" };
  assert.ok(isOvertaken(typed, { key: "title", was: "Costs", text: "Costs" }));
  assert.ok(!isOvertaken(typed, { key: "title", was: "Price", text: "Price" }));
  assert.ok(!isOvertaken(typed, { key: "title", was: "Terms", text: "Terms" }));
});

test("what was typed at a place is there again when one comes back to it, and nowhere else", () => {
  const unsaved = new Unsaved();
  const display = { key: "field display", was: "Bert", text: "Bert Baum" };
  const role = { key: "field role", was: "member", text: "member" };
  unsaved.leave("user/bert", () => [display, role]);
  assert.ok(unsaved.any);
  assert.deepEqual(unsaved.take("user/carla"), []);
  assert.deepEqual(unsaved.take("user/bert"), [display]);
  assert.deepEqual(unsaved.take("user/bert"), []);
  assert.ok(!unsaved.any);
});

test("what was still on its way when its place was left is unsaved until it is saved", () => {
  const unsaved = new Unsaved();
  const display = { key: "field display", was: "Bert", text: "Bert Baum" };
  unsaved.leave("user/bert", () => [display]);
  assert.ok(unsaved.any);
  display.was = "Bert Baum";
  assert.ok(!unsaved.any);
  assert.deepEqual(unsaved.take("user/bert"), []);
});

test("a label has its length in characters, and none that can't be seen", () => {
  assert.equal(wrongLabel("x".repeat(120), 120), "");
  assert.equal(wrongLabel("x".repeat(121), 120), "length");
  assert.equal(wrongLabel("👍".repeat(120), 120), "");
  assert.equal(wrongLabel("  ", 120), "length");
  assert.equal(wrongLabel(" e\u0301".repeat(60).trim(), 120), "");
  for (const bad of ["a\u202eb", "a\u2066b", "a\u0007b", "a\nb", "a\u2028b", "\ufeffa b\ufeffc", "\u200b"]) assert.equal(wrongLabel(bad, 120), "characters", JSON.stringify(bad));
  for (const good of ["<b>&amp;</b>", "שלום", "漢字", "👩‍👩‍👧‍👦", "12.500 €"]) assert.equal(wrongLabel(good, 120), "", good);
});

test("a number is whole, and in its range", () => {
  assert.equal(wholeNumber(" 7 ", 0, 9), 7);
  for (const bad of ["", "-1", "1.5", "10", "1e1", "0x1"]) assert.equal(wholeNumber(bad, 0, 9), null, bad);
});

test("a fragment names a section, or one thing in it", () => {
  const of = (hash) => {
    const { view, id, query } = placeOf(hash);
    return [view, id, query.toString()];
  };
  assert.deepEqual(of(""), ["users", "", ""]);
  assert.deepEqual(of("#users/bert"), ["user", "bert", ""]);
  assert.deepEqual(of("#deals"), ["deals", "", ""]);
  assert.deepEqual(of("#deals/0123456789abcdef"), ["deal", "0123456789abcdef", ""]);
  assert.deepEqual(of("#topics/0123456789abcdef"), ["topic", "0123456789abcdef", ""]);
  assert.deepEqual(of("#topics"), ["users", "", ""]);
  assert.deepEqual(of("#signin"), ["signin", "", ""]);
  assert.deepEqual(of("#audit?user=bert&action=topic.opened"), ["audit", "", "user=bert&action=topic.opened"]);
  assert.deepEqual(of("#users/%"), ["user", "%", ""]);
  assert.deepEqual(of("#<script>"), ["users", "", ""]);
});

test("what is typed to find something needs neither case nor accents", () => {
  assert.ok(matches("muller", "Anna Müller", "anna"));
  assert.ok(matches("", "x"));
  assert.ok(!matches("bert", "Anna", "anna"));
});
