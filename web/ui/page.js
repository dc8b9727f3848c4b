/**
 * The page: chooses the language, and shows the view for the address and for
 * who one is. Its views never touch the address themselves, but for the room.
 * @module
 */
import { api } from "../app/api.js";
import { choose, formats } from "../app/words.js";
import { opening } from "./begin.js";
import "./check.js";
import "./entry.js";
import "./room.js";

/** @typedef {import("../app/rooms.js").Me} Me */
/** @typedef {{words: import("../app/words.js").Dictionary, formats: import("../app/words.js").Formats}} Speech */

class Page extends HTMLElement {
  /** @type {Speech} */
  #speech;
  /** For the first room. */
  #opening = opening;

  connectedCallback() {
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
    try {
      this.#openRoom(await (me ?? api.whoAmI()));
    } catch (problem) {
      this.#enter({ view: "sign-in", problem });
    }
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
      if (purpose.view !== "sign-in") history.replaceState(null, "", "/");
      this.#openRoom(/** @type {CustomEvent<Me>} */ (event).detail);
    });
    entry.addEventListener("retry", () => void this.#route());
    this.replaceChildren(entry);
  }

  /** @param {Me} me */
  #openRoom(me) {
    const { words } = this.#speech;
    const room = /** @type {import("./room.js").Room} */ (document.createElement("rr-room"));
    room.speech = this.#speech;
    room.me = me;
    room.opening = this.#opening;
    this.#opening = null;
    room.addEventListener("ended", (event) => {
      const why = /** @type {CustomEvent<string>} */ (event).detail;
      this.#enter({ view: "sign-in", notice: why === "deactivated" ? words.signIn.deactivated : words.signIn.ended });
    });
    this.replaceChildren(room);
  }
}

customElements.define("rr-page", Page);
