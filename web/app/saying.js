/**
 * A message in a few words, where it is quoted, found or told of.
 * @module
 */
import { legible } from "./direction.js";
import { parse, plainText } from "./markdown.js";
import { extract } from "./json.js";

/** How much of it is shown. */
const EXTRACT = 200;

/**
 * @param {{kind: string, text: string}} message that isn't redacted
 * @param {import("./words.js").Dictionary} words
 * @returns {string} its beginning, and more than is shown, without markup
 */
export function spoken({ kind, text }, words) {
  // What is longer than this has enough in its beginning.
  return kind === "report" ? `${words.log.report}: ${extract(text)}` : plainText(parse(text.slice(0, 10 * EXTRACT)));
}

/**
 * @param {{kind: string, text: string}} message that isn't redacted
 * @param {import("./words.js").Dictionary} words
 * @returns {string} without markup
 */
export function saying(message, words) {
  return legible(spoken(message, words).trim().slice(0, EXTRACT));
}
