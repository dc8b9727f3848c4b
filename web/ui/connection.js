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
  #check = checkLink();
  #bar = h("div", { class: "bar" });

  connectedCallback() {
    const { words } = this.speech;
    set(this, "role", "status");
    set(this.#bar, "hidden", true);
    this.#check.textContent = words.connection.check;
    this.#text.replaceChildren(words.connection.reconnecting, " ", this.#check);
    const now = h("button", { class: "button", type: "button", onclick: () => this.session.nudge() }, words.connection.now);
    this.#bar.replaceChildren(this.#text, now);
    this.replaceChildren(this.#bar);
  }

  disconnectedCallback() {
    clearTimeout(this.#later);
  }

  /** @param {import("../app/rooms.js").Rooms} rooms */
  update({ connection }) {
    clearTimeout(this.#later);
    const lost = connection.state !== "open";
    const left = connection.since + WORTH_SAYING - Date.now();
    this.#bar.hidden = !lost || left > 0;
    if (lost && left > 0) this.#later = setTimeout(() => (this.#bar.hidden = false), left);
  }
}

/** In a page of its own: what is being written here stays. */
function checkLink() {
  return h("a", { class: "check", href: "/check", target: "_blank", rel: "noopener" });
}

customElements.define("rr-connection", Connection);
customElements.define("rr-banner", Banner);
