/**
 * What the server calculates for one: CALC, PROTOCOL.md section 3.
 * @module
 */
import { within } from "./clock.js";

/** How long the answer is waited for, in ms. */
const PATIENCE = 10_000;

/**
 * What somebody wants to have calculated, such as `1250000 * 7.5`: as CALC takes
 * it, and as it is posted; null where that can't be told. Whether it can be
 * calculated is the server's to say.
 * @param {string} text
 * @returns {{request: string, sum: string} | null}
 */
export function written(text) {
  const match = /^(-?[\d.]+)\s*([-+*/])\s*(-?[\d.]+)$/.exec(text.trim());
  if (!match) return null;
  const [, a, operation, b] = match;
  return { request: `${operation},${a},${b}`, sum: `${a} ${operation} ${b}` };
}

/**
 * Asks the server. Rejects with {status: 0} where no answer comes.
 * @param {Pick<import("./session.js").Session, "say" | "results">} session
 * @param {string} request
 * @param {import("./clock.js").Clock} clock
 * @returns {Promise<string | null>} null: it has no result
 */
export async function calculate(session, request, clock) {
  const id = crypto.randomUUID();
  const answer = /** @type {Promise<import("./wire.js").Frame>} */ (new Promise((resolve) => session.results.set(id, resolve)));
  try {
    if (!session.say("CALC", [id, request])) throw new Error("there is no connection");
    const { fields, payload } = await within(PATIENCE, clock, answer);
    return fields[0] === "200" ? new TextDecoder().decode(payload) : null;
  } catch {
    throw { status: 0 };
  } finally {
    session.results.delete(id);
  }
}
