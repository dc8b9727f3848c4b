/**
 * JSON as its author wrote it, in pieces, so that no number loses a place; and in
 * one line.
 * @module
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** How a report begins that a feed has sent; what it has read comes last. */
const FEED = /^\{"source":"http[^{]*?"reading":/;

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
  const head = text.endsWith("}") ? (FEED.exec(text)?.[0].length ?? 0) : 0;
  const tokens = tokensOf(head > 0 ? text.slice(head, -1) : text);
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
