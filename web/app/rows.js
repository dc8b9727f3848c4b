/**
 * From a log to the rows that one reads: day lines, the line above what is new,
 * and messages, those of one author standing together.
 * @module
 */
import { isChange } from "./changes.js";

/** @typedef {import("./rooms.js").Message} Message */
/** @typedef {import("./rooms.js").Post} Post */

/**
 * @typedef {{kind: "day", key: string, time: number}
 *   | {kind: "new", key: string, time: number}
 *   | {kind: "message", key: string, message: Message, post: Post | null, change: Post | null, joined: boolean}} Row
 * `post` is a message that isn't in the log yet, `change` one's own edit or redaction of it that isn't.
 */

/** Within so many milliseconds messages of one author stand together. */
const TOGETHER = 5 * 60_000;

/**
 * @param {readonly Message[]} messages
 * @param {readonly Post[]} posts of this topic
 * @param {number | null} mark the last seq that isn't new; null for no line
 * @param {string} me
 * @returns {Row[]}
 */
export function rows(messages, posts, mark, me) {
  /** @type {Row[]} */
  const rows = [];
  let day = "";
  /** @type {Message | null} */
  let first = null;
  // What looks like a message that is there already waits unseen for its ACK.
  const unseen = posts.filter((post) => post.match === 0 || post.state !== "waiting");
  const changes = new Map(unseen.filter((post) => isChange(post.message)).map((post) => [post.message.ref, post]));

  /**
   * @param {Message} message
   * @param {Post | null} post
   */
  const add = (message, post) => {
    const date = new Date(message.time).toDateString();
    if (date !== day) {
      day = date;
      first = null;
      rows.push({ kind: "day", key: `day ${message.seq || message.id}`, time: message.time });
    }
    if (mark !== null && !post && message.seq > mark) {
      // One's own words aren't news.
      if (message.author === me) mark = message.seq;
      else {
        rows.push({ kind: "new", key: "new", time: message.time });
        mark = null;
        first = null;
      }
    }
    const joined = first !== null && together(first, message);
    if (!joined) first = message;
    rows.push({ kind: "message", key: message.id ?? String(message.seq), message, post, change: changes.get(message.seq) ?? null, joined });
    changes.delete(message.seq);
  };

  for (const message of messages) if (!isChange(message)) add(message, null);
  for (const post of unseen) if (!isChange(post.message)) add(post.message, post);
  // What couldn't be done to a message that isn't here stands by itself.
  for (const change of changes.values()) if (change.state === "failed") add(change.message, change);
  return rows;
}

/**
 * @param {Message} first
 * @param {Message} message
 */
function together(first, message) {
  const passed = message.time - first.time;
  return (
    message.author === first.author &&
    message.kind === "text" &&
    first.kind === "text" &&
    message.ref === 0 &&
    passed >= 0 &&
    passed < TOGETHER
  );
}
