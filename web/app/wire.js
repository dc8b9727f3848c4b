/**
 * Frames as octets: the grammar of PROTOCOL.md section 1, and nothing else.
 *
 * A frame is a text header of at most 1,024 octets and a payload of at most
 * 1 MiB. The grammar is canonical: what parses encodes to the same octets.
 * @module
 */

/**
 * @typedef {object} Frame
 * @property {string} type 1 to 16 of A-Z
 * @property {string[]} fields decoded; an empty string was written `-`
 * @property {Uint8Array} payload
 */

/** The longest header in octets, its LF included. */
export const MAX_HEADER = 1024;

/** The longest payload of any frame in octets. */
export const MAX_PAYLOAD = 1 << 20;

/** The longest text of a post in octets of UTF-8. */
export const MAX_TEXT = 64 << 10;

/** The header can't be read; the channel has to end. */
export class Malformed extends Error {}

const LF = 0x0a;
const EMPTY = new Uint8Array(0);
const TYPE = /^[A-Z]{1,16}$/;
const NUMBER = /^(?:0|[1-9][0-9]*)$/;
const VISIBLE = /^[\x21-\x7e]+$/;
const UNESCAPED = /^[\x21-\x24\x26-\x7e]+$/;
const ESCAPE = /^[0-9A-F]{2}$/;
const CONTROL = /[\x00-\x1f\x7f]/;

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/**
 * One frame as octets.
 * @param {string} type
 * @param {readonly string[]} [fields]
 * @param {Uint8Array} [payload]
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encode(type, fields = [], payload = EMPTY) {
  if (payload.length > MAX_PAYLOAD) throw new RangeError("wire: the payload is longer than 1 MiB");
  const head = encoder.encode(header(type, payload.length, fields));
  if (head.length > MAX_HEADER) throw new RangeError("wire: the header is longer than 1,024 octets");
  const octets = new Uint8Array(head.length + payload.length);
  octets.set(head);
  octets.set(payload, head.length);
  return octets;
}

/**
 * A header with its LF, all of it ASCII.
 * @param {string} type
 * @param {number} length
 * @param {readonly string[]} fields
 */
export function header(type, length, fields) {
  if (!TYPE.test(type)) throw new RangeError("wire: a type is 1 to 16 of A-Z");
  let text = `${type} ${length}`;
  for (const field of fields) text += ` ${encodeField(field)}`;
  return `${text}\n`;
}

/** @param {string} field */
function encodeField(field) {
  if (field === "") return "-";
  if (field === "-") return "%2D";
  if (UNESCAPED.test(field)) return field;
  if (CONTROL.test(field)) throw new RangeError("wire: a field has no control characters");
  let text = "";
  for (const octet of encoder.encode(field)) {
    text += isVisible(octet) ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

/**
 * Whether an octet stands for itself in a field.
 * @param {number} octet
 */
function isVisible(octet) {
  return octet >= 0x21 && octet <= 0x7e && octet !== 0x25;
}

/** @param {string} text */
function decodeField(text) {
  if (text === "-") return "";
  if (text === "%2D") return "-";
  if (UNESCAPED.test(text)) return text;
  const octets = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let octet = text.charCodeAt(at);
    if (octet === 0x25) {
      const digits = text.slice(at + 1, at + 3);
      octet = parseInt(digits, 16);
      if (!ESCAPE.test(digits) || isVisible(octet)) throw new Malformed("a field isn't in its canonical form");
      at += 2;
    }
    octets[length++] = octet;
  }
  let field;
  try {
    field = strict.decode(octets.subarray(0, length));
  } catch {
    throw new Malformed("a field isn't UTF-8");
  }
  if (CONTROL.test(field)) throw new Malformed("a field has control characters");
  return field;
}

/**
 * A header without its LF.
 * @param {Uint8Array} octets
 */
function parseHeader(octets) {
  const [type, length, ...rest] = latin1.decode(octets).split(" ");
  if (!TYPE.test(type)) throw new Malformed("a type is 1 to 16 of A-Z");
  if (length === undefined || !NUMBER.test(length)) throw new Malformed("the length isn't a number");
  if (length.length > 7 || Number(length) > MAX_PAYLOAD) throw new Malformed("the length is above 1 MiB");
  const fields = rest.map((text) => {
    if (!VISIBLE.test(text)) throw new Malformed("a field is empty or has octets that must be encoded");
    return decodeField(text);
  });
  return { type, length: Number(length), fields };
}

/**
 * Reads frames out of octets that come in pieces of any size. It keeps one
 * header or one payload, never more.
 */
export class Decoder {
  #header = new Uint8Array(MAX_HEADER);
  #held = 0;
  /** @type {Frame | null} */
  #open = null;
  #filled = 0;

  /**
   * Takes the next octets and hands on each frame that they complete.
   * @param {Uint8Array} octets
   * @param {(frame: Frame) => void} each
   * @throws {Malformed} after the frames before the bad header were handed on
   */
  push(octets, each) {
    let at = 0;
    while (at < octets.length) at = this.#open ? this.#fill(octets, at, each) : this.#head(octets, at, each);
  }

  /**
   * @param {Uint8Array} octets
   * @param {number} at
   * @param {(frame: Frame) => void} each
   */
  #head(octets, at, each) {
    const lf = octets.indexOf(LF, at);
    const end = lf < 0 ? octets.length : lf;
    // With its LF the header is one octet longer than what is held.
    if (this.#held + (end - at) >= MAX_HEADER) throw new Malformed("the header is longer than 1,024 octets");
    this.#header.set(octets.subarray(at, end), this.#held);
    this.#held += end - at;
    if (lf < 0) return end;
    const { type, length, fields } = parseHeader(this.#header.subarray(0, this.#held));
    this.#held = 0;
    const frame = { type, fields, payload: length === 0 ? EMPTY : new Uint8Array(length) };
    if (length === 0) each(frame);
    else this.#open = frame;
    return lf + 1;
  }

  /**
   * @param {Uint8Array} octets
   * @param {number} at
   * @param {(frame: Frame) => void} each
   */
  #fill(octets, at, each) {
    const frame = /** @type {Frame} */ (this.#open);
    const end = Math.min(octets.length, at + frame.payload.length - this.#filled);
    frame.payload.set(octets.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === frame.payload.length) {
      this.#open = null;
      this.#filled = 0;
      each(frame);
    }
    return end;
  }
}

/**
 * A field that must be a number, 0 to 2^53-1; NaN if it isn't one.
 * @param {string | undefined} field
 */
export function number(field) {
  if (field === undefined || !NUMBER.test(field)) return NaN;
  const value = Number(field);
  return Number.isSafeInteger(value) ? value : NaN;
}
