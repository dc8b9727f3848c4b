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
const LONGEST = 30_000;

/**
 * How long to wait before the next try: full jitter over a span that doubles
 * from half a second to thirty. Chrome itself delays WebTransport more after
 * each failure of the last five minutes; coming back sooner gains nothing.
 * @param {number} failures in a row, 0 after the first
 * @param {() => number} random 0 to 1
 */
export function backoff(failures, random) {
  return random() * Math.min(LONGEST, FIRST * 2 ** failures);
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
