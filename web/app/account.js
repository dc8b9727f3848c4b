/**
 * One's own account, as far as it is about signing in: what is asked of the HTTP
 * interface, and what a browser, an address and a form say.
 * @module
 */
import { wrongLabel } from "./administration.js";
import { at, call } from "./api.js";

/** @typedef {import("./rooms.js").Role} Role */

/** @typedef {{id: string, label: string, made: string, used?: string}} Passkey */

/**
 * @typedef {object} Account
 * @property {string} name
 * @property {string} display
 * @property {Role} role
 * @property {boolean} password whether there is one
 * @property {{made: string} | null} totp
 * @property {Passkey[]} passkeys
 * @property {number} recovery codes that are left
 * @property {boolean} demanded whether a second factor is
 * @property {boolean} proved
 * @property {string} [company]
 */

/** @typedef {"" | "totp" | "recovery" | "passkey" | "company"} Factor */

/**
 * @typedef {object} SignIn
 * @property {string} id
 * @property {string} device what it was opened with, in its own words
 * @property {string} address
 * @property {string[]} transports
 * @property {string} opened
 * @property {string} used
 * @property {string} ends
 * @property {Factor} factor
 * @property {boolean} current
 */

/** @typedef {{id: string, label: string, role: Role, made: string, expires: string, used?: string}} Token */
/** @typedef {{id: string, secret: string, uri: string, qr: string[]}} Setup */
/** Codes that are shown once; none where there were some already. @typedef {{recovery: string[]}} Recovery */

export const ask = {
  /** @returns {Promise<Account>} */
  account: () => call("GET", "/api/account"),
  /** @param {{old: string, new: string}} form */
  password: (form) => call("POST", "/api/session/password", form),

  /** @returns {Promise<Setup>} */
  beginCodes: () => call("POST", "/api/account/totp"),
  /** @param {{id: string, code: string}} form @returns {Promise<Recovery>} */
  confirmCodes: (form) => call("POST", "/api/account/totp/confirm", form),
  removeCodes: () => call("DELETE", "/api/account/totp"),
  /** @returns {Promise<Recovery>} */
  recovery: () => call("POST", "/api/account/recovery"),

  /** @returns {Promise<{id: string, options: PublicKeyCredentialCreationOptionsJSON}>} */
  beginPasskey: () => call("POST", "/api/account/passkeys/options"),
  /** @param {{id: string, label: string, credential: unknown}} form @returns {Promise<Recovery>} */
  addPasskey: (form) => call("POST", "/api/account/passkeys", form),
  /** @param {string} id */
  removePasskey: (id) => call("DELETE", `/api/account/passkeys/${at(id)}`),

  /** @returns {Promise<SignIn[]>} */
  signIns: async () => (await call("GET", "/api/sessions")).sessions,
  /** @param {string} id */
  end: (id) => call("DELETE", `/api/sessions/${at(id)}`),
  endOthers: () => call("DELETE", "/api/sessions"),

  /** @param {string} user @returns {Promise<Token[]>} */
  tokens: async (user) => (await call("GET", `/api/users/${at(user)}/tokens`)).tokens,
  /** @param {string} user @param {{label: string, role: Role, expires: string}} form @returns {Promise<Token & {token: string}>} */
  makeToken: (user, form) => call("POST", `/api/users/${at(user)}/tokens`, form),
  /** @param {string} user @param {string} id */
  revokeToken: (user, id) => call("DELETE", `/api/users/${at(user)}/tokens/${at(id)}`),
};

/** The most characters of a passkey's or a token's name. */
const MOST_LABEL = 64;
/** A password's characters at least, and its octets at most. */
const PASSWORD = { least: 12, most: 256 };
/** After how many days a token may end, the usual one first. */
export const TOKEN_DAYS = [90, 7, 30, 365];
const DAY = 24 * 60 * 60 * 1000;

/** What a browser calls itself by, before others whose name it takes along. @type {readonly [RegExp, string][]} */
const BROWSERS = [
  [/\bEdgA?\/|\bEdgiOS\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/Chrome\/|\bChromium\/|\bCriOS\//, "Chrome"],
  [/\bVersion\/\S+ .*Safari\//, "Safari"],
];
/** @type {readonly [RegExp, string][]} */
const SYSTEMS = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMacintosh\b/, "macOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

/**
 * What a browser's header User-Agent says, in words; null for what is no
 * browser that is known, and says best itself what it is.
 * @param {string} agent
 * @returns {{browser: string, system: string} | null}
 */
export function browserOf(agent) {
  const named = (/** @type {readonly [RegExp, string][]} */ table) => table.find(([sign]) => sign.test(agent))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  return agent.startsWith("Mozilla/") && browser && system ? { browser, system } : null;
}

/**
 * Why no passkey can be had at a place; "" if nothing is in the way. A passkey
 * belongs to a host's name, and so never to an IP address (Web Authentication,
 * section 5.1.3).
 * @param {{secure: boolean, host: string, known: boolean}} place host: location.hostname; known: whether the browser has passkeys
 * @returns {"" | "insecure" | "missing" | "address"}
 */
export function passkeyHindrance({ secure, host, known }) {
  if (!secure) return "insecure";
  if (!known) return "missing";
  return host.startsWith("[") || /^[0-9.]+$/.test(host) ? "address" : "";
}

/**
 * A code of an app as somebody types it; "" for what can't be one.
 * @param {string} text
 */
export function typedCode(text) {
  const code = text.replaceAll(/\s/g, "");
  return /^[0-9]{6}$/.test(code) ? code : "";
}

/**
 * Why a text can't be a password; "" if it may be one. What is too common the
 * server knows.
 * @param {string} text
 * @returns {"" | "short" | "long"}
 */
export function wrongPassword(text) {
  if ([...text].length < PASSWORD.least) return "short";
  return new TextEncoder().encode(text).length > PASSWORD.most ? "long" : "";
}

/** Whether something can be called so. @param {string} text */
export const isLabel = (text) => wrongLabel(text, MOST_LABEL) === "";

/**
 * The roles that a token of somebody's may have, which may do no more than they;
 * all that an admin may comes last, as few programs need it.
 * @param {Role} role
 * @returns {Role[]}
 */
export function rolesWithin(role) {
  /** @type {Record<Role, Role[]>} */
  const within = { admin: ["member", "observer", "admin"], member: ["member", "observer"], bot: ["bot", "observer"], observer: ["observer"] };
  return within[role];
}

/**
 * When a token ends that lasts for so many days.
 * @param {number} days
 * @param {number} now in unix-ms
 */
export const endAfter = (days, now) => now + days * DAY;

/**
 * A key as one types it into an app: in groups of four.
 * @param {string} secret in base32
 */
export const inGroups = (secret) => secret.replaceAll(/.{4}(?=.)/g, "$& ");

/**
 * The outline of a QR code's dark squares, as an SVG path has it, each a unit
 * large, moved by its quiet zone (ISO/IEC 18004).
 * @param {readonly string[]} rows a 1 for each dark square
 */
export function outline(rows) {
  return rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ index, 0: run }) => `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`)).join("");
}

/** Squares of light around a QR code. */
export const QUIET = 4;
