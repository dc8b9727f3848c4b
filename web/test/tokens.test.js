import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../ui/tokens.css", import.meta.url), "utf8");
const [usual, stronger] = css.split("@media (prefers-contrast: more)");
const colorsIn = (part) => [...part.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [name, [light, dark]]);
const colors = new Map(colorsIn(usual));
const contrasting = new Map([...colors, ...colorsIn(stronger)]);

const GROUNDS = ["ground", "panel", "raised", "hover", "accent-ground"];

/** Relative luminance and contrast, by WCAG 2.2. */
function luminance(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}
function atLeast(ratio, front, back, named = colors) {
  for (const [scheme, at] of [["light", 0], ["dark", 1]]) {
    const found = contrast(named.get(front)[at], named.get(back)[at]);
    assert.ok(found >= ratio, `${front} on ${back}, ${scheme}: ${found.toFixed(2)} is under ${ratio}`);
  }
}

test("every text color has 4.5:1 on every ground", () => {
  for (const text of ["text", "soft", "faint", "accent", "good", "warning"]) for (const ground of GROUNDS) atLeast(4.5, text, ground);
  for (const ground of ["accent", "accent-strong"]) atLeast(4.5, "on-accent", ground);
});

test("who asks for more contrast gets 7:1 for text, and 4.5:1 for every line", () => {
  for (const text of ["text", "soft", "faint", "accent", "good", "warning"]) for (const ground of GROUNDS) atLeast(7, text, ground, contrasting);
  for (const ground of ["accent", "accent-strong"]) atLeast(7, "on-accent", ground, contrasting);
  for (const line of ["line", "edge", "focus"]) for (const ground of GROUNDS) atLeast(4.5, line, ground, contrasting);
});

test("initials have 4.5:1 on their tint", () => {
  const tints = [...colors.keys()].filter((name) => /^tint-/.test(name));
  assert.ok(tints.length > 0);
  for (const tint of tints) atLeast(4.5, `on-${tint}`, tint);
});

test("lines that carry meaning have 3:1", () => {
  for (const line of ["edge", "focus"]) for (const ground of GROUNDS) atLeast(3, line, ground);
});

test("colors are named in tokens.css alone", () => {
  const folder = new URL("../ui/", import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".css") && name !== "tokens.css")) {
    assert.doesNotMatch(readFileSync(new URL(file, folder), "utf8"), /#[0-9a-f]{3,8}\b|rgb\(/i, file);
  }
});

test("no stylesheet uses a name that tokens.css doesn't have", () => {
  const known = new Set([...css.matchAll(/--([\w-]+):/g)].map(([, name]) => name));
  const folder = new URL("../ui/", import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".css"))) {
    for (const [, name] of readFileSync(new URL(file, folder), "utf8").matchAll(/var\(--([\w-]+)/g)) assert.ok(known.has(name), `${file}: --${name}`);
  }
});
