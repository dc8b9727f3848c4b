/**
 * The cursors of the topics that were last looked at. A few keep their channel,
 * and those that something is still to be sent to.
 * @module
 */
import { Cursor } from "./cursor.js";

/** How many topics keep their channel. */
export const KEPT = 10;
/** How much is fetched above a message that one goes to. */
const ABOVE = 60;

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./outbox.js").Outbox} outbox
 * @property {Omit<import("./cursor.js").Surroundings, "dispatch" | "gone" | "looked">} cursor what each of them has around it
 */

export class Cursors {
  #around;
  #store;
  /** @type {import("./link.js").Link | null} */
  #link = null;
  /** The last looked at is the last here. @type {Map<string, Cursor>} */
  #all = new Map();

  /** The topic that is looked at. */
  #looked = "";

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
    this.#store = around.store;
  }

  /** @param {string} topic */
  get(topic) {
    return this.#all.get(topic);
  }

  /**
   * All go on over this link, each where it is.
   * @param {import("./link.js").Link} link
   */
  attach(link) {
    this.#link = link;
    this.tend();
  }

  /** All go on from an earlier visit. @param {import("./shelf.js").KeptLog[]} logs the last looked at last */
  resume(logs) {
    for (const log of logs) {
      const cursor = this.#make(log.topic);
      cursor.resume(log);
      this.#all.set(log.topic, cursor);
    }
  }

  /** The topics in the order in which they were last looked at. */
  get order() {
    return [...this.#all.keys()];
  }

  /** Reads in every topic that something is to be sent to. */
  tend() {
    for (const topic of this.#around.outbox.topics) if (!this.#all.has(topic)) this.#all.set(topic, this.#make(topic));
    if (this.#link) for (const cursor of this.#all.values()) cursor.attach(this.#link);
  }

  /** The link is gone; the places are kept. */
  detach() {
    this.#link = null;
    for (const cursor of this.#all.values()) cursor.detach();
  }

  /** Nobody reads any more. */
  close() {
    for (const cursor of this.#all.values()) cursor.close();
  }

  /**
   * Begins, or goes on, to read a topic.
   * @param {string} topic
   */
  open(topic) {
    this.#looked = topic;
    let cursor = this.#all.get(topic);
    if (cursor) this.#all.delete(topic);
    else cursor = this.#make(topic);
    this.#all.set(topic, cursor);
    if (this.#link) cursor.attach(this.#link);
    const unsent = this.#around.outbox.topics;
    for (const [id, other] of this.#all) {
      if (this.#all.size <= KEPT) break;
      if (!unsent.has(id)) this.#drop(id, other);
    }
  }

  /** Ends those of topics that were taken away. */
  dropGone() {
    const { topics, watched, stale } = this.#store.state;
    if (!watched || stale) return;
    for (const [id, cursor] of this.#all) if (!topics.has(id)) this.#drop(id, cursor);
  }

  /**
   * Everything up to `seq` was read.
   * @param {string} topic
   * @param {number} seq
   */
  read(topic, seq) {
    this.#store.dispatch({ type: "read", topic, seq });
    this.#all.get(topic)?.read(seq);
  }

  /** @param {string} topic */
  older(topic) {
    return this.#all.get(topic)?.older() ?? Promise.resolve(false);
  }

  /**
   * Fetches older messages until `seq` is held.
   * @param {string} topic
   * @param {number} seq
   * @returns {Promise<boolean>} whether it is
   */
  async reach(topic, seq) {
    const cursor = this.#all.get(topic);
    if (!cursor || seq < cursor.from) return false;
    for (let pages = 0; cursor.start >= seq && pages < 20; pages++) if (!(await cursor.older(Math.min(1000, cursor.start - seq + ABOVE)))) return false;
    return cursor.start < seq;
  }

  /**
   * The window that has come to the tail becomes part of it.
   * @param {string} topic
   */
  merge(topic) {
    this.#store.dispatch({ type: "merge", topic });
    const log = this.#store.state.logs.get(topic);
    if (log && !log.window) this.#all.get(topic)?.merged(log.start);
  }

  /**
   * @param {string} topic
   * @param {number} seq
   */
  quote(topic, seq) {
    return this.#all.get(topic)?.quote(seq);
  }

  /**
   * @param {string} topic
   * @param {number} keep
   */
  trim(topic, keep) {
    this.#all.get(topic)?.trim(keep);
  }

  /**
   * @param {string} id
   * @param {Cursor} cursor
   */
  #drop(id, cursor) {
    cursor.close();
    this.#all.delete(id);
    this.#store.dispatch({ type: "forget", topic: id });
  }

  /** @param {string} topic */
  #make(topic) {
    const unread = this.#store.state.topics.get(topic)?.unread ?? 0;
    return new Cursor(topic, unread, {
      ...this.#around.cursor,
      dispatch: (action) => this.#store.dispatch(action),
      looked: (topic) => this.#looked === topic && !this.#store.state.logs.get(topic)?.window,
      gone: (topic) => {
        this.#store.dispatch({ type: "topic-gone", id: topic });
        this.dropGone();
      },
    });
  }
}
