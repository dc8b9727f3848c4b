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
/** @typedef {Pick<import("./version.js").Version, "heard">} Version */

const TICKET_WITHIN = 10_000;
/** How long a page that is loaded again, as the server has another one, has for that. */
const RELOAD_WITHIN = 10_000;

export class Opening {
  #race;
  #found;
  #life = new AbortController();
  #taken = false;

  /** @param {{api: Pick<import("./api.js").Api, "whoAmI" | "ticket">, race: Race, clock: Clock, version?: Version, known?: boolean}} parts known: whether somebody seems to be signed in; else a ticket is asked for only once that is so */
  constructor({ api, race, clock, version, known = true }) {
    this.#race = race;
    /** Who one is, or why there is no answer. */
    this.me = api.whoAmI();
    const begin = () => connect({ api, race, clock, version }, false, this.#life.signal);
    this.#found = known ? begin() : this.me.then(begin);
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
 * @param {{api: Pick<import("./api.js").Api, "ticket">, race: Race, clock: Clock, version?: Version}} parts
 * @param {boolean} together whether all transports start at the same time
 * @param {AbortSignal} life
 */
export async function connect({ api, race, clock, version }, together, life) {
  const asked = clock.now();
  const ticket = await askTicket({ api, clock, version }, life);
  return { ticket, link: await race.dial(ticket, together, life, clock.now() - asked) };
}

/**
 * A ticket, which also says whether this page is the one that the server has:
 * if not, it may be loaded again instead.
 * @param {{api: Pick<import("./api.js").Api, "ticket">, clock: Clock, version?: Version}} parts
 * @param {AbortSignal} life
 * @throws {import("./api.js").Problem}
 */
export async function askTicket({ api, clock, version }, life) {
  const asking = new AbortController();
  const giveUp = () => asking.abort();
  const cancel = clock.after(TICKET_WITHIN, giveUp);
  life.addEventListener("abort", giveUp);
  try {
    const ticket = await api.ticket(asking.signal);
    life.throwIfAborted();
    if (version?.heard(ticket.page)) {
      await new Promise((resolve) => clock.after(RELOAD_WITHIN, () => resolve(null)));
      life.throwIfAborted();
    }
    return ticket;
  } finally {
    cancel();
    life.removeEventListener("abort", giveUp);
  }
}

function none() {}
