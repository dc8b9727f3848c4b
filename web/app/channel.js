/**
 * A channel: frames both ways on one stream of a link.
 * @module
 */
import { Decoder, encode } from "./wire.js";

export class Channel {
  #stream;
  #heard;

  /**
   * @param {import("./link.js").Stream} stream
   * @param {() => void} heard called whenever anything came
   */
  constructor(stream, heard) {
    this.#stream = stream;
    this.#heard = heard;
  }

  /**
   * Sends one frame. A stream that no longer takes octets is seen by `run`.
   * @param {string} type
   * @param {string[]} [fields]
   * @param {Uint8Array} [payload]
   */
  send(type, fields, payload) {
    this.#stream.write(encode(type, fields, payload)).catch(() => {});
  }

  /**
   * Reads until FIN, handing on what came together in one go.
   * @param {(frames: import("./wire.js").Frame[]) => void} take
   * @throws {import("./link.js").Reset} the stream was reset or is lost
   * @throws {import("./wire.js").Malformed} the server speaks something else
   */
  async run(take) {
    const decoder = new Decoder();
    for (let octets = await this.#stream.read(); octets; octets = await this.#stream.read()) {
      this.#heard();
      /** @type {import("./wire.js").Frame[]} */
      const frames = [];
      try {
        decoder.push(octets, (frame) => frames.push(frame));
      } finally {
        if (frames.length > 0) take(frames);
      }
    }
  }

  finish() {
    this.#stream.finish();
  }

  drop() {
    this.#stream.drop();
  }
}
