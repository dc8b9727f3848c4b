/**
 * The administration: users, deals with their topics, the rules of signing in,
 * and the audit trail, each at a fragment of its own. Whoever is no admin is told so, and nothing else.
 *
 * It holds a session, only to hear at once when this sign-in or role ends.
 * @module
 */
import { api } from "../app/api.js";
import { Unsaved, isOvertaken, isUnsaved, placeOf } from "../app/administration.js";
import { clock } from "../app/clock.js";
import { newClientID } from "../app/outbox.js";
import { Session } from "../app/session.js";
import { Store } from "../app/store.js";
import { otherRole } from "../app/walls.js";
import { explain } from "../app/words.js";
import { audit } from "./admin-audit.js";
import { deal, deals } from "./admin-deals.js";
import { readable, write, written } from "./admin-parts.js";
import { signin } from "./admin-signin.js";
import { topic } from "./admin-topic.js";
import { user, users } from "./admin-users.js";
import { race, version } from "./begin.js";
import { h, icon, said, set, wear } from "./dom.js";
import sheet from "./admin.css" with { type: "css" };

wear(sheet);

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */
/** @typedef {import("../app/administration.js").Field} Field */

/**
 * From when one came to a place until one goes elsewhere.
 * @typedef {object} Visit
 * @property {import("../app/administration.js").Place} place
 * @property {string} title of its view, once that is there
 * @property {AbortController} left
 */

const VIEWS = { users, user, deals, deal, topic, signin, audit };
/** Which of the sections a view is in. */
const SECTION = /** @type {const} */ ({ users: "users", user: "users", deals: "deals", deal: "deals", topic: "deals", signin: "signin", audit: "audit" });
/** What is typed there is never saved. */
const SEARCH = "find";
/** How long it is said what was done, and what wasn't, in ms. */
const SAID = 6_000;
const SAID_LATE = 20_000;

/** Events: `ended` with why, when the sign-in is over, or one's role is another one: "role". */
export class Admin extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../lang/en-admin.js").AdminDictionary} */
  words;
  /** @type {import("../app/rooms.js").Me} */
  me;
  /** A connection that was begun before. @type {import("../app/opening.js").Opening | null} */
  opening = null;

  #main = h("main", { tabindex: -1 });
  #word = h("p", { class: "word", role: "status" });
  /** @type {Map<string, HTMLAnchorElement>} */
  #links = new Map();
  #listening = new AbortController();
  /** @type {Session | null} */
  #session = null;
  /** Counts what was asked for, of which only the last is shown. */
  #turn = 0;
  /** @type {Visit} */
  #visit = { place: placeOf(""), title: "", left: new AbortController() };
  /** The place whose fields are shown; "" for none. */
  #shown = "";
  #unsaved = new Unsaved();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  connectedCallback() {
    if (this.me.role !== "admin") {
      this.opening?.close();
      return this.#refuse();
    }
    const { words } = this;
    const links = Object.entries(words.sections).map(([section, text]) => {
      const link = h("a", { href: `#${section}` }, text);
      this.#links.set(section, link);
      return h("li", {}, link);
    });
    this.replaceChildren(
      h("header", {}, h("p", { class: "brand" }, words.title), h("nav", { "aria-label": words.title }, h("ul", {}, ...links)), this.#toRoom()),
      this.#main,
      this.#word,
    );
    window.addEventListener("hashchange", () => void this.#show(), { signal: this.#listening.signal });
    window.addEventListener("beforeunload", (event) => this.#isWriting() && event.preventDefault(), { signal: this.#listening.signal });
    version.busy = () => this.#isWriting();
    this.#listen();
    void this.#show();
  }

  disconnectedCallback() {
    this.#turn++;
    this.#visit.left.abort();
    this.#listening.abort();
    this.#session?.stop();
    version.busy = () => false;
  }

  #toRoom() {
    return h("a", { class: "button quiet back", href: "/" }, icon("back"), this.words.toRoom);
  }

  #refuse() {
    const { words } = this;
    document.title = `${words.title} · ${this.speech.words.name}`;
    set(this, "data-refused", true);
    this.replaceChildren(h("main", { class: "blank" }, h("h1", {}, words.onlyAdmins), h("p", {}, words.onlyAdminsHint), h("a", { class: "button main", href: "/" }, words.toRoom)));
  }

  /** Hears when this is over. */
  #listen() {
    const store = new Store(this.me, Date.now());
    const { opening } = this;
    this.#session = new Session({ api, race, opening, store, clock, random: Math.random, id: () => newClientID(clock.now()), version, shelf: null, tab: "" });
    let before = store.state;
    store.subscribe(() => {
      const { state } = store;
      if (!this.isConnected) return;
      if (state.connection.state === "ended") this.#end(state.connection.why);
      else if (otherRole(before, state)) this.#end("role");
      before = state;
    });
    void this.#session.start();
    const { signal } = this.#listening;
    window.addEventListener("pagehide", () => this.#session?.leave(), { signal });
    window.addEventListener("online", () => this.#session?.nudge(), { signal });
    document.addEventListener("visibilitychange", () => this.#session?.look(), { signal });
  }

  /** @param {string} why */
  #end(why) {
    this.dispatchEvent(new CustomEvent("ended", { detail: why }));
  }

  /**
   * @param {Visit} visit
   * @returns {Desk}
   */
  #desk(visit) {
    const { speech, words, me } = this;
    const left = visit.left.signal;
    return {
      speech,
      words,
      me,
      left,
      tell: (text) => {
        if (!left.aborted) this.#tell([text], SAID);
      },
      late: (text) => this.#tell(words.late(visit.title, text), SAID_LATE),
      go: (place) => {
        if (!left.aborted) location.hash = place;
      },
      again: async (problem = "") => {
        if (!left.aborted) await this.#show({ again: true, problem });
      },
    };
  }

  /**
   * @param {import("../app/sentence.js").Part[]} text
   * @param {number} long in ms
   */
  #tell(text, long) {
    clearTimeout(this.#silence);
    this.#word.replaceChildren(...said(text));
    this.#silence = setTimeout(() => this.#word.replaceChildren(), long);
  }

  /** Where the address leads. */
  #arrive() {
    this.#visit.left.abort();
    return (this.#visit = { place: placeOf(location.hash), title: "", left: new AbortController() });
  }

  /**
   * Shows what the address says; what is shown already stays if it can't be had
   * again.
   * @param {{again?: boolean, problem?: string}} [how] again: it is the same place as before
   */
  async #show({ again = false, problem = "" } = {}) {
    const turn = ++this.#turn;
    const visit = again ? this.#visit : this.#arrive();
    const { place } = visit;
    let key = `${place.view}/${place.id}`;
    for (const [section, link] of this.#links) set(link, "aria-current", section === SECTION[place.view] && "page");
    set(this.#main, "aria-busy", "true");
    this.#main.inert = !again; // what is still shown is another place
    /** @type {View} */
    let view;
    try {
      view = await VIEWS[place.view](this.#desk(visit), place);
    } catch (error) {
      if (turn !== this.#turn) return;
      const { status } = /** @type {{status?: number}} */ (error);
      if (status === 401) return this.#end("signed-out");
      if (status === 403) return this.#end("role");
      if (again && status !== 404) return this.#stay(error, problem);
      key = "";
      view = this.#failed(error);
    }
    if (turn !== this.#turn) return;
    set(this.#main, "aria-busy", false);
    this.#main.inert = false;
    visit.title = view.title;
    const typed = again ? this.#typed() : this.#exchange(key);
    const focusedKey = again ? /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key : undefined;
    const { scrollTop } = this.#main;
    this.#main.replaceChildren(h("div", { class: "view" }, problem && h("p", { class: "problem", role: "alert" }, problem), ...view.content));
    document.title = `${view.title} · ${this.words.title}`;
    this.#restore(typed);
    const heading = this.#main.querySelector("h1");
    set(heading ?? this.#main, "tabindex", "-1");
    if (again) this.#main.scrollTop = problem ? 0 : scrollTop;
    else this.#main.scrollTop = 0;
    const focused = focusedKey && !problem ? this.#controls().find((control) => control.dataset.key === focusedKey) : undefined;
    (focused ?? heading ?? this.#main).focus({ preventScroll: true });
  }

  /** @param {unknown} error */
  #failed(error) {
    const { words, speech } = this;
    const { status } = /** @type {{status?: number}} */ (error);
    const title = status === 404 ? words.gone : speech.words.problems.other;
    const text = status === 404 ? words.goneHint : explain(error, speech.words);
    const retry = h("button", { class: "button", type: "button", onclick: () => void this.#show() }, speech.words.log.tryAgain);
    return { title, content: [h("div", { class: "blank" }, h("h1", {}, title), h("p", { role: "alert" }, text), status !== 404 && retry)] };
  }

  /**
   * Leaves what is shown, and says that it may not be what is so.
   * @param {unknown} error
   * @param {string} problem what is to be said when it is
   */
  #stay(error, problem) {
    const { words, speech } = this;
    set(this.#main, "aria-busy", false);
    const text = `${words.notRenewed} ${explain(error, speech.words)}`;
    const retry = h("button", { class: "button", type: "button", onclick: () => void this.#show({ again: true, problem }) }, speech.words.log.tryAgain);
    const view = this.#main.querySelector(".view");
    const before = view?.querySelector(":scope > .problem");
    const again = before?.contains(document.activeElement);
    before?.remove();
    view?.prepend(h("div", { class: "problem" }, h("p", { role: "alert" }, text), retry));
    if (again) retry.focus();
    this.#main.scrollTop = 0;
  }

  #controls() {
    return /** @type {HTMLElement[]} */ ([...this.#main.querySelectorAll("[data-key]")]);
  }

  #fields() {
    return /** @type {Control[]} */ (this.#controls().filter((control) => control.dataset.was !== undefined));
  }

  /** What was typed and isn't saved. */
  #typed() {
    return this.#fields().map(fieldOf).filter(isUnsaved);
  }

  /**
   * Keeps what was typed at the place that is shown, and gives what was typed
   * before at the one that is shown from now on.
   * @param {string} place
   */
  #exchange(place) {
    const fields = this.#fields().filter((control) => control.dataset.key !== SEARCH);
    if (this.#shown) this.#unsaved.leave(this.#shown, () => fields.map(fieldOf));
    this.#shown = place;
    return this.#unsaved.take(place);
  }

  #isWriting() {
    return document.querySelector("dialog[open]") !== null || this.#unsaved.any || this.#typed().some(({ key }) => key !== SEARCH);
  }

  /**
   * What was typed stands there again; beside it what is so, if that is another
   * thing than when it was typed.
   * @param {Field[]} typed
   */
  #restore(typed) {
    for (const control of this.#fields()) {
      const before = typed.find(({ key }) => key === control.dataset.key);
      if (!before) continue;
      if (isOvertaken(before, fieldOf(control))) {
        const now = h("p", { class: "now", id: `${control.id}-now` }, ...said(this.words.now(readable(control))));
        control.parentElement?.append(now);
        set(control, "aria-describedby", [control.getAttribute("aria-describedby"), now.id].filter(Boolean).join(" "));
      }
      write(control, before.text);
      control.dispatchEvent(new Event("input"));
    }
  }
}

/** @param {Control} control @returns {Field} */
function fieldOf(control) {
  return { key: control.dataset.key ?? "", text: written(control), was: control.dataset.was ?? "" };
}

customElements.define("rr-admin", Admin);
