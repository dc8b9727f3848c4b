/**
 * The posts that await their ACK, in memory. Each is sent when its topic is
 * joined, and once more after every JOIN until it is answered: always under the
 * same client id, which the server counts once.
 * @module
 */

/** @typedef {{id: string, topic: string, ref: number, body: Uint8Array}} Unsent */

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {() => string} id a new client id
 * @property {(topic: string) => import("./cursor.js").Cursor | undefined} cursor
 */

const RESEND_AFTER = 2_000;
const encoder = new TextEncoder();

export class Outbox {
  #around;
  /** In the order in which they were written. @type {Map<string, Unsent>} */
  #unsent = new Map();
  /** Topics that wait for a better moment, and what cancels that. @type {Map<string, () => void>} */
  #held = new Map();

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /** The topics that something is to be sent to. */
  get topics() {
    return new Set([...this.#unsent.values()].map((post) => post.topic));
  }

  /**
   * @param {string} topic
   * @param {string} text
   * @param {number} ref the seq that it answers; 0 for none
   */
  post(topic, text, ref) {
    const id = this.#around.id();
    this.#unsent.set(id, { id, topic, ref, body: encoder.encode(text) });
    this.#around.store.dispatch({ type: "post", post: { id, topic, text, ref, time: this.#around.clock.now() } });
    this.#send(id);
  }

  /**
   * Sends a refused post once more.
   * @param {string} id
   */
  again(id) {
    const { store } = this.#around;
    const post = store.state.posts.find((post) => post.id === id);
    if (post?.state !== "failed") return;
    const { topic, code, message } = post;
    if (code === 409) {
      // This id stands for other words already.
      this.discard(id);
      this.post(topic, message.text, message.ref);
      return;
    }
    this.#unsent.set(id, { id, topic, ref: message.ref, body: encoder.encode(message.text) });
    store.dispatch({ type: "again", id });
    this.#send(id);
  }

  /**
   * Gives a refused post up.
   * @param {string} id
   */
  discard(id) {
    this.#unsent.delete(id);
    this.#around.store.dispatch({ type: "discard", id });
  }

  /**
   * What the server said to a post.
   * @param {string} id
   * @param {import("./cursor.js").Answer} answer
   */
  answered(id, { code, seq, seconds, reason }) {
    const { store, clock } = this.#around;
    const post = this.#unsent.get(id);
    if (!post) return;
    const { topic } = post;
    if (code === 503) {
      // Not known yet. In their order: what comes after this one waits with it.
      if (!this.#held.has(topic)) this.#held.set(topic, clock.after(seconds * 1000 || RESEND_AFTER, () => this.flush(topic)));
      return;
    }
    this.#unsent.delete(id);
    if (code === 0) store.dispatch({ type: "accepted", topic, id, seq });
    else store.dispatch({ type: "failed", id, code, reason });
  }

  /**
   * Sends all that waits for a topic.
   * @param {string} topic
   */
  flush(topic) {
    this.#held.get(topic)?.();
    this.#held.delete(topic);
    for (const post of this.#unsent.values()) if (post.topic === topic) this.#send(post.id);
  }

  /**
   * Forgets what waits for topics that are gone.
   * @param {(topic: string) => boolean} isHere
   */
  keep(isHere) {
    for (const post of this.#unsent.values()) if (!isHere(post.topic)) this.#unsent.delete(post.id);
  }

  /** Sends nothing any more. */
  stop() {
    for (const cancel of this.#held.values()) cancel();
    this.#held.clear();
  }

  /** @param {string} id */
  #send(id) {
    const post = this.#unsent.get(id);
    if (!post) return;
    const cursor = this.#around.cursor(post.topic);
    if (cursor?.joined && !this.#held.has(post.topic)) cursor.post(id, post.ref, post.body);
  }
}
