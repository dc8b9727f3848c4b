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

/**
 * When a draft was changed: a time that never goes back, and the tab that did it,
 * as two may do it at once.
 * @typedef {{at: number, tab: string}} Revision
 */

/**
 * What tabs tell each other.
 * @typedef {object} Word
 * @property {string} user
 * @property {string} topic
 * @property {Draft | null} draft null: it was sent, or taken away
 * @property {Draft | null} was what stood there before
 * @property {Revision} revision
 * @property {Revision} knew the newest revision that the tab knew of when it did so
 */

/** Before anything was written. @type {Revision} */
const NEVER = { at: 0, tab: "" };

/**
 * Tells the other tabs what is being written here, and takes what is newer there.
 * What was sent in one goes in all, but for words that it couldn't know of.
 */
export class DraftTabs {
  #channel;
  #store;
  #clock;
  #tab = crypto.randomUUID();
  /** @type {Drafts} */
  #told;
  /** The newest revision that is known, by topic. @type {Map<string, Revision>} */
  #revisions = new Map();
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
      const was = told.get(topic);
      // What goes with its topic goes in each tab by itself.
      if (draft === was || draft?.elsewhere || (!draft && !topics.has(topic))) continue;
      const knew = this.#revision(topic);
      const revision = { at: Math.max(this.#clock.now(), knew.at + 1), tab: this.#tab };
      this.#revisions.set(topic, revision);
      this.#channel.postMessage({ user: me.name, topic, draft: draft ?? null, was: was ?? null, revision, knew });
    }
  }

  /** @param {Word} word */
  #hear({ user, topic, draft, was, revision, knew }) {
    if (user !== this.#store.state.me.name) return;
    this.#look(); // what was written here a moment ago has its revision first
    const known = this.#revision(topic);
    if (isNewer(revision, known)) this.#revisions.set(topic, revision);
    const mine = this.#store.state.drafts.get(topic);
    if (draft) {
      if (isNewer(revision, known)) this.#take(topic, { ...draft, elsewhere: true });
    } else if (!mine || !isNewer(known, knew) || isSame(mine, was)) {
      // This tab may have kept it, and then takes it away itself.
      this.#take(topic, mine?.elsewhere ? { ...NOTHING, elsewhere: true } : NOTHING);
    } else if (!mine.elsewhere) {
      // They are words that were not meant: they are told and kept once more.
      this.#store.dispatch({ type: "draft", topic, draft: { ...mine } });
    }
  }

  /**
   * Takes what another tab has told, and doesn't tell it as one's own.
   * @param {string} topic
   * @param {Draft} draft
   */
  #take(topic, draft) {
    this.#store.dispatch({ type: "draft", topic, draft });
    this.#told = this.#store.state.drafts;
  }

  /** @param {string} topic */
  #revision(topic) {
    return this.#revisions.get(topic) ?? NEVER;
  }
}

/**
 * @param {Revision} a
 * @param {Revision} b
 */
function isNewer(a, b) {
  return a.at > b.at || (a.at === b.at && a.tab > b.tab);
}

/**
 * @param {Draft} a
 * @param {Draft | null} b
 */
function isSame(a, b) {
  return a.text === b?.text && a.ref === b.ref && a.edit?.seq === b.edit?.seq && a.edit?.text === b.edit?.text;
}
