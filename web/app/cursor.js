/**
 * One reader's place in one topic: it outlives sessions, and JOINs where it
 * stopped. PROTOCOL.md section 4.
 *
 * A cursor is attached to a link, keeps a channel there for as long as the link
 * lives, and is detached when the link is gone. It alone decides what a code on
 * its channel means; it never gives up while it is attached, but for a topic
 * that one may not know of.
 * @module
 */
import { Channel } from "./channel.js";
import { Pause, backoff } from "./clock.js";
import { fromEntry, fromFrame } from "./message.js";
import { Proof } from "./proof.js";
import { Pulse } from "./pulse.js";
import { number } from "./wire.js";

/** @typedef {import("./wire.js").Frame} Frame */

/**
 * @typedef {object} Surroundings
 * @property {(action: import("./rooms.js").Action) => void} dispatch
 * @property {Pick<import("./api.js").Api, "messages">} api
 * @property {import("./clock.js").Clock} clock
 * @property {() => number} random
 * @property {() => void} heard something came on the link
 * @property {() => void} refused the link takes no further channels: its session is over
 * @property {(topic: string) => boolean} looked whether the tail of this topic is what one looks at
 * @property {(topic: string) => void} joined posts may be sent now
 * @property {(topic: string) => void} gone one may not know of it (any more)
 * @property {(id: string, answer: Answer) => void} answered
 */

/** @typedef {{code: number, seq: number, seconds: number, reason: string}} Answer what became of a post; code 0: accepted */

/** How many of the newest messages a first JOIN asks for, and a page of older ones. */
const PAGE = 200;
/** The most that a first JOIN asks for: where more is unread, one reads it by a window (windows.js). */
const MOST = 400;
/** A tail that nobody looks at is cut to a page when it has grown to so many messages. */
const LONG = 1000;
/** How much of what was read stands above what is new. */
const BEFORE = 20;
/** How long after a message the chain's value is compared, so that many share one HEAD. */
const CHECK_AFTER = 2_000;
const READ_EVERY = 1_000;
/** A channel that lived so long starts the count of failures anew. */
const STEADY = 5_000;
/** A channel that is a connection of its own is kept from being dropped for its silence, often after 60 s. */
const ASK_AFTER = 20_000;
const ANSWER_WITHIN = 5_000;
/** The code with which a stream is reset when the right to it ends. */
const NOT_FOUND = 404;
/** Before the JOIN is answered: the key to the session isn't good any more. */
const NOT_SIGNED_IN = 401;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Cursor {
  /** @type {import("./link.js").Link | null} */
  #link = null;
  /** @type {Channel | null} */
  #channel = null;
  #joined = false;
  #over = false;
  #pause;
  #first;

  #epoch = "";
  #from = 1;
  /** The messages that are held: #start+1 to #last. */
  #start = 0;
  #last = 0;
  #head = 0;

  /** @type {Proof} */
  #proof;
  #checked = -1;
  #mismatch = false;
  /** @type {(() => void) | null} */
  #checkSoon = null;
  /** @type {{seq: number, resolve: (hash: string) => void}[]} */
  #asked = [];

  #read = 0;
  #readSent = 0;
  /** @type {(() => void) | null} */
  #readSoon = null;
  #paging = false;
  /** What redactions named and isn't known yet. @type {Set<number>} */
  #named = new Set();

  /**
   * @param {string} topic
   * @param {number} unread how many messages should be there from the beginning
   * @param {Surroundings} around
   */
  constructor(topic, unread, around) {
    this.topic = topic;
    this.around = around;
    this.#first = unread + BEFORE > MOST ? PAGE : Math.max(PAGE, unread + BEFORE);
    this.#pause = new Pause(around.clock);
    this.#proof = new Proof(topic);
  }

  /** Whether posts can be sent. */
  get joined() {
    return this.#joined;
  }

  /** The seq before the first message that is held. */
  get start() {
    return this.#start;
  }

  /**
   * A window has become part of the tail, which begins further back now; there
   * the chain stays as it was told.
   * @param {number} start
   */
  merged(start) {
    this.#start = start;
  }

  /** The seq before the first message that the chain was recomputed for. */
  get proved() {
    return this.#proof.base;
  }

  /** The first seq that one may read. */
  get from() {
    return this.#from;
  }

  /**
   * Goes on from an earlier visit.
   * @param {import("./shelf.js").KeptLog} log
   */
  resume({ epoch, from, start, head, messages, hashes }) {
    this.#epoch = epoch;
    this.#from = from;
    this.#start = start;
    this.#last = start + messages.length;
    this.#head = head;
    void this.#proof.resume(start, hashes);
    this.#findNamed(messages);
  }

  /**
   * The chain's values from `start` to the newest message that came; none if
   * not all of them are known.
   * @param {number} start
   */
  hashes(start) {
    return this.#proof.since(start);
  }

  /** @param {import("./link.js").Link} link */
  attach(link) {
    if (this.#over || this.#link === link) return;
    this.detach();
    this.#link = link;
    void this.#keep(link);
  }

  /** The link is gone; the place is kept. */
  detach() {
    this.#link = null;
    this.#joined = false;
    this.#channel?.drop();
    this.#channel = null;
    this.#checkSoon?.();
    this.#checkSoon = null;
    for (const { resolve } of this.#asked.splice(0)) resolve("");
    this.#pause.cut();
  }

  /** Nobody reads here any more. */
  close() {
    this.#over = true;
    this.#channel?.finish();
    this.#channel = null;
    this.#readSoon?.();
    this.detach();
  }

  /**
   * Sends a post; its answer comes by `answered`.
   * @param {string} id
   * @param {import("./rooms.js").Message} message
   */
  post(id, { kind, ref, text }) {
    this.#channel?.send("POST", ref ? [id, kind, String(ref)] : [id], encoder.encode(text));
  }

  /**
   * Everything up to `seq` was read; told at most once a second.
   * @param {number} seq
   */
  read(seq) {
    this.#read = Math.max(this.#read, seq);
    if (!this.#readSoon) this.#tellRead();
  }

  #tellRead() {
    if (!this.#joined || this.#read <= this.#readSent) return;
    this.#readSent = this.#read;
    this.#channel?.send("READ", [String(this.#read)]);
    this.#readSoon = this.around.clock.after(READ_EVERY, () => {
      this.#readSoon = null;
      this.#tellRead();
    });
  }

  /**
   * Fetches the messages before those that are held.
   * @param {number} [limit]
   * @returns {Promise<boolean>} whether some came
   */
  async older(limit = PAGE) {
    const { dispatch, api } = this.around;
    const { topic } = this;
    if (this.#paging || this.#epoch === "" || this.#start < this.#from) return false;
    this.#paging = true;
    dispatch({ type: "older", topic, state: "loading" });
    const epoch = this.#epoch;
    const before = this.#start + 1;
    try {
      const { messages, links, ...page } = await (await import("./pages.js")).older(api, topic, this.#from, { before, limit });
      // Meanwhile the log may have begun anew, or have been cut.
      if (epoch !== this.#epoch || before !== this.#start + 1) {
        dispatch({ type: "older", topic, state: "idle" });
        return false;
      }
      if (page.epoch !== epoch || messages.length === 0) throw new Error("no page of this log");
      this.#start = before - 1 - messages.length;
      dispatch({ type: "page", topic, messages });
      if (links) void this.#prove(this.#start + 1, before - 1, links);
      return true;
    } catch {
      dispatch({ type: "older", topic, state: "failed" });
      return false;
    } finally {
      this.#paging = false;
    }
  }

  /**
   * Fetches one message that a reply speaks of.
   * @param {number} seq
   * @returns {Promise<boolean>} whether the server answered
   */
  async quote(seq) {
    const { dispatch, api } = this.around;
    let message = null;
    /** @type {import("./rooms.js").Message[]} */
    let edits = [];
    let answered = false;
    try {
      const page = await api.messages(this.topic, { after: seq - 1, limit: 1, edits: 1 });
      const found = page.messages.map(fromEntry)[0]?.message;
      if (found?.seq === seq) {
        message = found;
        edits = (page.edits ?? []).flatMap((entry) => fromEntry(entry)?.message ?? []);
      }
      answered = true;
    } catch {
      // It stays a reply to something that can't be shown.
    }
    dispatch({ type: "quote", topic: this.topic, seq, message, edits });
    return answered;
  }

  /** @param {import("./rooms.js").Message[]} messages */
  #findNamed(messages) {
    for (const { kind, ref } of messages) if (kind === "redact" && ref <= this.#start) this.#named.add(ref);
  }

  /**
   * A redaction may name an edit that isn't held: only once that is known, so
   * is the message that has to be forgotten with it.
   */
  async #learn() {
    for (const seq of this.#named) if (await this.quote(seq)) this.#named.delete(seq);
  }

  /**
   * Lets go of all but the newest messages.
   * @param {number} keep
   */
  trim(keep) {
    if (this.#paging || this.#last - this.#start <= keep) return;
    this.#start = this.#last - keep;
    void this.#proof.trim(this.#start);
    this.around.dispatch({ type: "trim", topic: this.topic, keep });
  }

  /**
   * Keeps a channel for as long as this link lives.
   * @param {import("./link.js").Link} link
   */
  async #keep(link) {
    const { clock, random, gone, refused } = this.around;
    let failures = 0;
    while (this.#link === link) {
      const began = clock.now();
      const end = await this.#channelLife(link);
      if (this.#link !== link) return;
      if (end.joined && clock.now() - began >= STEADY) failures = 0;
      if (end.code === NOT_FOUND && !end.joined) return gone(this.topic);
      if (end.code === NOT_SIGNED_IN && !end.joined) return refused();
      if (end.code === NOT_FOUND || end.code === 409) this.#forget(end);
      else if (end.seconds > 0) await this.#pause.wait(end.seconds * 1000);
      if (end.code !== 409 || failures > 0) await this.#pause.wait(backoff(failures, random));
      failures++;
    }
  }

  /**
   * One channel, from JOIN to its end.
   * @param {import("./link.js").Link} link
   * @returns {Promise<{code: number, joined: boolean, seconds: number, epoch: string}>}
   */
  async #channelLife(link) {
    const end = { code: 0, joined: false, seconds: 0, epoch: "" };
    const place = this.#epoch === "" ? [`-${this.#first}`] : [String(this.#last), this.#epoch, (await this.#proof.top()).hash];
    /** @type {Channel | null} */
    let channel = null;
    /** @type {Pulse | null} */
    let pulse = null;
    try {
      channel = new Channel(await link.open(), () => (pulse ? pulse.heard() : this.around.heard()));
      if (this.#link !== link) throw new Error("detached");
      this.#channel = channel;
      if (link.apart) pulse = this.#pulse(channel);
      channel.send("JOIN", [this.topic, ...place]);
      await channel.run((frames) => {
        if (this.#channel === channel) this.#take(frames, end);
      });
      channel.finish();
    } catch (error) {
      end.code ||= /** @type {{code?: number}} */ (error).code ?? 0;
      channel?.drop();
    } finally {
      pulse?.stop();
    }
    if (this.#channel === channel) {
      this.#channel = null;
      this.#joined = false;
      for (const { resolve } of this.#asked.splice(0)) resolve("");
    }
    return end;
  }

  /** @param {Channel} channel */
  #pulse(channel) {
    return new Pulse({
      clock: this.around.clock,
      askAfter: ASK_AFTER,
      answerWithin: ANSWER_WITHIN,
      ask: () => channel.send("PING"),
      dead: () => channel.drop(),
    });
  }

  /**
   * @param {Frame[]} frames
   * @param {{code: number, joined: boolean, seconds: number, epoch: string}} end
   */
  #take(frames, end) {
    /** @type {import("./message.js").Arrival[]} */
    let arrivals = [];
    for (const frame of frames) {
      if (frame.type === "MESSAGE") {
        arrivals.push(this.#expect(fromFrame(frame), arrivals.length));
        continue;
      }
      this.#append(arrivals);
      arrivals = [];
      this.#answer(frame, end);
    }
    this.#append(arrivals);
  }

  /**
   * @param {import("./message.js").Arrival | null} arrival
   * @param {number} ahead how many came before it that aren't counted yet
   */
  #expect(arrival, ahead) {
    if (arrival?.message.seq !== this.#last + ahead + 1) throw new Error("a message out of its order");
    return arrival;
  }

  /** @param {import("./message.js").Arrival[]} arrivals */
  #append(arrivals) {
    if (arrivals.length === 0) return;
    this.#last += arrivals.length;
    this.around.dispatch({ type: "messages", topic: this.topic, messages: arrivals.map((arrival) => arrival.message) });
    void this.#proof.extend(arrivals.map((arrival) => arrival.link));
    this.#findNamed(arrivals.map((arrival) => arrival.message));
    void this.#learn();
    if (this.#last - this.#start > LONG && !this.around.looked(this.topic)) this.trim(PAGE);
    if (this.#last < this.#head) return;
    if (this.#checked < 0) void this.#check();
    else this.#checkSoon ??= this.around.clock.after(CHECK_AFTER, () => {
      this.#checkSoon = null;
      void this.#check();
    });
  }

  /**
   * @param {Frame} frame
   * @param {{code: number, joined: boolean, seconds: number, epoch: string}} end
   */
  #answer({ type, fields, payload }, end) {
    switch (type) {
      case "ACK":
        if (!end.joined) {
          end.joined = true;
          this.#onJoined(fields);
        } else this.around.answered(fields[0], { code: 0, seq: number(fields[1]), seconds: 0, reason: "" });
        return;
      case "ERR": {
        const [code, ref, detail] = fields;
        if (!end.joined) {
          end.code = number(code) || 0;
          if (end.code === 409) end.epoch = detail ?? "";
          else end.seconds = number(detail) || 0;
        } else if (ref === "HEAD") this.#asked.shift()?.resolve("");
        else this.around.answered(ref, { code: number(code) || 0, seq: 0, seconds: number(detail) || 0, reason: decoder.decode(payload) });
        return;
      }
      case "HEAD": {
        const at = this.#asked.findIndex((question) => question.seq === number(fields[0]));
        if (at >= 0) this.#asked.splice(at, 1)[0].resolve(fields[1] ?? "");
        return;
      }
      case "PING":
        this.#channel?.send("PONG", fields);
    }
  }

  /** @param {string[]} fields of the ACK of JOIN */
  #onJoined([, headField, epoch = "", fromField, hash = ""]) {
    const head = number(headField);
    const from = number(fromField);
    if (Number.isNaN(head) || Number.isNaN(from)) throw new Error("an ACK of JOIN that makes no sense");
    const fresh = this.#epoch === "";
    const start = Math.max(fresh ? head - this.#first : this.#last, from - 1);
    if (fresh || start !== this.#last || from > this.#start + 1) {
      this.#start = this.#last = start;
      this.#checked = -1;
      void this.#proof.begin(start, hash).then((right) => right || this.#report(false, 0));
    }
    this.#epoch = epoch;
    this.#from = from;
    this.#head = head;
    this.#joined = true;
    this.around.dispatch({ type: "joined", topic: this.topic, epoch, from, head, start });
    this.around.joined(this.topic);
    void this.#learn();
    this.#tellRead();
    if (this.#last >= head) void this.#check();
  }

  /**
   * What is held isn't what the server has. Under another epoch that is a store
   * that was restored; under the same one, its history has changed.
   * @param {{code: number, epoch: string}} end
   */
  #forget({ code, epoch }) {
    const changed = code === 409 && epoch === this.#epoch;
    this.#epoch = "";
    this.#start = this.#last = 0;
    this.#checked = -1;
    this.#read = this.#readSent = 0;
    this.#named.clear();
    this.#mismatch ||= changed;
    this.around.dispatch({ type: "forget", topic: this.topic });
  }

  /** Compares the newest hash with the server's. */
  async #check() {
    if (this.#mismatch) return this.#report(false, this.#last);
    const { seq, hash } = await this.#proof.top();
    if (!this.#joined || seq === this.#checked) return;
    this.#checked = seq;
    const theirs = await this.#ask(seq);
    if (theirs !== "") this.#report(theirs === hash, seq);
    else this.#checked = -1;
  }

  /**
   * Proves a page of older messages against what is known.
   * @param {number} first
   * @param {number} end
   * @param {import("./proof.js").Coming[]} links from the first to the end
   */
  async #prove(first, end, links) {
    const hash = first === 1 ? "" : await this.#ask(first - 1);
    if (first > 1 && hash === "") return;
    const right = await this.#proof.prepend(links, hash);
    if (right) this.#report(true, Math.max(this.#checked, end));
    else if (this.#proof.base === end) this.#report(false, end);
  }

  /**
   * @param {boolean} ok
   * @param {number} to
   */
  #report(ok, to) {
    this.#mismatch ||= !ok;
    const check = { ok: !this.#mismatch, from: this.#proof.base + 1, to, at: this.around.clock.now() };
    this.around.dispatch({ type: "checked", topic: this.topic, check });
  }

  /**
   * The chain's value at a seq, by the server; "" if it didn't say.
   * @param {number} seq
   * @returns {Promise<string>}
   */
  #ask(seq) {
    return new Promise((resolve) => {
      if (!this.#joined) return resolve("");
      this.#asked.push({ seq, resolve });
      this.#channel?.send("HEAD", [String(seq)]);
    });
  }
}
