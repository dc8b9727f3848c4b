/**
 * What one has set in this browser: how to send, and of what to be told. It
 * belongs to the one who set it, and tolerates whatever stands there: what makes
 * no sense is as if it had never been set.
 * @module
 */

/** @typedef {"all" | "mentions" | "none"} Notice of which messages one is told */
/** @typedef {{from: string, to: string}} Quiet from HH:MM to HH:MM of each day, over midnight too */

/**
 * @typedef {object} Chosen
 * @property {"send" | "break"} enter what Enter does; with Shift it does the other
 * @property {Notice} notice where nothing else is said
 * @property {Readonly<Record<string, Notice>>} notices by topic
 * @property {Quiet | null} quiet when one is told of nothing
 * @property {boolean} extracts whether one is told what a message says, too: others may see it
 */

/** @type {Chosen} */
export const DEFAULTS = { enter: "send", notice: "mentions", notices: {}, quiet: null, extracts: false };

const NOTICES = ["all", "mentions", "none"];
const TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;

/**
 * @param {string | null} stored
 * @returns {Chosen}
 */
export function parse(stored) {
  const value = object(json(stored));
  const { from, to } = object(value.quiet);
  return {
    enter: value.enter === "break" ? "break" : "send",
    notice: isNotice(value.notice) ? value.notice : DEFAULTS.notice,
    notices: /** @type {Record<string, Notice>} */ (Object.fromEntries(Object.entries(object(value.notices)).filter(([, notice]) => isNotice(notice)))),
    quiet: isTime(from) && isTime(to) && from !== to ? { from, to } : null,
    extracts: value.extracts === true,
  };
}

/**
 * Of which messages of a topic one is told: in a direct one, of all, unless one
 * has said otherwise there.
 * @param {Chosen} chosen
 * @param {{id: string, direct?: boolean}} topic
 * @returns {Notice}
 */
export function noticeOf({ notice, notices }, topic) {
  return notices[topic.id] ?? (topic.direct ? "all" : notice);
}

/**
 * How much is unread of what one wants to be told of.
 * @param {Pick<import("./rooms.js").Rooms, "topics">} rooms
 * @param {Chosen} chosen
 */
export function unread({ topics }, chosen) {
  let count = 0;
  for (const topic of topics.values()) if (noticeOf(chosen, topic) !== "none") count += topic.unread;
  return count;
}

/**
 * Whether a time of day, HH:MM, is one of quiet.
 * @param {Chosen} chosen
 * @param {string} time
 */
export function isQuiet({ quiet }, time) {
  if (!quiet) return false;
  const { from, to } = quiet;
  return from < to ? from <= time && time < to : from <= time || time < to;
}

/**
 * One person's settings, kept in this browser, and the same in all of its tabs.
 * A browser that keeps nothing has them for as long as the page is there.
 */
export class Settings {
  #key;
  #storage;
  #now;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {string} name whose they are
   * @param {() => Pick<Storage, "getItem" | "setItem">} [storage] may throw
   */
  constructor(name, storage = () => localStorage) {
    this.#key = keyOf(name);
    this.#storage = storage;
    this.#now = parse(this.#stored());
  }

  /** @returns {Chosen} */
  get now() {
    return this.#now;
  }

  /** As another tab may have set it a moment ago. @returns {Chosen} */
  get fresh() {
    return parse(this.#stored(JSON.stringify(this.#now)));
  }

  /** @param {Partial<Chosen>} change */
  change(change) {
    // What another tab has changed meanwhile stays changed.
    this.#now = parse(JSON.stringify({ ...this.fresh, ...change }));
    try {
      this.#storage().setItem(this.#key, JSON.stringify(this.#now));
    } catch {
      // They hold as long as this page.
    }
    this.#tell();
  }

  /**
   * @param {() => void} listener called after each change, here or in another tab
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Another tab changed something.
   * @param {Pick<StorageEvent, "key">} event
   */
  heard({ key }) {
    if (key !== this.#key && key !== null) return;
    this.#now = parse(this.#stored());
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }

  /** @param {string | null} [otherwise] */
  #stored(otherwise = null) {
    try {
      return this.#storage().getItem(this.#key) ?? otherwise;
    } catch {
      return otherwise;
    }
  }
}

/**
 * Where a person's settings are.
 * @param {string} name
 */
export function keyOf(name) {
  return `redroom settings ${name}`;
}

/** @param {unknown} value @returns {value is Notice} */
function isNotice(value) {
  return typeof value === "string" && NOTICES.includes(value);
}

/** @param {unknown} value @returns {value is string} */
function isTime(value) {
  return typeof value === "string" && TIME.test(value);
}

/** @param {string | null} text */
function json(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function object(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : {};
}
