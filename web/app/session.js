/**
 * The page's session with the server: signs in by a token, WATCHes the room,
 * keeps a cursor in each of the topics that were last looked at, and comes back
 * by itself when the connection is lost. PROTOCOL.md sections 2 and 3.
 *
 * Posts go through its outbox, and outlive a session there.
 * @module
 */
import { Channel } from "./channel.js";
import { Pause, backoff } from "./clock.js";
import { Cursor } from "./cursor.js";
import { Outbox } from "./outbox.js";
import { number } from "./wire.js";

/** @typedef {import("./wire.js").Frame} Frame */
/** @typedef {import("./link.js").Link} Link */

/**
 * @typedef {object} Parts
 * @property {Pick<import("./api.js").Api, "ticket" | "messages">} api
 * @property {(ticket: import("./link.js").Ticket, signal: AbortSignal) => Promise<Link>} dial
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {() => number} random 0 to 1
 * @property {() => string} id a new client id
 */

/** @typedef {{code: number, seconds: number}} End how a session ended: BYE's code, 0 for lost */

/** What follows an end, by its code; any other is a loss: come back after a pause. */
const AFTER = /** @type {Record<number, "token" | "deactivated" | "later">} */ ({
  401: "token", // this sign-in has ended, perhaps only its live part: ask for a token
  410: "deactivated",
  503: "later", // after the seconds it says
});

const DIAL_WITHIN = 10_000;
const SIGN_IN_WITHIN = 10_000;
/** Silence after which we ask, and after which the session is gone. */
const ASK_AFTER = 15_000;
const LOST_AFTER = 30_000;
/** The same when there is a reason to doubt: the computer slept, the network changed. */
const DOUBT = 5_000;
/** A session that lived so long starts the count of failures anew. */
const STEADY = 5_000;
/** How many topics keep their channel. */
const KEPT = 5;

export class Session {
  #parts;
  #store;
  #clock;
  #pause;
  #stopped = false;
  /** When this session was signed in; 0 before. */
  #openedAt = 0;

  /** @type {Link | null} */
  #link = null;
  /** @type {Channel | null} */
  #control = null;
  #heardAt = 0;
  /** @type {(() => void) | null} */
  #beat = null;
  /** @type {((end: End) => void) | null} */
  #over = null;

  /** The last looked at is the last here. @type {Map<string, Cursor>} */
  #cursors = new Map();
  /** Posts, now or as soon as there is a way. @type {Outbox} */
  outbox;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#pause = new Pause(parts.clock);
    const { store, clock, id } = parts;
    this.outbox = new Outbox({ store, clock, id, cursor: (topic) => this.#cursors.get(topic) });
  }

  /** Connects, and stays connected until `stop`, or until the server says that this sign-in is over. */
  async start() {
    let failures = 0;
    let asked = false;
    while (!this.#stopped) {
      this.#openedAt = 0;
      const end = await this.#live();
      if (this.#stopped) return;
      if (this.#openedAt > 0 && this.#clock.now() - this.#openedAt >= STEADY) {
        failures = 0;
        asked = false;
      }
      const then = AFTER[end.code];
      if (then === "deactivated" || end.code === -401) {
        this.#say("ended", { why: then === "deactivated" ? "deactivated" : "signed-out" });
        return;
      }
      this.#say("waiting");
      if (then === "token" && !asked) {
        asked = true;
        continue;
      }
      asked = false;
      const least = end.seconds * 1000;
      await this.#pause.wait(least + backoff(failures++, this.#parts.random));
    }
  }

  /** Leaves for good. */
  stop() {
    this.#stopped = true;
    for (const cursor of this.#cursors.values()) cursor.close();
    this.outbox.stop();
    this.leave();
  }

  /** Closes the connection that there is; a page that comes back connects anew. */
  leave() {
    this.#link?.close(0, "");
    this.#over?.({ code: 0, seconds: 0 });
    this.#pause.cut();
  }

  /**
   * There is news about the network or about this computer: try at once, or
   * make sure that the connection still lives.
   */
  nudge() {
    const control = this.#control;
    if (control) {
      control.send("PING", []);
      const asked = this.#clock.now();
      this.#clock.after(DOUBT, () => {
        if (this.#control === control && this.#heardAt < asked) this.#over?.({ code: 0, seconds: 0 });
      });
    } else {
      this.#pause.cut();
    }
  }

  /**
   * Begins, or goes on, to read a topic.
   * @param {string} topic
   */
  open(topic) {
    let cursor = this.#cursors.get(topic);
    if (cursor) this.#cursors.delete(topic);
    else cursor = this.#cursor(topic);
    this.#cursors.set(topic, cursor);
    if (this.#link && this.#store.state.connection.state === "open") cursor.attach(this.#link);
    const unsent = this.outbox.topics;
    for (const [id, other] of this.#cursors) {
      if (this.#cursors.size <= KEPT) break;
      if (!unsent.has(id)) this.#drop(id, other);
    }
  }

  /**
   * Everything up to `seq` was read.
   * @param {string} topic
   * @param {number} seq
   */
  read(topic, seq) {
    this.#store.dispatch({ type: "read", topic, seq });
    this.#cursors.get(topic)?.read(seq);
  }

  /** @param {string} topic */
  older(topic) {
    return this.#cursors.get(topic)?.older() ?? Promise.resolve(false);
  }

  /**
   * Fetches older messages until `seq` is held.
   * @param {string} topic
   * @param {number} seq
   * @returns {Promise<boolean>} whether it is
   */
  async reach(topic, seq) {
    const cursor = this.#cursors.get(topic);
    if (!cursor || seq < cursor.from) return false;
    for (let pages = 0; cursor.start >= seq && pages < 20; pages++) if (!(await cursor.older(1000))) return false;
    return cursor.start < seq;
  }

  /**
   * @param {string} topic
   * @param {number} seq
   */
  quote(topic, seq) {
    return this.#cursors.get(topic)?.quote(seq);
  }

  /**
   * @param {string} topic
   * @param {number} keep
   */
  trim(topic, keep) {
    this.#cursors.get(topic)?.trim(keep);
  }

  /**
   * One session from its token to its end.
   * @returns {Promise<End>} code -401 where even the token was refused
   */
  async #live() {
    this.#say("connecting");
    /** @type {Link | null} */
    let link = null;
    try {
      const ticket = await this.#parts.api.ticket();
      link = await this.#dial(ticket);
      if (this.#stopped) throw new Error("stopped");
      return await this.#converse(link, ticket.token);
    } catch (error) {
      const { status = 0, seconds = 0 } = /** @type {{status?: number, seconds?: number}} */ (error);
      return { code: status === 401 ? -401 : 0, seconds };
    } finally {
      this.#link = this.#control = this.#over = null;
      this.#beat?.();
      for (const cursor of this.#cursors.values()) cursor.detach();
      link?.close(0, "");
    }
  }

  /** @param {import("./link.js").Ticket} ticket */
  async #dial(ticket) {
    const giveUp = new AbortController();
    const cancel = this.#clock.after(DIAL_WITHIN, () => giveUp.abort());
    try {
      const link = this.#parts.dial(ticket, giveUp.signal);
      const late = new Promise((_, reject) => giveUp.signal.addEventListener("abort", () => reject(new Error("no answer"))));
      return /** @type {Link} */ (await Promise.race([link, late]));
    } finally {
      cancel();
    }
  }

  /**
   * @param {Link} link
   * @param {string} token
   * @returns {Promise<End>}
   */
  async #converse(link, token) {
    /** @type {(end: End) => void} */
    let finish = () => {};
    const over = /** @type {Promise<End>} */ (new Promise((resolve) => (finish = resolve)));
    const lost = () => finish({ code: 0, seconds: 0 });
    this.#link = link;
    this.#over = finish;
    void link.ended.then(lost);
    const control = new Channel(await link.open(), () => (this.#heardAt = this.#clock.now()));
    control.send("TOKEN", [token]);
    const cancel = this.#clock.after(SIGN_IN_WITHIN, lost);
    const talk = {
      signedIn: () => {
        cancel();
        this.#control = control;
        this.#onSignedIn(link, control);
      },
      end: finish,
      refused: 0,
    };
    // A BYE comes before the end of the channel, and counts first.
    void control.run((frames) => frames.forEach((frame) => this.#onControl(control, frame, talk))).then(
      () => finish({ code: talk.refused, seconds: 0 }),
      lost,
    );
    const end = await over;
    cancel();
    control.finish();
    return end;
  }

  /**
   * @param {Link} link
   * @param {Channel} control
   */
  #onSignedIn(link, control) {
    this.#store.dispatch({ type: "watch" });
    this.#say("open", { via: link.name });
    control.send("WATCH", []);
    this.#heardAt = this.#openedAt = this.#clock.now();
    this.#listen();
    for (const topic of this.outbox.topics) if (!this.#cursors.has(topic)) this.#cursors.set(topic, this.#cursor(topic));
    for (const cursor of this.#cursors.values()) cursor.attach(link);
  }

  /** Asks when it has been silent for long, and gives up when it stays so. */
  #listen() {
    const silent = this.#clock.now() - this.#heardAt;
    if (silent >= LOST_AFTER) return this.#over?.({ code: 0, seconds: 0 });
    if (silent >= ASK_AFTER) this.#control?.send("PING", []);
    const next = silent >= ASK_AFTER ? LOST_AFTER : ASK_AFTER;
    this.#beat = this.#clock.after(next - silent, () => this.#listen());
  }

  /**
   * @param {Channel} control
   * @param {Frame} frame
   * @param {{signedIn: () => void, end: (end: End) => void, refused: number}} talk
   */
  #onControl(control, frame, talk) {
    const { fields, payload } = frame;
    const { dispatch } = this.#bound;
    switch (frame.type) {
      case "ACK":
        if (fields[0] === "TOKEN") talk.signedIn();
        else if (fields[0] === "WATCH") {
          dispatch({ type: "watched" });
          this.#dropGone();
        }
        return;
      case "ERR":
        // A BYE with the same code should follow; if not, the end of the channel tells.
        if (!this.#control) talk.refused = number(fields[0]) || 0;
        return;
      case "BYE":
        return talk.end({ code: number(fields[0]) || 0, seconds: number(fields[1]) || 0 });
      case "PING":
        return control.send("PONG", fields);
      case "DEAL":
        if (fields[1] === "gone") dispatch({ type: "deal-gone", id: fields[0] });
        else dispatch({ type: "deal", deal: { people: [], ...json(payload), id: fields[0] } });
        return this.#dropGone();
      case "TOPIC":
        if (fields[1] === "gone") dispatch({ type: "topic-gone", id: fields[0] });
        else dispatch({ type: "topic", topic: { number: 0, open: true, head: 0, ...json(payload), id: fields[0] } });
        return this.#dropGone();
      case "UNREAD": {
        const [count, read, head] = fields.slice(1).map(number);
        return dispatch({ type: "unread", topic: fields[0], count: count || 0, read: read || 0, head: head || 0 });
      }
      case "PRESENCE":
        return dispatch({ type: "presence", name: fields[0], presence: fields[1] ?? "offline" });
    }
  }

  /** Ends the cursors of topics that were taken away. */
  #dropGone() {
    const { topics, watched, stale } = this.#store.state;
    if (!watched || stale) return;
    for (const [id, cursor] of this.#cursors) if (!topics.has(id)) this.#drop(id, cursor);
  }

  /**
   * @param {string} id
   * @param {Cursor} cursor
   */
  #drop(id, cursor) {
    cursor.close();
    this.#cursors.delete(id);
    this.#store.dispatch({ type: "forget", topic: id });
  }

  /** @param {string} topic */
  #cursor(topic) {
    const { api, clock, random } = this.#parts;
    const unread = this.#store.state.topics.get(topic)?.unread ?? 0;
    return new Cursor(topic, unread, { api, clock, random, ...this.#bound });
  }

  /** What a cursor may call. */
  #bound = {
    /** @param {import("./rooms.js").Action} action */
    dispatch: (action) => this.#store.dispatch(action),
    heard: () => {
      this.#heardAt = this.#clock.now();
    },
    /** @param {string} topic */
    joined: (topic) => this.outbox.flush(topic),
    /** @param {string} topic */
    gone: (topic) => {
      this.#store.dispatch({ type: "topic-gone", id: topic });
      this.#dropGone();
    },
    /**
     * @param {string} id
     * @param {import("./cursor.js").Answer} answer
     */
    answered: (id, answer) => this.outbox.answered(id, answer),
  };

  /**
   * @param {import("./rooms.js").Connection["state"]} state
   * @param {{via?: string, why?: import("./rooms.js").Connection["why"]}} [more]
   */
  #say(state, more) {
    this.#store.dispatch({ type: "connection", state, at: this.#clock.now(), ...more });
  }
}

/** @param {Uint8Array} payload */
function json(payload) {
  try {
    const value = JSON.parse(new TextDecoder().decode(payload));
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
