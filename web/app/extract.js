/**
 * An extract of a message without the signs of its markup, what was found in it
 * marked as before.
 * @module
 */
import { parse, plainText } from "./markdown.js";

/** @typedef {{text: string, hit?: boolean}} Piece */

const FENCE_OR_RULE = /^[ \t]*(?:`{3,}.*|(?=.*\|)[-:| \t]+)$/gmu;
const ROW = /^[ \t]*\|.*$/gmu;
const MARK = /(?<![^\s\p{P}])(?:\*{2,3}|`+)|(?:\*{2,3}|`+)(?![^\s\p{P}])/gu;

/*
 * While the markup is read, signs that nobody writes stand for what was found:
 * letters for a word, numbers for a number, as the markup tells them apart.
 */
const WORDS = 0x13000; // Egyptian hieroglyphs
const NUMBERS = 0x12400; // cuneiform numbers
/** So many stand for something at most; the last six bits of a sign say which. */
const MOST = 63;
const SIGNS = "\\u{12400}-\\u{1243f}\\u{13000}-\\u{1303f}";
const STANDS = new RegExp(`[${SIGNS}]`, "u");
const APART = new RegExp(`(${STANDS.source})`, "u");
/** What a feed says before its reading, where nothing was found in it. */
const BESIDE = new RegExp(`^(?:\\{"source":"http|…)[^{}${SIGNS}]*?,"reading":`, "u");

/**
 * @param {string} kind the message's
 * @param {readonly Piece[]} pieces as the server has cut them out
 * @returns {readonly Piece[]} the same, if something that was found would be gone
 */
export function readable(kind, pieces) {
  const found = pieces.filter(({ hit }) => hit);
  if (found.length > MOST || pieces.some(({ text }) => STANDS.test(text))) return pieces;
  let count = 0;
  const written = pieces.map(({ text, hit }) => (hit ? String.fromCodePoint((/^\p{N}/u.test(text) ? NUMBERS : WORDS) + count++) : text)).join("");
  const parts = (kind === "report" ? reported(written) : said(written)).split(APART).filter(Boolean);
  const shown = parts.map((text) => (STANDS.test(text) ? found[/** @type {number} */ (text.codePointAt(0)) & MOST] : { text }));
  return parts.filter((text) => STANDS.test(text)).length === found.length ? shown : pieces;
}

/** @param {string} text */
function said(text) {
  const [, before, within, after] = /** @type {RegExpExecArray} */ (/^(…\n?|)([^]*?)(…|)$/.exec(text));
  const plain = plainText(parse(within));
  if (!before && !after) return plain;
  // Of what was cut in two, signs are left.
  const whole = plain
    .replace(FENCE_OR_RULE, "")
    .replace(ROW, (row) => row.replaceAll("|", "\t"))
    .replace(MARK, "");
  return before + whole + after;
}

/** @param {string} text a part of what a report has, as JSON */
function reported(text) {
  return text.replace(BESIDE, "").replaceAll('":', ": ").replace(/,(?=["{[])/g, ", ").replace(/["{}[\]]/g, "");
}
