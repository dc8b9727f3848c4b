/**
 * The messages that fit what stands in the search box, below the topics that
 * fit, and what helps to ask. It is loaded when somebody turns to the box.
 * @module
 */
import { call } from "../app/api.js";
import { isRedacted } from "../app/changes.js";
import { clock } from "../app/clock.js";
import { readable } from "../app/extract.js";
import { Finder } from "../app/finder.js";
import { OPERATORS } from "../app/query.js";
import { asked, complete, completions } from "../app/question.js";
import { called } from "../app/names.js";
import { listedAs } from "../app/walls.js";
import { explain } from "../app/words.js";
import { arrange, h, isolated, say, set, straight, wear } from "./dom.js";
import sheet from "./search.css" with { type: "css" };

wear(sheet);

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/finder.js").Hit} Hit */

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * @param {string} question
 * @param {string} cursor
 * @param {number} limit
 * @param {AbortSignal} signal
 * @returns {Promise<import("../app/finder.js").Answer>}
 */
function search(question, cursor, limit, signal) {
  const query = new URLSearchParams({ q: question, zone: ZONE, limit: String(limit) });
  if (cursor) query.set("cursor", cursor);
  return call("GET", `/api/search?${query}`, undefined, signal);
}

/** Events: `open` with {topic, seq}. */
export class Search extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {Rooms | null} */
  #rooms = null;
  #finder = new Finder(search, clock, () => this.#draw());
  /** @type {HTMLInputElement} */
  #box;
  /** The hit that was opened. */
  #opened = "";
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #wrong = "";
  #text = "";
  #when = (/** @type {number} */ time) => String(time);

  #title = h("h2", { id: "messages-found" });
  #told = h("p", { class: "told", role: "status" });
  #problem = h("p", { class: "trouble", role: "alert", hidden: true });
  #list = h("ol", { "aria-labelledby": "messages-found" });
  #behind = h("p", { class: "told", hidden: true });
  #more = h("button", { class: "button quiet", type: "button", hidden: true });
  /** What helps to ask, below the box. */
  #help = h("div", { class: "asking", hidden: true });
  #described = h("p", { id: "search-help", hidden: true });
  /** @type {{token: import("../app/query.js").Token, offered: import("../app/question.js").Completion[]} | null} */
  #completing = null;
  /** Whether one wanted no help, and has neither come back nor written since. */
  #dismissed = false;

  connectedCallback() {
    const { words, formats } = this.speech;
    set(this, "role", "region");
    set(this, "aria-labelledby", "messages-found");
    say(this.#title, words.search.title);
    say(this.#more, words.search.more);
    this.#more.addEventListener("click", () => void this.#showMore());
    this.#problem.addEventListener("click", (event) => /** @type {Element} */ (event.target).closest("button") && this.#finder.again());
    const { locale } = formats.collator.resolvedOptions();
    const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
    const year = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
    this.#when = (time) => {
      const [then, now] = [new Date(time), new Date()];
      if (then.toDateString() === now.toDateString()) return formats.time(time);
      return (then.getFullYear() === now.getFullYear() ? day : year).format(then);
    };
    this.hidden = true;
    this.replaceChildren(this.#title, this.#told, this.#problem, this.#list, this.#behind, this.#more);
  }

  disconnectedCallback() {
    this.#finder.stop();
  }

  /**
   * Helps at this box, in the element around it.
   * @param {HTMLInputElement} box
   * @param {HTMLElement} around
   */
  attach(box, around) {
    this.#box = box;
    say(this.#described, this.speech.words.search.helps(OPERATORS.map((operator) => `${operator}: ${this.speech.words.search.operators[operator]}`).join(", ")));
    set(box, "aria-describedby", this.#described.id);
    around.append(this.#described, this.#help);
    box.addEventListener("focus", () => {
      this.#dismissed = false;
      this.#assist();
    });
    // The caret has moved.
    for (const type of ["click", "keyup"]) box.addEventListener(type, () => box.value !== "" && this.#assist());
    around.addEventListener("focusout", (event) => {
      if (!around.contains(/** @type {Node | null} */ (event.relatedTarget))) this.#help.hidden = true;
    });
    // The box keeps the focus while something is chosen with a mouse.
    this.#help.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  /** Whether a completion is there to be taken by Enter. */
  get completes() {
    return !this.#help.hidden && this.#completing !== null && this.#completing.token.value !== "" && this.#completing.offered.length > 0;
  }

  /** Helps no more, until there is something to complete or one comes back. */
  dismiss() {
    this.#dismissed = true;
    this.#help.hidden = true;
  }

  /** Takes the first completion. */
  completeFirst() {
    if (this.completes) this.#take(0);
  }

  /**
   * Looks for this.
   * @param {string} text
   */
  ask(text) {
    this.#text = text;
    if (!this.#rooms) return;
    const { question, wrong } = asked(text, this.#rooms);
    this.#wrong = wrong ? this.speech.words.search.wrongDay(wrong.operator, wrong.value) : "";
    if (text.trim() === "") this.#opened = "";
    if (text !== "") {
      this.#dismissed = false;
      this.#assist();
    }
    this.#finder.ask(question);
    this.#draw();
  }

  /**
   * @param {Rooms} rooms
   */
  update(rooms) {
    const before = this.#rooms;
    this.#rooms = rooms;
    this.#finder.look(rooms);
    if (!before) {
      this.ask(this.#text);
      if (!this.#dismissed) this.#assist();
    } else if (before.topics !== rooms.topics || before.deals !== rooms.deals || before.logs !== rooms.logs || before.connection.state !== rooms.connection.state) this.#draw();
  }

  /** Opens the first message, if there is one. */
  openFirst() {
    const first = this.#shown()[0];
    if (first) this.#open(first);
    return first !== undefined;
  }

  /** The hits of what one can still read. */
  #shown() {
    const rooms = this.#rooms;
    return (this.#finder.found.hits ?? []).filter(({ topic, seq }) => {
      const log = rooms?.logs.get(topic);
      return rooms?.topics.has(topic) && !(log && isRedacted(log, seq));
    });
  }

  #draw() {
    const rooms = this.#rooms;
    const { words, formats } = this.speech;
    const { question, asking, hits, cursor, behind, problem } = this.#finder.found;
    if (!rooms || (question === "" && this.#wrong === "")) {
      this.hidden = true;
      this.#items.clear();
      this.#list.replaceChildren();
      say(this.#told, "");
      return;
    }
    this.hidden = false;
    set(this, "aria-busy", asking);
    const shown = this.#wrong ? [] : this.#shown();
    /** @type {Map<string, HTMLElement>} */
    const items = new Map();
    for (const hit of shown) items.set(`${hit.topic} ${hit.seq}`, this.#item(hit, rooms));
    this.#items = items;
    const held = this.#list.contains(document.activeElement);
    arrange(this.#list, [...items.values()]);
    // Who was at a hit that went asks on.
    if (held && !this.#list.contains(document.activeElement)) this.#box.focus();
    this.#drawProblem(problem);
    const count = `${formats.number(shown.length)}${cursor ? "+" : ""}`;
    const none = words.search.none(this.#text.trim());
    say(this.#told, this.#wrong || problem || hits === null ? (asking ? words.search.asking : "") : shown.length > 0 ? words.search.found(shown.length, count) : none);
    set(this.#told, "data-none", hits !== null && shown.length === 0 && !this.#wrong && !problem);
    say(this.#behind, behind > 0 ? words.search.behind(behind, formats.number(behind)) : "");
    this.#behind.hidden = behind === 0 || this.#wrong !== "";
    this.#more.hidden = cursor === "" || this.#wrong !== "";
    set(this.#more, "aria-busy", asking && hits !== null && cursor !== "");
  }

  /** @param {unknown} problem */
  #drawProblem(problem) {
    const { words } = this.speech;
    this.#problem.hidden = !this.#wrong && !problem;
    if (this.#problem.hidden) return this.#problem.replaceChildren();
    const { status = 0, detail = "" } = /** @type {{status?: number, detail?: string}} */ (problem ?? {});
    const text = this.#wrong || explain(problem, words, { 0: words.search.away, ...(status === 422 && detail && { 422: detail }) });
    if (this.#problem.firstChild?.textContent === text) return;
    this.#problem.replaceChildren(h("span", {}, text), this.#wrong || status === 422 ? "" : h("button", { class: "link", type: "button" }, words.log.tryAgain));
  }

  /**
   * @param {Hit} hit
   * @param {Rooms} rooms
   */
  #item(hit, rooms) {
    const { words, formats } = this.speech;
    const id = `${hit.topic} ${hit.seq}`;
    const topic = rooms.topics.get(hit.topic);
    const title = topic ? listedAs(rooms, topic) : "";
    const who = called(rooms, topic, hit.author);
    const key = JSON.stringify([title, who, hit.extract]);
    let item = this.#items.get(id);
    if (item?.dataset.key !== key) {
      item = h(
        "li",
        { "data-key": key },
        h(
          "a",
          { class: "hit", href: `/t/${hit.topic}#${hit.seq}`, onclick: (/** @type {MouseEvent} */ event) => this.#follow(event, hit) },
          h(
            "span",
            { class: "line" },
            h("strong", {}, isolated(who)),
            h("span", { class: "unseen" }, ", "),
            h("time", { datetime: new Date(hit.time).toISOString(), title: formats.full(hit.time) }, this.#when(hit.time)),
          ),
          h("span", { class: "unseen" }, `, ${words.search.in} `),
          h("span", { class: "where" }, isolated(title)),
          h("span", { class: "unseen" }, ": "),
          h("span", { class: "extract", dir: "auto" }, hit.kind === "report" && `${words.log.report}: `, readable(hit.kind, hit.extract).map(({ text, hit }) => (hit ? h("mark", {}, ...straight(text, words.text.direction)) : straight(text, words.text.direction)))),
        ),
      );
    }
    set(/** @type {Element} */ (item.firstElementChild), "aria-current", this.#opened === id && "true");
    return item;
  }

  /**
   * @param {MouseEvent} event
   * @param {Hit} hit
   */
  #follow(event, hit) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.#open(hit);
  }

  /** @param {Hit} hit */
  #open({ topic, seq }) {
    this.#opened = `${topic} ${seq}`;
    this.#draw();
    this.dispatchEvent(new CustomEvent("open", { detail: { topic, seq } }));
  }

  async #showMore() {
    const count = this.#list.childElementCount;
    await this.#finder.more();
    const next = /** @type {HTMLElement | null | undefined} */ (this.#list.children[count]?.firstElementChild);
    if (document.activeElement === document.body || document.activeElement === this.#more) next?.focus();
  }

  /** Explains the operators where nothing is asked yet, and completes what one is at. */
  #assist() {
    const rooms = this.#rooms;
    const box = this.#box;
    if (!rooms || !box) return;
    const focused = document.activeElement === box || this.#help.contains(document.activeElement);
    const { words, formats } = this.speech;
    const caret = box.selectionStart ?? box.value.length;
    const me = words.room.you;
    this.#completing = focused ? completions(box.value, caret, rooms, { collator: formats.collator, me, days: () => this.#days() }) : null;
    const offered = this.#completing?.offered ?? [];
    this.#help.hidden = !focused || (box.value !== "" && offered.length === 0);
    if (this.#help.hidden) return;
    if (offered.length > 0) return this.#offer(offered);
    if (this.#help.dataset.kind === "operators") return;
    this.#help.dataset.kind = "operators";
    this.#help.replaceChildren(
      h("p", {}, words.search.narrow),
      h(
        "ul",
        {},
        ...OPERATORS.map((operator) =>
          h("li", {}, h("button", { type: "button", tabindex: -1, onclick: () => this.#put(`${operator}:`) }, h("code", {}, `${operator}:`), h("span", {}, words.search.operators[operator]))),
        ),
      ),
    );
  }

  /** @param {import("../app/question.js").Completion[]} offered */
  #offer(offered) {
    const kind = JSON.stringify(offered);
    if (this.#help.dataset.kind === kind) return;
    this.#help.dataset.kind = kind;
    this.#help.replaceChildren(
      h(
        "ul",
        { "aria-label": this.speech.words.search.completions },
        ...offered.map(({ label, note }, at) => h("li", {}, h("button", { type: "button", class: "stop", onclick: () => this.#take(at) }, h("span", {}, isolated(label)), note && note !== label && h("span", { class: "note" }, isolated(note))))),
      ),
    );
  }

  /** @param {number} at */
  #take(at) {
    const completing = this.#completing;
    const chosen = completing?.offered[at];
    if (!completing || !chosen) return;
    const { text, caret } = complete(this.#box.value, completing.token, chosen);
    this.#put(text, caret);
  }

  /**
   * Puts a text into the box, as if it had been typed.
   * @param {string} text
   * @param {number} [caret]
   */
  #put(text, caret = text.length) {
    this.#box.value = text;
    this.#box.focus();
    this.#box.setSelectionRange(caret, caret);
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Days that one often means. */
  #days() {
    const { words } = this.speech;
    const now = new Date();
    const iso = (/** @type {Date} */ date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
    const ago = (/** @type {number} */ days) => iso(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
    return [
      { value: iso(now), label: words.search.today },
      { value: ago(1), label: words.search.yesterday },
      { value: ago(7), label: words.search.weekAgo },
      { value: iso(now).slice(0, 7), label: words.search.month },
      { value: iso(now).slice(0, 4), label: words.search.year },
    ];
  }
}

customElements.define("rr-search", Search);
