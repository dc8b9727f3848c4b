/**
 * Keeps in this browser what must outlive a page: one's posts until they are
 * answered, what is being written, and the room as it was last seen, to be read without a network. It
 * mirrors the state: what is gone there is removed here at once, what is new is
 * written at once (posts) or soon (the rest).
 *
 * Each tab sends its own posts. The lock that it holds ends with it, however it
 * ends; then another tab takes its posts over.
 *
 * A browser that keeps nothing costs the room nothing but that.
 * @module
 */
import { within } from "./clock.js";
import { isBegun } from "./drafts.js";
import { Left } from "./shelf.js";
import { last } from "./rooms.js";

/** @typedef {import("./rooms.js").Post} Post */
/** @typedef {import("./rooms.js").Log} Log */
/** @typedef {import("./shelf.js").Shelf} Shelf */

/**
 * @typedef {object} Surroundings
 * @property {Promise<Shelf> | null} shelf rejects where there is none; null: nothing is to be kept
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {string} tab a name for this room, that none in another tab has
 * @property {() => import("./cursors.js").Cursors} cursors
 * @property {(topics: Set<string>) => void} adopted posts of these topics are to be sent
 * @property {() => void} left somebody signed out, or in, in another tab
 */

/** The most that is kept of a topic. */
const MESSAGES = 200;
/** How long changes of the room are gathered. */
const SOON = 2_000;
/** How often it is noted that nothing has changed. */
const STILL = 60_000;
/** A browser that says nothing of what it keeps for so long, in ms, is not waited for. */
export const PATIENCE = 1_000;

export class Keeper {
  #around;
  /** @type {Shelf | null} */
  #shelf = null;
  #listening = () => {};
  #over = new AbortController();

  /** What the shelf has of each post, null if that isn't known, and of each topic. @type {Map<string, Post | null>} */
  #posts = new Map();
  /** @type {Map<string, Log | null>} */
  #logs = new Map();
  /** @type {unknown[]} */
  #room = [];
  /** What the shelf has of each draft, once it was read. @type {import("./drafts.js").Drafts} */
  #drafts = new Map();
  /** When drafts that are on their way to the shelf are there; null: none is. @type {Promise<void> | null} */
  #drafting = null;
  /** When posts that are on their way to the shelf are there. @type {Promise<unknown>} */
  #writing = Promise.resolve();
  /** @type {(() => void) | null} */
  #soon = null;
  /** @type {() => void} */
  #still = () => {};
  /** Whether the room has begun without what was kept. */
  #late = false;
  /** Topics whose chain was not recomputed when they were to be kept. @type {Set<string>} */
  #doubted = new Set();
  /** Whether there is room for more than posts. */
  #roomy = true;
  /** Tabs whose end is waited for. @type {Set<string>} */
  #awaited = new Set();

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * Puts what was kept into the state, and keeps from then on what comes there.
   * A browser that takes its time is not waited for, but taken when it comes.
   */
  async begin() {
    const { shelf, store, clock } = this.#around;
    if (!shelf) return;
    const entering = this.#enter(shelf);
    try {
      await within(PATIENCE, clock, entering);
    } catch (error) {
      this.#late = true;
      store.dispatch({ type: "storage", storage: isFull(error) ? "full" : "refused" });
      entering.catch(none); // it was said already
    }
  }

  /** @param {Promise<Shelf>} coming */
  async #enter(coming) {
    const { store, clock, tab, locks } = this.#around;
    const shelf = await coming;
    const { room, logs } = await shelf.enter(store.state.me);
    if (this.#over.signal.aborted) return;
    this.#shelf = shelf;
    if (room && !this.#late) this.#restore(room, logs);
    else for (const log of logs) this.#logs.set(log.topic, null);
    store.dispatch({ type: "storage", storage: "" });
    await this.#takeDrafts(shelf);
    locks?.request(lock(tab), () => this.#untilOver()).catch(none);
    this.#listening = store.subscribe(() => this.#look());
    this.#still = clock.after(STILL, () => this.#note());
    await this.adopt();
  }

  /** @param {Shelf} shelf */
  async #takeDrafts(shelf) {
    const kept = await shelf.drafts();
    this.#drafts = new Map(kept.map(({ topic, text, ref, edit }) => [topic, { text, ref, edit, elsewhere: true }]));
    if (kept.length > 0) this.#around.store.dispatch({ type: "kept-drafts", drafts: this.#drafts });
  }

  /** Writes what has changed of what is being written; at each key, but one after the other. */
  #lookAtDrafts() {
    if (this.#drafting || this.#drafts === this.#around.store.state.drafts) return;
    this.#drafting = this.#writeDrafts().finally(() => (this.#drafting = null));
  }

  async #writeDrafts() {
    const { store } = this.#around;
    for (let { drafts } = store.state; this.#shelf && this.#drafts !== drafts; { drafts } = store.state) {
      /** @type {Map<string, import("./drafts.js").Draft | null>} */
      const changed = new Map();
      for (const topic of new Set([...this.#drafts.keys(), ...drafts.keys()])) {
        const draft = drafts.get(topic);
        // What another tab writes it keeps itself.
        if (draft !== this.#drafts.get(topic) && !draft?.elsewhere) changed.set(topic, draft && isBegun(draft) ? draft : null);
      }
      this.#drafts = drafts;
      try {
        // What went may have gone as a post, which comes right after: it is kept first.
        await null;
        await this.#writing;
        if (changed.size > 0) await this.#shelf.draft(changed);
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  /** Resolves when what is being written is kept, or can't be. */
  async written() {
    this.#look();
    if (this.#drafting) await within(PATIENCE, this.#around.clock, this.#drafting).catch(none);
  }

  /** Takes over the posts of tabs that are gone, and of others as soon as they are. */
  async adopt() {
    const { tab, locks } = this.#around;
    const shelf = this.#shelf;
    if (!shelf) return;
    try {
      for (const other of await shelf.tabs()) {
        if (other === tab || this.#awaited.has(other)) continue;
        this.#awaited.add(other);
        const take = () => this.#take(shelf, other);
        const taking = locks ? locks.request(lock(other), { signal: this.#over.signal }, take) : take();
        taking.catch((error) => this.#failed(error)).finally(() => this.#awaited.delete(other));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * @param {Shelf} shelf
   * @param {string} other a tab that is gone
   */
  async #take(shelf, other) {
    const { tab, store, adopted } = this.#around;
    let full = false;
    const posts = await shelf.take(other, tab).catch((error) => {
      if (!isFull(error)) throw error;
      full = true;
      return shelf.posts(other);
    });
    for (const post of posts) this.#posts.set(post.id, post);
    store.dispatch({ type: "adopted", posts });
    adopted(new Set(posts.map((post) => post.topic)));
    // Without space they stay that tab's, and nobody else is to take them.
    if (full) await this.#untilOver();
  }

  #untilOver() {
    return /** @type {Promise<void>} */ (new Promise((resolve) => this.#over.signal.addEventListener("abort", () => resolve())));
  }

  /**
   * Resolves when a post is kept, or can't be.
   * @param {string} id
   */
  async kept(id) {
    this.#look();
    const post = this.#around.store.state.posts.find((post) => post.id === id);
    if (this.#shelf && post && this.#posts.get(id) === post) await within(PATIENCE, this.#around.clock, this.#writing).catch(none);
  }

  /** Writes at once what would be written soon: the page may be about to go. */
  hurry() {
    this.#soon?.();
    this.#soon = null;
    void this.#write();
  }

  /** Keeps nothing more. */
  stop() {
    this.#over.abort();
    this.#listening();
    this.#soon?.();
    this.#still();
    this.#shelf = null;
  }

  /**
   * @param {import("./shelf.js").KeptRoom} room
   * @param {import("./shelf.js").KeptLog[]} logs
   */
  #restore(room, logs) {
    const { store, cursors } = this.#around;
    const visible = new Set(room.topics.map((topic) => topic.id));
    const ordered = logs.filter((log) => visible.has(log.topic)).sort((a, b) => room.order.indexOf(a.topic) - room.order.indexOf(b.topic));
    store.dispatch({ type: "kept", room, logs: ordered });
    cursors().resume(ordered);
    // What isn't shown in the room any more is not kept either.
    for (const log of logs) this.#logs.set(log.topic, null);
    for (const [topic, log] of store.state.logs) this.#logs.set(topic, log);
    this.#room = [store.state.deals, store.state.topics];
  }

  /** Writes posts, and removes what is gone, at once; the rest soon. */
  #look() {
    if (!this.#shelf) return;
    const { state } = this.#around.store;
    this.#lookAtDrafts();
    /** @type {Map<string, Post>} */
    const open = new Map();
    for (const post of state.posts) if (post.state !== "accepted") open.set(post.id, post);
    const posts = [...open.values()].filter((post) => this.#posts.get(post.id) !== post);
    const answered = [...this.#posts.keys()].filter((id) => !open.has(id));
    const dropped = [...this.#logs].filter(([topic, kept]) => isGone(kept, state.logs.get(topic))).map(([topic]) => topic);
    for (const topic of dropped) this.#logs.delete(topic);
    this.#posts = new Map(open);
    // What goes makes room for what comes.
    if (answered.length + dropped.length > 0) this.#put({ answered, dropped });
    if (posts.length > 0) this.#put({ posts });
    else if (answered.length === 0 && state.storage === "full") this.#around.store.dispatch({ type: "storage", storage: "" });
    const changed = this.#room[0] !== state.deals || this.#room[1] !== state.topics || [...state.logs].some(([topic, log]) => !isSame(this.#logs.get(topic), log));
    if (changed) this.#writeSoon();
  }

  #writeSoon() {
    this.#soon ??= this.#around.clock.after(SOON, () => {
      this.#soon = null;
      void this.#write();
    });
  }

  /** Notes that what is kept is still so. */
  #note() {
    this.#still = this.#around.clock.after(STILL, () => this.#note());
    if (this.#around.store.state.connection.state !== "open") return;
    this.#room = [];
    void this.#write();
  }

  /** Writes what has changed of the room and its topics. */
  async #write() {
    const { store, clock, cursors } = this.#around;
    const { state } = store;
    if (!this.#shelf || !this.#roomy || (!state.watched && state.asOf === 0)) return;
    /** @type {import("./shelf.js").KeptLog[]} */
    const logs = [];
    /** @type {string[]} */
    const dropped = [];
    for (const [topic, log] of state.logs) {
      if (isSame(this.#logs.get(topic), log)) continue;
      const start = Math.max(log.start, last(log) - MESSAGES, cursors().get(topic)?.proved ?? 0);
      const hashes = (await cursors().get(topic)?.hashes(start)) ?? [];
      const known = hashes.length === last(log) - start + 1;
      if (!known || store.state.logs.get(topic) !== log) {
        // Something came meanwhile, or the chain isn't recomputed yet. If it never is, an old state isn't kept either.
        if (known || !this.#doubted.has(topic)) this.#writeSoon();
        else {
          this.#logs.set(topic, log);
          dropped.push(topic);
        }
        if (!known && store.state.logs.get(topic) === log) this.#doubted.add(topic);
        continue;
      }
      this.#doubted.delete(topic);
      const { epoch, from, head } = log;
      const quotes = new Map([...log.quotes].filter((quote) => quote[1] !== null));
      const messages = log.messages.slice(start - log.start);
      logs.push({ topic, epoch, from, start, head, messages, quotes: /** @type {any} */ (quotes), hashes, at: log.asOf || clock.now(), current: log.asOf === 0 });
      this.#logs.set(topic, log);
    }
    const { deals, topics } = state;
    this.#room = [deals, topics];
    const room = { deals: [...deals.values()], topics: [...topics.values()], order: cursors().order, at: state.asOf || clock.now() };
    this.#put({ logs, dropped, room });
  }

  /**
   * @param {import("./shelf.js").Change} change
   */
  #put(change) {
    const shelf = this.#shelf;
    const { tab } = this.#around;
    this.#writing = this.#writing.then(() => (this.#shelf === shelf ? shelf?.change(tab, change) : undefined)).then(
      () => this.#around.store.dispatch({ type: "storage", storage: "" }),
      (error) => this.#failed(error, change),
    );
  }

  /**
   * @param {unknown} error
   * @param {import("./shelf.js").Change} [change] that wasn't made
   * @returns {Promise<void>}
   */
  async #failed(error, change) {
    const { store, left, tab } = this.#around;
    if (this.#over.signal.aborted) return;
    if (error instanceof Left) {
      this.stop();
      left();
      return;
    }
    if (change && isFull(error)) {
      // What was read can be had again; what was written can't.
      this.#roomy = false;
      try {
        await this.#shelf?.shrink();
        const { posts, answered } = change;
        if (posts || answered) await this.#shelf?.change(tab, { posts, answered });
        return;
      } catch (again) {
        if (again instanceof Left) return this.#failed(again);
        // Not even that has room.
      }
    }
    // What wasn't kept is tried again with the next change.
    for (const post of change?.posts ?? []) this.#posts.set(post.id, null);
    for (const id of change?.answered ?? []) this.#posts.set(id, null);
    store.dispatch({ type: "storage", storage: isFull(error) ? "full" : "refused" });
  }
}

/**
 * Whether what is kept of a topic may not be read any more, or not all of it.
 * @param {Log | null} kept
 * @param {Log | undefined} log
 */
function isGone(kept, log) {
  return !log || (kept !== null && log.from > kept.start + 1);
}

/**
 * Whether of a topic nothing has changed that is kept: a window isn't.
 * @param {Log | null | undefined} kept
 * @param {Log} log
 */
function isSame(kept, log) {
  return kept === log || (kept?.messages === log.messages && kept.quotes === log.quotes && kept.epoch === log.epoch && kept.from === log.from && kept.head === log.head && kept.asOf === log.asOf);
}

/** @param {string} tab */
function lock(tab) {
  return `redroom tab ${tab}`;
}

/** @param {unknown} error */
function isFull(error) {
  return /** @type {Error} */ (error)?.name === "QuotaExceededError";
}

function none() {}
