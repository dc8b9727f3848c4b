/**
 * A report as a card: from any JSON to names and values, digit by digit as their
 * author wrote them, and to the numbers that make a line. Whatever it is, and of
 * whatever depth and length, a card is small.
 * @module
 */
import { closes, opens, scalar, tokensOf } from "./json.js";
import { seriesOf } from "./series.js";

/** @typedef {import("./series.js").Series} Series */

/**
 * @typedef {object} Card
 * @property {string} title the host and path of a feed's source; "" of what is no feed's
 * @property {string} source its address, without a user and a query
 * @property {string} connection over which the feed sent it; "" if it doesn't say
 * @property {number} time of the reading, in unix-ms; 0 if it doesn't say
 * @property {Item[]} items
 * @property {number} more how many others there are
 * @property {Item | null} figure of the items the one with a number, if there is one alone
 * @property {string} stream what reports have in common that tell of the same
 */

/**
 * @typedef {{name: string, kind: "number" | "text", value: string}
 *   | {name: string, kind: "series", value: string, series: Series}
 *   | {name: string, kind: "count", value: string, count: number}} Item
 * number: as it is written; series: the last of its numbers; count: what isn't shown
 * is so many entries
 */

/** @typedef {{token: string} | {names: string[] | null, items: Tree[]}} Tree names: of an object's items */

/** So many items are shown, of names of so many parts. */
const MOST = 12;
const PARTS = 4;
/** So much of a name and of a value. */
const NAME = 80;
const VALUE = 160;
/** Deeper than this is not indented further. */
const DEEPEST = 16;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * @param {string} text
 * @returns {Card | string} a string: there is nothing to make a card of, but this is said
 */
export function read(text) {
  const tokens = tokensOf(text);
  if (!tokens) return text;
  const whole = treeOf(tokens);
  if ("token" in whole && !isNumber(whole)) return scalar(whole.token);
  const source = address(entry(whole, "source"));
  const reading = source && entry(whole, "reading");
  const tree = reading || whole;
  /** @type {Item[]} */
  const items = [];
  const all = collect(tree, "", 1, items);
  const numbers = items.filter(({ kind }) => kind === "number" || kind === "series");
  return {
    title: reading ? short(titled(source), VALUE) : "",
    source: reading ? source : "",
    connection: reading ? short(word(entry(whole, "connection")), NAME) : "",
    time: reading ? timed(word(entry(whole, "time"))) : 0,
    items,
    more: all - items.length,
    figure: numbers.length === 1 && all === items.length ? numbers[0] : null,
    stream: reading ? `source ${source}` : `names ${items.map(({ name }) => name).join("\n")}`,
  };
}

/**
 * The numbers that an item had in reports of one stream, the last of them in the
 * last one; null if these are too few for a line.
 * @param {readonly Card[]} cards in their order
 * @param {string} name
 * @returns {Series | null}
 */
export function trend(cards, name) {
  const values = cards.map(({ items }) => items.find((item) => item.name === name));
  if (values.at(-1)?.kind !== "number") return null;
  return seriesOf(values.flatMap((item) => (item?.kind === "number" ? [item.value] : [])));
}

/**
 * JSON with a line for each entry; what isn't JSON as it is.
 * @param {string} text
 */
export function indented(text) {
  const tokens = tokensOf(text);
  if (!tokens) return text;
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

/**
 * Without recursion: it may be as deep as it is long.
 * @param {string[]} tokens of JSON
 * @returns {Tree}
 */
function treeOf(tokens) {
  /** @type {{names: string[] | null, items: Tree[]}} */
  const root = { names: null, items: [] };
  const within = [root];
  tokens.forEach((token, at) => {
    const inner = within[within.length - 1];
    if (tokens[at + 1] === ":") inner.names?.push(scalar(token));
    else if (closes(token)) within.pop();
    else if (opens(token)) {
      const tree = { names: token === "{" ? [] : null, items: [] };
      inner.items.push(tree);
      within.push(tree);
    } else if (token !== "," && token !== ":") inner.items.push({ token });
  });
  return root.items[0];
}

/**
 * Puts what a tree says into the items, as long as there is room.
 * @param {Tree} tree
 * @param {string} name
 * @param {number} part of the name, that comes next
 * @param {Item[]} items
 * @returns {number} how many there are in all
 */
function collect(tree, name, part, items) {
  if (!("token" in tree) && tree.names && tree.items.length > 0 && part <= PARTS) {
    const { names } = tree;
    return tree.items.reduce((all, inner, at) => all + collect(inner, name ? `${name}.${names[at]}` : names[at], part + 1, items), 0);
  }
  if (items.length < MOST) items.push({ name: short(name, NAME), ...said(tree) });
  return 1;
}

/** @param {Tree} tree */
function said(tree) {
  if ("token" in tree) {
    if (isNumber(tree)) return { kind: /** @type {const} */ ("number"), value: tree.token };
    return { kind: /** @type {const} */ ("text"), value: short(scalar(tree.token), VALUE) };
  }
  if (tree.items.length === 0) return { kind: /** @type {const} */ ("text"), value: tree.names ? "{}" : "[]" };
  const series = tree.names ? null : lined(tree.items);
  if (series) return { kind: /** @type {const} */ ("series"), value: series.last, series };
  return { kind: /** @type {const} */ ("count"), value: "", count: tree.items.length };
}

/**
 * The line that the entries of an array make: numbers, or what has one each.
 * @param {Tree[]} entries
 */
function lined(entries) {
  /** @type {string[]} */
  const numbers = [];
  const names = new Set();
  for (const entry of entries) {
    const { name, token } = number(entry) ?? {};
    if (token === undefined) return null;
    names.add(name);
    numbers.push(token);
  }
  return names.size === 1 ? seriesOf(numbers) : null;
}

/**
 * The number of an entry: itself, the second of a pair, or the one that an object has.
 * @param {Tree} tree
 * @returns {{name: string | null, token: string} | null}
 */
function number(tree) {
  if ("token" in tree) return isNumber(tree) ? { name: null, token: tree.token } : null;
  const { names, items } = tree;
  if (items.length > MOST) return null;
  const inner = items.flatMap((item, at) => ("token" in item ? [{ name: names ? `.${names[at]}` : "1", token: item.token }] : []));
  if (inner.length < items.length) return null;
  if (!names) return inner.length === 2 && isNumber(inner[1]) ? inner[1] : null;
  const numbers = inner.filter(isNumber);
  return numbers.length === 1 ? numbers[0] : null;
}

/** @param {Tree} tree @param {string} name */
function entry(tree, name) {
  if ("token" in tree || !tree.names) return undefined;
  return tree.items[tree.names.lastIndexOf(name)];
}

/** @param {Tree | undefined} tree @returns {string} */
function word(tree) {
  return tree && "token" in tree && tree.token.startsWith('"') ? scalar(tree.token) : "";
}

/** @param {{token: string}} scalar */
function isNumber({ token }) {
  return /^[-\d]/.test(token);
}

/** @param {Tree | undefined} tree */
function address(tree) {
  const url = parsed(word(tree));
  return url && /^https?:$/.test(url.protocol) ? url.origin + url.pathname : "";
}

/** @param {string} text */
function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** @param {string} source */
function titled(source) {
  return source.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

/** @param {string} text */
function timed(text) {
  return (TIME.test(text) && Date.parse(text)) || 0;
}

/**
 * In one line, and no longer; what controls something else is a sign that it isn't text.
 * @param {string} text
 * @param {number} most
 */
function short(text, most) {
  const line = text.slice(0, most + 1).replace(/\s+/g, " ").replace(/\p{Cc}/gu, "\ufffd");
  return text.length > most ? `${line.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : line;
}
