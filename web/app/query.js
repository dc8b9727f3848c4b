/**
 * What stands in the search box, in parts: words, "phrases", and operators
 * (`from:` `in:` `before:` `after:`).
 * @module
 */

/** @typedef {"from" | "in" | "before" | "after"} Operator */

/** @type {Operator[]} */
export const OPERATORS = ["from", "in", "before", "after"];

/**
 * A word, a phrase, or an operator with its value, and where it stands.
 * @typedef {object} Token
 * @property {Operator | ""} operator
 * @property {string} value
 * @property {number} start
 * @property {number} end
 */

/**
 * @param {string} text
 * @returns {Token[]}
 */
export function tokens(text) {
  const found = text.matchAll(/(?:(from|in|before|after):)?(?:"([^"]*)"?|([^\s"]+))?/gi);
  return [...found]
    .filter(([whole]) => whole !== "")
    .map(({ 0: whole, 1: operator = "", 2: phrase, 3: word = "", index }) => ({
      operator: /** @type {Operator | ""} */ (operator.toLowerCase()),
      value: phrase ?? word,
      start: index,
      end: index + whole.length,
    }));
}

/**
 * The words alone, which titles are compared with too.
 * @param {string} text
 */
export function wordsOf(text) {
  const all = tokens(text);
  return all.some(({ operator }) => operator) ? all.filter(({ operator }) => !operator).map(({ value }) => value).join(" ") : text;
}

/**
 * What counts when letters are compared.
 * @param {string} text
 */
export function fold(text) {
  return text.trim().normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
