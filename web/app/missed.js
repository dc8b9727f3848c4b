/**
 * Counts what comes where one doesn't read along, and tells of it in passing:
 * the first at once, and what comes after that together, with a pause between.
 * @module
 */

/** How long nothing more is told, in ms. */
const PAUSE = 15_000;

export class Missed {
  #clock;
  #tell;
  #count = 0;
  /** @type {(() => void) | null} */
  #cancel = null;

  /**
   * @param {import("./clock.js").Clock} clock
   * @param {(count: number) => void} tell how many have come since it was told last
   */
  constructor(clock, tell) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** @param {number} count so many have come */
  add(count) {
    this.#count += count;
    if (this.#count === 0 || this.#cancel) return;
    this.#tell(this.#count);
    this.#count = 0;
    this.#cancel = this.#clock.after(PAUSE, () => {
      this.#cancel = null;
      this.add(0);
    });
  }

  /** One reads along again: what has come is seen. */
  clear() {
    this.#cancel?.();
    this.#cancel = null;
    this.#count = 0;
  }
}
