/**
 * What is being written and not yet sent. It belongs to the room's state, is
 * kept in this browser like a post (keeper.js), and is the same in all tabs.
 * @module
 */

/**
 * What is being written in a topic: a message, perhaps an answer to another
 * one, and above it, while one edits, the new text of an old one.
 * @typedef {object} Draft
 * @property {string} text
 * @property {number} ref
 * @property {{seq: number, text: string} | null} edit
 * @property {boolean} [elsewhere] whether it was written in another tab, which keeps it, or at an earlier visit
 */

/** @typedef {ReadonlyMap<string, Draft>} Drafts by topic */

/** Where nothing is being written. @type {Draft} */
export const NOTHING = { text: "", ref: 0, edit: null };

/** How long a post may be on its way to this browser's disk, in ms. */
const SETTLING = 3_000;
/** So long after a key one writes here, in ms: what another tab writes comes later. */
const WRITING = 5_000;

/** @param {Draft} draft */
export function isBegun({ text, ref, edit }) {
  return text.trim() !== "" || ref > 0 || edit !== null;
}

/**
 * Whether loading the page again would disturb, or lose something: what is being
 * written, and posts that this browser doesn't keep, or not yet.
 * @param {Pick<import("./rooms.js").Rooms, "posts" | "drafts" | "storage">} rooms
 * @param {number} now unix-ms
 */
export function wouldBeLost(rooms, now) {
  if (writes(rooms)) return true;
  return rooms.posts.some(({ message }) => rooms.storage !== "" || now - message.time < SETTLING);
}

/**
 * Whether something was begun in this tab.
 * @param {Pick<import("./rooms.js").Rooms, "drafts">} rooms
 */
export function writes({ drafts }) {
  return [...drafts.values()].some((draft) => isBegun(draft) && !draft.elsewhere);
}

/** What tabs tell each other. @typedef {{user: string, topic: string, draft: Draft | null}} Word */

/**
 * Tells the other tabs what is being written here, and takes what is being
 * written there, but where one writes oneself.
 */
export class DraftTabs {
  #channel;
  #store;
  #clock;
  /** @type {Drafts} */
  #told;
  /** When one last wrote here, by topic. @type {Map<string, number>} */
  #wrote = new Map();
  #unsubscribe;

  /**
   * @param {Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">} channel its own
   * @param {import("./store.js").Store} store
   * @param {import("./clock.js").Clock} clock
   */
  constructor(channel, store, clock) {
    this.#channel = channel;
    this.#store = store;
    this.#clock = clock;
    this.#told = store.state.drafts;
    this.#unsubscribe = store.subscribe(() => this.#look());
    channel.onmessage = ({ data }) => this.#hear(data);
  }

  stop() {
    this.#unsubscribe();
    this.#channel.close();
  }

  #look() {
    const { drafts, topics, me } = this.#store.state;
    const told = this.#told;
    if (drafts === told) return;
    this.#told = drafts;
    for (const topic of new Set([...told.keys(), ...drafts.keys()])) {
      const draft = drafts.get(topic);
      // What goes with its topic goes in each tab by itself.
      if (draft === told.get(topic) || draft?.elsewhere || (!draft && !topics.has(topic))) continue;
      this.#wrote.set(topic, this.#clock.now());
      this.#channel.postMessage({ user: me.name, topic, draft: draft ?? null });
    }
  }

  /** @param {Word} word */
  #hear({ user, topic, draft }) {
    const { me } = this.#store.state;
    if (user !== me.name || this.#clock.now() - (this.#wrote.get(topic) ?? -Infinity) < WRITING) return;
    this.#store.dispatch({ type: "draft", topic, draft: { ...(draft ?? NOTHING), elsewhere: true } });
  }
}
