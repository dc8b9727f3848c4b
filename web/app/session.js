/**
 * The page's session with the server: finds a way there, signs in by a token,
 * keeps the cursors where they are when one way has to be left for another, and
 * comes back by itself when the connection is lost. It gives up only when it is
 * told to. PROTOCOL.md section 2.
 *
 * Posts go through its outbox, and outlive a session there.
 * @module
 */
import { Pause, backoff } from "./clock.js";
import { Control } from "./control.js";
import { Cursors } from "./cursors.js";
import { Keeper } from "./keeper.js";
import { fromNews } from "./news.js";
import { askTicket, connect } from "./opening.js";
import { Outbox } from "./outbox.js";
import { hasOrphans } from "./rooms.js";
import { Typing } from "./typing.js";

/** @typedef {import("./control.js").End} End */
/** @typedef {import("./link.js").Link} Link */

/**
 * @typedef {object} Parts
 * @property {Pick<import("./api.js").Api, "ticket" | "messages">} api
 * @property {import("./race.js").Race} race its own until it is stopped
 * @property {Pick<import("./opening.js").Opening, "take"> | null} opening a first link in that race that was begun before; null for none
 * @property {import("./store.js").Store} store
 * @property {import("./clock.js").Clock} clock
 * @property {() => number} random 0 to 1
 * @property {() => string} id a new client id
 * @property {Pick<import("./version.js").Version, "heard">} [version] hears which page the server has
 * @property {Promise<import("./shelf.js").Shelf> | null} shelf where this browser keeps things; null: nowhere
 * @property {Pick<LockManager, "request">} [locks]
 * @property {string} tab a name for this room, that none in another tab has
 */

/** What follows an end, by its code; any other is a loss: come back after a pause. */
const AFTER = /** @type {Record<number, "token" | "deactivated">} */ ({
  401: "token", // this sign-in has ended, perhaps only its live part: ask for a token
  410: "deactivated",
  // 503: later, after the seconds it says
});
/** Instead of a code: even a token was refused; it was another one's. */
const SIGNED_OUT = -401;
const ANOTHER = -409;
/** @type {End} */
const LOST = { code: 0, seconds: 0, silent: false };

/** A session that lived so long starts the count of failures anew. */
const STEADY = 5_000;
/** How long a topic that is gone may take to be there again, with what one wrote for it, in ms. */
const GRACE = 2_000;
/** How long an answer is waited for when the browser says that there is no network. */
const DOUBT = 1_000;

export class Session {
  #parts;
  #store;
  #clock;
  #pause;
  #race;
  #opening;
  #stopped = false;
  /** Whether the next try is to be made at once. */
  #hurried = false;
  /** When this session was signed in; 0 before. */
  #openedAt = 0;

  /** @type {Control | null} */
  #current = null;
  /** On the way back to WebTransport, the one that is to be the current one. @type {Control | null} */
  #next = null;
  /** @type {((end: End) => void) | null} */
  #over = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { store, clock, api, random, id } = parts;
    this.#store = store;
    this.#clock = clock;
    this.#pause = new Pause(clock);
    this.#race = parts.race;
    this.#opening = parts.opening;
    const cursor = {
      api,
      clock,
      random,
      heard: () => this.#current?.heard(),
      joined: (/** @type {string} */ topic) => this.outbox.flush(topic),
      answered: (/** @type {string} */ id, /** @type {import("./cursor.js").Answer} */ answer) => this.outbox.answered(id, answer),
      refused: () => this.#over?.(LOST),
    };
    /** Posts, now or as soon as there is a way. */
    this.outbox = new Outbox({ store, clock, id, cursor: (topic) => this.cursors.get(topic), kept: (id) => this.keeper.kept(id) });
    /** One's places in the topics. */
    this.cursors = new Cursors({ store, outbox: this.outbox, cursor });
    const { shelf, locks, tab } = parts;
    /** What outlives this page. */
    this.keeper = new Keeper({ shelf, locks, tab, store, clock, cursors: () => this.cursors, adopted: (topics) => this.#onAdopted(topics), left: () => this.#onLeft() });
    /** Who types, oneself too. */
    this.typing = new Typing({ clock, dispatch: (action) => store.dispatch(action), send: (topic) => this.#sendTyping(topic) });
  }

  /** @type {Promise<import("./windows.js").Windows> | null} */
  #windows = null;

  /** Where one looks in a topic, when that isn't the newest. It rejects if what reads there didn't come. */
  windows() {
    const { api } = this.#parts;
    return (this.#windows ??= import("./windows.js").then(
      ({ Windows }) => new Windows({ store: this.#store, api, cursors: this.cursors }),
      (error) => {
        this.#windows = null; // it is asked for again when it is needed
        throw error;
      },
    ));
  }

  /**
   * Looks at the newest again.
   * @param {string} topic
   */
  home(topic) {
    void this.#windows?.then((windows) => windows.home(topic), () => {});
  }

  #unsubscribe = () => {};
  /** @type {(() => void) | null} */
  #grace = null;

  /** Gives up what was written for topics that don't come again. */
  #look() {
    if (this.#grace || !hasOrphans(this.#store.state)) return;
    this.#grace = this.#clock.after(GRACE, () => {
      this.#grace = null;
      this.#store.dispatch({ type: "give-up" });
    });
  }

  /** Connects, and stays connected until `stop`, or until the server says that this sign-in is over. */
  async start() {
    this.#unsubscribe = this.#store.subscribe(() => this.#look());
    await this.keeper.begin();
    let failures = 0;
    let asked = false;
    let silent = false;
    while (!this.#stopped) {
      this.#openedAt = 0;
      const end = await this.#live(silent);
      if (this.#stopped) return;
      if (this.#openedAt > 0 && this.#clock.now() - this.#openedAt >= STEADY) {
        failures = 0;
        asked = false;
      }
      const then = AFTER[end.code];
      if (end.code === ANOTHER) return this.#onLeft();
      if (then === "deactivated" || end.code === SIGNED_OUT) {
        this.#say("ended", { why: then === "deactivated" ? "deactivated" : "signed-out" });
        return;
      }
      this.#say("waiting");
      silent = end.silent;
      asked = then === "token" && !asked;
      // What died in silence is left at once; should that be so again, after a pause.
      const atOnce = asked || this.#hurried || (silent && failures === 0);
      this.#hurried = false;
      const pause = backoff(failures, this.#parts.random);
      if (silent || !atOnce) failures++;
      if (!atOnce) await this.#pause.wait(end.seconds * 1000 + pause);
    }
  }

  /** Leaves for good. */
  stop() {
    this.#stopped = true;
    this.#unsubscribe();
    this.#grace?.();
    this.keeper.stop();
    this.cursors.close();
    this.outbox.stop();
    this.typing.stop();
    this.leave();
  }

  /** Closes the connection that there is; a page that comes back connects anew. */
  leave() {
    this.#over?.(LOST);
    this.#pause.cut();
  }

  /** There is news about the network: try at once all that may work now. */
  nudge() {
    this.#race.hurry();
    if (!this.#current?.signedIn) {
      this.#hurried = this.#over !== null;
      this.#over?.(LOST);
    }
    this.look();
  }

  /**
   * There is a reason to doubt, the computer slept or the network is gone: make
   * sure at once that the connection still lives.
   * @param {boolean} [gone] whether the browser says that there is no network
   */
  look(gone = false) {
    this.#current?.look(gone ? DOUBT : undefined);
    if (!gone) this.#pause.cut();
  }

  /**
   * One session from its token to its end.
   * @param {boolean} together whether all transports start at the same time
   * @returns {Promise<End>}
   */
  async #live(together) {
    this.#say("connecting");
    const life = new AbortController();
    const over = /** @type {Promise<End>} */ (new Promise((resolve) => (this.#over = resolve)));
    void this.#connect(together, life.signal);
    // In the same turn in which it is over nothing of it is left.
    const end = await over;
    life.abort();
    this.#over = null;
    this.#race.stop();
    this.#current?.close();
    this.#next?.close();
    this.#current = this.#next = null;
    this.cursors.detach();
    return end;
  }

  /**
   * @param {boolean} together
   * @param {AbortSignal} life
   */
  async #connect(together, life) {
    try {
      const { link, ticket } = (await this.#takeOpening(life)) ?? (await connect(this.#parts, together, life));
      if (life.aborted) return link.close();
      this.#current = this.#control(link, ticket.token, life);
    } catch (error) {
      if (life.aborted) return;
      const { status = 0, seconds = 0 } = /** @type {{status?: number, seconds?: number}} */ (error);
      this.#over?.({ code: status === 401 ? SIGNED_OUT : 0, seconds, silent: false });
    }
  }

  /**
   * What was begun before this session; null if there is nothing, or it came to nothing.
   * @param {AbortSignal} life
   */
  async #takeOpening(life) {
    const opening = this.#opening;
    this.#opening = null;
    try {
      return (await opening?.take(life)) ?? null;
    } catch {
      life.throwIfAborted();
      return null;
    }
  }

  /**
   * WebTransport works again: signs in there, beside what is in use until then.
   * @param {Link} link
   * @param {AbortSignal} life
   */
  async #goBack(link, life) {
    try {
      const { token } = await askTicket(this.#parts, life);
      if (!life.aborted) this.#next = this.#control(link, token, life);
      else link.close();
    } catch {
      link.close();
      if (!life.aborted) this.#seek(life);
    }
  }

  /** @param {AbortSignal} life */
  #seek(life) {
    this.#race.seek(
      (link) => void this.#goBack(link, life),
      () => askTicket(this.#parts, life),
    );
  }

  /**
   * @param {Link} link
   * @param {string} token
   * @param {AbortSignal} life
   */
  #control(link, token, life) {
    return new Control(link, token, {
      clock: this.#clock,
      signedIn: (control) => this.#onSignedIn(control, life),
      ended: (control, end) => {
        if (control === this.#current) this.#over?.(end);
        if (control !== this.#next) return;
        this.#next = null;
        this.#seek(life);
      },
      news: (frame) => this.#onNews(frame),
    });
  }

  /**
   * @param {Control} control
   * @param {AbortSignal} life
   */
  #onSignedIn(control, life) {
    // In this browser somebody else has signed in meanwhile.
    if (control.name !== this.#store.state.me.name) {
      control.close();
      this.#over?.({ code: ANOTHER, seconds: 0, silent: false });
      return;
    }
    const before = control === this.#next ? this.#current : null;
    this.#current = control;
    this.#next = null;
    const { link } = control;
    this.#store.dispatch({ type: "watch" });
    this.#say("open", { via: link.name });
    this.#openedAt ||= this.#clock.now();
    control.watch();
    this.cursors.attach(link);
    before?.close();
    void this.keeper.adopt();
    if (link.name === "WebSocket") this.#seek(life);
  }

  /** What takes RESULTs, by the id of what was asked for. @type {Map<string, (frame: import("./wire.js").Frame) => void>} */
  results = new Map();

  /**
   * Says a frame on the control channel; false where there is none now.
   * @param {string} type
   * @param {string[]} fields
   */
  say(type, fields) {
    if (!this.#current?.signedIn) return false;
    this.#current.say(type, fields);
    return true;
  }

  /** @param {import("./wire.js").Frame} frame */
  #onNews(frame) {
    if (frame.type === "RESULT") this.results.get(frame.fields[1])?.(frame);
    if (frame.type === "TYPING" && frame.fields.length >= 2) this.typing.heard(frame.fields[0], frame.fields[1]);
    const action = fromNews(frame);
    if (!action) return;
    this.#store.dispatch(action);
    if (["watched", "deal", "deal-gone", "topic", "topic-gone"].includes(action.type)) this.cursors.dropGone();
    // What waited for a topic that is there again is sent.
    if (action.type === "topic" && this.outbox.topics.has(action.topic.id)) this.cursors.tend();
  }

  /** @param {Set<string>} topics */
  #onAdopted(topics) {
    this.cursors.tend();
    for (const topic of topics) this.outbox.look(topic);
  }

  /** Somebody signed out, or in, in another tab. */
  #onLeft() {
    this.stop();
    this.#say("ended", { why: "elsewhere" });
  }

  /** @param {string} topic */
  #sendTyping(topic) {
    if (!this.#current?.signedIn) return false;
    this.#current.typing(topic);
    return true;
  }

  /**
   * @param {import("./rooms.js").Connection["state"]} state
   * @param {{via?: string, why?: import("./rooms.js").Connection["why"]}} [more]
   */
  #say(state, more) {
    this.#store.dispatch({ type: "connection", state, at: this.#clock.now(), ...more });
  }
}
