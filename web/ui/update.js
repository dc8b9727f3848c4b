/**
 * Keeps the page itself up to date. Once everything else is there it has the
 * page kept for when there is no network; and when the server has another
 * version, the page is loaded again: by itself while nobody sees it and nothing
 * is being written, else when one asks for it.
 * @module
 */
import { wouldBeLost } from "../app/drafts.js";
import { version } from "./begin.js";
import { h, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */

/** How long a page may be busy before it has itself kept all the same. */
const IDLE_WITHIN = 10_000;

export class Update extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/session.js").Session} */
  session;
  /** @type {import("../app/store.js").Store} */
  store;

  #kept = false;
  #listening = new AbortController();
  #bar = h("div", { class: "bar", hidden: true });

  connectedCallback() {
    const { words } = this.speech;
    const reload = h("button", { class: "button", type: "button", onclick: () => void this.#reload() }, words.update.reload);
    set(this, "role", "status");
    this.#bar.append(h("p", {}, words.update.updated), reload);
    this.replaceChildren(this.#bar);
    version.busy = () => this.#isWriting();
    version.changed = () => this.#onVersion();
    document.addEventListener("visibilitychange", () => this.#show(), { signal: this.#listening.signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#listening.abort();
    version.busy = () => false;
    version.changed = () => {};
  }

  /**
   * @param {Rooms} rooms
   * @param {string} topic "" for none
   */
  update(rooms, topic) {
    if (version.newer) this.#show();
    const log = rooms.logs.get(topic);
    const complete = rooms.watched && rooms.connection.state === "open" && (!topic || (log && log.start + log.messages.length >= log.head));
    if (complete && !this.#kept) {
      this.#kept = true;
      whenIdle(() => void keepPage());
    }
  }

  #isWriting() {
    return document.querySelector("dialog[open]") !== null || wouldBeLost(this.store.state, Date.now());
  }

  #onVersion() {
    void renewPage();
    this.#show();
  }

  #show() {
    if (document.visibilityState === "hidden" && version.renew()) return;
    this.#bar.hidden = version.newer === "";
  }

  /** Loads the page again; what is being written is there afterwards. Where it can't be, the browser asks first. */
  async #reload() {
    await this.session.keeper.written();
    location.reload();
  }
}

/** Has this version of the page kept. A browser that refuses is one that has no page without a network. */
async function keepPage() {
  try {
    await navigator.serviceWorker?.register("/sw.js", { updateViaCache: "none" });
  } catch {
    // It isn't needed.
  }
}

/** Has the server's version of the page kept. */
async function renewPage() {
  try {
    await (await navigator.serviceWorker?.getRegistration())?.update();
  } catch {
    // The next visit does.
  }
}

/** @param {() => void} run */
function whenIdle(run) {
  if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: IDLE_WITHIN });
  else setTimeout(run, 1000);
}

customElements.define("rr-update", Update);
