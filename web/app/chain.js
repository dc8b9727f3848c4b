/**
 * The chain that makes a topic's log tamper-evident (PROTOCOL.md section 4.1),
 * computed by this browser from what it was given.
 * @module
 */
import { header } from "./wire.js";

/**
 * What the chain takes of one message.
 * @typedef {object} Link
 * @property {number} seq
 * @property {string} author
 * @property {number} time unix-ms
 * @property {string} kind
 * @property {number} ref 0 for none
 * @property {number} length octets of the body as first posted
 * @property {Uint8Array} digest 32 octets
 */

const encoder = new TextEncoder();

/**
 * hash(0) of a topic.
 * @param {string} topic
 */
export function seed(topic) {
  return sha256(encoder.encode(`rrp1\n${topic}\n`));
}

/**
 * digest(n) of a message.
 * @param {Uint8Array} salt 12 octets
 * @param {Uint8Array} body
 */
export function digest(salt, body) {
  return sha256(salt, body);
}

/**
 * hash(n) from hash(n-1) and message n.
 * @param {Uint8Array} previous
 * @param {Link} link
 */
export function advance(previous, link) {
  const fields = [String(link.seq), link.author, String(link.time), link.kind, link.ref ? String(link.ref) : ""];
  return sha256(previous, encoder.encode(header("MESSAGE", link.length, fields)), link.digest);
}

/** @param {...Uint8Array} parts */
async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** @param {Uint8Array} octets */
export function hex(octets) {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text lower-case hex */
export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {string} text base64, of either alphabet, with or without padding */
export function unbase64(text) {
  const plain = text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "");
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}
