/**
 * What is being written, put aside while a tab loads the page again.
 * @module
 */

/**
 * What is being written in a topic: a message, perhaps an answer to another
 * one, and above it, while one edits, the new text of an old one.
 * @typedef {{text: string, ref: number, edit: {seq: number, text: string} | null}} Draft
 */

/** @typedef {ReadonlyMap<string, Draft>} Drafts by topic */

const KEY = "drafts";
/** How long a post may be on its way to this browser's disk, in ms. */
const SETTLING = 3_000;

/** @param {Draft} draft */
export function isBegun({ text, ref, edit }) {
  return text.trim() !== "" || ref > 0 || edit !== null;
}

/**
 * Whether something that was written would be lost if the page were loaded
 * again: posts that are kept are sent afterwards.
 * @param {Pick<import("./rooms.js").Rooms, "posts" | "storage"> | null} rooms
 * @param {Drafts} drafts
 * @param {number} now unix-ms
 */
export function wouldBeLost(rooms, drafts, now) {
  if ([...drafts.values()].some(isBegun)) return true;
  return rooms !== null && rooms.posts.some(({ message }) => rooms.storage !== "" || now - message.time < SETTLING);
}

/**
 * Puts drafts aside for the next document of this tab.
 * @param {() => Pick<Storage, "setItem" | "removeItem">} storage this tab's; may throw
 * @param {string} user whose they are
 * @param {Drafts} drafts
 * @returns {boolean} whether they are all there
 */
export function putAside(storage, user, drafts) {
  const begun = [...drafts].filter(([, draft]) => isBegun(draft));
  try {
    if (begun.length === 0) storage().removeItem(KEY);
    else storage().setItem(KEY, JSON.stringify({ user, drafts: begun }));
    return true;
  } catch {
    return begun.length === 0;
  }
}

/**
 * Takes back what the last document of this tab put aside. It is there once,
 * and for nobody else.
 * @param {() => Pick<Storage, "getItem" | "removeItem">} storage this tab's; may throw
 * @param {string} user
 * @returns {Map<string, Draft>}
 */
export function takeBack(storage, user) {
  try {
    const kept = JSON.parse(storage().getItem(KEY) ?? "null");
    storage().removeItem(KEY);
    return new Map(kept?.user === user ? kept.drafts : []);
  } catch {
    return new Map();
  }
}
