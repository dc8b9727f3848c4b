/**
 * Reports as they follow upon each other in the log: a feed may bring one every
 * two seconds. Of a run, reports of one author that tell of the same with nothing
 * between them, the newest stands there in full, and each one before it is a line.
 * @module
 */
import { read } from "./report.js";

/** @typedef {import("./report.js").Card} Card */
/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rooms.js").Message} Message */

/**
 * The same one as long as it is so.
 * @typedef {object} Standing
 * @property {Card | string} card
 * @property {boolean} folded another one of its run comes after it
 * @property {boolean} joined it stands with the one above
 * @property {number} at when it was posted, in unix-ms
 * @property {(body: HTMLElement, text: string, speech: import("../ui/page.js").Speech) => void} put shows it so
 * @property {readonly Card[]} trail what is told of the same up to here, the newest last; of a folded one it alone
 */

/** So many reports make a line at most. */
const MOST = 60;
/** Within so many milliseconds they stand together, as other messages do (rows.js). */
const TOGETHER = 5 * 60_000;

export class Runs {
  /** @type {WeakMap<Message, Card | string>} */
  #cards = new WeakMap();
  /** @type {WeakMap<Message, Standing>} */
  #standings = new WeakMap();
  #put;

  /** @param {Standing["put"]} put is called on a standing */
  constructor(put) {
    this.#put = put;
  }

  /**
   * @param {readonly Row[]} rows
   * @returns {Map<string, Standing>} by the rows' keys
   */
  of(rows) {
    /** @type {Map<string, Card[]>} */
    const streams = new Map();
    /** @type {Map<string, Standing>} */
    const standings = new Map();
    /** The report that the run goes on from, and the first of those that stand with it. */
    let last = { key: "", stream: "", first: 0, above: false };
    /** @type {Map<string, Message>} */
    const messages = new Map();
    for (const row of rows) {
      if (row.kind !== "message") {
        last = { ...last, above: false };
        continue;
      }
      const { message } = row;
      if (message.kind !== "report" || message.redacted) {
        last = { key: "", stream: "", first: 0, above: false };
        continue;
      }
      const card = this.#card(message);
      const stream = typeof card === "string" ? "" : `${message.author} ${card.stream}`;
      const trail = streams.get(stream) ?? [];
      if (typeof card !== "string") streams.set(stream, [...trail, card].slice(-MOST));
      const follows = stream !== "" && last.stream === stream;
      const before = follows && standings.get(last.key);
      if (before) standings.set(last.key, { ...before, folded: true, trail: before.trail.slice(-1) });
      const passed = message.time - last.first;
      const joined = follows && last.above && passed >= 0 && passed < TOGETHER;
      standings.set(row.key, { card, folded: false, joined, at: message.time, put: this.#put, trail: streams.get(stream) ?? [] });
      messages.set(row.key, message);
      last = { key: row.key, stream, first: joined ? last.first : message.time, above: true };
    }
    for (const [key, standing] of standings) standings.set(key, this.#kept(/** @type {Message} */ (messages.get(key)), standing));
    return standings;
  }

  /** @param {Message} message */
  #card(message) {
    const card = this.#cards.get(message) ?? read(message.text);
    this.#cards.set(message, card);
    return card;
  }

  /**
   * @param {Message} message
   * @param {Standing} standing
   */
  #kept(message, standing) {
    const known = this.#standings.get(message);
    const { card, folded, joined, trail } = standing;
    const same = known && known.card === card && known.folded === folded && known.joined === joined && known.trail.length === trail.length && known.trail.every((one, at) => one === trail[at]);
    if (same) return known;
    this.#standings.set(message, standing);
    return standing;
  }
}
