/**
 * The page: chooses the language, and shows the view for the address and for
 * who one is. Its views never touch the address themselves, but for the room.
 * @module
 */
import { api, asking } from "../app/api.js";
import { clock, within } from "../app/clock.js";
import { PATIENCE } from "../app/keeper.js";
import { isLeaving, left } from "../app/leaving.js";
import { Shelf } from "../app/shelf.js";
import { choose, formats } from "../app/words.js";
import { opening } from "./begin.js";
import "./entry.js";
import "./room.js";

/** @typedef {import("../app/rooms.js").Me} Me */
/**
 * What is said, and how numbers and times are written. The words of parts are there as soon as `more` has fetched them.
 * @typedef {{words: import("../app/words.js").Dictionary, formats: import("../app/words.js").Formats, more: () => Promise<unknown>}} Speech
 */

/**
 * What is said, in each language: in the room and at the sign-in, by the room's parts, to who comes by a link, by the connection check, and in the administration.
 * @type {Record<string, {room: () => Promise<{default: import("../lang/en.js").RoomDictionary}>, parts: () => Promise<{default: import("../lang/en-parts.js").PartsDictionary}>, joining: () => Promise<{default: import("../lang/en-joining.js").JoiningDictionary}>, check: () => Promise<{default: import("../lang/en-check.js").CheckDictionary}>, admin: () => Promise<{default: import("../lang/en-admin.js").AdminDictionary}>}>}
 */
const DICTIONARIES = {
  en: { room: () => import("../lang/en.js"), parts: () => import("../lang/en-parts.js"), joining: () => import("../lang/en-joining.js"), check: () => import("../lang/en-check.js"), admin: () => import("../lang/en-admin.js") },
  de: { room: () => import("../lang/de.js"), parts: () => import("../lang/de-parts.js"), joining: () => import("../lang/de-joining.js"), check: () => import("../lang/de-check.js"), admin: () => import("../lang/de-admin.js") },
};
/** Statuses of a server that can't be reached, or not now: no answer, or a proxy's. */
const AWAY = [0, 429, 502, 503, 504];
/** How long one is kept from signing in for the words of why one has to, in ms. */
const SOON = 5_000;
/** Where links lead that make an account, or a password. */
const LINKS = ["/setup", "/invite"];
/** What only some addresses take, with what is said there. @param {string} language */
const joining = (language) => Promise.all([import("./joining.js"), DICTIONARIES[language].joining()]);
/** @param {string} language */
const check = (language) => Promise.all([import("./check.js"), DICTIONARIES[language].check()]);
/** Where the administration is. */
const ADMIN = "/admin";
/** Tells the other tabs that somebody signed out here. */
const TABS = new BroadcastChannel("redroom");

class Page extends HTMLElement {
  /** @type {Speech} */
  #speech;
  /** For the first room. */
  #opening = opening;
  /** What this browser keeps; rejects where it keeps nothing. */
  #shelf = Shelf.open();

  connectedCallback() {
    this.#shelf.catch(() => {}); // the room says so
    TABS.addEventListener("message", () => this.querySelector("rr-room, rr-admin") && void this.#again());
    void this.#begin();
  }

  async #begin() {
    const language = choose(location.search, sessionStorage, navigator.languages);
    // What belongs to the address comes beside the words. What didn't come is asked for again when it is needed.
    if (location.pathname === "/check") check(language).catch(() => {});
    if (LINKS.includes(location.pathname)) joining(language).catch(() => {});
    const dictionary = await this.#loaded(DICTIONARIES[language].room());
    if (!dictionary) return;
    document.documentElement.lang = language;
    const manifest = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=manifest]"));
    manifest.href = `${manifest.dataset.folder}/${language}.webmanifest`;
    // A region of one's own ("de-AT", "en-GB") keeps its way to write dates.
    const locale = navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
    const words = /** @type {import("../app/words.js").Dictionary} */ ({ ...dictionary.default });
    const more = async () => Object.assign(words, (await DICTIONARIES[language].parts()).default);
    this.#speech = { words, formats: formats(locale), more };
    asking.prove = async () => (await import("./proving.js")).prove(this.#speech);
    await this.#route(opening?.me);
  }

  /**
   * A part of the page. Without it this is as good as a script that didn't come: an error of this element.
   * @template T
   * @param {Promise<T>} part
   * @returns {Promise<T | null>}
   */
  async #loaded(part) {
    try {
      return await part;
    } catch {
      this.dispatchEvent(new Event("error"));
      return null;
    }
  }

  /** @param {Promise<Me>} [me] if it was asked already */
  async #route(me) {
    const token = location.hash.slice(1);
    const { pathname } = location;
    if (pathname === "/check") return this.#check();
    if (LINKS.includes(pathname)) {
      // The token is worth an account: it stays neither in the address bar nor in the history.
      history.replaceState(null, "", pathname + location.search);
      return this.#join(pathname, token);
    }
    if (isLeaving()) return this.#leave();
    try {
      await this.#open(await (me ?? api.whoAmI()));
    } catch (problem) {
      const { status = 0 } = /** @type {{status?: number}} */ (problem);
      const last = AWAY.includes(status) && pathname !== ADMIN ? await this.#lastPerson() : null;
      if (last) return this.#openRoom(last, { unsure: true });
      if (status === 401) await this.#forget({ all: false });
      const unsent = await this.#unsent();
      this.#signIn({ problem, ...unsent });
    }
  }

  /** Signs out at the server, which couldn't be told before. */
  async #leave() {
    await this.#forget({ all: true });
    const told = await api.signOut().then(
      () => true,
      (problem) => problem.status === 401,
    );
    if (!told) return this.#signIn({ notice: (await this.#reasons())?.leaving });
    left();
    await this.#route();
  }

  /** Somebody signed in or out in another tab: begins as a new document would. */
  async #again() {
    this.#clear();
    await this.#route();
  }

  /** Who was here last, to be shown what is kept. */
  async #lastPerson() {
    return this.#kept((shelf) => shelf.person(), null);
  }

  /** @param {{all: boolean}} what */
  async #forget(what) {
    await this.#kept((shelf) => shelf.wipe(what), undefined);
  }

  /**
   * Does something with what is kept, where the browser lets it and answers.
   * @template T
   * @param {(shelf: Shelf) => Promise<T>} work
   * @param {T} otherwise
   */
  async #kept(work, otherwise) {
    try {
      return await within(PATIENCE, clock, this.#shelf.then(work));
    } catch {
      return otherwise;
    }
  }

  /** What is said where somebody has to sign in before their posts are sent. */
  async #unsent() {
    const count = await this.#kept((shelf) => shelf.unsent(), 0);
    return count > 0 ? { unsent: (await this.#reasons())?.unsent(count, this.#speech.formats.number(count)) } : {};
  }

  /** Why one has to sign in again, in words, if they come soon: one can sign in without them. */
  async #reasons() {
    const { more, words } = this.#speech;
    await within(SOON, clock, more()).catch(() => {});
    return /** @type {Partial<typeof words>} */ (words).entry;
  }

  /** Takes away all that is shown, dialogs too. */
  #clear() {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    this.replaceChildren();
  }

  async #check() {
    const loaded = await this.#loaded(check(document.documentElement.lang));
    if (!loaded) return;
    const shown = /** @type {import("./check.js").Check} */ (document.createElement("rr-check"));
    shown.speech = { ...this.#speech, words: { ...this.#speech.words, ...loaded[1].default } };
    this.replaceChildren(shown);
  }

  /**
   * @param {string} pathname
   * @param {string} token
   */
  async #join(pathname, token) {
    const loaded = await this.#loaded(joining(document.documentElement.lang));
    if (!loaded) return;
    const [{ setUp, invitation }, words] = loaded;
    const speech = { ...this.#speech, words: { ...this.#speech.words, ...words.default } };
    this.#enter((entry) => void (pathname === "/setup" ? setUp : invitation)(entry, speech, token));
  }

  /** @param {import("./entry.js").Reason} reason */
  #signIn(reason) {
    this.#enter((entry) => entry.signIn(reason));
  }

  /** @param {(entry: import("./entry.js").Entry) => void} begin */
  #enter(begin) {
    const shown = /** @type {import("./entry.js").Entry} */ (document.createElement("rr-entry"));
    shown.speech = this.#speech;
    shown.begin = begin;
    shown.addEventListener("signed-in", (event) => {
      left();
      TABS.postMessage("entered");
      // What one came for by a link is done.
      if (LINKS.includes(location.pathname)) history.replaceState(null, "", "/");
      void this.#open(/** @type {CustomEvent<Me>} */ (event).detail);
    });
    shown.addEventListener("retry", () => void this.#route());
    this.replaceChildren(shown);
  }

  /** @param {Me} me */
  async #open(me) {
    if (me.enroll) return this.#enroll(me);
    if (location.pathname === ADMIN) await this.#openAdmin(me);
    else this.#openRoom(me);
  }

  /**
   * A second factor is demanded, and comes first.
   * @param {Me} me
   */
  async #enroll(me) {
    const enrolling = await this.#loaded(import("./enrolling.js"));
    if (enrolling) this.#enter((entry) => void enrolling.enroll(entry, me));
  }

  /**
   * The administration, which most never need.
   * @param {Me} me
   */
  async #openAdmin(me) {
    const parts = await this.#loaded(Promise.all([DICTIONARIES[document.documentElement.lang].admin(), import("./admin.js"), this.#speech.more()]));
    if (!parts) return;
    const admin = /** @type {import("./admin.js").Admin} */ (document.createElement("rr-admin"));
    admin.speech = this.#speech;
    admin.words = parts[0].default;
    admin.me = me;
    admin.opening = this.#opening;
    this.#opening = null;
    admin.addEventListener("ended", (event) => void this.#over(/** @type {CustomEvent<string>} */ (event).detail), { once: true });
    this.replaceChildren(admin);
  }

  /**
   * @param {Me} me
   * @param {{unsure?: boolean}} [how] whether the server hasn't said yet that this is who one is
   */
  #openRoom(me, { unsure = false } = {}) {
    const room = /** @type {import("./room.js").Room} */ (document.createElement("rr-room"));
    room.speech = this.#speech;
    room.me = me;
    room.unsure = unsure;
    room.shelf = this.#shelf;
    room.opening = this.#opening;
    this.#opening = null;
    room.addEventListener("ended", (event) => void this.#over(/** @type {CustomEvent<string>} */ (event).detail), { once: true });
    room.addEventListener("left", () => TABS.postMessage("left"));
    this.replaceChildren(room);
  }

  /**
   * This sign-in is over: nothing of the room stays here, but for what one
   * wrote and wasn't sent yet, for when one is back.
   * @param {string} why
   */
  async #over(why) {
    // What one has read as somebody else doesn't stay here.
    if (why === "role") {
      this.#clear();
      await this.#forget({ all: false });
    }
    if (why === "elsewhere" || why === "role") return this.#again();
    const deactivated = why === "deactivated";
    this.#clear();
    await this.#forget({ all: deactivated });
    const reasons = await this.#reasons();
    this.#signIn({ notice: deactivated ? reasons?.deactivated : reasons?.ended, ...(await this.#unsent()) });
  }
}

customElements.define("rr-page", Page);
