/**
 * Sends the posts that wait in the state: when their topic is joined, and once
 * more after every JOIN until each is answered, always under the same client
 * id, which the server counts once. It keeps no words of its own.
 * @module
 */

/** @typedef {import("./rooms.js").Post} Post */

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {() => string} id a new client id
 * @property {(topic: string) => import("./cursor.js").Cursor | undefined} cursor
 */

/**
 * A new client id: the time first, so that the ids of one author lie side by
 * side in the server's index.
 * @param {number} now unix-ms
 */
export function newClientID(now) {
  return `${now.toString(36)}-${crypto.randomUUID()}`;
}

const RESEND_AFTER = 2_000;

export class Outbox {
  #around;
  /** Topics that wait for a better moment, and what cancels that. @type {Map<string, () => void>} */
  #held = new Map();

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /** The topics that something is to be sent to. */
  get topics() {
    return new Set(this.#waiting.map((post) => post.topic));
  }

  /** In the order in which they were written. */
  get #waiting() {
    return this.#around.store.state.posts.filter((post) => post.state === "waiting");
  }

  /**
   * @param {string} topic
   * @param {string} text of a redaction its reason
   * @param {number} ref the seq that it answers, edits or redacts; 0 for none
   * @param {"text" | "edit" | "redact"} [kind]
   */
  post(topic, text, ref, kind = "text") {
    const { store, clock } = this.#around;
    const id = this.#around.id();
    if (kind === "edit") this.#supersede(topic, ref);
    store.dispatch({ type: "post", post: { id, topic, kind, text, ref, time: clock.now() } });
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
      this.post(topic, message.text, message.ref, /** @type {"text" | "edit" | "redact"} */ (message.kind));
      return;
    }
    store.dispatch({ type: "again", id });
    this.#send(id);
  }

  /**
   * Gives a refused post up.
   * @param {string} id
   */
  discard(id) {
    this.#around.store.dispatch({ type: "discard", id });
  }

  /**
   * What the server said to a post.
   * @param {string} id
   * @param {import("./cursor.js").Answer} answer
   */
  answered(id, { code, seq, seconds, reason }) {
    const { store, clock } = this.#around;
    const post = this.#waiting.find((post) => post.id === id);
    if (!post) return;
    const { topic } = post;
    if (code === 503) {
      // Not known yet. In their order: what comes after this one waits with it.
      if (!this.#held.has(topic)) this.#held.set(topic, clock.after(seconds * 1000 || RESEND_AFTER, () => this.flush(topic)));
    } else if (code === 0) store.dispatch({ type: "accepted", topic, id, seq });
    else store.dispatch({ type: "failed", id, code, reason });
  }

  /**
   * Sends all that waits for a topic.
   * @param {string} topic
   */
  flush(topic) {
    this.#held.get(topic)?.();
    this.#held.delete(topic);
    for (const post of this.#waiting) if (post.topic === topic) this.#send(post.id);
  }

  /** Sends nothing any more. */
  stop() {
    for (const cancel of this.#held.values()) cancel();
    this.#held.clear();
  }

  /**
   * A new edit takes the place of one that was refused.
   * @param {string} topic
   * @param {number} ref
   */
  #supersede(topic, ref) {
    for (const { id, state, message, ...post } of this.#around.store.state.posts) {
      if (state === "failed" && post.topic === topic && message.kind === "edit" && message.ref === ref) this.discard(id);
    }
  }

  /** @param {string} id */
  #send(id) {
    const post = this.#waiting.find((post) => post.id === id);
    if (!post) return;
    const cursor = this.#around.cursor(post.topic);
    if (cursor?.joined && !this.#held.has(post.topic)) cursor.post(id, post.message);
  }
}
