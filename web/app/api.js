/**
 * The HTTP interface: JSON in, JSON out, problems as errors.
 * @module
 */

/** @typedef {import("./rooms.js").Me} Me */
/** What there is to sign in with, beside passwords and passkeys. @typedef {{setup?: true, provider?: {label: string}}} Entrance */

/**
 * A message as the HTTP log has it.
 * @typedef {object} Entry
 * @property {number} seq
 * @property {string} author
 * @property {number} time unix-ms
 * @property {string} kind
 * @property {number} [ref]
 * @property {string} [salt] base64url
 * @property {string} [body]
 * @property {number} [redacted] the length as first posted
 * @property {string} [digest] hex, of a redacted message
 */

/** A link to hand on. @typedef {{token: string, expires: string | number, url: string}} Invitation */

/** A server that doesn't say within so long, in ms, who one is might as well be away. */
const PATIENCE = 5_000;

/** Instead of a status: it wasn't shown once more who one is. */
const UNPROVED = -403;

/** A request that wasn't answered as hoped. */
export class Problem extends Error {
  /**
   * @param {number} status 0: there was no answer; negative: it was this page that refused
   * @param {Record<string, unknown>} [body]
   * @param {number} [seconds] to wait, as the server said; 0 if it didn't
   */
  constructor(status, body = {}, seconds = 0) {
    super(String(body.detail ?? body.title ?? "no answer"));
    this.status = status;
    this.body = body;
    this.seconds = seconds;
  }

  /** One sentence in English that is safe to show, or "". */
  get detail() {
    return typeof this.body.detail === "string" ? this.body.detail : "";
  }
}

/**
 * Has who is signed in show once more that it is them, since a request wants
 * that: "" if they did, else what is said of that they didn't. The page sets it.
 * @type {{prove: (() => Promise<string>) | null}}
 */
export const asking = { prove: null };

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export async function call(method, path, body, signal) {
  /** @type {RequestInit} */
  const init = { method, cache: "no-store", headers: { Accept: "application/json" }, signal };
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let answer;
  let text;
  try {
    answer = await fetch(path, init);
    text = await answer.text();
  } catch {
    throw new Problem(0);
  }
  const said = parse(text);
  if (answer.ok) return said;
  if (said.prove !== true || !asking.prove) throw new Problem(answer.status, said, Number(answer.headers.get("Retry-After")) || 0);
  const detail = await asking.prove();
  if (detail) throw new Problem(UNPROVED, { detail });
  return call(method, path, body, signal);
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** An id in a path. @param {string} id */
export const at = (id) => encodeURIComponent(id);

export const api = {
  /** @returns {Promise<Me>} */
  whoAmI: () => call("GET", "/api/session", undefined, AbortSignal.timeout(PATIENCE)),
  /** @param {number} number makes the address one of its own @param {AbortSignal} signal @returns {Promise<import("./check.js").Offer>} */
  offer: (number, signal) => call("GET", `/api/check?${number}`, undefined, signal),
  /** What there is to sign in with. @returns {Promise<Entrance>} */
  entrance: () => call("GET", "/api/signin"),
  /** @param {{name: string, password: string, code?: string}} form @returns {Promise<Me>} */
  signIn: (form) => call("POST", "/api/session", form),
  signOut: () => call("DELETE", "/api/session", undefined, AbortSignal.timeout(PATIENCE)),
  /** @param {AbortSignal} signal @returns {Promise<import("./link.js").Ticket>} */
  ticket: (signal) => call("POST", "/api/session/token", undefined, signal),

  /** @param {{token: string, name: string, password: string}} form @returns {Promise<Me>} */
  setUp: (form) => call("POST", "/api/setup", form),
  /** @param {string} token @returns {Promise<{deals: string[], role: import("./rooms.js").Role, expires?: string | number, by?: string, name?: string}>} */
  openInvitation: (token) => call("POST", "/api/invitations/open", { token }),
  /** @param {{token: string, name: string, display?: string, password: string}} form @returns {Promise<Me>} */
  acceptInvitation: (form) => call("POST", "/api/invitations/accept", form),
  /** @param {{deals: string[], role: string}} form @returns {Promise<Invitation>} */
  invite: (form) => call("POST", "/api/invitations", form),

  /** @param {{name: string, history: string}} form @returns {Promise<{id: string}>} */
  newDeal: (form) => call("POST", "/api/deals", form),
  /** @param {string} deal @param {{title: string, number: number, narrowed?: boolean, members?: string[], strict?: boolean}} form @returns {Promise<import("./rooms.js").Named>} */
  newTopic: (deal, form) => call("POST", `/api/deals/${at(deal)}/topics`, form),
  /** The conversation with somebody, made if there is none. @param {string} deal @param {string} other @returns {Promise<import("./rooms.js").Named>} */
  direct: (deal, other) => call("POST", `/api/deals/${at(deal)}/direct`, { with: other }),

  /**
   * A stretch of a log, and with `edits` those edits of its messages that lie after it.
   * @param {string} topic @param {{before?: number, after?: number, since?: number, limit: number, edits?: 1}} span
   * @returns {Promise<{messages: Entry[], edits?: Entry[], head: number, epoch: string, from: number}>}
   */
  messages: (topic, span) =>
    call("GET", `/api/topics/${at(topic)}/messages?${new URLSearchParams(Object.entries(span).map(([k, v]) => [k, String(v)]))}`),
};

/** @typedef {typeof api} Api */
