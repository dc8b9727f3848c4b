/**
 * How one is connected, in one word; and a banner when it lasts that one isn't.
 * @module
 */
import { h, say, set } from "./dom.js";

/** A loss shorter than this isn't worth a word. */
const WORTH_SAYING = 2_000;

export class Connection extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  #text = h("span", { class: "text" });

  connectedCallback() {
    set(this, "role", "status");
    set(this, "aria-label", this.speech.words.connection.label);
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
  #bar = h("div", { class: "bar" });

  connectedCallback() {
    const { words } = this.speech;
    set(this, "role", "status");
    set(this.#bar, "hidden", true);
    this.#text.textContent = "WebTransport" in window ? words.connection.reconnecting : words.connection.noTransport;
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

customElements.define("rr-connection", Connection);
customElements.define("rr-banner", Banner);
