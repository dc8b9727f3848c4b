/**
 * Finds out what gets through from this browser to the server: one way after
 * the other, without signing in.
 * @module
 */
import { api } from "./api.js";
import { Channel } from "./channel.js";

/** @typedef {"tcp" | "http3" | "webtransport" | "websocket"} Way */

/**
 * What became of one way.
 * @typedef {object} Result
 * @property {Way} way
 * @property {"works" | "other" | "fails" | "refused" | "late" | "mute" | "missing" | "off"} outcome
 * other: something else was used in its place; refused: at once; late: nothing
 * within five seconds; mute: it opened, and a PING wasn't answered; missing in
 * the browser; off: not offered by the server
 * @property {string} [protocol] the version of HTTP that carried a request
 * @property {number} [opened] ms until it was open
 * @property {number} [answered] ms until the answer
 */

/**
 * What GET /api/check says.
 * @typedef {object} Offer
 * @property {string} address this browser's, as the server sees it
 * @property {string} protocol the version of HTTP, as the server sees it
 * @property {boolean} http3 whether the server offers it here
 * @property {{url: string, certificateHashes?: string[]}} [webtransport]
 * @property {{url: string}} [websocket]
 */

/** @typedef {{offer: Offer, protocol: string, took: number}} Answer protocol: "HTTP/2" and the like; took: ms */

/**
 * @typedef {object} Parts
 * @property {() => Promise<Answer>} ask
 * @property {((ticket: any) => import("./link.js").Try) | null} webTransport null where the browser has none
 * @property {(ticket: any) => import("./link.js").Try} webSocket
 * @property {import("./clock.js").Clock} clock
 */

/** @type {Way[]} */
export const WAYS = ["tcp", "http3", "webtransport", "websocket"];

/** As browsers and servers write it. @type {Record<string, string>} */
const PROTOCOLS = { h2: "HTTP/2", "HTTP/2.0": "HTTP/2", h3: "HTTP/3", "HTTP/3.0": "HTTP/3" };
const GIVE_UP = 5_000;
/** A browser turns to HTTP/3 only after it was offered, and not with the very next request. */
const REQUESTS = 5;
const BETWEEN = 300;

/**
 * @param {Parts} parts
 * @param {(result: Result) => void} each called as each is known
 * @returns {Promise<Offer | null>} null if the server didn't answer: then nothing else was tried
 */
export async function check(parts, each) {
  let first;
  try {
    first = await parts.ask();
  } catch {
    each({ way: "tcp", outcome: "fails" });
    return null;
  }
  const { offer, protocol, took } = first;
  each({ way: "tcp", outcome: protocol === "HTTP/3" ? "other" : "works", protocol, answered: took });
  each(await http3(parts, first));
  const { webTransport, webSocket, clock } = parts;
  if (!offer.webtransport) each({ way: "webtransport", outcome: "off" });
  else if (!webTransport) each({ way: "webtransport", outcome: "missing" });
  else each({ way: "webtransport", ...(await reach(() => webTransport(offer), clock)) });
  if (!offer.websocket) each({ way: "websocket", outcome: "off" });
  else each({ way: "websocket", ...(await reach(() => webSocket(offer), clock)) });
  return offer;
}

let asked = 0;

/**
 * Asks the server what it offers, and looks at what carried the question.
 * @returns {Promise<Answer>}
 */
export async function ask() {
  const number = ++asked;
  const began = performance.now();
  const offer = await api.offer(number, AbortSignal.timeout(GIVE_UP));
  const took = performance.now() - began;
  const protocol = (await carrier(`?${number}`)) || offer.protocol;
  return { offer, protocol: PROTOCOLS[protocol] ?? protocol.toUpperCase(), took };
}

/**
 * What the browser says that the newest request to this address went over; ""
 * if it doesn't.
 * @param {string} end of the address
 */
async function carrier(end) {
  // It says so a moment after the answer.
  for (let looks = 0; looks < 20; looks++) {
    const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const entry = entries.findLast(({ name }) => name.endsWith(`/api/check${end}`));
    if (entry) return entry.nextHopProtocol;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "";
}

/**
 * What it comes to, by the results of WebTransport and WebSocket.
 * @param {Result[]} results
 * @returns {"unreachable" | "best" | "alone" | "blocked" | "refused" | "missing" | "off" | "nothing"}
 */
export function verdict(results) {
  const outcome = (/** @type {Way} */ way) => results.find((result) => result.way === way)?.outcome;
  if (outcome("tcp") === "fails") return "unreachable";
  const transport = outcome("webtransport");
  const socket = outcome("websocket") === "works";
  if (transport === "works") return socket ? "best" : "alone";
  if (!socket) return "nothing";
  if (transport === "missing" || transport === "off") return transport;
  return transport === "refused" ? "refused" : "blocked";
}

/**
 * @param {Parts} parts
 * @param {Answer} answer
 * @returns {Promise<Result>}
 */
async function http3({ ask, clock }, answer) {
  if (!answer.offer.http3) return { way: "http3", outcome: "off" };
  for (let asked = 1; answer.protocol !== "HTTP/3" && asked < REQUESTS; asked++) {
    await new Promise((resolve) => clock.after(BETWEEN, () => resolve(undefined)));
    try {
      answer = await ask();
    } catch {
      return { way: "http3", outcome: "fails" };
    }
  }
  const { protocol, took } = answer;
  return { way: "http3", outcome: protocol === "HTTP/3" ? "works" : "other", protocol, answered: took };
}

/**
 * Opens a link, and asks for one answer on its first channel.
 * @param {() => import("./link.js").Try} open
 * @param {import("./clock.js").Clock} clock
 * @returns {Promise<Pick<Result, "outcome" | "opened" | "answered">>}
 */
async function reach(open, clock) {
  const began = clock.now();
  let opened = 0;
  let late = false;
  /** @type {import("./link.js").Try | null} */
  let attempt = null;
  /** @type {() => void} */
  let giveUp = () => {};
  const time = /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      giveUp = resolve;
    })
  );
  const cancel = clock.after(GIVE_UP, () => {
    late = true;
    giveUp();
  });
  const answer = async () => {
    attempt = open();
    const link = await attempt.ready;
    opened = clock.now();
    await ping(await link.open());
  };
  try {
    await Promise.race([answer(), time.then(() => Promise.reject(new Error("late")))]);
    return { outcome: "works", opened: opened - began, answered: clock.now() - opened };
  } catch {
    if (opened > 0) return { outcome: "mute" };
    return { outcome: late ? "late" : "refused" };
  } finally {
    cancel();
    /** @type {import("./link.js").Try | null} */ (attempt)?.close();
  }
}

/** @param {import("./link.js").Stream} stream */
function ping(stream) {
  const channel = new Channel(stream, () => {});
  return new Promise((resolve, reject) => {
    channel.send("PING", ["x"]);
    channel.run((frames) => frames.some((frame) => frame.type === "PONG") && resolve(undefined)).then(reject, reject);
  });
}
