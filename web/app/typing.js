/**
 * Who types. It is news for a few seconds, and harmless to lose.
 * @module
 */

/** How often it is told while somebody goes on. */
const TELL_EVERY = 3_000;
/** How soon after the last time another text is news; the server drops what comes sooner than half a second. */
const ANOTHER_AFTER = 1_000;
/** How long it is true, unless it is told again. */
const ENDS_AFTER = 5_000;

/**
 * @typedef {object} Surroundings
 * @property {(action: import("./rooms.js").Action) => void} dispatch
 * @property {import("./clock.js").Clock} clock
 * @property {(topic: string) => boolean} send whether it could be sent
 */

export class Typing {
  #around;
  #topic = "";
  #toldAt = -Infinity;
  /** What ends it, by topic and name. @type {Map<string, () => void>} */
  #others = new Map();

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * One types here.
   * @param {string} topic
   */
  typed(topic) {
    const { clock, send } = this.#around;
    const now = clock.now();
    if (now - this.#toldAt < (topic === this.#topic ? TELL_EVERY : ANOTHER_AFTER)) return;
    if (!send(topic)) return;
    this.#topic = topic;
    this.#toldAt = now;
  }

  /** What was typed is sent: what is typed next is another text. */
  sent() {
    this.#topic = "";
  }

  /**
   * Somebody types.
   * @param {string} topic
   * @param {string} name
   */
  heard(topic, name) {
    const { dispatch, clock } = this.#around;
    const key = `${topic} ${name}`;
    this.#others.get(key)?.();
    dispatch({ type: "typing", topic, name });
    const end = () => {
      this.#others.delete(key);
      dispatch({ type: "typing-over", topic, name });
    };
    this.#others.set(key, clock.after(ENDS_AFTER, end));
  }

  stop() {
    for (const cancel of this.#others.values()) cancel();
    this.#others.clear();
  }
}
