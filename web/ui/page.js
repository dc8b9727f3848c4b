/**
 * The page: chooses the language, and shows the view for the address and for
 * who one is. Its views never touch the address themselves, but for the room.
 * @module
 */
import { api } from "../app/api.js";
import { clock, within } from "../app/clock.js";
import { PATIENCE } from "../app/keeper.js";
import { isLeaving, left } from "../app/leaving.js";
import { Shelf } from "../app/shelf.js";
import { choose, formats } from "../app/words.js";
import { opening } from "./begin.js";
import "./check.js";
import "./entry.js";
import "./room.js";

/** @typedef {import("../app/rooms.js").Me} Me */
/** @typedef {{words: import("../app/words.js").Dictionary, formats: import("../app/words.js").Formats}} Speech */

/** Statuses of a server that can't be reached, or not now: no answer, or a proxy's. */
const AWAY = [0, 429, 502, 503, 504];
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
    const words = await this.#load(language);
    if (!words) return;
    document.documentElement.lang = language;
    // A region of one's own ("de-AT", "en-GB") keeps its way to write dates.
    const locale = navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
    this.#speech = { words, formats: formats(locale) };
    await this.#route(opening?.me);
  }

  /**
   * The words of a language. Without them this is as good as a script that didn't come: an error of this element.
   * @param {string} language
   * @returns {Promise<import("../app/words.js").Dictionary | null>}
   */
  async #load(language) {
    try {
      return (await import(`../lang/${language}.js`)).default;
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
    if (pathname === "/setup" || pathname === "/invite") {
      // The token is worth an account: it stays neither in the address bar nor in the history.
      history.replaceState(null, "", pathname + location.search);
      return this.#enter(pathname === "/setup" ? { view: "setup", token } : { view: "invitation", token });
    }
    if (isLeaving()) return this.#leave();
    try {
      await this.#open(await (me ?? api.whoAmI()));
    } catch (problem) {
      const { status = 0 } = /** @type {{status?: number}} */ (problem);
      const last = AWAY.includes(status) && pathname !== ADMIN ? await this.#lastPerson() : null;
      if (last) return this.#openRoom(last, { unsure: true });
      if (status === 401) await this.#forget({ all: false });
      this.#enter({ view: "sign-in", problem, ...(await this.#unsent()) });
    }
  }

  /** Signs out at the server, which couldn't be told before. */
  async #leave() {
    await this.#forget({ all: true });
    const told = await api.signOut().then(
      () => true,
      (problem) => problem.status === 401,
    );
    if (!told) return this.#enter({ view: "sign-in", notice: this.#speech.words.signIn.leaving });
    left();
    await this.#route();
  }

  /** Somebody signed in or out in another tab: begins as a new document would, with what was being written. */
  async #again() {
    const room = /** @type {import("./room.js").Room | null} */ (this.querySelector("rr-room"));
    room?.putAside();
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
    return count > 0 ? { unsent: this.#speech.words.signIn.unsent(count, this.#speech.formats.number(count)) } : {};
  }

  /** Takes away all that is shown, dialogs too. */
  #clear() {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    this.replaceChildren();
  }

  #check() {
    const check = /** @type {import("./check.js").Check} */ (document.createElement("rr-check"));
    check.speech = this.#speech;
    this.replaceChildren(check);
  }

  /** @param {import("./entry.js").Purpose} purpose */
  #enter(purpose) {
    const entry = /** @type {import("./entry.js").Entry} */ (document.createElement("rr-entry"));
    entry.speech = this.#speech;
    entry.purpose = purpose;
    entry.addEventListener("signed-in", (event) => {
      left();
      TABS.postMessage("entered");
      if (purpose.view !== "sign-in") history.replaceState(null, "", "/");
      void this.#open(/** @type {CustomEvent<Me>} */ (event).detail);
    });
    entry.addEventListener("retry", () => void this.#route());
    this.replaceChildren(entry);
  }

  /** @param {Me} me */
  async #open(me) {
    if (location.pathname === ADMIN) await this.#openAdmin(me);
    else this.#openRoom(me);
  }

  /**
   * The administration, which most never need.
   * @param {Me} me
   */
  async #openAdmin(me) {
    const language = document.documentElement.lang;
    let words;
    try {
      [{ default: words }] = await Promise.all([import(`../lang/${language}-admin.js`), import("./admin.js")]);
    } catch {
      this.dispatchEvent(new Event("error"));
      return;
    }
    const admin = /** @type {import("./admin.js").Admin} */ (document.createElement("rr-admin"));
    admin.speech = this.#speech;
    admin.words = words;
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
    const { words } = this.#speech;
    const deactivated = why === "deactivated";
    this.#clear();
    await this.#forget({ all: deactivated });
    this.#enter({ view: "sign-in", notice: deactivated ? words.signIn.deactivated : words.signIn.ended, ...(await this.#unsent()) });
  }
}

customElements.define("rr-page", Page);
