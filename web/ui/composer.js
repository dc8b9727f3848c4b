/**
 * Where one writes, answers, and edits. Events: `send` with {text, ref}, `save`
 * with {text, seq}, `edit-last`, `editing` when that begins or ends, `typed` with
 * each change to a message that is still to be sent.
 * @module
 */
import { isRedacted } from "../app/changes.js";
import { isBegun } from "../app/drafts.js";
import { displayName, messageAt, readOnly } from "../app/rooms.js";
import { extract } from "../app/report.js";
import { MAX_TEXT } from "../app/wire.js";
import { amount } from "../app/words.js";
import { h, icon, isolated, say, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Message} Message */

/** @typedef {import("../app/drafts.js").Draft} Draft */

/** Characters that can't be too many octets yet, so that the usual keystroke costs nothing. */
const SURELY_FITS = MAX_TEXT / 4;
/** How much of what is answered or edited is shown. */
const EXTRACT = 200;
const encoder = new TextEncoder();

export class Composer extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;

  /** @type {Rooms | null} */
  #rooms = null;
  #topic = "";
  /** Of each topic that something was begun in. @type {Map<string, Draft>} */
  #drafts = new Map();
  /** What is wrong with a text until it is changed. */
  #complaint = "";

  /** @type {HTMLTextAreaElement} */
  #input;
  /** @type {HTMLFormElement} */
  #form;
  #what = h("span", { class: "what", id: "composer-about" });
  #leave = h("button", { class: "button quiet only-icon", type: "button" }, icon("close"));
  #sign = h("span", { class: "sign" });
  #about = h("div", { class: "about", hidden: true }, this.#sign, this.#what, this.#leave);
  #submit = h("button", { class: "button main" });
  #note = h("p", { class: "under", id: "composer-note" });
  #unkept = h("p", { class: "under unkept", role: "status", hidden: true });
  #told = h("p", { class: "unseen", role: "status" });
  #shut = h("p", { class: "shut", hidden: true });

  connectedCallback() {
    const { words } = this.speech;
    this.#input = h("textarea", {
      id: "message",
      "aria-label": words.composer.label,
      "aria-describedby": "composer-about composer-note",
      placeholder: words.composer.label,
      rows: 1,
      dir: "auto",
      autocomplete: "off",
      enterkeyhint: "send",
      oninput: () => this.#onInput(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    });
    this.#form = h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#send();
        },
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onEscape(event),
      },
      this.#about,
      h("div", { class: "line" }, this.#input, this.#submit),
    );
    this.#leave.addEventListener("click", () => this.#back());
    this.replaceChildren(this.#form, this.#note, this.#unkept, this.#told, this.#shut);
  }

  /** The seq of the message that is being edited; 0 for none. */
  get editing() {
    return this.#drafts.get(this.#topic)?.edit?.seq ?? 0;
  }

  /** What is being written. @returns {import("../app/drafts.js").Drafts} */
  get drafts() {
    return this.#drafts;
  }

  /**
   * Goes on with what was begun in a topic, where nothing else was.
   * @param {string} topic
   * @param {Draft} draft
   */
  resume(topic, draft) {
    const there = this.#drafts.get(topic);
    if (there && isBegun(there)) return;
    this.#drafts.set(topic, draft);
    if (topic === this.#topic) this.#show();
  }

  get #draft() {
    let draft = this.#drafts.get(this.#topic);
    if (!draft) this.#drafts.set(this.#topic, (draft = { text: "", ref: 0, edit: null }));
    return draft;
  }

  /**
   * @param {Rooms} rooms
   * @param {string} topic "" for none
   */
  update(rooms, topic) {
    const { words } = this.speech;
    this.#rooms = rooms;
    const turned = topic !== this.#topic;
    this.#topic = topic;
    if (turned) this.#show();
    this.#forget(rooms);
    this.#showAbout();
    const shown = rooms.topics.get(topic);
    const closed = shown ? readOnly(rooms, shown) : "";
    this.#form.hidden = this.#note.hidden = closed !== "";
    this.#unkept.hidden = rooms.storage === "" || closed !== "";
    say(this.#unkept, rooms.storage === "" ? "" : words.composer[rooms.storage]);
    this.#shut.hidden = closed === "";
    const sentence = { "": "", observer: words.composer.observer, archived: words.composer.archived, closed: words.composer.closed, "deal-closed": words.composer.dealClosed, alone: words.composer.alone };
    say(this.#shut, sentence[closed]);
  }

  /** @param {number} seq of the message that is answered */
  answer(seq) {
    const draft = this.#draft;
    draft.ref = seq;
    draft.edit = null;
    this.#show();
    this.focusInput();
  }

  /**
   * Begins to edit a message.
   * @param {number} seq
   * @param {string} text
   */
  edit(seq, text) {
    const { words } = this.speech;
    this.#draft.edit = { seq, text };
    this.#show();
    this.focusInput();
    this.#input.setSelectionRange(text.length, text.length);
    say(this.#told, `${words.composer.editing}. ${words.composer.editHint}`);
  }

  /**
   * Says something until a key is pressed.
   * @param {string} text
   */
  complain(text) {
    this.#complaint = text;
    this.#measure();
  }

  focusInput() {
    this.#input.focus();
  }

  /**
   * What is redacted isn't edited any more, and what is no longer here isn't
   * kept: not its words either.
   * @param {Rooms} rooms
   */
  #forget(rooms) {
    for (const [topic, draft] of this.#drafts) {
      const log = rooms.logs.get(topic);
      if (!rooms.topics.has(topic)) this.#drafts.delete(topic);
      else if (draft.edit && (!log || isRedacted(log, draft.edit.seq))) {
        draft.edit = null;
        if (topic !== this.#topic) continue;
        this.#renew();
        this.#show();
        if (log) this.complain(this.speech.words.composer.gone);
      }
    }
  }

  /** Takes the field away and puts another one in its place: it remembers what stood in it, to be undone. */
  #renew() {
    const input = this.#input;
    const focused = document.activeElement === input;
    input.value = "";
    this.#input = /** @type {HTMLTextAreaElement} */ (input.cloneNode());
    this.#input.addEventListener("input", () => this.#onInput());
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    input.replaceWith(this.#input);
    if (focused) this.#input.focus();
  }

  /** Puts the draft of this topic into the field. */
  #show() {
    const { words } = this.speech;
    const { text, edit } = this.#drafts.get(this.#topic) ?? { text: "", edit: null };
    const value = edit ? edit.text : text;
    if (this.#input.value !== value) this.#input.value = value;
    set(this, "data-editing", edit !== null);
    say(this.#submit, edit ? words.composer.save : words.composer.send);
    this.#complaint = "";
    this.#showAbout();
    this.#measure();
    this.dispatchEvent(new CustomEvent("editing"));
  }

  /** What is edited or answered, as it is now. */
  #showAbout() {
    const { words } = this.speech;
    const { edit = null, ref = 0 } = this.#drafts.get(this.#topic) ?? {};
    const seq = edit ? edit.seq : ref;
    this.#about.hidden = seq === 0;
    if (seq === 0) {
      this.#what.replaceChildren();
      delete this.#about.dataset.key;
      return;
    }
    const rooms = /** @type {Rooms} */ (this.#rooms);
    const log = rooms.logs.get(this.#topic);
    const message = log && messageAt(log, seq);
    const key = `${edit !== null} ${seq} ${message?.redacted} ${message?.versions?.length}`;
    if (this.#about.dataset.key === key) return;
    this.#about.dataset.key = key;
    const title = edit ? words.composer.editing : message ? displayName(rooms, rooms.topics.get(this.#topic), message.author) : "";
    this.#sign.replaceChildren(icon(edit ? "edit" : "reply"));
    this.#what.replaceChildren(h("strong", {}, isolated(title)), " ", h("bdi", {}, message ? this.#saying(message) : ""));
    const leave = edit ? words.composer.noEdit : words.composer.noReply;
    set(this.#leave, "aria-label", leave);
    set(this.#leave, "title", leave);
  }

  /** @param {Message} message */
  #saying({ redacted, kind, text }) {
    if (redacted) return this.speech.words.log.redacted;
    return (kind === "report" ? extract(text) : text).slice(0, EXTRACT);
  }

  /** Leaves what is edited or answered. */
  #back() {
    const draft = this.#draft;
    if (draft.edit) draft.edit = null;
    else draft.ref = 0;
    this.#show();
    this.focusInput();
  }

  #onInput() {
    const { value } = this.#input;
    const draft = this.#draft;
    if (draft.edit) draft.edit.text = value;
    else draft.text = value;
    if (!draft.edit && value.trim() !== "") this.dispatchEvent(new CustomEvent("typed"));
    this.#complaint = "";
    this.#measure();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // Safari reports the Enter that ends a composition with code 229.
    if (event.isComposing || event.keyCode === 229) return;
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && plain && this.#input.value === "" && !this.editing) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("edit-last"));
    }
  }

  /** @param {KeyboardEvent} event */
  #onEscape(event) {
    if (event.key !== "Escape" || event.isComposing || event.keyCode === 229 || this.#about.hidden) return;
    event.preventDefault();
    this.#back();
  }

  #send() {
    const { words } = this.speech;
    const draft = this.#draft;
    const text = this.#input.value;
    const empty = text.trim() === "";
    if (this.#measure() > 0 || (empty && !draft.edit)) return this.focusInput();
    if (draft.edit) {
      const { seq } = draft.edit;
      const log = this.#rooms?.logs.get(this.#topic);
      const wrong = empty ? words.composer.emptied : text === (log && messageAt(log, seq)?.text) ? words.composer.unchanged : "";
      if (wrong) {
        this.complain(wrong);
        return this.focusInput();
      }
      draft.edit = null;
      this.#show();
      this.focusInput();
      this.dispatchEvent(new CustomEvent("save", { detail: { seq, text } }));
    } else {
      const { ref } = draft;
      this.#drafts.delete(this.#topic);
      this.#show();
      this.focusInput();
      this.dispatchEvent(new CustomEvent("send", { detail: { text, ref } }));
    }
  }

  /**
   * Grows with the text, and says when it has become too long.
   * @returns {number} octets beyond the most
   */
  #measure() {
    const { words, formats } = this.speech;
    const input = this.#input;
    const size = (/** @type {number} */ octets) => amount(octets, words, formats);
    if (!CSS.supports("field-sizing", "content")) {
      input.style.setProperty("block-size", "auto");
      input.style.setProperty("block-size", `${input.scrollHeight}px`);
    }
    const { value } = input;
    const over = value.length <= SURELY_FITS ? 0 : encoder.encode(value).length - MAX_TEXT;
    const tooLong = over > 0 ? words.composer.tooLong(size(over), size(MAX_TEXT)) : "";
    const wrong = tooLong || this.#complaint;
    say(this.#note, wrong || (this.editing ? words.composer.editHint : words.composer.hint));
    set(this.#note, "data-problem", wrong !== "");
    set(this.#note, "role", wrong !== "" ? "alert" : false);
    set(input, "aria-invalid", tooLong !== "" && "true");
    return Math.max(0, over);
  }
}

customElements.define("rr-composer", Composer);
