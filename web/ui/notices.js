/**
 * What is told beside the page: the browser's notifications, the mark on the
 * page's icon, the number on that of the installed page. It is loaded once the
 * room is there.
 *
 * Of several tabs the one that holds a lock tells; a tab that has a topic before
 * somebody's eyes holds that topic's lock. Both end with the tab, however it ends.
 * @module
 */
import { api } from "../app/api.js";
import { Herald, timeOfDay, unread } from "../app/notices.js";
import { legible } from "../app/direction.js";
import { called } from "../app/names.js";

/** @typedef {import("../app/notices.js").Notice} Notice */

/**
 * @typedef {object} Parts
 * @property {import("./page.js").Speech} speech
 * @property {import("../app/store.js").Store} store
 * @property {import("../app/settings.js").Settings} settings
 * @property {(place: {topic: string, seq: number}) => void} go
 */

const LOCK = "redroom notices";

/** The notifications that go through no service worker, by topic. @type {Map<string, Notification>} */
const own = new Map();

export class Notices {
  #parts;
  #me;
  #over = new AbortController();
  #leads = false;
  /** Between the tabs: up to where topics were read. */
  #tabs;
  #looking = "";
  #look = new AbortController();
  #herald;
  #marked = -1;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#me = parts.store.state.me.name;
    this.#tabs = new BroadcastChannel(`${LOCK} ${this.#me}`);
    this.#tabs.addEventListener("message", ({ data }) => this.#herald.heard(String(data.topic), Number(data.read)));
    this.#herald = new Herald({
      rooms: () => parts.store.state,
      chosen: () => parts.settings.fresh,
      fetch: async (topic, after, limit) => {
        const { messages } = await api.messages(topic, { after, limit });
        return messages.map(({ seq, author, kind, body = "", redacted }) => ({ seq, author, kind, text: body, redacted: redacted !== undefined }));
      },
      allowed: () => this.#leads && permission() === "granted",
      looking: (topic) => isHeld(this.#lookLock(topic)),
      time: () => timeOfDay(new Date()),
      show: (notice) => this.#show(notice),
      up: () => shown(this.#me),
      close: (topic, read) => void this.#close(topic, read),
      share: (topic, read) => this.#tabs.postMessage({ topic, read }),
    });
    const { signal } = this.#over;
    if (navigator.locks) void navigator.locks.request(`${LOCK} ${this.#me}`, { signal }, () => this.#lead()).catch(() => {});
    else void this.#lead();
    navigator.serviceWorker?.addEventListener("message", (event) => this.#onMessage(event), { signal });
    const off = parts.settings.subscribe(() => this.#mark());
    signal.addEventListener("abort", off);
  }

  /**
   * The room is so now.
   * @param {string} looking the topic that one has before one's eyes; "" for none
   */
  update(looking) {
    this.#lookAt(looking);
    this.#herald.update();
    this.#mark();
  }

  /** How much is unread of what one wants to be told of. */
  get unread() {
    return unread(this.#parts.store.state, this.#parts.settings.now);
  }

  /** Tells nothing more, and takes back what was told. */
  async stop() {
    this.#over.abort();
    this.#look.abort();
    this.#leads = false;
    this.#tabs.close();
    mark(0);
    await this.#takeBack();
  }

  async #takeBack() {
    for (const { close } of await shown(this.#me)) close();
  }

  /** Is the one that tells, until it is over. */
  #lead() {
    this.#leads = true;
    void this.#herald.lead();
    return /** @type {Promise<void>} */ (new Promise((resolve) => this.#over.signal.addEventListener("abort", () => resolve())));
  }

  /** @param {string} topic */
  #lookLock(topic) {
    return `redroom looking ${this.#me} ${topic}`;
  }

  /** @param {string} topic */
  #lookAt(topic) {
    if (topic === this.#looking) return;
    this.#looking = topic;
    this.#look.abort();
    this.#look = new AbortController();
    const { signal } = this.#look;
    if (!topic || !navigator.locks) return;
    const until = () => /** @type {Promise<void>} */ (new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve()))));
    void navigator.locks.request(this.#lookLock(topic), { mode: "shared", signal }, until).catch(() => {});
  }

  /** @param {Notice} notice */
  async #show({ topic, seq, title, author, text, count }) {
    const { words, formats } = this.#parts.speech;
    const { state } = this.#parts.store;
    const known = state.topics.get(topic);
    const who = called(state, known, author);
    const body = text ? `${who}: ${text}` : count > 1 ? words.notices.several(who, count, formats.number(count)) : known?.direct ? words.notices.direct : words.notices.one(who);
    const options = { body: legible(body), tag: tagOf(this.#me, topic), icon: new URL(iconOf("icon"), location.href).href, lang: document.documentElement.lang, data: { name: this.#me, topic, seq, words: text !== "" } };
    const worker = await registration();
    const { signal } = this.#over;
    if (signal.aborted) return;
    if (worker) {
      await worker.showNotification(legible(title), options);
      if (signal.aborted) await this.#takeBack();
      return;
    }
    const notification = new Notification(legible(title), options);
    own.set(topic, notification);
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      this.#parts.go({ topic, seq });
    });
  }

  /**
   * @param {string} topic
   * @param {number} read
   */
  async #close(topic, read) {
    if (permission() !== "granted") return;
    for (const notice of await shown(this.#me)) if (notice.topic === topic && notice.seq <= read) notice.close();
  }

  /** @param {MessageEvent} event */
  #onMessage({ data }) {
    if (data?.type === "notice" && data.name === this.#me && this.#parts.store.state.topics.has(data.topic)) this.#parts.go({ topic: String(data.topic), seq: Number(data.seq) });
  }

  #mark() {
    const count = this.unread;
    if (count === this.#marked || this.#over.signal.aborted) return;
    this.#marked = count;
    mark(count);
  }
}

/** What the browser lets this page do: "missing" where there is nothing of the kind. */
export function permission() {
  return "Notification" in window ? Notification.permission : "missing";
}

/**
 * What is being shown, through the service worker or without it.
 * @param {string} name whose
 * @returns {Promise<(import("../app/standing.js").Shown & {close: () => void})[]>}
 */
async function shown(name) {
  const all = [...((await (await registration())?.getNotifications()) ?? []), ...own.values()];
  return all
    .filter(({ data }) => data?.name === name)
    .map((notification) => {
      const { topic, seq, words } = notification.data;
      return { topic: String(topic), seq: Number(seq), words: words !== false, close: () => notification.close() };
    });
}

/** @returns {Promise<ServiceWorkerRegistration | undefined>} */
async function registration() {
  try {
    const found = await navigator.serviceWorker?.getRegistration();
    return found?.active ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @param {string} topic
 */
function tagOf(name, topic) {
  return `redroom ${name} ${topic}`;
}

/** @param {string} lock */
async function isHeld(lock) {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === lock);
}

/**
 * Where one of the page's icons is: beside the one that the document names.
 * @param {"icon" | "icon-unread"} name
 */
function iconOf(name) {
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
  return (link?.getAttribute("href") ?? "").replace(/icon(-unread)?\.svg$/, `${name}.svg`);
}

/**
 * Marks the icons with how much is unread.
 * @param {number} count
 */
function mark(count) {
  const href = iconOf(count > 0 ? "icon-unread" : "icon");
  const link = document.querySelector("link[rel=icon]");
  if (link && href && link.getAttribute("href") !== href) link.setAttribute("href", href);
  const { setAppBadge, clearAppBadge } = navigator;
  void (count > 0 ? setAppBadge?.call(navigator, count) : clearAppBadge?.call(navigator))?.catch(() => {}); // it is only a number on an icon
}
