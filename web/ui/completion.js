/**
 * What a text could go on with, in a list above the field where one writes, with
 * the keys of the ARIA Authoring Practices' combobox. The field stays a text box,
 * as a combobox has one line only, and keeps the focus.
 * @module
 */
import { commandsFor, emojiFor, namesFor, soughtAt } from "../app/completion.js";
import sheet from "./completion.css" with { type: "css" };
import { h, isolated, say, set, wear } from "./dom.js";

wear(sheet);

/** @typedef {import("../app/completion.js").Offer} Offer */
/** @typedef {import("../app/completion.js").Sought} Sought */

const LIST = "completion";

export class Completion {
  /** What is shown above the field. */
  element = h("div", { class: "completion", hidden: true });
  #list = h("ul", { id: LIST, role: "listbox" });
  #said = h("p", { class: "unseen", role: "status" });
  #speech;
  #people;
  #me;
  /** @type {(from: number, to: number, text: string) => void} */
  #replace;
  /** @type {HTMLTextAreaElement | null} */
  #input = null;
  /** @type {Sought | null} */
  #sought = null;
  /** @type {Offer[]} */
  #offers = [];
  #at = 0;
  /** Where Escape was pressed: nothing is offered there again. */
  #left = -1;
  /** Loaded when the first name is begun. @type {Promise<typeof import("../app/emoji.js")> | null} */
  #emoji = null;

  /**
   * @param {import("./page.js").Speech} speech
   * @param {object} around
   * @param {() => readonly import("../app/rooms.js").Person[]} around.people those who can be called
   * @param {string} around.me
   * @param {(from: number, to: number, text: string) => void} around.replace puts text in the place of what stands there
   */
  constructor(speech, { people, me, replace }) {
    this.#speech = speech;
    this.#people = people;
    this.#me = me;
    this.#replace = replace;
    set(this.#list, "aria-label", speech.words.completion.label);
    this.element.append(this.#list);
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.#list.addEventListener("click", (event) => {
      const option = /** @type {Element} */ (event.target).closest("[role=option]");
      if (option) this.#take([...this.#list.children].indexOf(option));
    });
  }

  /** What is told of it. */
  get status() {
    return this.#said;
  }

  /** @param {HTMLTextAreaElement} input in which one writes from now on */
  attach(input) {
    this.#input = input;
    for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": LIST })) set(input, name, value);
    input.addEventListener("blur", () => this.close());
    this.close();
  }

  /** The text or the caret has changed. */
  look() {
    const input = this.#input;
    if (!input || input.selectionStart !== input.selectionEnd) return this.close();
    const sought = soughtAt(input.value, input.selectionStart);
    if (!sought || sought.start === this.#left) {
      if (!sought) this.#left = -1;
      return this.close();
    }
    this.#sought = sought;
    const { words, formats } = this.#speech;
    if (sought.kind === "name") this.#offer(namesFor(sought.query, this.#people(), this.#me, formats.collator));
    else if (sought.kind === "command") this.#offer(commandsFor(sought.query, words.completion.commands));
    else void this.#lookForEmoji(sought);
  }

  /** @param {Sought} sought */
  async #lookForEmoji(sought) {
    this.#emoji ??= import("../app/emoji.js");
    try {
      const { EMOJI } = await this.#emoji;
      if (this.#sought === sought) this.#offer(emojiFor(sought.query, EMOJI));
    } catch {
      this.#emoji = null; // without a network; the next letter tries again
    }
  }

  /** @param {Offer[]} offers */
  #offer(offers) {
    this.#offers = offers;
    this.#at = 0;
    if (offers.length === 0) return this.#hide();
    const { words, formats } = this.#speech;
    this.#list.replaceChildren(
      ...offers.map(({ label, note }, at) => h("li", { role: "option", id: `${LIST}-${at}` }, h("span", { class: "label" }, isolated(label)), " ", h("span", { class: "note" }, isolated(note)))),
    );
    this.element.hidden = false;
    say(this.#said, words.completion.found(offers.length, formats.number(offers.length)));
    this.#point(0);
  }

  /** @param {number} at */
  #point(at) {
    this.#at = (at + this.#offers.length) % this.#offers.length;
    for (const [index, option] of [...this.#list.children].entries()) set(option, "aria-selected", String(index === this.#at));
    set(/** @type {Element} */ (this.#input), "aria-activedescendant", `${LIST}-${this.#at}`);
    this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
  }

  /** @param {number} at */
  #take(at) {
    const { start, end } = /** @type {Sought} */ (this.#sought);
    const { insert } = this.#offers[at];
    this.close();
    this.#replace(start, end, insert);
  }

  close() {
    this.#sought = null;
    this.#hide();
  }

  #hide() {
    this.#offers = [];
    this.element.hidden = true;
    this.#list.replaceChildren();
    say(this.#said, "");
    if (this.#input) set(this.#input, "aria-activedescendant", false);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was for the list
   */
  key(event) {
    if (this.#offers.length === 0 || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
    if (event.key === "ArrowDown") this.#point(this.#at + 1);
    else if (event.key === "ArrowUp") this.#point(this.#at - 1);
    else if (event.key === "Escape") {
      this.#left = this.#sought?.start ?? -1;
      this.close();
    } else if (event.key === "Tab" || (event.key === "Enter" && !this.#isWhole())) this.#take(this.#at);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Whether all that is offered stands there already, so that Enter does what it says. */
  #isWhole() {
    const { kind, query } = /** @type {Sought} */ (this.#sought);
    return kind === "command" && this.#offers[this.#at].insert.trim() === `/${query}`;
  }
}
