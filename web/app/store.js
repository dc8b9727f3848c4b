/**
 * Holds the page's state. Who subscribed is told once after any number of
 * changes that came together.
 * @module
 */
import { empty, reduce } from "./rooms.js";

export class Store {
  #state;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #told = true;

  /**
   * @param {import("./rooms.js").Me} me
   * @param {number} now unix-ms
   */
  constructor(me, now) {
    this.#state = empty(me, now);
  }

  get state() {
    return this.#state;
  }

  /** @param {import("./rooms.js").Action} action */
  dispatch(action) {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      for (const listener of this.#listeners) listener();
    });
  }

  /**
   * @param {() => void} listener
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
