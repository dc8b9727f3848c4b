/**
 * What edits and redactions do to what is held (PROTOCOL.md section 4). They are
 * messages themselves and stay in the log, in their place; here they are
 * applied to the messages that they speak of, as often as one likes and in
 * whatever order they came.
 *
 * A redaction takes the words of a message and of all its edits, and leaves
 * none of them behind.
 * @module
 */
import { messageAt } from "./log.js";

/** @typedef {import("./rooms.js").Log} Log */
/** @typedef {import("./rooms.js").Message} Message */
/** @typedef {import("./rooms.js").Post} Post */
/** @typedef {import("./rooms.js").Redaction} Redaction */

/**
 * Whether a message changes another one, and is no row of its own.
 * @param {Message} message
 */
export function isChange({ kind }) {
  return kind === "edit" || kind === "redact";
}

/**
 * The seq of the message that a seq stands for: of an edit or a redaction, the
 * one that it speaks of.
 * @param {Log} log
 * @param {number} seq
 * @returns {number}
 */
export function original(log, seq) {
  const message = held(log, seq);
  const named = message?.kind === "redact" ? message.ref : seq;
  const edit = held(log, named);
  return edit?.kind === "edit" ? edit.ref : named;
}

/**
 * Whether a message is redacted, also if it isn't held any more.
 * @param {Log} log
 * @param {number} seq
 */
export function isRedacted(log, seq) {
  return held(log, seq)?.redacted ?? [...log.messages, ...(log.window?.messages ?? [])].some((message) => message.kind === "redact" && original(log, message.seq) === seq);
}

/**
 * A log with its edits and redactions applied, the same object if that changes
 * nothing, and the seqs of what is redacted, whether it is held or not.
 * @param {Log} log
 * @returns {{log: Log, redacted: ReadonlySet<number>}}
 */
export function amend(log) {
  const { edits, redactions } = collect(log);
  const current = (/** @type {Message} */ message) => {
    if (message.kind === "edit") return redactions.has(message.ref) ? blank(message) : message;
    if (isChange(message)) return message;
    const redaction = redactions.get(message.seq);
    return redaction === undefined ? edited(message, edits.get(message.seq) ?? []) : redacted(message, redaction);
  };
  const all = (/** @type {readonly Message[]} */ before) => {
    const after = before.map(current);
    return after.every((message, at) => message === before[at]) ? before : after;
  };
  const messages = /** @type {Message[]} */ (all(log.messages));
  const elsewhere = log.window && all(log.window.messages);
  const window = log.window && elsewhere !== log.window.messages ? { ...log.window, messages: /** @type {readonly Message[]} */ (elsewhere) } : log.window;
  const changes = all(log.edits);
  const quotes = new Map([...log.quotes].map(([seq, message]) => [seq, message && current(message)]));
  const same = messages === log.messages && window === log.window && changes === log.edits && [...quotes].every(([seq, quote]) => quote === log.quotes.get(seq));
  return { log: same ? log : { ...log, messages, window, edits: changes, quotes }, redacted: new Set(redactions.keys()) };
}

/**
 * Posts whose edits speak of what is redacted: they lose their words, and fail.
 * @param {readonly Post[]} posts
 * @param {string} topic
 * @param {ReadonlySet<number>} redacted
 * @returns {Post[]}
 */
export function withdraw(posts, topic, redacted) {
  return posts.flatMap((post) => {
    const { message, state } = post;
    if (post.topic !== topic || message.kind !== "edit" || !redacted.has(message.ref)) return [post];
    // What came into the log already went with the rest.
    if (post.match > 0) return [];
    if (state === "accepted") return [{ ...post, message: blank(message) }];
    return [{ ...post, message: blank(message), state: "failed", code: 410, reason: "" }];
  });
}

/**
 * The edits of each message, in order, and what is redacted: what comes without
 * words, what a redaction names, and the message of an edit for which either
 * holds. The first redaction of several is the one that did it.
 * @param {Log} log
 */
function collect(log) {
  /** @type {Map<number, Message[]>} */
  const edits = new Map();
  /** @type {Map<number, Redaction | null>} null: not known by whom */
  const redactions = new Map();
  const redact = (/** @type {number} */ seq, /** @type {Redaction | null} */ redaction) => {
    if (!redactions.get(seq)) redactions.set(seq, redaction);
  };
  const see = (/** @type {Message} */ message) => {
    const { seq, author, time, kind, ref, text } = message;
    if (kind === "redact") redact(original(log, ref), { seq, author, time, reason: text });
    else if (message.redacted) redact(kind === "edit" ? ref : seq, null);
    else if (kind === "edit") {
      const known = edits.get(ref);
      if (known) known.push(message);
      else edits.set(ref, [message]);
    }
  };
  const seen = new Set();
  for (const message of [...log.edits, ...(log.window?.messages ?? []), ...log.messages]) {
    if (seen.has(message.seq)) continue;
    seen.add(message.seq);
    see(message);
  }
  for (const quote of log.quotes.values()) if (quote?.redacted) see(quote);
  return { edits, redactions };
}

/**
 * @param {Log} log
 * @param {number} seq
 */
function held(log, seq) {
  return messageAt(log, seq) ?? log.quotes.get(seq) ?? log.edits.find((edit) => edit.seq === seq);
}

/**
 * @param {Message} message
 * @param {Message[]} edits
 * @returns {Message}
 */
function edited(message, edits) {
  const { seq, author, time, kind, text, versions = [] } = message;
  if (kind !== "text" && kind !== "report") return message;
  // What is known of it already may lie in no stretch any more.
  const known = versions.length > 0 ? versions : [{ seq, time, text }];
  const own = edits.filter((edit) => edit.author === author && !known.some((version) => version.seq === edit.seq));
  if (own.length === 0) return message;
  const all = [...known, ...own.map(({ seq, time, text }) => ({ seq, time, text }))].sort((a, b) => a.seq - b.seq);
  return { ...message, versions: all, text: all[all.length - 1].text };
}

/**
 * @param {Message} message
 * @param {Redaction | null} redaction
 * @returns {Message}
 */
function redacted(message, redaction) {
  const known = message.redaction ?? null;
  const same = known?.seq === redaction?.seq;
  return same ? blank(message) : { ...blank(message), redaction };
}

/**
 * @param {Message} message
 * @returns {Message}
 */
function blank(message) {
  if (message.redacted && message.text === "" && !message.versions) return message;
  const { versions, ...rest } = message;
  return { ...rest, text: "", redacted: true };
}
