/**
 * The log of one topic. It never moves under the reader: what comes scrolls
 * only if one was at the end, and what is put before keeps its place.
 * @module
 */
import { isChange, original } from "../app/changes.js";
import { displayName, last, messageAt, readOnly, rights, settled } from "../app/rooms.js";
import { readers } from "../app/walls.js";
import { rows } from "../app/rows.js";
import { arrange, h, icon, say, set } from "./dom.js";
import "./message.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Log} Log */
/** @typedef {import("./message.js").MessageElement} MessageElement */

/** Nearer to the end than this is at the end. */
const END = 40;
/** Nearer to the start than this fetches older messages. */
const START = 600;
/** More rows than this are cut to so many, when one is at the end. */
const MOST = 1000;
const KEPT = 600;
const LONG_PRESS = 450;
/** A log of which nothing is here yet. @type {Log} */
const UNKNOWN = { epoch: "", from: 1, start: 1, head: 2, messages: [], older: "idle", quotes: new Map(), check: null, asOf: 0, kept: false };

export class Timeline extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/session.js").Session} */
  session;

  /** @type {Rooms | null} */
  #rooms = null;
  #topic = "";
  #editing = 0;
  /** @type {unknown[]} */
  #drawn = [];
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** @type {Set<number>} */
  #sought = new Set();

  #atEnd = true;
  /** The newest seq while one was at the end. */
  #seen = 0;
  /** The last seq that isn't new. @type {number | null} */
  #mark = null;
  #marked = false;
  /** Whether something came while nobody was reading. */
  #away = false;
  /** Where to stand once the log is there: null when one stands. @type {{seq: number} | {anchor: Anchor | null} | null} */
  #place = null;
  /** The seq of a message to go to as soon as it stands there; 0 for none. */
  #wanted = 0;
  /** @typedef {{key: string, offset: number}} Anchor */
  /** Where one stood in other topics. @type {Map<string, Anchor>} */
  #places = new Map();
  /** @type {MessageElement | null} */
  #reachable = null;

  #top = h("div", { class: "top" });
  #rows = h("div", { class: "rows" });
  #empty = h("div", { class: "blank", hidden: true });
  #scroll = h("div", { class: "scroll", role: "log", tabindex: -1 });
  #newer = h("button", { class: "button newer", type: "button", hidden: true });
  #word = h("p", { class: "word", role: "status" });

  connectedCallback() {
    set(this.#scroll, "aria-label", this.speech.words.log.label);
    this.#scroll.replaceChildren(h("div", { class: "column" }, this.#top, this.#empty, this.#rows));
    this.replaceChildren(this.#scroll, this.#newer, this.#word);
    this.#scroll.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#scroll.addEventListener("keydown", (event) => this.#onKey(event));
    this.#scroll.addEventListener("focusin", (event) => this.#onFocus(event));
    this.#scroll.addEventListener("pointerdown", (event) => this.#onPress(event));
    this.#newer.addEventListener("click", () => this.#toEnd());
    this.addEventListener("jump", (event) => this.#jump(/** @type {CustomEvent<number>} */ (event).detail));
    const resized = new ResizeObserver(() => {
      if (this.#atEnd && !this.#place) this.#scrollToEnd();
    });
    // What is folded out goes on below; its beginning stays in sight.
    this.#rows.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest("summary")) this.#atEnd = false;
    });
    this.#rows.addEventListener("toggle", () => this.#onScroll(), { capture: true });
    resized.observe(this.#scroll);
    resized.observe(this.#rows);
  }

  /** The document has become visible, or is no longer. */
  attend() {
    this.#report();
  }

  /** One's own post was written: nothing above it is new any more. */
  posted() {
    this.#mark = null;
    this.#drawn = [];
    this.#toEnd();
  }

  /**
   * Goes to a message as soon as it is there.
   * @param {number} seq
   */
  goTo(seq) {
    if (this.#place) this.#place = { seq };
    else this.#jump(seq);
  }

  /**
   * @param {Rooms} rooms
   * @param {string} topic
   * @param {number} editing the seq of what is in the composer; 0 for none
   */
  update(rooms, topic, editing) {
    this.#rooms = rooms;
    this.#editing = editing;
    if (topic !== this.#topic) this.#turnTo(topic);
    const log = rooms.logs.get(topic) ?? (rooms.posts.some((post) => post.topic === topic) ? UNKNOWN : undefined);
    const now = [log, rooms.posts, rooms.deals, rooms.topics.get(topic), editing, rooms.connection.state === "open"];
    if (topic === "" || now.every((value, index) => value === this.#drawn[index])) return;
    this.#drawn = now;
    this.#draw(rooms, log);
  }

  /** @param {string} topic */
  #turnTo(topic) {
    if (this.#topic && !this.#atEnd) {
      const anchor = this.#anchor();
      if (anchor) this.#places.set(this.#topic, anchor);
    } else this.#places.delete(this.#topic);
    this.#topic = topic;
    this.#elements.clear();
    this.#sought.clear();
    this.#drawn = [];
    this.#place = { anchor: this.#places.get(topic) ?? null };
    this.#places.delete(topic);
    this.#marked = this.#away = false;
    this.#mark = null;
    this.#atEnd = true;
    this.#reachable = null;
    this.#wanted = 0;
    this.#rows.replaceChildren();
    this.#top.replaceChildren();
    this.#empty.hidden = this.#newer.hidden = true;
    say(this.#word, "");
  }

  /**
   * @param {Rooms} rooms
   * @param {Log | undefined} log
   */
  #draw(rooms, log) {
    const topic = rooms.topics.get(this.#topic);
    if (!log || !topic) {
      set(this.#scroll, "aria-busy", "true");
      this.#elements.clear();
      this.#rows.replaceChildren();
      this.#marked = false;
      this.#place ??= { anchor: null };
      return;
    }
    const fetched = log.older === "loading" || !settled(log) || this.#place !== null;
    set(this.#scroll, "aria-busy", fetched ? "true" : "false");
    this.#moveMark(log, topic);
    const anchor = this.#atEnd ? null : this.#anchor();

    const posts = rooms.posts.filter((post) => post.topic === this.#topic);
    const list = rows(log.messages, posts, this.#mark, rooms.me.name);
    /** @type {Map<string, HTMLElement>} */
    const elements = new Map();
    for (const row of list) elements.set(row.key, this.#row(row, rooms, log, topic));
    this.#elements = elements;
    arrange(this.#rows, [...elements.values()]);
    this.#drawTop(log, topic, list.length === 0);

    this.#settle(log, anchor);
    this.#point();
    this.#drawNewer(log);
    this.#keepReachable();
    this.#report();
    if (this.#atEnd && !this.#place && this.#wanted === 0 && log.messages.length > MOST) this.session.cursors.trim(this.#topic, KEPT);
    else this.#fetchOlder();
  }

  /**
   * The line above what is new: where one had read to when the topic was
   * opened, or when one last looked.
   * @param {Log} log
   * @param {import("../app/rooms.js").Topic} topic
   */
  #moveMark(log, topic) {
    if (log === UNKNOWN) return;
    if (!this.#marked) {
      this.#marked = true;
      this.#mark = topic.unread > 0 && topic.read >= log.from ? topic.read : null;
      this.#seen = last(log);
    } else if (last(log) > this.#seen && settled(log) && !this.#place && !this.#reading() && !this.#away) {
      this.#away = true;
      this.#mark = this.#seen;
    }
  }

  /**
   * @param {import("../app/rows.js").Row} row
   * @param {Rooms} rooms
   * @param {Log} log
   * @param {import("../app/rooms.js").Topic} topic
   */
  #row(row, rooms, log, topic) {
    const { words, formats } = this.speech;
    const known = this.#elements.get(row.key);
    if (row.kind === "day") {
      const element = known ?? h("div", { class: "rule day" }, h("time"));
      say(element.children[0], formats.day(row.time, Date.now()));
      return element;
    }
    if (row.kind === "new") {
      const element = known ?? h("div", { class: "rule new" }, h("span"));
      say(element.children[0], words.log.newSince(formats.time(row.time)));
      return element;
    }
    const element = /** @type {MessageElement} */ (known ?? document.createElement("rr-message"));
    if (!known) element.speech = this.speech;
    const { message, post, change, joined } = row;
    const before = element.shown;
    const shown = {
      message,
      post,
      change,
      joined,
      who: displayName(rooms, topic, message.author),
      redactor: message.redaction ? displayName(rooms, topic, message.redaction.author) : "",
      topic: this.#topic,
      quote: message.ref > 0 && message.kind === "text" ? this.#quote(message.ref, rooms, log, topic) : null,
      rights: rights(rooms, topic, message),
      editing: this.#editing > 0 && this.#editing === message.seq,
      away: (post ?? change)?.state === "waiting" && rooms.connection.state !== "open",
    };
    if (!before || !same(before, shown)) element.show(shown);
    return element;
  }

  /**
   * What a reply speaks of; it is fetched if it isn't here.
   * @param {number} seq
   * @param {Rooms} rooms
   * @param {Log} log
   * @param {import("../app/rooms.js").Topic} topic
   */
  #quote(seq, rooms, log, topic) {
    const meant = original(log, seq);
    let message = messageAt(log, meant) ?? log.quotes.get(meant);
    if (message === undefined && meant < log.from) message = null;
    if (message === undefined && settled(log) && !this.#sought.has(meant)) {
      this.#sought.add(meant);
      void this.session.cursors.quote(this.#topic, meant);
    }
    return { message, who: message ? displayName(rooms, topic, message.author) : "" };
  }

  /**
   * @param {Log} log
   * @param {import("../app/rooms.js").Topic} topic
   * @param {boolean} nothing
   */
  #drawTop(log, topic, nothing) {
    const { words, formats } = this.speech;
    const atStart = log.start < log.from;
    const key = nothing ? "" : atStart ? `start ${log.from > 1}` : log.older;
    this.#empty.hidden = !nothing || !settled(log);
    if (!this.#empty.hidden) {
      const count = readers(/** @type {Rooms} */ (this.#rooms), topic).length;
      this.#empty.replaceChildren(
        h("h2", {}, words.log.empty),
        readOnly(/** @type {Rooms} */ (this.#rooms), topic) === "" && count > 0
          ? h("p", {}, words.log.emptyHint(count, formats.number(count)))
          : "",
      );
    }
    if (this.#top.dataset.key === key) return;
    this.#top.dataset.key = key;
    if (nothing) this.#top.replaceChildren();
    else if (atStart) this.#top.replaceChildren(log.from > 1 ? words.log.startFrom : words.log.start);
    else if (log.older === "failed") {
      const again = h("button", { class: "link", type: "button", onclick: () => void this.session.cursors.older(this.#topic) }, words.log.tryAgain);
      this.#top.replaceChildren(`${words.log.olderFailed} `, again);
    } else this.#top.replaceChildren(log.older === "loading" ? words.log.older : "\u00a0");
  }

  /**
   * Puts the reader where they were, or where they should be.
   * @param {Log} log
   * @param {Anchor | null} anchor
   */
  #settle(log, anchor) {
    const place = this.#place;
    if (!place) {
      if (this.#atEnd) this.#scrollToEnd();
      else if (anchor) this.#restore(anchor);
      return;
    }
    const line = this.#elements.get("new");
    if ("seq" in place || !place.anchor || !this.#restore(place.anchor)) {
      this.#scrollToEnd();
      // As much of what is new as fits, and a little of what was before.
      if (line) this.#scroll.scrollTop = Math.min(this.#scroll.scrollTop, line.offsetTop - this.#scroll.clientHeight / 5);
    }
    this.#atEnd = this.#isAtEnd();
    if (!settled(log)) return;
    this.#place = null;
    set(this.#scroll, "aria-busy", "false");
    this.#seen = this.#atEnd ? last(log) : Math.max(this.#mark ?? 0, 0) || last(log);
    if ("seq" in place) this.#jump(place.seq);
  }

  /**
   * The first message that begins in sight, else the one that fills it, and
   * where it stands: what changes its height above moves nothing.
   * @returns {Anchor | null}
   */
  #anchor() {
    const top = this.#scroll.scrollTop;
    const bottom = top + this.#scroll.clientHeight;
    let anchor = null;
    for (const [key, element] of this.#elements) {
      const { offsetTop } = element;
      if (element.localName !== "rr-message" || offsetTop + element.offsetHeight <= top) continue;
      if (anchor && offsetTop >= bottom) break;
      anchor = { key, offset: offsetTop - top };
      if (offsetTop >= top) break;
    }
    return anchor;
  }

  /**
   * @param {Anchor} anchor
   * @returns {boolean} whether it is still there
   */
  #restore({ key, offset }) {
    const element = this.#elements.get(key);
    if (!element) return false;
    const top = element.offsetTop - offset;
    if (Math.abs(this.#scroll.scrollTop - top) >= 1) this.#scroll.scrollTop = top;
    return true;
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < END;
  }

  /** Whether the end is further away than one can see. */
  #isFar() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop > 2 * clientHeight;
  }

  #scrollToEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #toEnd() {
    this.#atEnd = true;
    this.#scrollToEnd();
    const log = this.#log();
    if (log) this.#drawNewer(log);
    this.#report();
  }

  #onScroll() {
    if (this.#place) return;
    this.#atEnd = this.#isAtEnd();
    const log = this.#log();
    if (log) this.#drawNewer(log);
    this.#report();
    this.#fetchOlder();
  }

  #fetchOlder() {
    const log = this.#log();
    if (!settled(log) || this.#place || log.older !== "idle" || log.start < log.from) return;
    if (this.#scroll.scrollTop < START) void this.session.cursors.older(this.#topic);
  }

  #log() {
    return this.#rooms?.logs.get(this.#topic);
  }

  /** Whether what comes is seen. */
  #reading() {
    return this.#atEnd && document.visibilityState === "visible" && this.clientHeight > 0;
  }

  /** Tells how far one has read. */
  #report() {
    const log = this.#log();
    const topic = this.#rooms?.topics.get(this.#topic);
    if (!settled(log) || !topic || this.#place || !this.#reading()) return;
    const newest = last(log);
    this.#seen = newest;
    this.#away = false;
    if (newest > topic.read || topic.unread > 0) this.session.cursors.read(this.#topic, newest);
  }

  /** @param {Log} log */
  #drawNewer(log) {
    const { words, formats } = this.speech;
    const me = this.#rooms?.me.name;
    let count = 0;
    // An edit is nothing new below.
    if (!this.#atEnd) for (let seq = Math.max(this.#seen, log.start) + 1; seq <= last(log); seq++) {
      const message = messageAt(log, seq);
      if (message && message.author !== me && !isChange(message)) count++;
    }
    this.#newer.hidden = this.#atEnd || (count === 0 && !this.#isFar());
    const text = count > 0 ? words.log.newer(count, formats.number(count)) : words.log.toEnd;
    set(this.#newer, "data-new", count > 0);
    if (this.#newer.textContent !== text) this.#newer.replaceChildren(text, icon("down"));
  }

  /**
   * @param {number} seq
   * @returns {Promise<void>}
   */
  async #jump(seq) {
    const topic = this.#topic;
    if (seq <= 0) return;
    const log = this.#log();
    // An edit stands where its original does.
    const meant = log ? original(log, seq) : seq;
    this.#wanted = meant;
    if (log && !messageAt(log, meant)) {
      const reached = await this.session.cursors.reach(topic, meant);
      if (this.#topic !== topic || this.#wanted !== meant) return;
      const found = this.#log();
      if (reached && found && original(found, meant) !== meant) return this.#jump(meant);
      if (!reached) {
        this.#wanted = 0;
        this.remark(this.speech.words.log.far);
      }
    } else this.#point();
  }

  /** Goes to the message that is wanted, if it stands there by now. */
  #point() {
    const seq = this.#wanted;
    const element = [...this.#elements.values()].find(
      (element) => /** @type {Partial<MessageElement>} */ (element).shown?.message.seq === seq,
    );
    if (seq === 0 || !element) return;
    this.#wanted = 0;
    element.scrollIntoView({ block: "center" });
    this.#atEnd = this.#isAtEnd();
    const message = /** @type {MessageElement} */ (element);
    message.focus({ preventScroll: true });
    message.point();
    history.replaceState(history.state, "", `/t/${this.#topic}#${seq}`);
  }

  /**
   * Says something in passing.
   * @param {string} text
   */
  remark(text) {
    say(this.#word, text);
    setTimeout(() => say(this.#word, ""), 6000);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const message = /** @type {Element} */ (event.target).closest("rr-message");
    if (event.altKey || event.ctrlKey || event.metaKey || !message) return;
    const all = [...this.#rows.querySelectorAll("rr-message")];
    const at = all.indexOf(message);
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all[next]) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (all[next]).focus();
  }

  /** @param {FocusEvent} event */
  #onFocus(event) {
    const message = /** @type {MessageElement | null} */ (/** @type {Element} */ (event.target).closest("rr-message"));
    if (message) this.#setReachable(message);
  }

  /** One message is in the tab order: the one that had the focus, else the newest. */
  #keepReachable() {
    if (this.#reachable?.isConnected && this.#reachable.contains(document.activeElement)) return;
    this.#setReachable(/** @type {MessageElement | null} */ ([...this.#rows.querySelectorAll("rr-message")].at(-1) ?? null));
  }

  /** @param {MessageElement | null} message */
  #setReachable(message) {
    if (this.#reachable === message) return;
    this.#reachable?.reachable(false);
    this.#reachable = message;
    message?.reachable(true);
  }

  /**
   * A long press does what hovering does.
   * @param {PointerEvent} event
   */
  #onPress(event) {
    const message = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("rr-message"));
    if (event.pointerType !== "touch" || !message) return;
    const timer = setTimeout(() => message.focus({ preventScroll: true }), LONG_PRESS);
    const end = () => clearTimeout(timer);
    for (const type of ["pointerup", "pointercancel", "pointermove"]) message.addEventListener(type, end, { once: true });
  }
}

/**
 * Whether a message looks the same.
 * @param {import("./message.js").Shown} a
 * @param {import("./message.js").Shown} b
 */
function same(a, b) {
  return (
    a.message === b.message &&
    a.post === b.post &&
    a.change === b.change &&
    a.joined === b.joined &&
    a.who === b.who &&
    a.redactor === b.redactor &&
    a.editing === b.editing &&
    a.away === b.away &&
    a.rights.answer === b.rights.answer &&
    a.rights.edit === b.rights.edit &&
    a.rights.redact === b.rights.redact &&
    a.quote?.message === b.quote?.message &&
    a.quote?.who === b.quote?.who
  );
}

customElements.define("rr-timeline", Timeline);
