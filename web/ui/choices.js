/**
 * A choice of some out of many: a box for each.
 * @module
 */
import sheet from "./choices.css" with { type: "css" };
import { h, isolated, wear } from "./dom.js";

wear(sheet);

/** @typedef {{value: string, text: string, note?: string}} Choice */

export class Choices {
  /** @type {HTMLFieldSetElement} */
  element;
  #list = h("ul");
  #none;

  /**
   * @param {string} label
   * @param {{none: string, hint?: string}} words none: said where there is nothing to choose from
   */
  constructor(label, { none, hint }) {
    this.#none = none;
    this.element = h("fieldset", { class: "choices" }, h("legend", {}, label), this.#list, hint && h("p", { class: "hint" }, hint));
  }

  /** @param {Choice[]} choices @param {string[]} [chosen] */
  offer(choices, chosen = []) {
    const box = (/** @type {Choice} */ { value, text, note }) =>
      h(
        "li",
        {},
        h("label", {}, h("input", { type: "checkbox", value, checked: chosen.includes(value) }), h("span", { class: "text" }, isolated(text)), note && h("span", { class: "note" }, note)),
      );
    this.#list.replaceChildren(...(choices.length > 0 ? choices.map(box) : [h("li", { class: "none" }, this.#none)]));
  }

  /** What is chosen, in the order in which it was offered. @returns {string[]} */
  get chosen() {
    return [...this.#list.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
  }
}
