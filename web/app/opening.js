/**
 * The first link of a page, begun while the rest of the page still loads: who
 * one is and a ticket are asked for side by side, and a way to the server is
 * raced for. A session takes it over; one that can't connects by itself.
 * @module
 */

/** @typedef {import("./clock.js").Clock} Clock */
/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./link.js").Ticket} Ticket */
/** @typedef {import("./race.js").Race} Race */

const TICKET_WITHIN = 10_000;

export class Opening {
  #race;
  #found;
  #life = new AbortController();
  #taken = false;

  /** @param {{api: Pick<import("./api.js").Api, "whoAmI" | "ticket">, race: Race, clock: Clock}} parts */
  constructor({ api, race, clock }) {
    this.#race = race;
    /** Who one is, or why there is no answer. */
    this.me = api.whoAmI();
    this.#found = connect({ api, race, clock }, false, this.#life.signal);
    this.#found.catch(none);
    // Nobody is signed in, or who is isn't known: there will be no session for this.
    this.me.catch(() => this.close());
  }

  /**
   * Hands over what was begun, once it is there.
   * @param {AbortSignal} life ends what is still pending
   * @returns {Promise<{link: Link, ticket: Ticket}>} rejects where it came to nothing
   */
  async take(life) {
    this.#life.signal.throwIfAborted();
    this.#taken = true;
    life.addEventListener("abort", () => this.#life.abort());
    return this.#found;
  }

  /** Gives up what nobody took. */
  close() {
    if (this.#taken) return;
    this.#life.abort();
    this.#race.stop();
    void this.#found.then(({ link }) => link.close(), none);
  }
}

/**
 * A link, and the ticket that it was opened with.
 * @param {{api: Pick<import("./api.js").Api, "ticket">, race: Race, clock: Clock}} parts
 * @param {boolean} together whether all transports start at the same time
 * @param {AbortSignal} life
 */
export async function connect({ api, race, clock }, together, life) {
  const ticket = await askTicket({ api, clock }, life);
  return { ticket, link: await race.dial(ticket, together, life) };
}

/**
 * @param {{api: Pick<import("./api.js").Api, "ticket">, clock: Clock}} parts
 * @param {AbortSignal} life
 * @throws {import("./api.js").Problem}
 */
export async function askTicket({ api, clock }, life) {
  const asking = new AbortController();
  const giveUp = () => asking.abort();
  const cancel = clock.after(TICKET_WITHIN, giveUp);
  life.addEventListener("abort", giveUp);
  try {
    const ticket = await api.ticket(asking.signal);
    life.throwIfAborted();
    return ticket;
  } finally {
    cancel();
    life.removeEventListener("abort", giveUp);
  }
}

function none() {}
