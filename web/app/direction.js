/**
 * Characters that nobody sees and that turn round the text after them, so that a
 * file's name, or a sum, reads as another one (UAX #9, section 2). They are shown
 * as what they are, and do nothing: Hebrew and Arabic have their direction by
 * their letters.
 * @module
 */

/** @type {ReadonlyMap<string, string>} */
const SIGNS = new Map([
  ["\u202a", "LRE"],
  ["\u202b", "RLE"],
  ["\u202c", "PDF"],
  ["\u202d", "LRO"],
  ["\u202e", "RLO"],
  ["\u2066", "LRI"],
  ["\u2067", "RLI"],
  ["\u2068", "FSI"],
  ["\u2069", "PDI"],
]);
const ANY = /[\u202a-\u202e\u2066-\u2069]/;
const EACH = new RegExp(ANY, "g");
const AROUND = new RegExp(`(${ANY.source})`);

/**
 * A text with each of them apart, by its abbreviation.
 * @param {string} text
 * @returns {(string | {sign: string})[]}
 */
export function pieces(text) {
  if (!ANY.test(text)) return [text];
  return text.split(AROUND).filter(Boolean).map((piece) => {
    const sign = SIGNS.get(piece);
    return sign ? { sign } : piece;
  });
}

/**
 * A text with each of them written out, where there is nothing but text.
 * @param {string} text
 */
export function legible(text) {
  return text.replace(EACH, (character) => `[${SIGNS.get(character)}]`);
}
