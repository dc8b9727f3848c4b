/**
 * The rules of signing in, as the administration's forms hold them, and what is
 * sent to change them.
 * @module
 */

/** @typedef {import("./rooms.js").Role} Role */
/** @typedef {{group: string, role: Role}} GroupRole */

/**
 * The company's own sign-in. Its secret is sent, and never comes back.
 * @typedef {object} Provider
 * @property {string} label
 * @property {string} issuer
 * @property {string} clientID
 * @property {string} [secret]
 * @property {string} nameClaim
 * @property {boolean} match
 * @property {boolean} create
 * @property {string} groupsClaim
 * @property {GroupRole[]} groups
 */

/** Times are in seconds; idle 0: not for being idle; providerSecret: whether one is kept. @typedef {{demand: Role[], idle: number, life: number, provider: Provider | null, providerSecret?: boolean, version: number}} Rules */

/** @typedef {import("./administration.js").User} User */

export const ROLES = /** @type {const} */ (["member", "observer", "admin", "bot"]);

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What is offered; 0: never. */
export const IDLE = [0, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];
export const LIFE = [30 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY];
/** The most characters of labels, and octets of what a provider knows. */
export const MOST_LABEL = 64;
const MOST_OCTETS = 512;

/**
 * What is offered, with what is so now among it.
 * @param {number[]} offered
 * @param {number} now
 */
export function spans(offered, now) {
  return [...new Set([...offered, now])].sort((a, b) => a - b);
}

/**
 * A time in the largest unit that it is a whole number of.
 * @param {number} seconds
 * @param {Record<"minutes" | "hours" | "days", (n: number, shown: string) => string>} words
 * @param {(value: number) => string} number
 */
export function span(seconds, words, number) {
  const [unit, length] = seconds % DAY === 0 ? /** @type {const} */ (["days", DAY]) : seconds % HOUR === 0 ? /** @type {const} */ (["hours", HOUR]) : /** @type {const} */ (["minutes", MINUTE]);
  const n = seconds / length;
  return words[unit](n, number(n));
}

/**
 * Of whom a second factor is demanded and when sign-ins end, a field each.
 * @param {Rules} rules
 */
export function endsForm({ demand, idle, life, version }) {
  return { ...Object.fromEntries(ROLES.map((role) => [role, demand.includes(role)])), idle, life, version };
}

/**
 * What is sent for fields of that form.
 * @param {Rules} seen
 * @param {Record<string, unknown>} changed
 * @returns {Record<string, unknown>}
 */
export function endsBody(seen, changed) {
  const { idle, life, version } = changed;
  const demanded = ROLES.filter((role) => changed[role] ?? seen.demand.includes(role));
  return {
    ...(ROLES.some((role) => role in changed) && { demand: demanded }),
    ...(idle !== undefined && { idle }),
    ...(life !== undefined && { life }),
    version,
  };
}

/** A new one of the company's, before anybody has typed anything. @type {Provider} */
const BLANK = { label: "", issuer: "", clientID: "", nameClaim: "preferred_username", match: false, create: false, groupsClaim: "", groups: [] };

/**
 * The company's sign-in, a field each; its groups aren't among them.
 * @param {Rules} rules
 */
export function providerForm({ provider, version }) {
  const { groups, ...fields } = provider ?? BLANK;
  return { ...fields, secret: "", version };
}

/**
 * What is sent for fields of that form; the server keeps the secret that it has
 * if none is typed.
 * @param {Rules} seen
 * @param {Record<string, unknown>} changed
 */
export function providerBody({ provider }, changed) {
  const { version, ...fields } = changed;
  return { provider: { ...(provider ?? BLANK), ...fields }, version };
}

/**
 * What is sent for other groups.
 * @param {Rules} seen
 * @param {GroupRole[]} groups
 */
export function groupsBody({ provider, version }, groups) {
  return { provider: { ...(provider ?? BLANK), groups }, version };
}

/**
 * A list, one of which is before the one that it was behind.
 * @template T
 * @param {T[]} list
 * @param {number} at 1 at least
 */
export function raised(list, at) {
  return list.with(at - 1, list[at]).with(at, list[at - 1]);
}

/** @param {string} text @param {{empty?: boolean}} [may] */
export function fitsProvider(text, { empty = false } = {}) {
  return (empty || text !== "") && new TextEncoder().encode(text).length <= MOST_OCTETS;
}

/**
 * Whether this is an issuer's URL (OpenID Connect Discovery 1.0, section 3), or
 * one of this very machine.
 * @param {string} text
 */
export function isIssuer(text) {
  const url = URL.parse(text);
  if (!url || !fitsProvider(text) || url.username || url.password || /[?#\s]/.test(text)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname));
}

/**
 * Whether the secret that the server has is lost by a change, as it is for
 * another provider or client.
 * @param {Rules} seen
 * @param {Record<string, unknown>} changed
 */
export function losesSecret({ providerSecret }, changed) {
  return providerSecret === true && ("issuer" in changed || "clientID" in changed) && !("secret" in changed);
}

/** @param {Pick<User, "totp" | "passkeys">} user */
export const hasFactor = ({ totp = false, passkeys = 0 }) => totp || passkeys > 0;

/**
 * Those of whom a second factor is demanded, and who have none.
 * @param {User[]} users
 * @param {readonly Role[]} demand
 */
export function lacking(users, demand) {
  return users.filter((user) => user.active && demand.includes(user.role) && !hasFactor(user));
}
