/**
 * The rows of a log as elements: day lines, the line above what is new, and
 * messages. What is still there stays the element that it was.
 * @module
 */
import { original } from "../app/changes.js";
import { called } from "../app/names.js";
import { displayName, messageAt, rights, settled } from "../app/rooms.js";
import { readers } from "../app/walls.js";
import { h, say, set } from "./dom.js";
import "./message.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Log} Log */
/** @typedef {import("../app/rooms.js").Topic} Topic */
/** @typedef {import("../app/rows.js").Row} Row */
/** @typedef {import("./message.js").MessageElement} MessageElement */
/** What they are drawn from. @typedef {{rooms: Rooms, log: Log, topic: Topic, editing: number}} Scene */

export class Lines {
  #speech;
  #fetchQuote;
  #changed;
  /** Whether the words are there that say why something was refused. */
  #explains = false;
  /** Knows how reports stand, once it is loaded. @type {import("../app/runs.js").Runs | null} */
  #reports = null;
  /** Whether what stands there will look otherwise as soon as something is loaded, for the first time. @type {boolean | undefined} */
  early;
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** What replies speak of and is on its way. @type {Set<number>} */
  #sought = new Set();
  /** Which long messages are shown in full. @type {Set<string>} */
  #unfolded = new Set();
  /** @type {import("./message.js").Readers} */
  #readers = { me: "", names: new Set() };

  /**
   * @param {import("./page.js").Speech} speech
   * @param {(topic: string, seq: number) => Promise<unknown> | undefined} fetchQuote
   * @param {() => void} changed they are to be drawn again
   */
  constructor(speech, fetchQuote, changed) {
    this.#speech = speech;
    this.#fetchQuote = fetchQuote;
    this.#changed = changed;
  }

  clear() {
    this.#elements.clear();
    this.#sought.clear();
  }

  /** The line above what is new, if it stands there. */
  get line() {
    return this.#elements.get("new");
  }

  /**
   * @param {Row[]} rows
   * @param {Scene} scene
   * @returns {HTMLElement[]}
   */
  draw(rows, scene) {
    this.#nameReaders(scene);
    const standings = this.#reports?.of(rows);
    /** @type {Map<string, HTMLElement>} */
    const elements = new Map();
    for (const row of rows) elements.set(row.key, this.#element(row, scene, standings?.get(row.key)));
    this.#elements = elements;
    if (!this.#reports && rows.some((row) => row.kind === "message" && row.message.kind === "report")) void this.#loadReports();
    if (!this.#explains && rows.some((row) => row.kind === "message" && (row.post ?? row.change)?.state === "failed")) void this.#loadRefusals();
    return [...elements.values()];
  }

  /** What the words can't be loaded for is said in general ones. */
  async #loadRefusals() {
    await this.#speech.more().catch(() => {});
    if (this.#explains) return;
    this.#explains = true;
    this.#changed();
  }

  /** Until it has come, and where it doesn't, reports stand there in a few words. */
  async #loadReports() {
    this.early ??= true;
    try {
      const [{ reports }] = await Promise.all([import("./report-card.js"), this.#speech.more()]);
      this.#reports ??= reports();
    } catch {
      if (this.early === false) return; // The next time something is drawn it is tried again.
    }
    this.early = false;
    this.#changed();
  }

  /**
   * @param {Row} row
   * @param {Scene} scene
   * @param {import("../app/runs.js").Standing} [standing]
   */
  #element(row, { rooms, log, topic, editing }, standing) {
    const { words, formats } = this.#speech;
    const known = this.#elements.get(row.key);
    if (row.kind === "day") {
      const element = known ?? h("div", { class: "rule day" }, h("button", { type: "button", tabindex: -1, title: words.day.title }, h("time")));
      const time = /** @type {Element} */ (element.firstElementChild?.firstElementChild);
      say(time, formats.day(row.time, Date.now()));
      set(time, "datetime", new Date(row.time).toISOString());
      return element;
    }
    if (row.kind === "new") {
      const element = known ?? h("div", { class: "rule new" }, h("span"));
      say(element.children[0], words.log.newSince(formats.time(row.time)));
      return element;
    }
    const element = /** @type {MessageElement} */ (known ?? document.createElement("rr-message"));
    if (!known) element.speech = this.#speech;
    const { message, post, change, joined } = row;
    const before = element.shown;
    const shown = {
      message,
      post,
      change,
      joined: joined || !!standing?.joined,
      who: displayName(rooms, topic, message.author),
      called: called(rooms, topic, message.author),
      readers: this.#readers,
      unfolded: this.#unfolded,
      report: standing,
      explains: this.#explains,
      redactor: message.redaction ? called(rooms, topic, message.redaction.author) : "",
      topic: topic.id,
      quote: message.ref > 0 && message.kind === "text" ? this.#quote(message.ref, rooms, log, topic) : null,
      rights: rights(rooms, topic, message),
      editing: editing > 0 && editing === message.seq,
      away: (post ?? change)?.state === "waiting" && rooms.connection.state !== "open",
    };
    if (!before || !same(before, shown)) element.show(shown);
    set(element, "data-key", row.key);
    set(element, "data-seq", message.seq || false);
    return element;
  }

  /**
   * Who can be meant by name: another object only when they are others.
   * @param {Scene} scene
   */
  #nameReaders({ rooms, topic }) {
    const names = new Set(readers(rooms, topic).map((person) => person.name));
    const before = this.#readers;
    if (before.me === rooms.me.name && before.names.size === names.size && [...names].every((name) => before.names.has(name))) return;
    this.#readers = { me: rooms.me.name, names };
  }

  /**
   * What a reply speaks of; it is fetched if it isn't here.
   * @param {number} seq
   * @param {Rooms} rooms
   * @param {Log} log
   * @param {Topic} topic
   */
  #quote(seq, rooms, log, topic) {
    const meant = original(log, seq);
    let message = messageAt(log, meant) ?? log.quotes.get(meant);
    if (message === undefined && meant < log.from) message = null;
    if (message === undefined && settled(log) && !this.#sought.has(meant)) {
      this.#sought.add(meant);
      void this.#fetchQuote(topic.id, meant)?.finally(() => this.#sought.delete(meant));
    }
    return { message, who: message ? called(rooms, topic, message.author) : "" };
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
    a.called === b.called &&
    a.readers === b.readers &&
    a.report === b.report &&
    a.explains === b.explains &&
    a.redactor === b.redactor &&
    a.editing === b.editing &&
    a.away === b.away &&
    a.rights.answer === b.rights.answer &&
    a.rights.edit === b.rights.edit &&
    a.rights.redact === b.rights.redact &&
    a.rights.readers === b.rights.readers &&
    a.quote?.message === b.quote?.message &&
    a.quote?.who === b.quote?.who
  );
}
