/**
 * The control channel of one link: signs in by a token, WATCHes the room, asks
 * whether the other side still lives, and says how it ended. PROTOCOL.md
 * sections 2 and 3.
 * @module
 */
import { Channel } from "./channel.js";
import { Pulse } from "./pulse.js";
import { Decoder, encode, number } from "./wire.js";

/** @typedef {import("./wire.js").Frame} Frame */

/**
 * How a session ended.
 * @typedef {object} End
 * @property {number} code BYE's; 0 for lost
 * @property {number} seconds to wait, as BYE said; 0 if it didn't
 * @property {boolean} silent whether it was only given up here, because nothing was heard
 */

/**
 * @typedef {object} Surroundings
 * @property {import("./clock.js").Clock} clock
 * @property {(control: Control) => void} signedIn further channels may be opened
 * @property {(control: Control, end: End) => void} ended called once, unless it was closed here
 * @property {(frame: Frame) => void} news a frame of WATCH, or TYPING
 */

const SIGN_IN_WITHIN = 10_000;
const ASK_AFTER = 2_000;
const ANSWER_WITHIN = 2_500;
/** How long the server goes without a sign of life before it gives a session up; PROTOCOL.md section 3. */
const GIVEN_UP_AFTER = 30_000;

export class Control {
  #around;
  #over = false;
  #signedIn = false;
  /** As whom it is signed in. */
  name = "";
  /** The code of an ERR before the sign-in. */
  #refused = 0;
  /** @type {Channel | null} */
  #channel = null;
  /** @type {Pulse | null} */
  #pulse = null;
  #cancel = () => {};

  /**
   * @param {import("./link.js").Link} link
   * @param {string} token
   * @param {Surroundings} around
   */
  constructor(link, token, around) {
    this.link = link;
    this.#around = around;
    this.#cancel = around.clock.after(SIGN_IN_WITHIN, () => this.#end(0));
    void link.ended.then((code) => this.#end(this.#refused || code));
    void this.#talk(token);
  }

  get signedIn() {
    return this.#signedIn;
  }

  /** Something came on the link. */
  heard() {
    this.#pulse?.heard();
  }

  /**
   * Makes sure that the other side still lives.
   * @param {number} [within] ms
   */
  look(within) {
    this.#pulse?.look(within);
  }

  /** Asks for the room's state, once and then live. */
  watch() {
    this.#channel?.send("WATCH");
  }

  /**
   * Says a frame on the control channel.
   * @param {string} type
   * @param {string[]} fields
   */
  say(type, fields) {
    this.#channel?.send(type, fields);
  }

  /** @param {string} topic */
  typing(topic) {
    const { datagrams } = this.link;
    if (datagrams) datagrams.send(encode("TYPING", [topic]));
    else this.#channel?.send("TYPING", [topic]);
  }

  /** Ends it here. */
  close() {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.#pulse?.stop();
    this.#channel?.finish();
    this.link.close();
  }

  /**
   * @param {number} code
   * @param {number} [seconds]
   * @param {boolean} [silent] what ends after a sleep did so long before
   */
  #end(code, seconds = 0, silent = this.#pulse?.slept ?? false) {
    if (this.#over) return;
    this.close();
    this.#around.ended(this, { code, seconds, silent });
  }

  /** @param {string} token */
  async #talk(token) {
    try {
      this.#channel = new Channel(await this.link.open(), () => this.heard());
      this.#channel.send("TOKEN", [token]);
      await this.#channel.run((frames) => frames.forEach((frame) => this.#take(frame)));
    } catch {
      // Its end, however it comes, is the session's.
    }
    this.#end(this.#refused);
  }

  /** @param {Frame} frame */
  #take(frame) {
    const { type, fields } = frame;
    if (this.#over) return;
    if (type === "ACK" && fields[0] === "TOKEN") this.#onSignedIn(fields[1] ?? "", fields[2] ?? "");
    // A BYE with the same code should follow; if not, the end of the channel tells.
    else if (type === "ERR" && !this.#signedIn) this.#refused = number(fields[0]) || 0;
    else if (type === "BYE") this.#end(number(fields[0]) || 0, number(fields[1]) || 0);
    else if (type === "PING") this.#channel?.send("PONG", fields);
    else this.#around.news(frame);
  }

  /**
   * @param {string} name
   * @param {string} key
   */
  #onSignedIn(name, key) {
    if (this.#signedIn) return;
    this.name = name;
    const { clock } = this.#around;
    this.#cancel();
    this.#signedIn = true;
    this.link.useKey(key);
    this.#pulse = new Pulse({
      clock,
      askAfter: ASK_AFTER,
      answerWithin: ANSWER_WITHIN,
      givenUpAfter: GIVEN_UP_AFTER,
      ask: () => this.#channel?.send("PING"),
      dead: () => this.#end(0, 0, true),
    });
    if (this.link.datagrams) void this.#receive(this.link.datagrams);
    this.#around.signedIn(this);
  }

  /** @param {import("./link.js").Datagrams} datagrams */
  async #receive(datagrams) {
    for (let octets = await datagrams.receive(); octets && !this.#over; octets = await datagrams.receive()) {
      this.heard();
      try {
        new Decoder().push(octets, (frame) => frame.type === "TYPING" && this.#around.news(frame));
      } catch {
        // A datagram that makes no sense is as good as lost.
      }
    }
  }
}
