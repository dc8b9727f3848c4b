/**
 * The page that anybody can open, signed in or not: what gets through from this
 * browser to the server, in words that can be read out on the phone.
 * @module
 */
import { WAYS, ask, check, verdict } from "../app/check.js";
import { clock } from "../app/clock.js";
import { openWebSocket } from "../app/websocket.js";
import { hasWebTransport, openWebTransport } from "../app/webtransport.js";
import { h, say, set, wear } from "./dom.js";
import sheet from "./check.css" with { type: "css" };

wear(sheet);

/** @typedef {import("../app/check.js").Result} Result */
/** @typedef {import("../app/check.js").Way} Way */

const parts = {
  ask,
  webTransport: hasWebTransport ? openWebTransport : null,
  webSocket: (/** @type {import("../app/link.js").Ticket} */ ticket) => openWebSocket(ticket, clock),
  clock,
};

export class Check extends HTMLElement {
  /** @type {import("./page.js").Speech & {words: import("../lang/en-check.js").CheckDictionary}} */
  speech;

  /** @type {Map<Way, HTMLElement>} */
  #cells = new Map();
  /** @type {Result[]} */
  #results = [];
  #summary = h("p", { class: "summary", role: "status" });
  #address = h("p", { class: "address" });
  /** @type {HTMLButtonElement} */
  #again;
  /** @type {HTMLButtonElement} */
  #copy;

  connectedCallback() {
    const { words } = this.speech;
    document.title = `${words.check.title} · ${words.name}`;
    const rows = WAYS.map((way) => {
      const cell = h("td");
      this.#cells.set(way, cell);
      return h("tr", {}, h("th", { scope: "row" }, words.check.ways[way]), cell);
    });
    this.#again = h("button", { class: "button", type: "button", onclick: () => void this.#run() }, words.log.tryAgain);
    this.#copy = h("button", { class: "button", type: "button", onclick: () => void this.#copyReport() }, words.check.copy);
    this.replaceChildren(
      h(
        "main",
        { class: "entry" },
        h("p", { class: "brand" }, words.name),
        h("h1", {}, words.check.title),
        this.#summary,
        h("table", { "aria-label": words.check.title }, h("tbody", {}, rows)),
        this.#address,
        h("div", { class: "actions" }, this.#copy, this.#again, h("a", { class: "button quiet", href: "/" }, words.check.toRoom)),
      ),
    );
    void this.#run();
  }

  async #run() {
    const { words } = this.speech;
    this.#results = [];
    this.#again.disabled = this.#copy.disabled = true;
    say(this.#copy, words.check.copy);
    say(this.#address, "");
    say(this.#summary, words.check.running(location.host));
    set(this.#summary, "data-state", false);
    for (const way of WAYS) this.#show(way, "waiting", words.check.waiting);
    this.#show("tcp", "trying", words.check.trying);
    const offer = await check(parts, (result) => this.#take(result));
    if (offer) say(this.#address, words.check.address(offer.address));
    else for (const way of WAYS.slice(1)) this.#show(way, "waiting", words.check.skipped);
    say(this.#summary, this.#verdict(offer));
    this.#again.disabled = this.#copy.disabled = false;
  }

  /** @param {Result} result */
  #take(result) {
    this.#results.push(result);
    const { outcome, way } = result;
    const neutral = outcome === "other" || outcome === "off" || outcome === "missing";
    this.#show(way, outcome === "works" ? "good" : neutral ? "neutral" : "bad", this.#sentence(result));
    const next = WAYS[WAYS.indexOf(way) + 1];
    if (next) this.#show(next, "trying", this.speech.words.check.trying);
  }

  /**
   * @param {Way} way
   * @param {"waiting" | "trying" | "good" | "neutral" | "bad"} state
   * @param {string} text
   */
  #show(way, state, text) {
    const cell = /** @type {HTMLElement} */ (this.#cells.get(way));
    set(cell, "data-state", state);
    say(cell, text);
  }

  /** @param {Result} result */
  #sentence({ way, outcome, protocol = "", opened = 0, answered = 0 }) {
    const { words, formats } = this.speech;
    const { check } = words;
    const took = formats.number(Math.max(1, Math.round(answered)));
    switch (outcome) {
      case "works":
        if (way === "tcp") return check.carried(protocol, took);
        return way === "http3" ? check.answered(took) : check.opened(formats.number(Math.max(1, Math.round(opened))), took);
      case "other":
        return way === "tcp" ? check.insteadOfTCP(protocol, took) : check.insteadOfHTTP3(protocol);
      default:
        return check[outcome];
    }
  }

  /** @param {import("../app/check.js").Offer | null} offer */
  #verdict(offer) {
    const { verdicts } = this.speech.words.check;
    const url = offer?.webtransport && new URL(offer.webtransport.url, location.href);
    const found = verdict(this.#results);
    set(this.#summary, "data-state", found === "best" ? "good" : found === "nothing" || found === "unreachable" ? "bad" : "neutral");
    return verdicts[found](url?.hostname ?? location.hostname, url?.port || "443");
  }

  async #copyReport() {
    const { words } = this.speech;
    await navigator.clipboard.writeText(this.#report());
    say(this.#copy, words.dialog.copied);
  }

  /** All that the page shows, as text. */
  #report() {
    const { words, formats } = this.speech;
    return [
      `${words.name}, ${words.check.title}, ${formats.full(clock.now())}`,
      location.origin,
      ...[...this.#cells].map(([way, cell]) => `${words.check.ways[way]}: ${cell.textContent}`),
      this.#address.textContent,
      navigator.userAgent,
      this.#summary.textContent,
    ]
      .filter(Boolean)
      .join("\n");
  }
}

customElements.define("rr-check", Check);
