/**
 * Sends the posts that wait in the state, those of a topic one at a time and in
 * the order in which they were written: the next one goes when the one before is
 * answered for good. So neither a lost connection nor "not now" can turn them
 * round. After every JOIN the first that waits is sent again, always under the
 * same client id, which the server counts once.
 *
 * It keeps no words of its own. A post is kept by the browser before it is sent.
 * @module
 */
import { OUTDATED } from "./rooms.js";

/** @typedef {import("./rooms.js").Post} Post */

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {() => string} id a new client id
 * @property {(topic: string) => import("./cursor.js").Cursor | undefined} cursor
 * @property {(id: string) => Promise<unknown>} kept resolves when a post is kept, or can't be
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
/** Codes of what may be taken later: over the limit, not known yet. */
const NOT_NOW = [429, 503];

export class Outbox {
  #around;
  /** What is on its way in each topic, on the channel that there is. @type {Map<string, {id: string}>} */
  #sending = new Map();
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
    void this.#next(topic);
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
    if (code === 409 || code === OUTDATED) {
      // This id stands for other words already; or what it answered is gone.
      this.discard(id);
      this.post(topic, message.text, code === OUTDATED ? 0 : message.ref, /** @type {"text" | "edit" | "redact"} */ (message.kind));
      return;
    }
    store.dispatch({ type: "again", id });
    void this.#next(topic);
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
    const sent = [...this.#sending].find(([, post]) => post.id === id);
    const topic = sent?.[0] ?? this.#waiting.find((post) => post.id === id)?.topic;
    if (!topic) return;
    if (sent) this.#sending.delete(topic);
    if (NOT_NOW.includes(code)) {
      if (!this.#held.has(topic)) this.#held.set(topic, clock.after(seconds * 1000 || RESEND_AFTER, () => this.flush(topic)));
      return;
    }
    if (code === 0) store.dispatch({ type: "accepted", topic, id, seq });
    else store.dispatch({ type: "failed", id, code, reason });
    void this.#next(topic);
  }

  /**
   * Something may wait for a topic.
   * @param {string} topic
   */
  look(topic) {
    void this.#next(topic);
  }

  /**
   * Sends what waits for a topic, as if nothing of it had been sent.
   * @param {string} topic
   */
  flush(topic) {
    this.#held.get(topic)?.();
    this.#held.delete(topic);
    this.#sending.delete(topic);
    void this.#next(topic);
  }

  /** Sends nothing any more. */
  stop() {
    this.#sending.clear();
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

  /**
   * Sends the first that waits for a topic, unless one is on its way.
   * @param {string} topic
   */
  async #next(topic) {
    const { cursor, kept } = this.#around;
    const free = () => cursor(topic)?.joined && !this.#held.has(topic);
    const first = this.#waiting.find((post) => post.topic === topic);
    if (!first || this.#sending.has(topic) || !free()) return;
    const sending = { id: first.id };
    this.#sending.set(topic, sending);
    await kept(first.id);
    if (this.#sending.get(topic) !== sending) return;
    const post = this.#waiting.find((post) => post.id === sending.id);
    if (post && free()) cursor(topic)?.post(post.id, post.message);
    else this.#sending.delete(topic);
    if (!post) void this.#next(topic);
  }
}
