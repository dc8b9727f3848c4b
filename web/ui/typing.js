/**
 * Who is writing in the topic that is shown. It always takes the same place,
 * and isn't read aloud by itself: it changes too often for that.
 * @module
 */
import { called } from "../app/names.js";
import { h, say } from "./dom.js";

export class Typing extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  #text = h("p", { dir: "auto" });

  connectedCallback() {
    this.replaceChildren(this.#text);
  }

  /**
   * @param {import("../app/rooms.js").Rooms} rooms
   * @param {import("../app/rooms.js").Topic | undefined} topic
   */
  update(rooms, topic) {
    const { words } = this.speech;
    const names = ((topic && rooms.typing.get(topic.id)) ?? []).map((name) => called(rooms, topic, name));
    if (names.length === 0) say(this.#text, "");
    else if (names.length === 1) say(this.#text, words.typing.one(names[0]));
    else if (names.length === 2) say(this.#text, words.typing.two(names[0], names[1]));
    else say(this.#text, words.typing.several);
  }
}

customElements.define("rr-typing", Typing);
