/**
 * Time as the session sees it, so that a test can be its own clock.
 * @module
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now unix-ms
 * @property {(ms: number, run: () => void) => () => void} after calls once, later; returns what cancels it
 */

/** @type {Clock} */
export const clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const FIRST = 500;
const LONGEST = 8000;

/**
 * How long to wait before the next try: full jitter over a span that doubles
 * from half a second to eight, so that everybody is back within ten of a
 * server's return.
 * @param {number} failures in a row, 0 after the first
 * @param {() => number} random 0 to 1
 */
export function backoff(failures, random) {
  return random() * Math.min(LONGEST, FIRST * 2 ** failures);
}

/**
 * What a promise comes to, if that is soon enough.
 * @template T
 * @param {number} ms
 * @param {Clock} clock
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function within(ms, clock, promise) {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new Error("it takes too long")));
    promise.then(resolve, reject).finally(cancel);
  });
}

/**
 * A pause that can be cut short.
 */
export class Pause {
  /** @type {(() => void) | null} */
  #end = null;
  #clock;

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @param {number} ms */
  wait(ms) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const cancel = this.#clock.after(ms, () => this.cut());
        this.#end = () => {
          cancel();
          resolve();
        };
      })
    );
  }

  /** Ends the pause now, if there is one. */
  cut() {
    const end = this.#end;
    this.#end = null;
    end?.();
  }
}
