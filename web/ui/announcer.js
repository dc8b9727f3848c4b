/**
 * Says to screen readers what has come, once: who, and then the words; or how
 * many, where one reads elsewhere. The log
 * itself stays still, since what is put into it by scrolling is no news.
 * @module
 */
import { isChange } from "../app/changes.js";
import { clock } from "../app/clock.js";
import { last, messageAt } from "../app/log.js";
import { Missed } from "../app/missed.js";
import { h } from "./dom.js";

/** @typedef {import("../app/rooms.js").Message} Message */

/** More than this at once are counted, not read out. */
const MOST = 3;
/** How much of a long message is read out. */
const LONG = 500;
/** What was said stays for so long, in ms, so that it is certainly heard. */
const STAYS = 5_000;

export class Announcer {
  element = h("div", { class: "unseen", "aria-live": "polite" });
  #heard = 0;
  /** What is still there of what was said. @type {Map<number, HTMLElement>} */
  #said = new Map();
  /** How many is said in these words. @type {(count: number) => string} */
  #many = String;
  #missed = new Missed(clock, (count) => this.#put(this.#many(count)));

  /** Nothing was said yet. */
  clear() {
    this.#missed.clear();
    this.element.replaceChildren();
    this.#said.clear();
  }

  /**
   * What is redacted isn't said any longer.
   * @param {import("../app/rooms.js").Log} log
   */
  amend(log) {
    for (const [seq, line] of this.#said) if (messageAt(log, seq)?.redacted ?? true) this.#remove(seq, line);
  }

  /**
   * @param {number} seq
   * @param {HTMLElement} line
   */
  #remove(seq, line) {
    line.remove();
    this.#said.delete(seq);
  }

  /**
   * What comes after this is news.
   * @param {number} seq
   */
  begin(seq) {
    this.#heard = seq;
  }

  /**
   * One reads along: says what has come.
   * @param {import("../app/rooms.js").Log} log
   * @param {string} me
   * @param {(message: Message) => string} text
   * @param {(count: number) => string} many
   */
  say(log, me, text, many) {
    this.#missed.clear();
    const news = this.#news(log, me);
    if (news.length === 0) return;
    const newest = news[news.length - 1];
    for (const message of news.length > MOST ? [newest] : news) {
      const line = this.#put(news.length > MOST ? many(news.length) : text(message).slice(0, LONG));
      this.#said.set(message.seq, line);
    }
  }

  /**
   * One reads elsewhere: says how many have come, now and then.
   * @param {import("../app/rooms.js").Log} log
   * @param {string} me
   * @param {(count: number) => string} many
   */
  count(log, me, many) {
    this.#many = many;
    this.#missed.add(this.#news(log, me).length);
  }

  /** @param {string} text */
  #put(text) {
    const line = h("p", {}, text);
    this.element.append(line);
    setTimeout(() => {
      line.remove();
      for (const [seq, said] of this.#said) if (said === line) this.#said.delete(seq);
    }, STAYS);
    return line;
  }

  /**
   * What has come since.
   * @param {import("../app/rooms.js").Log} log
   * @param {string} me
   */
  #news(log, me) {
    /** @type {Message[]} */
    const news = [];
    for (let seq = Math.max(this.#heard, log.start) + 1; seq <= last(log); seq++) {
      const message = messageAt(log, seq);
      // Of reports, that may come every two seconds, the first is said alone.
      if (message && message.author !== me && !isChange(message) && !message.redacted && !(message.kind === "report" && messageAt(log, seq - 1)?.kind === "report")) news.push(message);
    }
    this.#heard = last(log);
    return news;
  }
}
