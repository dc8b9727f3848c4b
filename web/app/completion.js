/**
 * What a text could go on with where one writes: a name after `@`, a command
 * after the `/` at the beginning of a message, an emoji after `:`.
 * @module
 */
import { COMMANDS } from "./commands.js";
import { fold } from "./query.js";

/** @typedef {{kind: "name" | "command" | "emoji", start: number, end: number, query: string}} Sought where it stands in the text */
/** @typedef {{insert: string, label: string, note: string}} Offer insert: what stands there instead */

/** So many are offered at once. */
export const MOST = 8;

/**
 * What is sought where the caret is; null for nothing.
 * @param {string} text
 * @param {number} caret
 * @returns {Sought | null}
 */
export function soughtAt(text, caret) {
  const before = text.slice(Math.max(0, caret - 40), caret);
  const command = caret <= 40 && /^\/([a-z]*)$/i.exec(before);
  if (command) return { kind: "command", start: 0, end: caret, query: command[1].toLowerCase() };
  const name = /(?:^|[\s([{"'„“‚‘«»‹›—–*_,;:/-])@([\p{L}\p{N}._-]{0,32})$/u.exec(before);
  if (name) return { kind: "name", start: caret - name[1].length - 1, end: caret, query: name[1] };
  // Two letters, so that :) and 12:30 are what they are.
  const emoji = /(?:^|[\s([{"'„“—–])(:[\p{L}+-][\p{L}\p{N}_+-]{1,24})$/u.exec(before);
  return emoji ? { kind: "emoji", start: caret - emoji[1].length, end: caret, query: emoji[1].slice(1) } : null;
}

/**
 * Those who can read here and whose name, or a part of it, begins so.
 * @param {string} query
 * @param {readonly {name: string, display: string}[]} people
 * @param {string} me who isn't called
 * @param {Intl.Collator} collator
 * @returns {Offer[]}
 */
export function namesFor(query, people, me, collator) {
  const sought = fold(query);
  const rank = ({ name = "", display = "" }) => {
    if (name.startsWith(sought)) return 0;
    const parts = fold(display).split(/[\s._-]+/u);
    return parts.some((part) => part.startsWith(sought)) ? 1 : 2;
  };
  return people
    .filter((person) => person.name !== me && rank(person) < 2)
    .sort((a, b) => rank(a) - rank(b) || collator.compare(a.display || a.name, b.display || b.name))
    .slice(0, MOST)
    .map(({ name, display }) => ({ insert: `@${name} `, label: display || name, note: `@${name}` }));
}

/**
 * @param {string} query
 * @param {Record<import("./commands.js").CommandName, {arguments?: string, does: string}>} words
 * @returns {Offer[]}
 */
export function commandsFor(query, words) {
  return COMMANDS.filter(({ name }) => name.startsWith(query)).map(({ name }) => ({
    insert: `/${name} `,
    label: ["/" + name, words[name].arguments].filter(Boolean).join(" "),
    note: words[name].does,
  }));
}

/**
 * @param {string} query
 * @param {readonly import("./emoji.js").Emoji[]} table
 * @returns {Offer[]}
 */
export function emojiFor(query, table) {
  const sought = fold(query);
  const rank = (/** @type {readonly string[]} */ names) => {
    if (names.includes(sought)) return 0;
    if (names.some((name) => name.startsWith(sought))) return 1;
    return names.some((name) => name.split("_").some((part) => part.startsWith(sought))) ? 2 : 3;
  };
  return table
    .map((emoji) => ({ ...emoji, rank: rank(emoji.names.map(fold)) }))
    .filter((emoji) => emoji.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ character, names }) => ({ insert: character, label: character, note: names.find((name) => fold(name).includes(sought)) ?? names[0] }));
}
