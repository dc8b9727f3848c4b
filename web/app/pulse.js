/**
 * Whether the other side still lives: asks after a silence, and takes no answer
 * for the end.
 * @module
 */

/** A timer that came later than this says more of this computer, which slept or was busy, than of the network. */
const LATE = 1_000;

/**
 * @typedef {object} Beat
 * @property {import("./clock.js").Clock} clock
 * @property {number} askAfter ms of silence
 * @property {number} answerWithin ms
 * @property {() => void} ask
 * @property {() => void} dead called once, and the last that is
 */

export class Pulse {
  #beat;
  #heardAt;
  #asking = false;
  /** Whether it was asked once more because a timer was late. */
  #again = false;
  #due = 0;
  #cancel = () => {};

  /** @param {Beat} beat */
  constructor(beat) {
    this.#beat = beat;
    this.#heardAt = beat.clock.now();
    this.#wait(beat.askAfter);
  }

  /** Something came. */
  heard() {
    this.#heardAt = this.#beat.clock.now();
    if (!this.#asking) return;
    this.#asking = this.#again = false;
    this.#wait(this.#beat.askAfter);
  }

  /**
   * Asks now.
   * @param {number} [within] ms
   */
  look(within = this.#beat.answerWithin) {
    this.#asking = true;
    this.#wait(within);
    this.#beat.ask();
  }

  stop() {
    this.#cancel();
  }

  /** @param {number} ms */
  #wait(ms) {
    const { clock } = this.#beat;
    this.#cancel();
    this.#due = clock.now() + ms;
    this.#cancel = clock.after(ms, () => this.#tick());
  }

  #tick() {
    const now = this.#beat.clock.now();
    if (!this.#asking) {
      const left = this.#heardAt + this.#beat.askAfter - now;
      if (left > 0) this.#wait(left);
      else this.look();
    } else if (now - this.#due > LATE && !this.#again) {
      this.#again = true;
      this.look();
    } else {
      this.#beat.dead();
    }
  }
}
