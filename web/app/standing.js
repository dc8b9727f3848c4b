/**
 * The notices that stand beside the page, and whether what they speak of was
 * redacted. Where the log is here it says so. Where it isn't, the message is
 * asked for once more whenever its topic grows, since a redaction is a message
 * itself; what can't be learned is taken back as if it were redacted.
 * @module
 */
import { isRedacted } from "./changes.js";
import { last, messageAt } from "./log.js";

/** @typedef {{topic: string, seq: number, words: boolean}} Shown a notice of a message; words: it says what the message says */
/** @typedef {Pick<import("./notices.js").Surroundings, "rooms" | "fetch" | "up" | "close">} Around */

/** How often it is tried to learn what became of a message. */
const TRIES = 3;

export class Standing {
  #around;
  /** By topic, with the topic's head when the message was looked at. @type {Map<string, {shown: Shown, head: number, failures: number}>} */
  #notices = new Map();
  /** Topics whose message is being asked for. @type {Set<string>} */
  #asking = new Set();

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * This stands there now, in place of what was told of its topic before.
   * @param {Shown} shown
   * @param {number} head the topic's as its message was looked at
   */
  set(shown, head) {
    this.#notices.set(shown.topic, { shown, head, failures: 0 });
  }

  /** Looks after what was there before this page was, from now on. */
  async adopt() {
    for (const shown of await this.#around.up()) if (!this.#notices.has(shown.topic)) this.set(shown, -1);
  }

  /** Looks at all of it, where the room is known. */
  look() {
    const { rooms, close } = this.#around;
    for (const id of [...this.#notices.keys()]) {
      if (rooms().topics.has(id)) void this.check(id);
      else {
        this.forget(id);
        close(id, Infinity);
      }
    }
  }

  /**
   * @param {string} id a topic of which nothing stands there any more
   * @param {number} [read] up to there
   */
  forget(id, read = Infinity) {
    if ((this.#notices.get(id)?.shown.seq ?? 0) <= read) this.#notices.delete(id);
  }

  /**
   * Takes back what is told of a topic if its message is redacted.
   * @param {string} id
   */
  async check(id) {
    const { rooms, up } = this.#around;
    const notice = this.#notices.get(id);
    const topic = rooms().topics.get(id);
    if (!notice || !topic) return;
    const { seq, words } = notice.shown;
    const log = rooms().logs.get(id);
    if (log && isRedacted(log, seq)) return this.#takeBack(id, seq);
    const { head } = topic;
    if (!words || head <= notice.head || this.#asking.has(id) || (log && messageAt(log, seq) && last(log) >= head)) return;
    this.#asking.add(id);
    try {
      const stands = (await up()).some((shown) => shown.topic === id && shown.seq === seq);
      if (!stands) this.forget(id, seq);
      else if (await this.#isRedacted(id, seq)) this.#takeBack(id, seq);
      notice.head = head;
    } catch {
      notice.failures++;
      if (notice.failures >= TRIES) this.#takeBack(id, seq);
      return;
    } finally {
      this.#asking.delete(id);
    }
    // It may have grown meanwhile, or something newer may stand there.
    void this.check(id);
  }

  /**
   * @param {string} id
   * @param {number} seq
   */
  async #isRedacted(id, seq) {
    const message = (await this.#around.fetch(id, seq - 1, 1)).find((message) => message.seq === seq);
    return message?.redacted ?? true;
  }

  /**
   * @param {string} id
   * @param {number} seq
   */
  #takeBack(id, seq) {
    this.forget(id, seq);
    this.#around.close(id, seq);
  }
}
