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
 * @returns {string} without markup
 */
export function saying({ kind, text }) {
  // What is longer than this has enough in its beginning.
  const said = kind === "report" ? extract(text) : plainText(parse(text.slice(0, 10 * EXTRACT)));
  return legible(said.trim().slice(0, EXTRACT));
}
