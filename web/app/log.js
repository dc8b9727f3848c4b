/**
 * What is held of one topic, as pure functions of it: the tail, its newest
 * stretch, which the stream adds to; and, while one looks elsewhere, a window,
 * a stretch of what lies before that. Both are without gaps and bounded, so
 * that a topic of any length takes the same room.
 *
 * The chain is recomputed for the tail alone. A window is as the server tells
 * it over HTTP, and counts as checked no more than a quote does; what the tail
 * got from one stays unchecked too (proof.js says where its base is).
 * @module
 */

/** @typedef {import("./rooms.js").Log} Log */
/** @typedef {import("./rooms.js").Message} Message */
/** @typedef {import("./rooms.js").Window} Window */
/** @typedef {import("./rooms.js").Fetching} Fetching */
/** @typedef {{start: number, messages: readonly Message[]}} Stretch messages start+1 ... start+length */

/** The most messages that a window holds. */
export const WIDEST = 400;
/** With more than this, the quotes and edits that nothing held speaks of are let go. */
const STRAYS = 400;

/**
 * The seq of the newest message that is held, or before the first.
 * @param {Stretch} stretch
 */
export function last({ start, messages }) {
  return start + messages.length;
}

/**
 * Whether everything there was at the JOIN has come.
 * @param {Log | undefined} log
 * @returns {log is Log}
 */
export function settled(log) {
  return log !== undefined && last(log) >= log.head;
}

/**
 * Whether there is no such message yet, where the newest is known.
 * @param {Log} log
 * @param {number} head of the topic, as it was told
 * @param {number} seq
 */
export function isAhead(log, head, seq) {
  return settled(log) && log.asOf === 0 && seq > Math.max(last(log), head);
}

/**
 * What one looks at: a window, or the tail.
 * @param {Log} log
 * @returns {{start: number, messages: readonly Message[], older: Fetching, newer: Fetching}}
 */
export function sight(log) {
  return log.window ?? { start: log.start, messages: log.messages, older: log.older, newer: "idle" };
}

/**
 * @param {Stretch} stretch
 * @param {number} seq
 */
export function covers(stretch, seq) {
  return seq > stretch.start && seq <= last(stretch);
}

/**
 * @param {Log} log
 * @param {number} seq
 * @returns {Message | undefined}
 */
export function messageAt({ start, messages, window }, seq) {
  return messages[seq - start - 1] ?? window?.messages[seq - window.start - 1];
}

/**
 * A window opens, in place of another one.
 * @param {Log} log
 * @param {readonly Message[]} messages in order
 * @param {readonly Message[]} edits of them, from later on
 * @returns {Log}
 */
export function open(log, messages, edits) {
  if (messages.length === 0 || !isGapless(messages) || messages[0].seq < log.from) return log;
  return strays({ ...log, window: { start: messages[0].seq - 1, messages, older: "idle", newer: "idle" }, edits: [...log.edits, ...edits] });
}

/**
 * A page joins the window, on the side where it fits; the other side gives way.
 * @param {Log} log
 * @param {readonly Message[]} messages in order
 * @param {readonly Message[]} edits of them, from later on
 * @returns {Log}
 */
export function widen(log, messages, edits) {
  const { window } = log;
  if (!window || messages.length === 0 || !isGapless(messages)) return log;
  const [first, end] = [messages[0].seq, messages[messages.length - 1].seq];
  /** @type {Window} */
  let wider;
  if (end === window.start && first >= log.from) {
    wider = { ...window, start: first - 1, messages: [...messages, ...window.messages].slice(0, WIDEST), older: "idle" };
  } else if (first === last(window) + 1) {
    const all = [...window.messages, ...messages];
    const surplus = Math.max(0, all.length - WIDEST);
    wider = { ...window, start: window.start + surplus, messages: all.slice(surplus), newer: "idle" };
  } else return log;
  return strays({ ...log, window: wider, edits: [...log.edits, ...edits] });
}

/**
 * The tail has grown long behind one's back: what stands around a seq becomes a
 * window, so that the tail can be cut.
 * @param {Log} log
 * @param {number} seq
 * @returns {Log}
 */
export function part(log, seq) {
  if (log.window || !covers(log, seq)) return log;
  const at = seq - log.start - 1;
  const first = Math.max(0, Math.min(at - WIDEST / 2, log.messages.length - WIDEST));
  return { ...log, window: { start: log.start + first, messages: log.messages.slice(first, first + WIDEST), older: "idle", newer: "idle" } };
}

/**
 * The window has come to the tail, and is part of it from now on.
 * @param {Log} log
 * @returns {Log}
 */
export function merge(log) {
  const { window } = log;
  if (!window || last(window) < log.start) return log;
  if (window.start >= log.start) return { ...log, window: null };
  return { ...log, window: null, start: window.start, messages: [...window.messages.slice(0, log.start - window.start), ...log.messages] };
}

/**
 * One looks at the tail again.
 * @param {Log} log
 * @returns {Log}
 */
export function home(log) {
  return log.window ? strays({ ...log, window: null }) : log;
}

/**
 * Older messages, in order, go before the tail.
 * @param {Log} log
 * @param {readonly Message[]} messages
 * @returns {Log}
 */
export function extend(log, messages) {
  const older = messages.filter((message) => message.seq <= log.start);
  const start = log.start - older.length;
  if (older.some((message, index) => message.seq !== start + 1 + index)) return { ...log, older: "failed" };
  return { ...log, start, messages: [...older, ...log.messages], older: "idle" };
}

/**
 * The tail lets go of all but the newest messages.
 * @param {Log} log
 * @param {number} keep
 * @returns {Log}
 */
export function trim(log, keep) {
  const surplus = log.messages.length - keep;
  if (surplus <= 0) return log;
  return strays({ ...log, start: log.start + surplus, messages: log.messages.slice(surplus) });
}

/** @param {readonly Message[]} messages */
function isGapless(messages) {
  return messages.every((message, index) => message.seq === messages[0].seq + index);
}

/**
 * Without the edits and quotes that nothing held speaks of any more, once there
 * are many of them.
 * @param {Log} log
 * @returns {Log}
 */
function strays(log) {
  const { edits, quotes, messages, window } = log;
  let next = log;
  if (quotes.size > STRAYS) {
    const spoken = new Set([...messages, ...(window?.messages ?? [])].map((message) => message.ref));
    next = { ...next, quotes: new Map([...quotes].filter(([seq]) => spoken.has(seq))) };
  }
  const meant = edits.filter(({ ref }, at) => (messageAt(log, ref) || next.quotes.has(ref)) && edits.findIndex((other) => other.seq === edits[at].seq) === at);
  return meant.length === edits.length ? next : { ...next, edits: meant };
}
