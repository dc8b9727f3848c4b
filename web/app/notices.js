/**
 * Of what one is told beside the page, without a page: which messages are worth
 * it, who tells where several tabs are open, and what is taken back because it
 * was read, or redacted.
 * @module
 */
import { mentions, parse, plainText } from "./markdown.js";
import { extract } from "./json.js";
import { messageAt } from "./log.js";
import { isQuiet, noticeOf } from "./settings.js";
import { Standing } from "./standing.js";
import { titleOf } from "./walls.js";

/** @typedef {import("./rooms.js").Rooms} Rooms */
/** @typedef {import("./rooms.js").Topic} Topic */
/** @typedef {import("./settings.js").Chosen} Chosen */
/** @typedef {{seq: number, author: string, kind: string, text: string, redacted: boolean}} Said what a message says */
/** @typedef {{topic: string, seq: number, title: string, author: string, kind: string, text: string, count: number}} Notice the newest message that is worth it, and how many are; text: "" where the words aren't wanted */

/** How many messages of a topic are looked at, at most. */
const MOST = 20;
/** How often it is tried to learn what a message says. */
const TRIES = 3;
/** How much of a message is told. */
const EXTRACT = 160;

/**
 * Whether one is told of a message.
 * @param {Chosen} chosen
 * @param {Topic} topic
 * @param {Said} message
 * @param {{me: string, time: string, looking: boolean}} now time: of day, HH:MM; looking: whether one has the topic before one's eyes
 */
export function isWorth(chosen, topic, { author, kind, text, redacted }, { me, time, looking }) {
  if (author === me || redacted || looking || !["text", "report", "file"].includes(kind) || isQuiet(chosen, time)) return false;
  const notice = noticeOf(chosen, topic);
  return notice === "all" || (notice === "mentions" && mentions(text, (name) => name === me).size > 0);
}

/** @param {Date} date */
export function timeOfDay(date) {
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/**
 * @typedef {object} Surroundings
 * @property {() => Rooms} rooms as it is now
 * @property {() => Chosen} chosen
 * @property {(topic: string, after: number, limit: number) => Promise<Said[]>} fetch what isn't here, by HTTP
 * @property {() => boolean} allowed whether there is anything to tell with, and this is the tab that does it
 * @property {(topic: string) => Promise<boolean>} looking whether one has the topic before one's eyes, in any tab
 * @property {() => string} time of day, HH:MM
 * @property {(notice: Notice) => Promise<void>} show takes the place of what was told of the topic before
 * @property {() => Promise<import("./standing.js").Shown[]>} up what stands there now, by whichever tab
 * @property {(topic: string, read: number) => void} close what was told of the topic up to there; Infinity: all
 * @property {(topic: string, read: number) => void} share tells the other tabs up to where it was read, sooner than the server does
 */

export class Herald {
  #around;
  /** Up to where one was told, or had no need to be. @type {Map<string, number>} */
  #seen = new Map();
  /** The newest that one was told. @type {Map<string, number>} */
  #told = new Map();
  /** How often it couldn't be told in a row. @type {Map<string, number>} */
  #failures = new Map();
  /** Up to where it was read, here or in another tab. @type {Map<string, number>} */
  #read = new Map();
  #standing;
  #begun = false;

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
    this.#standing = new Standing(around);
  }

  /** The room is so now. */
  update() {
    const { topics, watched, asOf, stale } = this.#around.rooms();
    if (!watched || asOf > 0 || stale) return;
    for (const topic of topics.values()) this.#look(topic);
    for (const id of this.#seen.keys()) if (!topics.has(id)) this.#forget(id);
    this.#standing.look();
    this.#begun = true;
  }

  /** It is this tab that tells, from now on: also what others have told is looked after. */
  async lead() {
    await this.#standing.adopt();
    this.update();
  }

  /**
   * A topic was read in another tab.
   * @param {string} id
   * @param {number} read
   */
  heard(id, read) {
    if (!this.#seen.has(id) || read <= (this.#read.get(id) ?? 0)) return;
    this.#readTo(id, read);
  }

  /** @param {Topic} topic */
  #look(topic) {
    const { allowed, share } = this.#around;
    const { id, head, read } = topic;
    // A conversation that is new is begun by somebody; of another topic one is told from now on.
    const seen = this.#seen.get(id) ?? (this.#begun && topic.direct ? read : head);
    this.#seen.set(id, Math.max(seen, head));
    if (read > (this.#read.get(id) ?? -1)) {
      this.#readTo(id, read);
      share(id, read);
    }
    if (head > Math.max(seen, read) && allowed() && noticeOf(this.#around.chosen(), topic) !== "none") void this.#tell(id, seen, head);
  }

  /**
   * @param {string} id
   * @param {number} read
   */
  #readTo(id, read) {
    this.#read.set(id, read);
    this.#standing.forget(id, read);
    this.#around.close(id, read);
  }

  /** @param {string} id */
  #forget(id) {
    for (const map of [this.#seen, this.#told, this.#read, this.#failures]) map.delete(id);
    this.#standing.forget(id);
    this.#around.close(id, Infinity);
  }

  /**
   * Tells of what came after one up to the head, and counts what is unread with it.
   * @param {string} id
   * @param {number} before up to where it was told
   * @param {number} head
   */
  async #tell(id, before, head) {
    const { rooms, chosen, fetch, allowed, looking, time, show } = this.#around;
    try {
      const after = Math.max(rooms().topics.get(id)?.read ?? 0, head - MOST);
      // Of what one isn't told nothing is fetched: the audit trail would have it opened.
      if (isQuiet(chosen(), time()) || (await looking(id))) return;
      const messages = held(rooms(), id, after, head) ?? (await fetch(id, after, MOST));
      const seen = await looking(id);
      // It may have been read, or taken away, meanwhile.
      const state = rooms();
      const topic = state.topics.get(id);
      if (!topic) return;
      const now = { me: state.me.name, time: time(), looking: seen };
      const read = Math.max(topic.read, this.#read.get(id) ?? 0);
      const worth = messages.filter((message) => message.seq > read && isWorth(chosen(), topic, message, now));
      const newest = worth.at(-1);
      if (!newest || newest.seq <= Math.max(before, this.#told.get(id) ?? 0)) return;
      // Somebody may have signed out meanwhile.
      if (!allowed()) return;
      this.#told.set(id, newest.seq);
      const text = chosen().extracts && newest.kind !== "file" ? (newest.kind === "report" ? extract(newest.text) : plainText(parse(newest.text))).replace(/\s+/gu, " ").trim().slice(0, EXTRACT) : "";
      await show({ topic: id, seq: newest.seq, title: titleOf(state, topic), author: newest.author, kind: newest.kind, text, count: worth.length });
      // What went while it was being shown is taken back.
      const left = rooms().topics.get(id);
      const since = left ? Math.max(left.read, this.#read.get(id) ?? 0) : Infinity;
      if (since >= newest.seq) this.#around.close(id, since);
      else {
        this.#standing.set({ topic: id, seq: newest.seq, words: text !== "" }, head);
        void this.#standing.check(id);
      }
      this.#failures.delete(id);
    } catch {
      // It is unread all the same; with the next news it is tried again, a few times.
      const failures = (this.#failures.get(id) ?? 0) + 1;
      this.#failures.set(id, failures);
      if (failures <= TRIES && this.#seen.has(id)) this.#seen.set(id, before);
    }
  }
}

/**
 * The messages after one up to another, if the page has them all; else null.
 * @param {Rooms} rooms
 * @param {string} topic
 * @param {number} after
 * @param {number} head
 * @returns {Said[] | null}
 */
function held({ logs }, topic, after, head) {
  const log = logs.get(topic);
  if (!log) return null;
  const found = [];
  for (let seq = after + 1; seq <= head; seq++) {
    const message = messageAt(log, seq);
    if (!message) return null;
    found.push(message);
  }
  return found;
}
