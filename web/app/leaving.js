/**
 * Signing out where the server can't be reached: this browser has forgotten
 * everything, and tells the server as soon as it can, before anything else.
 * Nothing is kept for it but that it is so.
 * @module
 */

const KEY = "leaving";

/** Notes that the server is still to be told. */
export function leave() {
  attempt(() => localStorage.setItem(KEY, "yes"));
}

/** The server was told, or somebody signs in anew. */
export function left() {
  attempt(() => localStorage.removeItem(KEY));
}

export function isLeaving() {
  return attempt(() => localStorage.getItem(KEY)) === "yes";
}

/**
 * @template T
 * @param {() => T} what fails where the browser keeps nothing
 */
function attempt(what) {
  try {
    return what();
  } catch {
    return undefined;
  }
}
