/**
 * Reads where one looks while that isn't the newest: fetches windows (log.js)
 * over HTTP, and moves them. What is fetched for a window that isn't looked at
 * any more, or of another epoch, is thrown away. It is loaded as soon as
 * somebody looks back.
 * @module
 */
import { covers, isAhead, last, sight } from "./log.js";
import { around, page } from "./pages.js";

/** @typedef {import("./rooms.js").Log} Log */


/** How many messages a window begins with on each side, and how many a page brings. */
export const PAGE = 60;
/** What is no further than this before the tail is read by making the tail longer, whose chain is recomputed. */
const NEAR = 200;
/** With so many messages in the tail, one goes back from it by a window. */
const LONG = 600;
/** How many messages the tail keeps behind one's back. */
export const TAIL = 200;

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {Pick<import("./api.js").Api, "messages">} api
 * @property {Pick<import("./cursors.js").Cursors, "older" | "reach" | "trim" | "merge">} cursors
 */

export class Windows {
  #store;
  #api;
  #cursors;
  /** The newest look in each topic: an older one that is answered later counts no more. @type {Map<string, object>} */
  #looks = new Map();
  /** Topics and sides that a page is being fetched for. @type {Set<string>} */
  #fetching = new Set();

  /** @param {Surroundings} around */
  constructor({ store, api, cursors }) {
    this.#store = store;
    this.#api = api;
    this.#cursors = cursors;
  }

  /**
   * Looks at what stands around a seq; of several looks at once the last one
   * counts.
   * @param {string} topic
   * @param {number} seq
   * @returns {Promise<"there" | "elsewhere" | "beyond" | "ahead" | "unreachable">} "there" once it is in sight, or will be when the tail has come; "elsewhere": something else is looked at by now;
   *   "beyond": before what one may read; "ahead": there is no such message yet; "unreachable": the server didn't answer
   */
  async look(topic, seq) {
    const look = {};
    this.#looks.set(topic, look);
    const log = this.#log(topic);
    if (!log) return "unreachable";
    if (seq < log.from) return "beyond";
    if (isAhead(log, this.#store.state.topics.get(topic)?.head ?? 0, seq)) return "ahead";
    if (covers(sight(log), seq)) return "there";
    if (seq > log.start) {
      this.home(topic);
      return "there";
    }
    if (seq > log.start - NEAR && log.messages.length < LONG - NEAR) {
      const reached = await this.#cursors.reach(topic, seq);
      if (this.#looks.get(topic) !== look) return "elsewhere";
      if (reached) {
        this.home(topic);
        return "there";
      }
    }
    try {
      const found = await around(this.#api, topic, log, seq, PAGE);
      if (this.#looks.get(topic) !== look) return "elsewhere";
      this.#store.dispatch({ type: "window", topic, epoch: log.epoch, ...found });
    } catch {
      return this.#looks.get(topic) === look ? "unreachable" : "elsewhere";
    }
    const now = this.#log(topic);
    if (!now?.window || !covers(now.window, seq)) return "unreachable";
    this.#cursors.trim(topic, TAIL);
    return "there";
  }

  /**
   * Fetches what stands before what one looks at.
   * @param {string} topic
   */
  async older(topic) {
    const log = this.#log(topic);
    if (!log) return;
    if (!log.window && log.messages.length < LONG) {
      await this.#cursors.older(topic);
      return;
    }
    if (!log.window) this.part(topic, log.start + 1);
    const { start } = sight(this.#log(topic) ?? log);
    if (start >= log.from) await this.#turn(topic, "older", { before: start + 1 });
  }

  /**
   * Fetches what stands after the window, until it has come to the tail.
   * @param {string} topic
   */
  async newer(topic) {
    const log = this.#log(topic);
    if (!log?.window) return;
    if (last(log.window) >= log.start) this.#cursors.merge(topic);
    else await this.#turn(topic, "newer", { after: last(log.window) });
  }

  /**
   * Cuts a tail that has grown long; what stands around a seq, which one looks
   * at, is a window from then on, if there is none yet.
   * @param {string} topic
   * @param {number} seq
   */
  part(topic, seq) {
    if (this.#log(topic)?.window) return;
    this.#store.dispatch({ type: "part", topic, seq });
    if (this.#log(topic)?.window) this.#cursors.trim(topic, TAIL);
  }

  /**
   * Looks at the newest again.
   * @param {string} topic
   */
  home(topic) {
    this.#looks.delete(topic);
    this.#store.dispatch({ type: "home", topic });
  }

  /**
   * The smallest seq that one may read with this time or a later one; 0 for
   * none.
   * @param {string} topic
   * @param {number} since unix-ms
   * @returns {Promise<number>}
   * @throws {Problem}
   */
  async at(topic, since) {
    const { messages } = await this.#api.messages(topic, { since, limit: 1 });
    return messages[0]?.seq ?? 0;
  }

  /**
   * The time of the message at a seq, or of the next one after it; 0 for none.
   * @param {string} topic
   * @param {number} seq
   */
  async timeOf(topic, seq) {
    const { messages } = await this.#api.messages(topic, { after: seq - 1, limit: 1 });
    return messages[0]?.time ?? 0;
  }

  /**
   * @param {string} topic
   * @param {"older" | "newer"} side
   * @param {import("./pages.js").Side} span
   */
  async #turn(topic, side, span) {
    const key = `${topic} ${side}`;
    const log = this.#log(topic);
    if (!log || this.#fetching.has(key)) return;
    this.#fetching.add(key);
    this.#store.dispatch({ type: "window-side", topic, side, state: "loading" });
    try {
      const found = await page(this.#api, topic, log, { ...span, limit: PAGE });
      if (found.messages.length === 0) throw new Error("an empty page");
      this.#store.dispatch({ type: "window-page", topic, epoch: log.epoch, ...found });
      this.#store.dispatch({ type: "window-side", topic, side, state: "idle" });
    } catch {
      this.#store.dispatch({ type: "window-side", topic, side, state: "failed" });
    } finally {
      this.#fetching.delete(key);
    }
  }

  /** @param {string} topic */
  #log(topic) {
    return this.#store.state.logs.get(topic);
  }
}
