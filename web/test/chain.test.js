import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, digest, hex, seed, unbase64, unhex } from "../app/chain.js";
import { fromEntry } from "../app/message.js";
import { Proof } from "../app/proof.js";

// PROTOCOL.md section 4.1.
const TOPIC = "0123456789abcdef";
const ZERO = "2dedd2b2d2e72fce455d9ac15eb1a6573b74eaa5f093b9db0702ff50161ba7c0";
const ONE = "ae2c461afd638baa43ff0cf84bcc34ae5b8adff0b02e66bfb4e001db292d902f";
const SALT = "AAECAwQFBgcICQoL";
const first = { seq: 1, author: "anna", time: 1767225600000, kind: "text", ref: 0, salt: SALT, body: "Grüße" };
const entry = (seq) => ({ ...first, seq, time: first.time + seq, body: `Nachricht ${seq}` });
const link = (entry) => fromEntry(entry).link;

/** hash(0) to hash(n) of some messages, by themselves. */
async function hashes(entries) {
  const all = [await seed(TOPIC)];
  for (const entry of entries) all.push(await advance(all.at(-1), await link(entry)));
  return all.map(hex);
}

test("the golden values", async () => {
  assert.equal(hex(await seed(TOPIC)), ZERO);
  const given = { ...first, length: 7, digest: await digest(unbase64(SALT), new TextEncoder().encode("Grüße")) };
  assert.equal(hex(await advance(await seed(TOPIC), given)), ONE);
});

test("a redacted message closes the chain with its digest and its length", async () => {
  const { digest: known } = await link(first);
  const redacted = { ...first, salt: "", body: "", redacted: 7, digest: hex(known) };
  assert.equal(hex(await advance(unhex(ZERO), await link(redacted))), ONE);
});

test("a proof from the first message on ends where the server's ends", async () => {
  const entries = [1, 2, 3, 4].map(entry);
  const expected = await hashes(entries);
  const proof = new Proof(TOPIC);
  assert.equal(await proof.begin(0, expected[0]), true);
  proof.extend(entries.slice(0, 2).map(link));
  proof.extend(entries.slice(2).map(link));
  assert.deepEqual(await proof.top(), { seq: 4, hash: expected[4] });
});

test("hash(0) is known, and another one is no beginning", async () => {
  assert.equal(await new Proof(TOPIC).begin(0, ONE), false);
});

test("older messages are proved by the hash that they lead to", async () => {
  const entries = [1, 2, 3, 4, 5].map(entry);
  const expected = await hashes(entries);
  const proof = new Proof(TOPIC);
  await proof.begin(4, expected[4]);
  proof.extend([link(entries[4])]);
  assert.equal(await proof.prepend([entries[2], entries[3]].map(link), expected[2]), true);
  assert.equal(proof.base, 2);
  assert.equal(await proof.prepend([entries[0], entries[1]].map(link), ""), true, "the first page needs no hash of the server's");
  assert.equal(proof.base, 0);
  assert.deepEqual(await proof.top(), { seq: 5, hash: expected[5] });
});

test("older messages that were changed are found out", async () => {
  const entries = [1, 2, 3].map(entry);
  const expected = await hashes(entries);
  for (const change of [{ body: "anders" }, { author: "bert" }, { time: 1 }, { kind: "system" }, { ref: 1 }]) {
    const proof = new Proof(TOPIC);
    await proof.begin(2, expected[2]);
    assert.equal(await proof.prepend([entries[0], { ...entries[1], ...change }].map(link), ""), false, JSON.stringify(change));
    assert.equal(proof.base, 2);
  }
});

test("what was let go of can be proved again", async () => {
  const entries = [1, 2, 3, 4].map(entry);
  const expected = await hashes(entries);
  const proof = new Proof(TOPIC);
  await proof.begin(0, expected[0]);
  proof.extend(entries.map(link));
  await proof.trim(3);
  assert.equal(proof.base, 3);
  assert.equal(await proof.prepend(entries.slice(0, 3).map(link), ""), true);
});
