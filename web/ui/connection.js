/**
 * How one is connected, in one word; and a banner when it lasts that one isn't.
 * Both lead to the page that finds out why.
 * @module
 */
import { h, say, set } from "./dom.js";

/** A loss shorter than this isn't worth a word. */
const WORTH_SAYING = 2_000;

export class Connection extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  #text = checkLink();

  connectedCallback() {
    const { words } = this.speech;
    set(this, "role", "status");
    set(this, "aria-label", words.connection.label);
    set(this.#text, "title", words.connection.check);
    this.replaceChildren(this.#text);
  }

  /** @param {import("../app/rooms.js").Rooms} rooms */
  update({ connection }) {
    const open = connection.state === "open";
    set(this, "data-open", open);
    say(this.#text, open ? connection.via : this.speech.words.connection.offline);
  }
}

export class Banner extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/session.js").Session} */
  session;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  #text = h("p");
  #said = h("span");
  #check = checkLink();
  #now = h("button", { class: "button", type: "button" });
  #bar = h("div", { class: "bar" });
  #lost = h("p");
  #unsendable = h("div", { class: "bar" });

  connectedCallback() {
    const { words } = this.speech;
    set(this, "role", "status");
    set(this.#bar, "hidden", true);
    this.#check.textContent = words.connection.check;
    this.#text.replaceChildren(this.#said, " ", this.#check);
    this.#now.textContent = words.connection.now;
    this.#now.addEventListener("click", () => this.session.nudge());
    this.#bar.replaceChildren(this.#text, this.#now);
    set(this.#unsendable, "hidden", true);
    this.#unsendable.replaceChildren(this.#lost, h("button", { class: "button", type: "button", onclick: () => this.dispatchEvent(new Event("seen")) }, words.room.close));
    this.replaceChildren(h("div", { class: "bars" }, this.#bar, this.#unsendable));
  }

  disconnectedCallback() {
    clearTimeout(this.#later);
  }

  /**
   * @param {import("../app/rooms.js").Rooms} rooms
   * @param {import("../app/rooms.js").Log} [log] the one in sight
   */
  update({ connection, unsendable }, log) {
    const { words, formats } = this.speech;
    clearTimeout(this.#later);
    const lost = connection.state !== "open";
    const left = connection.since + WORTH_SAYING - Date.now();
    const old = !lost && log?.kept === true;
    this.#bar.hidden = !old && (!lost || left > 0);
    if (lost && left > 0) this.#later = setTimeout(() => (this.#bar.hidden = false), left);
    this.#check.hidden = this.#now.hidden = old;
    const when = log && log.asOf > 0 ? formats.moment(log.asOf) : "";
    if (old) say(this.#said, words.connection.catchingUp(when));
    else say(this.#said, when ? words.connection.asOf(when) : words.connection.reconnecting);
    this.#unsendable.hidden = unsendable === 0;
    if (unsendable > 0) say(this.#lost, words.connection.unsendable(unsendable, formats.number(unsendable)));
  }
}

/** In a page of its own: what is being written here stays. */
function checkLink() {
  return h("a", { class: "check", href: "/check", target: "_blank", rel: "noopener" });
}

customElements.define("rr-connection", Connection);
customElements.define("rr-banner", Banner);
