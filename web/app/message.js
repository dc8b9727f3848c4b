/**
 * A message as it comes, from a frame or from the HTTP log, and what the chain
 * takes of it.
 * @module
 */
import { digest, unbase64, unhex } from "./chain.js";
import { number } from "./wire.js";

/** @typedef {import("./rooms.js").Message} Message */
/**
 * The link is being computed from when the message came, and holds none of its
 * words: what a redaction takes from the state is gone.
 * @typedef {{message: Message, link: Promise<import("./chain.js").Link>}} Arrival
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * @param {import("./wire.js").Frame} frame a MESSAGE
 * @returns {Arrival | null} null for one that makes no sense
 */
export function fromFrame({ fields, payload }) {
  const [seq, author, time, kind, ref, salt, ...more] = fields;
  const optional = new Map(more.map((field) => /** @type {[string, string]} */ (split(field))));
  return arrival(
    {
      seq: number(seq),
      author,
      time: number(time),
      kind,
      ref: ref ? number(ref) : 0,
      salt,
      redacted: optional.has("redacted") ? number(optional.get("redacted")) : undefined,
      digest: optional.get("digest"),
    },
    payload,
  );
}

/**
 * @param {import("./api.js").Entry} entry
 * @returns {Arrival | null}
 */
export function fromEntry(entry) {
  return arrival({ ...entry, ref: entry.ref ?? 0 }, encoder.encode(entry.body ?? ""));
}

/**
 * @param {import("./api.js").Entry & {ref: number}} entry
 * @param {Uint8Array} body
 * @returns {Arrival | null}
 */
function arrival({ seq, author, time, kind, ref, salt, redacted, digest: known }, body) {
  if (!author || !kind || ![seq, time, ref].every(Number.isSafeInteger)) return null;
  const length = redacted ?? body.length;
  const computed = known === undefined ? digest(unbase64(salt ?? ""), body) : Promise.resolve(unhex(known));
  return {
    message: { seq, author, time, kind, ref, text: decoder.decode(body), redacted: redacted !== undefined },
    link: computed.then((digest) => ({ seq, author, time, kind, ref, length, digest })),
  };
}

/** @param {string} field */
function split(field) {
  const at = field.indexOf("=");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
}
