/**
 * What a report shows: JSON as its author wrote it, digit by digit, made
 * legible. Nothing is computed with, so no number loses a place.
 * @module
 */
import { closes, opens, scalar, tokensOf } from "./json.js";

/**
 * @typedef {{kind: "text", text: string}
 *   | {kind: "list", items: Item[]}
 *   | {kind: "tree", text: string, count: number}} Report
 * text: as it stands there; list: an object; tree: indented JSON of so many entries
 */

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {string} value a scalar as it reads, or indented JSON
 * @property {"text" | "number" | "tree"} kind
 * @property {number} count the entries of a tree
 */

/** An object of more entries than this isn't a list that anybody reads. */
const MOST = 40;
/** Deeper than this is not indented further. */
const DEEPEST = 16;

/**
 * @param {string} text
 * @returns {Report}
 */
export function read(text) {
  const tokens = tokensOf(text);
  if (!tokens) return { kind: "text", text };
  if (!opens(tokens[0])) return { kind: "text", text: scalar(tokens[0]) };
  const values = entries(tokens);
  if (tokens[0] === "[" || values.length > MOST) return { kind: "tree", text: indented(tokens), count: values.length };
  return { kind: "list", items: values.map(item) };
}

/**
 * The tokens of each entry of an object or array: a name and a colon before its
 * value in an object.
 * @param {string[]} tokens
 */
function entries(tokens) {
  /** @type {string[][]} */
  const all = [];
  /** @type {string[]} */
  let entry = [];
  let depth = 0;
  for (const token of tokens.slice(1, -1)) {
    if (opens(token)) depth++;
    else if (closes(token)) depth--;
    if (token === "," && depth === 0) {
      all.push(entry);
      entry = [];
    } else entry.push(token);
  }
  if (entry.length > 0) all.push(entry);
  return all;
}

/**
 * @param {string[]} tokens name, colon, value
 * @returns {Item}
 */
function item([name, , ...value]) {
  if (opens(value[0])) {
    const count = entries(value).length;
    // Nothing in it is said at once.
    if (count === 0) return { name: scalar(name), value: value.join(""), kind: "text", count };
    return { name: scalar(name), value: indented(value), kind: "tree", count };
  }
  return { name: scalar(name), value: scalar(value[0]), kind: /^[-\d]/.test(value[0]) ? "number" : "text", count: 0 };
}

/** @param {string[]} tokens */
function indented(tokens) {
  /** @type {string[]} */
  const lines = [];
  let line = "";
  let depth = 0;
  const end = () => {
    lines.push(line);
    line = "  ".repeat(Math.min(depth, DEEPEST));
  };
  tokens.forEach((token, at) => {
    if (opens(token)) {
      depth++;
      line += token;
      if (!closes(tokens[at + 1])) end();
    } else if (closes(token)) {
      depth--;
      if (!opens(tokens[at - 1])) end();
      line += token;
    } else {
      line += token === ":" ? ": " : token;
      if (token === ",") end();
    }
  });
  return [...lines, line].join("\n");
}
