/**
 * The topic of last time, so that the page opens where one was. A browser that
 * keeps nothing, and one in which nobody was signed in, has none.
 * @module
 */

const KEY = "topic";

/** @param {string} topic */
export function remember(topic) {
  try {
    localStorage.setItem(KEY, topic);
  } catch {
    // It isn't needed.
  }
}

export function recall() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** Forgets it, and all that is kept for this tab, but for its language. */
export function forget() {
  try {
    localStorage.removeItem(KEY);
    const language = sessionStorage.getItem("lang");
    sessionStorage.clear();
    if (language) sessionStorage.setItem("lang", language);
  } catch {
    // There was nothing.
  }
}
