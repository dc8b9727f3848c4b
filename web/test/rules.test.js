import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE, LIFE, endsBody, endsForm, fitsProvider, groupsBody, isIssuer, lacking, losesSecret, providerBody, providerForm, raised, span, spans } from "../app/rules.js";

const provider = { label: "Corp", issuer: "https://login.example", clientID: "room", nameClaim: "email", match: true, create: false, groupsClaim: "groups", groups: [{ group: "deals", role: "member" }] };
const rules = { demand: ["observer"], idle: 900, life: 43_200, provider, version: 4 };

test("who is demanded a second factor of is a field for each role, and is sent as a whole", () => {
  assert.deepEqual(endsForm(rules), { member: false, observer: true, admin: false, bot: false, idle: 900, life: 43_200, version: 4 });
  assert.deepEqual(endsBody(rules, { admin: true, version: 4 }), { demand: ["observer", "admin"], version: 4 });
  assert.deepEqual(endsBody(rules, { observer: false, version: 4 }), { demand: [], version: 4 });
  assert.deepEqual(endsBody(rules, { idle: 0, life: 60, version: 4 }), { idle: 0, life: 60, version: 4 });
});

test("the provider is sent as a whole, with its groups, and a secret only if one was typed", () => {
  assert.equal(providerForm(rules).secret, "");
  assert.ok(!("groups" in providerForm(rules)));
  assert.deepEqual(providerBody(rules, { label: "Company", version: 4 }), { provider: { ...provider, label: "Company" }, version: 4 });
  assert.deepEqual(providerBody(rules, { secret: "s", version: 4 }).provider, { ...provider, secret: "s" });
  const none = { ...rules, provider: null };
  assert.equal(providerForm(none).nameClaim, "preferred_username");
  assert.deepEqual(providerBody(none, { label: "Corp", issuer: "https://a.example", clientID: "x", version: 4 }).provider, {
    label: "Corp", issuer: "https://a.example", clientID: "x", nameClaim: "preferred_username", match: false, create: false, groupsClaim: "", groups: [],
  });
  assert.deepEqual(groupsBody(rules, []), { provider: { ...provider, groups: [] }, version: 4 });
});

test("another provider or client doesn't get the secret of the one before", () => {
  const keeps = { ...rules, providerSecret: true };
  assert.ok(losesSecret(keeps, { issuer: "https://other.example" }));
  assert.ok(losesSecret(keeps, { clientID: "other" }));
  assert.ok(!losesSecret(keeps, { issuer: "https://other.example", secret: "new" }));
  assert.ok(!losesSecret(keeps, { label: "Other" }));
  assert.ok(!losesSecret(rules, { issuer: "https://other.example" }));
});

test("an issuer is a URL over TLS without a query, or this very machine's", () => {
  for (const good of ["https://login.example", "https://login.example/realms/a", "http://localhost:4000/oidc", "http://127.0.0.1:4000/oidc", "http://[::1]:4000"]) assert.ok(isIssuer(good), good);
  for (const bad of ["", "login.example", "http://login.example", "https://", "https://a:b@login.example", "https://login.example?x", "https://login.example#x", "https://login .example", "javascript:alert(1)", `https://login.example/${"x".repeat(512)}`]) assert.ok(!isIssuer(bad), bad);
});

test("what a provider knows has at most 512 octets", () => {
  assert.ok(fitsProvider("ß".repeat(256)));
  assert.ok(!fitsProvider("ß".repeat(257)));
  assert.ok(!fitsProvider(""));
  assert.ok(fitsProvider("", { empty: true }));
});

test("a time that isn't among those that are offered is offered too", () => {
  assert.deepEqual(spans([60, 3600], 600), [60, 600, 3600]);
  assert.deepEqual(spans([60, 3600], 3600), [60, 3600]);
  for (const offered of [IDLE, LIFE]) assert.deepEqual(spans(offered, offered[0]), offered);
});

test("a time is said in its largest unit", () => {
  const words = { minutes: (n, shown) => `${shown} min`, hours: (n, shown) => `${shown} h`, days: (n, shown) => `${shown} d` };
  assert.deepEqual([300, 3600, 5400, 86_400, 90_000, 259_200].map((seconds) => span(seconds, words, String)), ["5 min", "1 h", "90 min", "1 d", "25 h", "3 d"]);
});

test("who lacks a second factor is somebody active of whom it is demanded", () => {
  const user = (name, role, more = {}) => ({ name, display: name, role, active: true, version: 1, ...more });
  const users = [user("anna", "admin"), user("bert", "member"), user("carl", "member", { totp: true }), user("dora", "member", { passkeys: 1 }), user("emil", "member", { active: false })];
  assert.deepEqual(lacking(users, ["member"]).map(({ name }) => name), ["bert"]);
  assert.deepEqual(lacking(users, []), []);
});

test("a group comes before the one that it stood behind", () => {
  assert.deepEqual(raised(["a", "b", "c"], 2), ["a", "c", "b"]);
});
