/**
 * Sentences with names in them, as parts. A name may be written from right to
 * left, and stays apart from the words around it: whoever shows a sentence
 * isolates its names.
 * @module
 */

/** @typedef {{name: string}} Name what somebody chose: a name, a title */
/** @typedef {string | Name} Part */

/**
 * Somebody where it matters who is meant: a display name may be like another's,
 * so that the account's name, which nobody else has, stands beside it.
 * @param {{name: string, display?: string}} person
 */
export function exactName({ name, display }) {
  return display && display.toLowerCase() !== name ? `${display} (${name})` : display || name;
}

/**
 * A template's tag: what is inserted as a string is a name; a list of parts
 * goes in as it is.
 * @param {TemplateStringsArray} words
 * @param {...(string | readonly Part[])} inserted
 * @returns {Part[]}
 */
export function sentence(words, ...inserted) {
  return words.flatMap((text, at) => {
    const next = inserted[at] ?? [];
    return [...(text ? [text] : []), ...(typeof next === "string" ? [{ name: next }] : next)];
  });
}

/**
 * What a sentence says, where its names can't be isolated.
 * @param {readonly Part[]} parts
 */
export function plain(parts) {
  return parts.map((part) => (typeof part === "string" ? part : part.name)).join("");
}

/**
 * Parts with something between each two.
 * @param {readonly (readonly Part[])[]} all
 * @param {string} between
 * @returns {Part[]}
 */
export function joined(all, between) {
  return all.flatMap((parts, at) => (at > 0 ? [between, ...parts] : [...parts]));
}
