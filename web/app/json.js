/**
 * JSON as its author wrote it, in pieces, so that no number loses a place; and in
 * one line.
 * @module
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** A report as a feed sends it; what it has read comes last. */
const FEED = /^\{"source":"http[^{]*?"reading":([^]*)}$/;

/**
 * @param {string} text
 * @returns {string[] | null} null: it isn't JSON
 */
export function tokensOf(text) {
  try {
    JSON.parse(text);
    return text.match(TOKEN);
  } catch {
    return null;
  }
}

/**
 * A report in one line, for where there is no room for more: of a feed's what it
 * has read.
 * @param {string} text
 */
export function extract(text) {
  const tokens = tokensOf(text.replace(FEED, "$1"));
  if (!tokens) return text.replace(/\s+/g, " ");
  let depth = 0;
  const line = [];
  for (const token of tokens) {
    if (opens(token)) {
      if (++depth === 2) line.push("…");
    } else if (closes(token)) depth--;
    else if (depth < 2 && token !== ":") line.push(token === "," ? "·" : scalar(token));
  }
  return line.join(" ");
}

/**
 * A string without its quotes, anything else as it is written.
 * @param {string} token
 * @returns {string}
 */
export function scalar(token) {
  return token.startsWith('"') ? JSON.parse(token) : token;
}

/** @param {string} token */
export function opens(token) {
  return token === "{" || token === "[";
}

/** @param {string} token */
export function closes(token) {
  return token === "}" || token === "]";
}
