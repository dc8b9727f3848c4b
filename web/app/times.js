/**
 * When messages were written, as far as that is known of a log: at some seqs
 * exactly, between them about.
 * @module
 */

/** At so many, the oldest known ones are forgotten. */
const MOST = 500;

export class Times {
  /** @type {Map<number, number>} */
  #known = new Map();

  /**
   * @param {number} seq
   * @param {number} time unix-ms
   */
  note(seq, time) {
    this.#known.set(seq, time);
    if (this.#known.size > MOST) this.#known.delete(/** @type {number} */ (this.#known.keys().next().value));
  }

  /** @param {number} seq */
  knows(seq) {
    return this.#known.has(seq);
  }

  /**
   * About when a message was written; 0 if nothing is known.
   * @param {number} seq
   */
  guess(seq) {
    let [below, above] = [0, Infinity];
    for (const known of this.#known.keys()) {
      if (known <= seq && known > below) below = known;
      if (known >= seq && known < above) above = known;
    }
    const [from, to] = [this.#known.get(below), this.#known.get(above)];
    if (from === undefined || to === undefined) return from ?? to ?? 0;
    return above === below ? from : from + ((to - from) * (seq - below)) / (above - below);
  }
}
