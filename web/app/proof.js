/**
 * What this browser has recomputed of one topic's chain: a stretch of hashes
 * without gaps, from a base that it was told (or, for hash(0), knows by
 * itself) to the newest message that it got. Everything happens in the order
 * of the calls.
 * @module
 */
import { advance, hex, seed, unhex } from "./chain.js";

/** @typedef {Promise<import("./chain.js").Link>} Coming */

export class Proof {
  #topic;
  /** @type {Map<number, Uint8Array>} */
  #hashes = new Map();
  #base = 0;
  #top = 0;
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /** @param {string} topic */
  constructor(topic) {
    this.#topic = topic;
  }

  /** The seq before the first message that is covered. */
  get base() {
    return this.#base;
  }

  /**
   * Begins anew just after `seq`. Resolves to whether the hash is right as far
   * as that can be known: only hash(0) can.
   * @param {number} seq
   * @param {string} hash hex
   */
  begin(seq, hash) {
    return this.#next(async () => {
      this.#hashes = new Map([[seq, unhex(hash)]]);
      this.#base = this.#top = seq;
      return seq > 0 || hex(await seed(this.#topic)) === hash;
    });
  }

  /**
   * Goes on from what was recomputed before.
   * @param {number} base
   * @param {Uint8Array[]} hashes from the base on
   */
  resume(base, hashes) {
    return this.#next(async () => {
      this.#hashes = new Map(hashes.map((hash, index) => [base + index, hash]));
      this.#base = base;
      this.#top = base + hashes.length - 1;
    });
  }

  /**
   * The hashes from `start` to the newest, once all that came is computed; none
   * if not all of them are known.
   * @param {number} start
   * @returns {Promise<Uint8Array[]>}
   */
  since(start) {
    return this.#next(async () => {
      const found = [];
      for (let seq = start; seq <= this.#top; seq++) {
        const hash = this.#hashes.get(seq);
        if (!hash) return [];
        found.push(hash);
      }
      return found;
    });
  }

  /**
   * Goes on with the messages that follow.
   * @param {Coming[]} links
   */
  extend(links) {
    return this.#next(async () => {
      for (const link of await Promise.all(links)) {
        const previous = this.#hashes.get(this.#top);
        if (!previous || link.seq !== this.#top + 1) return;
        this.#hashes.set(link.seq, await advance(previous, link));
        this.#top = link.seq;
      }
    });
  }

  /**
   * Puts older messages before the base, if they lead to the hash that is
   * known there.
   * @param {Coming[]} links in order, ending at the base
   * @param {string} hash hex, of the seq before the first of them
   * @returns {Promise<boolean>}
   */
  prepend(links, hash) {
    return this.#next(async () => {
      const known = this.#hashes.get(this.#base);
      const found = await Promise.all(links);
      let value = found[0].seq === 1 ? await seed(this.#topic) : unhex(hash);
      if (found[found.length - 1].seq !== this.#base || !known) return false;
      const hashes = new Map([[found[0].seq - 1, value]]);
      for (const link of found) {
        value = await advance(value, link);
        hashes.set(link.seq, value);
      }
      if (hex(value) !== hex(known)) return false;
      this.#hashes = new Map([...hashes, ...this.#hashes]);
      this.#base = found[0].seq - 1;
      return true;
    });
  }

  /**
   * Forgets what lies before `seq`.
   * @param {number} seq
   */
  trim(seq) {
    return this.#next(async () => {
      if (seq <= this.#base || seq > this.#top) return;
      for (let at = this.#base; at < seq; at++) this.#hashes.delete(at);
      this.#base = seq;
    });
  }

  /**
   * The newest seq and its hash in hex, once all that came is computed.
   */
  top() {
    return this.#next(async () => {
      const hash = this.#hashes.get(this.#top);
      return { seq: this.#top, hash: hash ? hex(hash) : "" };
    });
  }

  /**
   * @template T
   * @param {() => Promise<T>} step
   * @returns {Promise<T>}
   */
  #next(step) {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => {});
    return done;
  }
}
