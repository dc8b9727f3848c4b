/**
 * Where one writes. Event: `send` with {text, ref}.
 * @module
 */
import { MAX_TEXT } from "../app/wire.js";
import { h, icon, isolated, say, set } from "./dom.js";

/** @typedef {{seq: number, who: string, text: string}} Original the message that is answered */

/** Characters that can't be too many octets yet, so that the usual keystroke costs nothing. */
const SURELY_FITS = MAX_TEXT / 4;
const encoder = new TextEncoder();

export class Composer extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;

  #topic = "";
  /** @type {Map<string, {text: string, original: Original | null}>} */
  #drafts = new Map();
  /** @type {Original | null} */
  #original = null;

  /** @type {HTMLTextAreaElement} */
  #input;
  /** @type {HTMLFormElement} */
  #form;
  #reply = h("div", { class: "reply", hidden: true });
  #note = h("p", { class: "under", id: "composer-note" });
  #shut = h("p", { class: "shut", hidden: true });

  connectedCallback() {
    const { words } = this.speech;
    this.#input = h("textarea", {
      id: "message",
      "aria-label": words.composer.label,
      "aria-describedby": "composer-note",
      placeholder: words.composer.label,
      rows: 1,
      dir: "auto",
      autocomplete: "off",
      enterkeyhint: "send",
      oninput: () => this.#measure(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    });
    const send = h("button", { class: "button main" }, words.composer.send);
    this.#form = h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#send();
        },
      },
      this.#reply,
      h("div", { class: "line" }, this.#input, send),
    );
    this.replaceChildren(this.#form, this.#note, this.#shut);
    this.#measure();
  }

  /**
   * @param {string} topic
   * @param {"" | "observer" | "closed" | "deal-closed"} readOnly
   */
  update(topic, readOnly) {
    const { words } = this.speech;
    if (topic !== this.#topic) {
      if (this.#topic) this.#drafts.set(this.#topic, { text: this.#input.value, original: this.#original });
      this.#topic = topic;
      const draft = this.#drafts.get(topic);
      this.#input.value = draft?.text ?? "";
      this.answer(draft?.original ?? null, false);
      this.#measure();
    }
    this.#form.hidden = this.#note.hidden = readOnly !== "";
    this.#shut.hidden = readOnly === "";
    const sentence = { "": "", observer: words.composer.observer, closed: words.composer.closed, "deal-closed": words.composer.dealClosed };
    say(this.#shut, sentence[readOnly]);
  }

  /**
   * @param {Original | null} original
   * @param {boolean} [focus]
   */
  answer(original, focus = true) {
    const { words } = this.speech;
    this.#original = original;
    this.#reply.hidden = original === null;
    this.#reply.replaceChildren();
    if (original) {
      this.#reply.append(
        icon("reply"),
        h("span", { class: "what" }, h("strong", {}, isolated(original.who)), " ", h("bdi", {}, original.text)),
        h(
          "button",
          { class: "button quiet only-icon", type: "button", "aria-label": words.composer.noReply, title: words.composer.noReply, onclick: () => this.answer(null) },
          icon("close"),
        ),
      );
    }
    if (focus) this.#input.focus();
  }

  focusInput() {
    this.#input.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // Safari reports the Enter that ends a composition with code 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.#original) {
      event.preventDefault();
      this.answer(null);
    }
  }

  #send() {
    const text = this.#input.value;
    if (text.trim() === "" || this.#measure() > 0) return this.#input.focus();
    const ref = this.#original?.seq ?? 0;
    this.#input.value = "";
    this.answer(null);
    this.#measure();
    this.dispatchEvent(new CustomEvent("send", { detail: { text, ref } }));
  }

  /**
   * Grows with the text, and says when it has become too long.
   * @returns {number} octets beyond the most
   */
  #measure() {
    const { words, formats } = this.speech;
    const input = this.#input;
    if (!CSS.supports("field-sizing", "content")) {
      input.style.setProperty("block-size", "auto");
      input.style.setProperty("block-size", `${input.scrollHeight}px`);
    }
    const { value } = input;
    const over = value.length <= SURELY_FITS ? 0 : encoder.encode(value).length - MAX_TEXT;
    const tooLong = over > 0;
    const kib = formats.number(MAX_TEXT / 1024);
    say(
      this.#note,
      tooLong
        ? words.composer.tooLong(
            over < 1024 ? words.size.octets(over, formats.number(over)) : words.size.kib(formats.number(Math.ceil(over / 102.4) / 10)),
            words.size.kib(kib),
          )
        : words.composer.hint,
    );
    set(this.#note, "data-problem", tooLong);
    set(this.#note, "role", tooLong ? "alert" : false);
    set(input, "aria-invalid", tooLong && "true");
    return Math.max(0, over);
  }
}

customElements.define("rr-composer", Composer);
