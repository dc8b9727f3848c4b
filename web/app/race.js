/**
 * Which way to the server: WebTransport alone at first, then a WebSocket beside
 * it, and the first that is ready. While a WebSocket is what works, it goes on
 * to try WebTransport, one try at a time.
 *
 * It opens and closes links, and never says a word on one.
 * @module
 */

/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./link.js").Ticket} Ticket */
/** @typedef {import("./link.js").Try} Try */

/**
 * @typedef {object} Openers
 * @property {import("./link.js").Opener | null} webTransport null where the browser has none
 * @property {import("./link.js").Opener} webSocket
 */

/** How long WebTransport is alone, or as long as the ticket took: a server that has much to do isn't asked twice. */
const HEAD_START = 400;
const LONGEST_HEAD = 3000;
/** From one beginning of a WebTransport try to the next, where a WebSocket gets through. */
const RETURN_EVERY = 30_000;
/** A ticket's certificate hashes end in time, after which no try by it can succeed. */
const TICKET_FRESH = 30 * 60_000;
/** Browsers may keep a try pending for longer than it can be of use. */
const TRY_WITHIN = 25_000;
const DIAL_WITHIN = 10_000;

export class Race {
  #clock;
  #open;
  /** @type {Ticket | null} */
  #ticket = null;
  #ticketAt = 0;
  #renew = (/** @type {() => Promise<Ticket>} */ (() => Promise.reject(new Error("there is no other ticket"))));

  /** The one WebTransport try that is pending. @type {Try | null} */
  #pending = null;
  #began = 0;
  /** Whether a WebSocket got through where the newest WebTransport try hadn't. */
  #blocked = false;
  #seeking = false;
  /** What takes a WebTransport link that is ready, and what hears that a try came to nothing. */
  #ready = (/** @type {Link} */ link) => link.close();
  #failed = () => {};
  /** Ready before anybody wanted it. @type {Link | null} */
  #kept = null;
  #cancelTry = () => {};
  #cancelNext = () => {};

  /**
   * @param {import("./clock.js").Clock} clock
   * @param {Openers} open
   */
  constructor(clock, open) {
    this.#clock = clock;
    this.#open = open;
  }

  /**
   * The first link that is ready. If it is a WebSocket, a WebTransport try that
   * is pending goes on, for `seek`.
   * @param {Ticket} ticket
   * @param {boolean} together whether both start at the same time
   * @param {AbortSignal} signal
   * @param {number} [took] how long the ticket had been asked for, in ms
   * @returns {Promise<Link>}
   */
  dial(ticket, together, signal, took = 0) {
    this.stop();
    this.#ticket = ticket;
    this.#ticketAt = this.#clock.now();
    return new Promise((resolve, reject) => {
      /** @type {Try | null} */
      let socket = null;
      let socketFailed = false;
      let settled = false;

      const settle = (/** @type {boolean} */ blocked) => {
        settled = true;
        this.#blocked = blocked;
        signal.removeEventListener("abort", lose);
        cancelLate();
        cancelSocket();
        this.#ready = (link) => this.#keep(link);
        this.#failed = () => {};
      };
      const lose = () => {
        // Neither gets through, which says nothing against WebTransport.
        settle(false);
        socket?.close();
        this.stop();
        reject(new Error("no way to the server"));
      };
      const startSocket = () => {
        if (socket) return;
        cancelSocket();
        socket = attempt(this.#open.webSocket, ticket);
        socket.ready.then(
          (link) => {
            if (settled) return link.close();
            settle(true);
            resolve(link);
          },
          () => {
            socketFailed = true;
            if (!settled && !this.#pending) lose();
          },
        );
      };
      this.#ready = (link) => {
        settle(false);
        socket?.close();
        resolve(link);
      };
      this.#failed = () => (socketFailed ? lose() : startSocket());

      const cancelLate = this.#clock.after(DIAL_WITHIN, lose);
      const cancelSocket = this.#clock.after(Math.min(Math.max(HEAD_START, took), LONGEST_HEAD), startSocket);
      signal.addEventListener("abort", lose);
      if (!this.#blocked || this.#clock.now() >= this.#began + RETURN_EVERY) this.#try();
      if (together || !this.#pending) startSocket();
    });
  }

  /**
   * Goes on to try WebTransport, until a link is ready; it may be handed over
   * at once. Called again when that link came to nothing.
   * @param {(link: Link) => void} found
   * @param {() => Promise<Ticket>} renew asks for another ticket, when the one that there is has grown old
   */
  seek(found, renew) {
    this.#seeking = true;
    this.#renew = renew;
    this.#ready = (link) => {
      this.#seeking = false;
      found(link);
    };
    this.#failed = () => this.#later();
    const kept = this.#kept;
    this.#kept = null;
    if (kept) this.#ready(kept);
    else if (!this.#pending) this.#later();
  }

  /** There is news about the network: what it said of WebTransport may no longer be so. */
  hurry() {
    if (!this.#seeking) {
      this.#blocked = false;
      return;
    }
    this.#cancelNext();
    this.#try();
  }

  /** Gives up what is pending. */
  stop() {
    this.#seeking = false;
    this.#cancelNext();
    this.#drop();
    this.#kept?.close();
    this.#kept = null;
  }

  #later() {
    this.#cancelNext();
    this.#cancelNext = this.#clock.after(Math.max(0, this.#began + RETURN_EVERY - this.#clock.now()), () => void this.#tryAgain());
  }

  /** Tries once more, by a ticket that is not too old. */
  async #tryAgain() {
    if (this.#clock.now() - this.#ticketAt >= TICKET_FRESH) {
      this.#began = this.#clock.now();
      const old = this.#ticket;
      try {
        const ticket = await this.#renew();
        if (this.#ticket !== old || !this.#seeking || this.#pending) return; // another dial, or try, has begun
        this.#ticket = ticket;
        this.#ticketAt = this.#clock.now();
      } catch {
        if (this.#ticket === old && this.#seeking && !this.#pending) this.#later();
        return;
      }
    }
    this.#try();
  }

  /** Begins a WebTransport try, in the place of one that is pending. */
  #try() {
    const { webTransport } = this.#open;
    this.#drop();
    if (!webTransport || !this.#ticket) return;
    const pending = attempt(webTransport, this.#ticket);
    const over = () => {
      if (this.#pending !== pending) return;
      this.#drop();
      this.#failed();
    };
    this.#pending = pending;
    this.#began = this.#clock.now();
    this.#cancelTry = this.#clock.after(TRY_WITHIN, over);
    pending.ready.then((link) => {
      if (this.#pending !== pending) return link.close();
      this.#cancelTry();
      this.#pending = null;
      this.#ready(link);
    }, over);
  }

  #drop() {
    this.#cancelTry();
    this.#pending?.close();
    this.#pending = null;
  }

  /** @param {Link} link */
  #keep(link) {
    this.#kept = link;
    void link.ended.then(() => {
      if (this.#kept === link) this.#kept = null;
    });
  }
}

/**
 * A try, also where the browser refuses to begin one.
 * @param {import("./link.js").Opener} open
 * @param {Ticket} ticket
 * @returns {Try}
 */
function attempt(open, ticket) {
  try {
    return open(ticket);
  } catch (error) {
    return { ready: Promise.reject(error), close() {} };
  }
}
