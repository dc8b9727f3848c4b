/**
 * Says beside the scroll bar where one is while one drags it past what isn't
 * here: the day, as far as it is known, and the number of the message.
 * @module
 */
import { Times } from "../app/times.js";
import { h, say } from "./dom.js";

export class Hint {
  element = h("div", { class: "hint", hidden: true, "aria-hidden": "true" }, h("strong"), h("span"));
  #speech;
  #timeOf;
  #times = new Times();
  #topic = "";
  #seq = 0;
  #asking = false;

  /**
   * @param {import("./page.js").Speech} speech
   * @param {(topic: string, seq: number) => Promise<number>} timeOf of the message at a seq, in unix-ms
   */
  constructor(speech, timeOf) {
    this.#speech = speech;
    this.#timeOf = timeOf;
  }

  /**
   * What is known anyway.
   * @param {string} topic
   * @param {readonly import("../app/rooms.js").Message[]} messages
   */
  note(topic, messages) {
    if (topic !== this.#topic) this.#times = new Times();
    this.#topic = topic;
    for (const message of [messages[0], messages[messages.length - 1]]) if (message && message.time > 0) this.#times.note(message.seq, message.time);
  }

  /**
   * @param {number} seq 0: nothing is to be said
   * @param {number} share how far down one is, 0 to 1
   */
  show(seq, share) {
    this.#seq = seq;
    this.element.hidden = seq === 0;
    if (seq === 0) return;
    this.element.style.insetBlockStart = `${Math.round(share * 100)}%`;
    this.#say();
    void this.#ask();
  }

  #say() {
    const { words, formats } = this.#speech;
    const time = this.#times.guess(this.#seq);
    say(this.element.children[0], time > 0 ? formats.date(time) : "");
    say(this.element.children[1], words.log.number(formats.number(this.#seq)));
  }

  /** Asks for the time of what is meant, one question after the other. */
  async #ask() {
    const [topic, seq] = [this.#topic, this.#seq];
    if (this.#asking || this.#times.knows(seq)) return;
    this.#asking = true;
    const time = await this.#timeOf(topic, seq).catch(() => 0);
    this.#asking = false;
    if (this.#topic !== topic || time === 0) return;
    this.#times.note(seq, time);
    if (this.#seq === 0) return;
    this.#say();
    if (this.#seq !== seq) void this.#ask();
  }
}
