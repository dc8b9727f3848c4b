import assert from "node:assert/strict";
import { test } from "node:test";
import { TOKEN_DAYS, browserOf, endAfter, inGroups, isLabel, outline, passkeyHindrance, rolesWithin, typedCode, wrongPassword } from "../app/account.js";

test("a browser is called by its name and its system, whatever else it says that it is", () => {
  const agents = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36": ["Chrome", "Windows"],
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": ["Edge", "Windows"],
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36": ["Chrome", "Linux"],
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": ["Firefox", "Linux"],
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15": ["Safari", "macOS"],
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1": ["Safari", "iPhone"],
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1": ["Chrome", "iPad"],
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36": ["Chrome", "Android"],
    "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": ["Samsung Internet", "Android"],
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36": ["Chrome", "ChromeOS"],
  };
  for (const [agent, [browser, system]] of Object.entries(agents)) assert.deepEqual(browserOf(agent), { browser, system }, agent);
});

test("what is no browser that is known says itself what it is", () => {
  for (const agent of ["", "curl/8.5.0", "Go-http-client/2.0", "redroom bench", "report Chrome/1 Linux", "Mozilla/5.0 (PlayStation)", "Mozilla/5.0 (X11; Linux x86_64) NewEngine/1"]) assert.equal(browserOf(agent), null, agent);
});

test("a passkey needs a page that is safe, a browser that knows them, and a host with a name", () => {
  const place = { secure: true, host: "room.example.com", known: true };
  assert.equal(passkeyHindrance(place), "");
  assert.equal(passkeyHindrance({ ...place, host: "localhost" }), "");
  assert.equal(passkeyHindrance({ ...place, host: "127.0.0.1" }), "address");
  assert.equal(passkeyHindrance({ ...place, host: "[::1]" }), "address");
  assert.equal(passkeyHindrance({ ...place, known: false }), "missing");
  assert.equal(passkeyHindrance({ ...place, secure: false, known: false }), "insecure");
});

test("a code is six digits, however they are spaced", () => {
  assert.equal(typedCode(" 123 456 "), "123456");
  for (const text of ["", "12345", "1234567", "12345a", "１２３４５６"]) assert.equal(typedCode(text), "", text);
});

test("a password has 12 characters at least, and 256 octets at most", () => {
  assert.equal(wrongPassword("x".repeat(11)), "short");
  assert.equal(wrongPassword("😀".repeat(11)), "short");
  assert.equal(wrongPassword("x".repeat(12)), "");
  assert.equal(wrongPassword("ß".repeat(128)), "");
  assert.equal(wrongPassword("ß".repeat(129)), "long");
});

test("a name is one line of 1 to 64 characters that can be seen", () => {
  for (const text of ["Laptop", "ß".repeat(64), "שלום"]) assert.ok(isLabel(text), text);
  for (const text of ["", "   ", "x".repeat(65), "a\nb", "a\u202eb"]) assert.ok(!isLabel(text), text);
});

test("a token may do no more than whose it is, and all that an admin may only by choice", () => {
  assert.deepEqual(rolesWithin("admin"), ["member", "observer", "admin"]);
  assert.deepEqual(rolesWithin("member"), ["member", "observer"]);
  assert.deepEqual(rolesWithin("bot"), ["bot", "observer"]);
  assert.deepEqual(rolesWithin("observer"), ["observer"]);
});

test("a token ends within the 366 days that the server takes, 90 days from now if nothing else is chosen", () => {
  assert.equal(TOKEN_DAYS[0], 90);
  assert.ok(TOKEN_DAYS.every((days) => days > 0 && days <= 366));
  assert.equal(endAfter(90, Date.UTC(2026, 10, 22, 12)), Date.UTC(2027, 1, 20, 12));
});

test("a key is written in groups of four, as one types it", () => {
  assert.equal(inGroups("ABCDEFGHIJ"), "ABCD EFGH IJ");
  assert.equal(inGroups("ABCDEFGH"), "ABCD EFGH");
});

test("the dark squares of a QR code are drawn row by row, inside its quiet zone of four", () => {
  assert.equal(outline(["1101", "0000", "0010"]), "M4 4h2v1h-2zM7 4h1v1h-1zM6 6h1v1h-1z");
});
