/**
 * Whether the other side still lives: asks after a silence, and takes no answer
 * for the end. A computer that slept for so long that the other side has given
 * it up doesn't ask any more.
 * @module
 */

/** A timer that came later than this says more of this computer, which slept or was busy, than of the network. */
const LATE = 1_000;

/**
 * @typedef {object} Beat
 * @property {import("./clock.js").Clock} clock
 * @property {number} askAfter ms of silence
 * @property {number} answerWithin ms
 * @property {number} [givenUpAfter] ms without a sign of life, after which the other side has left; none: it hasn't
 * @property {() => void} ask
 * @property {() => void} dead called once, and the last that is
 */

export class Pulse {
  #beat;
  #heardAt;
  /** When anything of this ran last: a timer, or something that came. */
  #ranAt;
  #over = false;
  #asking = false;
  /** Whether it was asked once more because a timer was late. */
  #again = false;
  #due = 0;
  #cancel = () => {};

  /** @param {Beat} beat */
  constructor(beat) {
    this.#beat = beat;
    this.#heardAt = this.#ranAt = beat.clock.now();
    this.#wait(beat.askAfter);
  }

  /**
   * Whether this computer, or this page, slept just now for so long that the
   * other side has left. That a timer is late doesn't say so alone: those of a
   * page that nobody sees are, while the other side's signs of life come.
   */
  get slept() {
    return this.#beat.clock.now() - this.#ranAt >= (this.#beat.givenUpAfter ?? Infinity);
  }

  /** Something came. */
  heard() {
    if (!this.#awake()) return; // it came before
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
    if (!this.#awake()) return;
    this.#asking = true;
    this.#wait(within);
    this.#beat.ask();
  }

  stop() {
    this.#over = true;
    this.#cancel();
  }

  /** Notes that this runs. @returns {boolean} false when it is over, or that is found now */
  #awake() {
    if (this.#over) return false;
    if (this.slept) this.#die();
    this.#ranAt = this.#beat.clock.now();
    return !this.#over;
  }

  #die() {
    this.stop();
    this.#beat.dead();
  }

  /** @param {number} ms */
  #wait(ms) {
    const { clock } = this.#beat;
    this.#cancel();
    this.#due = clock.now() + ms;
    this.#cancel = clock.after(ms, () => this.#tick());
  }

  #tick() {
    if (!this.#awake()) return;
    const now = this.#beat.clock.now();
    if (!this.#asking) {
      const left = this.#heardAt + this.#beat.askAfter - now;
      if (left > 0) this.#wait(left);
      else this.look();
    } else if (now - this.#due > LATE && !this.#again) {
      this.#again = true;
      this.look();
    } else {
      this.#die();
    }
  }
}
