/**
 * What is told beside the page: the browser's notifications. It is loaded once
 * somebody has allowed them.
 *
 * Of several tabs the one that holds a lock tells; a tab that has a topic before
 * somebody's eyes holds that topic's lock. Both end with the tab, however it ends.
 * @module
 */
import { api } from "../app/api.js";
import { Herald, timeOfDay } from "../app/notices.js";
import { legible } from "../app/direction.js";
import { called } from "../app/names.js";
import { iconOf, permission } from "./badge.js";

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
  }

  /**
   * The room is so now.
   * @param {string} looking the topic that one has before one's eyes; "" for none
   */
  update(looking) {
    this.#lookAt(looking);
    this.#herald.update();
  }

  /** Tells nothing more, and takes back what was told. */
  async stop() {
    this.#over.abort();
    this.#look.abort();
    this.#leads = false;
    this.#tabs.close();
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
  async #show({ topic, seq, title, author, kind, text, count }) {
    const { words, formats } = this.#parts.speech;
    const { state } = this.#parts.store;
    const known = state.topics.get(topic);
    const who = called(state, known, author);
    const body = text ? `${who}: ${kind === "report" ? `${words.log.report}: ` : ""}${text}` : count > 1 ? words.notices.several(who, count, formats.number(count)) : known?.direct ? words.notices.direct : words.notices.one(who);
    const options = { body: legible(body), tag: tagOf(this.#me, topic), icon: new URL(iconOf("icon"), location.href).href, lang: document.documentElement.lang, data: { name: this.#me, topic, seq, words: text !== "" } };
    const worker = await registration();
    const { signal } = this.#over;
    if (signal.aborted) return;
    if (worker) {
      await alone(() => worker.showNotification(legible(title), options));
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
}

/**
 * What is being shown, through the service worker or without it.
 * @param {string} name whose
 * @returns {Promise<(import("../app/standing.js").Shown & {close: () => void})[]>}
 */
async function shown(name) {
  const worker = await registration();
  const all = [...((worker && (await alone(() => worker.getNotifications()))) ?? []), ...own.values()];
  return all
    .filter(({ data }) => data?.name === name)
    .map((notification) => {
      const { topic, seq, words } = notification.data;
      return { topic: String(topic), seq: Number(seq), words: words !== false, close: () => notification.close() };
    });
}

/**
 * Shows notices, or asks for them, while no other tab does either: Chromium takes
 * one that is being shown meanwhile for one that is gone, and can't close it then.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function alone(work) {
  return navigator.locks ? navigator.locks.request("redroom notifications", work) : work();
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
