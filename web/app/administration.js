/**
 * What an admin asks of the HTTP interface, and what is sent to change
 * something. A change can be asked first what it would mean.
 * @module
 */
import { at, call } from "./api.js";

/** @typedef {import("./rooms.js").Role} Role */

/** totp, passkeys: the second factors that there are. @typedef {{name: string, display: string, role: Role, active: boolean, version: number, totp?: boolean, passkeys?: number}} User */
/** @typedef {{id: string, name: string, open: boolean, history: string, receipts: boolean, version: number}} Deal */
/** @typedef {{name: string, display: string, role: Role, from?: number}} Reader */

/**
 * @typedef {object} Topic
 * @property {string} id
 * @property {string} deal
 * @property {string} title
 * @property {number} number
 * @property {boolean} open
 * @property {number} head
 * @property {boolean} archived
 * @property {boolean} strict
 * @property {boolean} narrowed
 * @property {number} version
 * @property {string[]} [direct]
 */

/** @typedef {{method: string, path: string, body?: Record<string, unknown>}} Change */
/** @typedef {import("./effects.js").Meaning} Meaning */
/** @typedef {import("./trail.js").Entry} Entry */

export const ask = {
  /** @returns {Promise<User[]>} */
  users: async () => (await call("GET", "/api/users")).users,
  /** @returns {Promise<Deal[]>} */
  deals: async () => (await call("GET", "/api/deals")).deals,
  /** @param {string} deal @returns {Promise<Reader[]>} */
  members: async (deal) => (await call("GET", `/api/deals/${at(deal)}/members`)).members,
  /** Those that may be changed. @param {string} deal @returns {Promise<Topic[]>} */
  topics: async (deal) => (await call("GET", `/api/deals/${at(deal)}/topics`)).topics.filter((/** @type {Topic} */ topic) => !topic.direct),
  /** @param {string} topic @returns {Promise<Topic>} */
  topic: (topic) => call("GET", `/api/topics/${at(topic)}`),
  /** @param {string} topic @returns {Promise<Reader[]>} */
  readers: async (topic) => (await call("GET", `/api/topics/${at(topic)}/members`)).members,
  /** @param {Record<string, string>} query @returns {Promise<{entries: Entry[], head: number}>} */
  trail: (query) => call("GET", `/api/audit?${new URLSearchParams(query)}`),
  /** @returns {Promise<import("./rules.js").Rules>} */
  rules: () => call("GET", "/api/signin/rules"),
  /** @param {{deals: string[], role: string}} form @returns {Promise<import("./api.js").Invitation>} */
  invitation: (form) => call("POST", "/api/invitations", form),
  /** @param {string} user @returns {Promise<import("./api.js").Invitation>} */
  passwordLink: (user) => call("POST", `/api/users/${at(user)}/invitation`),
  /** What a change would mean. @param {Change} change @returns {Promise<Meaning>} */
  meaning: ({ method, path, body }) => call(method, `${path}?dry-run=true`, body),
  /** Makes a change. @param {Change} change @returns {Promise<any>} */
  change: ({ method, path, body }) => call(method, path, body),
};

/** The changes that there are. */
export const changes = {
  /** @param {string} user @param {Record<string, unknown>} body @returns {Change} */
  user: (user, body) => ({ method: "PATCH", path: `/api/users/${at(user)}`, body }),
  /** @param {string} user @returns {Change} */
  endSessions: (user) => ({ method: "DELETE", path: `/api/users/${at(user)}/sessions` }),
  /** @param {string} user @returns {Change} */
  removeFactors: (user) => ({ method: "DELETE", path: `/api/users/${at(user)}/factors` }),
  /** Of signing in. @param {Record<string, unknown>} body @returns {Change} */
  rules: (body) => ({ method: "PATCH", path: "/api/signin/rules", body }),
  /** @param {string} deal @param {Record<string, unknown>} body @returns {Change} */
  deal: (deal, body) => ({ method: "PATCH", path: `/api/deals/${at(deal)}`, body }),
  /** @param {string} deal @param {string} user @returns {Change} */
  addMember: (deal, user) => ({ method: "PUT", path: `/api/deals/${at(deal)}/members/${at(user)}` }),
  /** @param {string} deal @param {string} user @returns {Change} */
  removeMember: (deal, user) => ({ method: "DELETE", path: `/api/deals/${at(deal)}/members/${at(user)}` }),
  /** @param {string} deal @param {string} user @param {string} history @returns {Change} */
  moveMember: (deal, user, history) => ({ method: "PATCH", path: `/api/deals/${at(deal)}/members/${at(user)}`, body: { history } }),
  /** @param {string} topic @param {Record<string, unknown>} body @returns {Change} */
  topic: (topic, body) => ({ method: "PATCH", path: `/api/topics/${at(topic)}`, body }),
  /** @param {string} topic @param {string} user @returns {Change} */
  addReader: (topic, user) => ({ method: "PUT", path: `/api/topics/${at(topic)}/members/${at(user)}` }),
  /** @param {string} topic @param {string} user @returns {Change} */
  removeReader: (topic, user) => ({ method: "DELETE", path: `/api/topics/${at(topic)}/members/${at(user)}` }),
  /** @param {string} topic @param {string} user @param {number} from @returns {Change} */
  moveReader: (topic, user, from) => ({ method: "PATCH", path: `/api/topics/${at(topic)}/members/${at(user)}`, body: { from } }),
};

/**
 * Makes a change, once it was worked out what it means and that was wanted. It
 * isn't wanted any more once the place where it was asked for was left.
 * @param {Change} change
 * @param {{meaning?: Meaning, wanted: (meaning: Meaning) => Promise<boolean>, left: AbortSignal}} how meaning: if that isn't the server's to say
 * @param {Pick<typeof ask, "meaning" | "change">} [server]
 * @returns {Promise<any>} what the server answered; null if it wasn't wanted
 */
export async function carryOut(change, { meaning, wanted, left }, server = ask) {
  const means = meaning ?? (await server.meaning(change));
  if (left.aborted || !(await wanted(means)) || left.aborted) return null;
  return server.change(change);
}

/**
 * What a form sends: what is different in it from what was seen, and of which
 * version that was; null if nothing is.
 * @param {Record<string, unknown> & {version: number}} seen
 * @param {Record<string, unknown>} typed
 * @returns {Record<string, unknown> | null}
 */
export function difference(seen, typed) {
  const different = Object.entries(typed).filter(([key, value]) => value !== seen[key]);
  return different.length > 0 ? { ...Object.fromEntries(different), version: seen.version } : null;
}

/** A field: what stands in it, and what did when it was shown or last saved. @typedef {{key: string, text: string, was: string}} Field */

/** @param {Field} field */
export const isUnsaved = ({ text, was }) => text !== was;

/**
 * Whether what is so became another thing while something was typed, and not
 * just that.
 * @param {Field} typed
 * @param {Field} now
 */
export const isOvertaken = (typed, now) => now.was !== typed.was && now.text !== typed.text;

/**
 * What was typed and isn't saved at places that were left, while the document
 * lives. What is still on its way then may be saved later.
 */
export class Unsaved {
  /** @type {Map<string, () => Field[]>} */
  #left = new Map();

  /** @param {string} place @param {() => Field[]} fields as they are from now on, unsaved or not */
  leave(place, fields) {
    this.#left.set(place, fields);
  }

  /** What is to stand there again. @param {string} place @returns {Field[]} */
  take(place) {
    const fields = this.#left.get(place)?.() ?? [];
    this.#left.delete(place);
    return fields.filter(isUnsaved);
  }

  get any() {
    return [...this.#left.values()].some((fields) => fields().some(isUnsaved));
  }
}

/** The most characters of names and titles. */
export const MOST = { display: 64, name: 120, title: 120 };
export const MOST_NUMBER = 32_767;

/**
 * What is wrong with a name or title: "length", "characters", or "" for
 * nothing. The server decides; this says it sooner, and in one's own language.
 * @param {string} text
 * @param {number} most
 * @returns {"" | "length" | "characters"}
 */
export function wrongLabel(text, most) {
  const trimmed = text.trim();
  const length = [...trimmed.normalize("NFC")].length;
  if (length < 1 || length > most) return "length";
  const visible = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(trimmed);
  return visible && !/[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/u.test(trimmed) ? "" : "characters";
}

/**
 * A whole number in a field, or null.
 * @param {string} text
 * @param {number} least
 * @param {number} most
 */
export function wholeNumber(text, least, most) {
  const trimmed = text.trim();
  const value = Number(trimmed);
  return /^[0-9]{1,16}$/.test(trimmed) && value >= least && value <= most ? value : null;
}

/**
 * A place in the administration.
 * @typedef {{view: "users" | "user" | "deals" | "deal" | "topic" | "signin" | "audit", id: string, query: URLSearchParams}} Place
 */

/**
 * What a fragment names; the list of users for one that names nothing.
 * @param {string} hash with its #
 * @returns {Place}
 */
export function placeOf(hash) {
  const [path, search = ""] = hash.replace(/^#/, "").split("?");
  const [section, id = ""] = path.split("/");
  const query = new URLSearchParams(search);
  if (section === "users") return id ? { view: "user", id: decode(id), query } : { view: "users", id: "", query };
  if (section === "deals") return id ? { view: "deal", id: decode(id), query } : { view: "deals", id: "", query };
  if (section === "topics" && id) return { view: "topic", id: decode(id), query };
  if (section === "signin") return { view: "signin", id: "", query };
  if (section === "audit") return { view: "audit", id: "", query };
  return { view: "users", id: "", query: new URLSearchParams() };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Whether something matches what was typed to find it, whatever its case and
 * accents.
 * @param {string} wanted
 * @param {...string} texts
 */
export function matches(wanted, ...texts) {
  return fold(texts.join(" ")).includes(fold(wanted));
}

/** @param {string} text */
function fold(text) {
  return text.trim().normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
