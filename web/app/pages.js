/**
 * Pages of a log over HTTP: what stands before or after a seq. They are read
 * where one looks back, and this is loaded then.
 * @module
 */
import { Problem } from "./api.js";
import { fromEntry } from "./message.js";

/** @typedef {import("./rooms.js").Message} Message */
/** @typedef {Pick<import("./api.js").Api, "messages">} Api */

/** Which messages: up to so many right before a seq, or right after one. @typedef {{before: number} | {after: number}} Side */

/** Where there is nothing. @returns {{messages: Message[], edits: Message[]}} */
const nothing = () => ({ messages: [], edits: [] });

/**
 * A page for a window, with the edits of its messages that lie after it.
 * @param {Api} api
 * @param {string} topic
 * @param {{epoch: string, from: number}} log
 * @param {Side & {limit: number}} span
 * @throws {Problem} also for one of another epoch
 */
export async function page(api, topic, log, span) {
  const page = await api.messages(topic, { ...span, edits: 1 });
  if (page.epoch !== log.epoch) throw new Problem(409);
  const read = (/** @type {import("./api.js").Entry[]} */ entries) => entries.flatMap((entry) => fromEntry(entry)?.message ?? []);
  return { messages: whole(read(page.messages), span, log.from), edits: read(page.edits ?? []) };
}

/**
 * What stands on both sides of a seq, and it.
 * @param {Api} api
 * @param {string} topic
 * @param {{epoch: string, from: number}} log
 * @param {number} seq
 * @param {number} limit on each side
 */
export async function around(api, topic, log, seq, limit) {
  const [before, after] = await Promise.all([seq > log.from ? page(api, topic, log, { before: seq, limit }) : nothing(), page(api, topic, log, { after: seq - 1, limit })]);
  return { messages: [...before.messages, ...after.messages], edits: [...before.edits, ...after.edits] };
}

/**
 * A page for the tail, with what the chain is recomputed from; without that
 * where something is left out.
 * @param {Api} api
 * @param {string} topic
 * @param {number} from the first seq that one may read
 * @param {{before: number, limit: number}} span
 */
export async function older(api, topic, from, span) {
  const page = await api.messages(topic, span);
  const found = page.messages.map(fromEntry).filter((arrival) => arrival !== null);
  const messages = whole(found.map((arrival) => arrival.message), span, from);
  return { epoch: page.epoch, messages, links: found.length === messages.length ? found.map((arrival) => arrival.link) : null };
}

/**
 * A page without gaps, in order. Somebody who may read from a seq on isn't told
 * of edits of what lies before it: in their places stand edits without words.
 * @param {Message[]} messages
 * @param {Side} span
 * @param {number} from the first seq that one may read
 * @returns {Message[]}
 * @throws {Problem} for gaps that can't be so
 */
export function whole(messages, span, from) {
  if (messages.length === 0) return [];
  const found = new Map(messages.map((message) => [message.seq, message]));
  const seqs = [...found.keys()];
  const first = "after" in span ? Math.max(span.after + 1, from) : Math.min(...seqs);
  const end = "before" in span ? span.before - 1 : Math.max(...seqs);
  const all = Array.from({ length: end - first + 1 }, (_, at) => found.get(first + at) ?? left(first + at));
  if (from === 1 && all.length > messages.length) throw new Problem(502);
  return all;
}

/** @param {number} seq @returns {Message} */
function left(seq) {
  return { seq, author: "", time: 0, kind: "edit", ref: 0, text: "", redacted: true };
}
