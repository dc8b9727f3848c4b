/**
 * From a log to the rows that one reads: day lines, the line above what is new,
 * and messages, those of one author standing together.
 * @module
 */

/** @typedef {import("./rooms.js").Message} Message */
/** @typedef {import("./rooms.js").Post} Post */

/**
 * @typedef {{kind: "day", key: string, time: number}
 *   | {kind: "new", key: string, time: number}
 *   | {kind: "message", key: string, message: Message, post: Post | null, joined: boolean}} Row
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
    rows.push({ kind: "message", key: message.id ?? String(message.seq), message, post, joined });
  };

  for (const message of messages) add(message, null);
  // What looks like a message that is there already waits unseen for its ACK.
  for (const post of posts) if (post.match === 0 || post.state !== "waiting") add(post.message, post);
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
