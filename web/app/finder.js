/**
 * Finds messages while somebody types: asks when there was a moment's pause,
 * and lets no answer to an older question take the place of a newer one's. What
 * it holds is dropped as soon as some of it may be another's now.
 * @module
 */

/** @typedef {import("./rooms.js").Rooms} Rooms */
/** @typedef {{topic: string, deal: string, seq: number, author: string, time: number, kind: string, extract: {text: string, hit?: boolean}[]}} Hit */
/** @typedef {{hits: Hit[], cursor?: string, behind?: number}} Answer */

/**
 * @typedef {object} Found
 * @property {string} question what was asked; "" for nothing
 * @property {boolean} asking
 * @property {Hit[] | null} hits newest first; null: nothing has come yet
 * @property {string} cursor where more begins; "" for the end
 * @property {number} behind how many messages the search doesn't know yet
 * @property {unknown} problem why nothing came, or no more; null if that is well
 */

/** How many messages come at a time. */
const PAGE = 20;
/** How many the server gives at most. */
const MOST = 100;
/** How long somebody must have stopped typing, in ms. */
const PAUSE = 120;
/** How soon what has changed is looked for again. */
const AGAIN = 1_000;

/** @type {Found} */
const NOTHING = { question: "", asking: false, hits: null, cursor: "", behind: 0, problem: null };

export class Finder {
  #search;
  #clock;
  #changed;
  #found = NOTHING;
  #cancel = () => {};
  #asked = new AbortController();
  /** What the hits depend on. @type {{topics: Rooms["topics"], lost: number} | null} */
  #seen = null;
  /** Whether something was written since the last answer was asked for. */
  #moved = false;
  /** Whether it will be asked again. */
  #waiting = false;
  /** Whether what is asked is what was asked before. */
  #repeating = false;

  /**
   * @param {(question: string, cursor: string, limit: number, signal: AbortSignal) => Promise<Answer>} search
   * @param {import("./clock.js").Clock} clock
   * @param {() => void} changed
   */
  constructor(search, clock, changed) {
    this.#search = search;
    this.#clock = clock;
    this.#changed = changed;
  }

  get found() {
    return this.#found;
  }

  /**
   * Asks this in a moment, if it isn't what was asked; "" asks nothing, at once.
   * @param {string} question
   */
  ask(question) {
    if (question === this.#found.question) return;
    this.#stop();
    if (question === "") return this.#say(NOTHING);
    this.#say({ ...this.#found, question, asking: true, problem: null, cursor: "" });
    this.#cancel = this.#clock.after(PAUSE, () => void this.#begin());
  }

  /** Asks the same once more, for as many as there are. */
  again() {
    if (this.#found.question === "") return;
    this.#stop();
    this.#repeating = this.#found.hits !== null;
    this.#say({ ...this.#found, asking: true, problem: null });
    void this.#begin(this.#found.hits?.length);
  }

  /** Fetches what is older. */
  async more() {
    const { question, cursor, hits, asking } = this.#found;
    if (!cursor || (asking && !this.#repeating)) return;
    // What was to be asked again is, after this.
    this.#moved ||= this.#waiting || this.#repeating;
    this.#stop();
    this.#say({ ...this.#found, asking: true, problem: null });
    await this.#take(question, cursor, hits ?? [], PAGE);
    this.#soon();
  }

  /**
   * The room is so now. What one has lost is dropped at once, and what may have
   * changed is asked for again.
   * @param {Rooms} rooms
   */
  look({ topics, lost }) {
    const before = this.#seen;
    this.#seen = { topics, lost };
    const { hits, question } = this.#found;
    if (!before || question === "") return;
    if (before.lost !== lost) {
      // Which part of it can't be told from here, so that all of it goes.
      this.#stop();
      this.#say({ ...this.#found, hits: null, cursor: "", asking: true, problem: null });
      void this.#begin();
    } else if (before.topics !== topics && grown(before.topics, topics)) {
      this.#moved = true;
      this.#soon();
    }
  }

  /** Asks nothing more, and holds nothing. */
  stop() {
    this.#stop();
    this.#found = NOTHING;
  }

  #stop() {
    this.#cancel();
    this.#asked.abort();
    this.#asked = new AbortController();
    this.#waiting = this.#repeating = false;
  }

  /** Asks again in a moment, if there may be something else by then; one that is always fed doesn't put it off. */
  #soon() {
    const { asking, hits, behind } = this.#found;
    if (this.#waiting || asking || !hits || (!this.#moved && behind === 0)) return;
    this.#waiting = true;
    this.#cancel = this.#clock.after(AGAIN, () => this.again());
  }

  /** @param {number} [count] how many there are to be */
  async #begin(count = 0) {
    this.#moved = false;
    await this.#take(this.#found.question, "", [], Math.max(PAGE, count));
    // The index follows in a moment.
    this.#soon();
  }

  /**
   * @param {string} question
   * @param {string} cursor
   * @param {Hit[]} before
   * @param {number} count how many more
   */
  async #take(question, cursor, before, count) {
    const { signal } = this.#asked;
    const hits = [...before];
    const whole = before.length + count;
    let next = cursor;
    try {
      for (;;) {
        const limit = Math.min(MOST, whole - hits.length);
        const answer = await this.#search(question, next, limit, signal);
        if (signal.aborted) return;
        hits.push(...answer.hits);
        next = answer.cursor ?? "";
        if (next === "" || answer.hits.length < limit || hits.length >= whole) {
          this.#repeating = false;
          return this.#say({ question, asking: false, hits, cursor: next, behind: answer.behind ?? 0, problem: null });
        }
      }
    } catch (problem) {
      if (signal.aborted) return;
      this.#repeating = false;
      this.#say({ ...this.#found, asking: false, problem, hits: cursor ? before : null });
    }
  }

  /** @param {Found} found */
  #say(found) {
    this.#found = found;
    this.#changed();
  }
}

/**
 * Whether something was written since.
 * @param {Rooms["topics"]} before
 * @param {Rooms["topics"]} topics
 */
function grown(before, topics) {
  for (const [id, topic] of topics) if (before.get(id)?.head !== topic.head) return true;
  return false;
}
