/**
 * Where one writes, answers, and edits. Events: `send` with {text, ref}, `save`
 * with {text, seq}, `edit-last`, `editing` when that begins or ends, `typed` with
 * each change to a message that is still to be sent, `command` with what a message
 * that begins with a slash asks for, and what to call when that can be done.
 * @module
 */
import { understood } from "../app/commands.js";
import { isRedacted } from "../app/changes.js";
import { NOTHING } from "../app/drafts.js";
import { called } from "../app/names.js";
import { messageAt, readOnly, settled } from "../app/rooms.js";
import { saying } from "../app/saying.js";
import { MAX_TEXT } from "../app/wire.js";
import { amount } from "../app/words.js";
import { readers } from "../app/walls.js";
import { h, icon, isolated, say, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Message} Message */

/** @typedef {import("../app/drafts.js").Draft} Draft */

/** Characters that can't be too many octets yet, so that the usual keystroke costs nothing. */
const SURELY_FITS = MAX_TEXT / 4;
const encoder = new TextEncoder();

export class Composer extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;

  /** @type {import("../app/settings.js").Settings} */
  settings;
  /** @type {import("../app/store.js").Store} */
  store;
  /** @type {(topic: string, seq: number) => Promise<unknown> | undefined} */
  fetchQuote;

  /** @type {Rooms | null} */
  #rooms = null;
  #topic = "";
  /** What stands in the field. @type {Draft} */
  #shown = NOTHING;
  /** What is wrong with a text until it is changed. */
  #complaint = "";

  /** What a text could go on with, from the first letter on. @type {import("./completion.js").Completion | null} */
  #completion = null;
  /** @type {Promise<void> | null} */
  #completing = null;
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
    this.#unsubscribe = this.settings.subscribe(() => this.#measure());
  }

  disconnectedCallback() {
    this.#unsubscribe();
  }

  #unsubscribe = () => {};

  /** The seq of the message that is being edited; 0 for none. */
  get editing() {
    return this.#shown.edit?.seq ?? 0;
  }

  /** What is being written here, as it is now. */
  get #draft() {
    return this.store.state.drafts.get(this.#topic) ?? NOTHING;
  }

  /** @param {Draft} draft */
  set #draft({ text, ref, edit }) {
    this.store.dispatch({ type: "draft", topic: this.#topic, draft: { text, ref, edit } });
    this.#shown = this.#draft;
  }

  /**
   * @param {Rooms} rooms
   * @param {string} topic "" for none
   */
  update(rooms, topic) {
    const { words } = this.speech;
    this.#rooms = rooms;
    const turned = topic !== this.#topic;
    const back = turned && topic !== "" && topic === this.#left;
    if (turned) this.#left = topic === "" && document.activeElement === this.#input ? this.#topic : "";
    this.#topic = topic;
    this.#forget();
    if (turned || this.#shown !== this.#draft) this.#show();
    this.#showAbout();
    const shown = rooms.topics.get(topic);
    const closed = shown ? readOnly(rooms, shown) : "";
    this.#form.hidden = this.#note.hidden = closed !== "";
    this.#unkept.hidden = rooms.storage === "" || closed !== "";
    say(this.#unkept, rooms.storage === "" ? "" : words.composer[rooms.storage]);
    this.#shut.hidden = closed === "";
    const sentence = { "": "", observer: words.composer.observer, archived: words.composer.archived, closed: words.composer.closed, "deal-closed": words.composer.dealClosed, alone: words.composer.alone };
    say(this.#shut, sentence[closed]);
    if (back && (document.activeElement === document.body || !document.activeElement?.checkVisibility())) this.focusInput();
  }

  /** A topic that went while one wrote in it, and may come again; "" for none. */
  #left = "";

  /** @param {number} seq of the message that is answered */
  answer(seq) {
    this.#draft = { ...this.#draft, ref: seq, edit: null };
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
    this.#draft = { ...this.#draft, edit: { seq, text } };
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

  /**
   * Says what stands in the way, in words that come when they are needed.
   * @param {"unchanged" | "emptied" | "unsent" | "gone"} why
   */
  async complainOf(why) {
    const { words, more } = this.speech;
    await more().catch(() => {});
    this.complain(words.complaints?.[why] ?? words.problems[0]);
  }

  focusInput() {
    this.#input.focus();
  }

  /**
   * What is redacted, or may not be read any more, isn't edited any more: not its
   * words either. Of a message that isn't here it is asked; until that is known,
   * and where it can't be, what one has written stays.
   */
  #forget() {
    const { drafts, logs, connection } = this.store.state;
    for (const [topic, draft] of drafts) {
      const log = logs.get(topic);
      if (!draft.edit || !log) continue;
      const { seq } = draft.edit;
      if (!isRedacted(log, seq) && seq >= log.from) {
        if (connection.state === "open" && settled(log) && !messageAt(log, seq) && !log.quotes.has(seq)) this.#seek(topic, seq);
        continue;
      }
      this.store.dispatch({ type: "draft", topic, draft: { ...draft, edit: null, elsewhere: false } });
      if (topic !== this.#topic) continue;
      this.#renew();
      this.#show();
      void this.complainOf("gone");
    }
  }

  /** Messages that are edited, and on their way to here. @type {Set<string>} */
  #sought = new Set();

  /**
   * @param {string} topic
   * @param {number} seq
   */
  #seek(topic, seq) {
    const key = `${topic} ${seq}`;
    if (this.#sought.has(key)) return;
    this.#sought.add(key);
    void this.fetchQuote(topic, seq)?.finally(() => this.#sought.delete(key));
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
    this.#completion?.attach(this.#input);
    if (focused) this.#input.focus();
  }

  /** Puts the draft of this topic into the field. */
  #show() {
    const { words } = this.speech;
    this.#shown = this.#draft;
    const { text, edit } = this.#shown;
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
    const { edit, ref } = this.#shown;
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
    const title = edit ? words.composer.editing : message ? called(rooms, rooms.topics.get(this.#topic), message.author) : "";
    this.#sign.replaceChildren(icon(edit ? "edit" : "reply"));
    this.#what.replaceChildren(h("strong", {}, isolated(title)), " ", h("bdi", {}, message ? this.#saying(message) : ""));
    const leave = edit ? words.composer.noEdit : words.composer.noReply;
    set(this.#leave, "aria-label", leave);
    set(this.#leave, "title", leave);
  }

  /** @param {Message} message */
  #saying(message) {
    return message.redacted ? this.speech.words.log.redacted : saying(message, this.speech.words);
  }

  /** Leaves what is edited or answered. */
  #back() {
    const draft = this.#draft;
    this.#draft = draft.edit ? { ...draft, edit: null } : { ...draft, ref: 0 };
    this.#show();
    this.focusInput();
  }

  #onInput() {
    const { value } = this.#input;
    const draft = this.#draft;
    this.#draft = draft.edit ? { ...draft, edit: { ...draft.edit, text: value } } : { ...draft, text: value };
    if (!draft.edit && value.trim() !== "") this.dispatchEvent(new CustomEvent("typed"));
    this.#complaint = "";
    this.#measure();
    this.#completing ??= this.#complete();
    this.#completion?.look();
  }

  /** Begins to offer what a text could go on with. Without that one writes all the same, and the next letter tries again. */
  async #complete() {
    try {
      const [{ Completion }] = await Promise.all([import("./completion.js"), this.speech.more()]);
      const people = () => {
        const { state } = this.store;
        const topic = state.topics.get(this.#topic);
        return topic ? readers(state, topic) : [];
      };
      const completion = new Completion(this.speech, { people, me: this.store.state.me.name, replace: (from, to, text) => this.#replace(from, to, text) });
      this.#form.prepend(completion.element);
      this.#shut.before(completion.status);
      completion.attach(this.#input);
      this.#completion = completion;
      completion.look();
    } catch {
      this.#completing = null;
    }
  }

  /**
   * Puts text in the place of what stands there, as if it were typed: it can be undone.
   * @param {number} from
   * @param {number} to
   * @param {string} text
   */
  #replace(from, to, text) {
    const input = this.#input;
    input.focus();
    input.setSelectionRange(from, to);
    if (document.execCommand("insertText", false, text)) return;
    input.setRangeText(text, from, to, "end");
    this.#onInput();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // Safari reports the Enter that ends a composition with code 229.
    if (event.isComposing || event.keyCode === 229 || this.#completion?.key(event)) return;
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === "Enter" && sends(event, this.settings.now.enter)) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && plain && this.#input.value === "" && !this.editing) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("edit-last"));
    }
  }

  /** @param {KeyboardEvent} event */
  #onEscape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.keyCode === 229 || this.#about.hidden) return;
    event.preventDefault();
    this.#back();
  }

  #send() {
    const draft = this.#draft;
    const text = this.#input.value;
    const empty = text.trim() === "";
    if (this.#measure() > 0 || (empty && !draft.edit)) return this.focusInput();
    if (draft.edit) {
      const { seq } = draft.edit;
      const log = this.#rooms?.logs.get(this.#topic);
      const wrong = empty ? "emptied" : text === (log && messageAt(log, seq)?.text) ? "unchanged" : null;
      if (wrong) {
        void this.complainOf(wrong);
        return this.focusInput();
      }
      this.#draft = { ...draft, edit: null };
      this.#show();
      this.focusInput();
      this.dispatchEvent(new CustomEvent("save", { detail: { seq, text } }));
    } else this.#post(text, draft.ref);
  }

  /**
   * Sends a text, or does what it commands.
   * @param {string} written
   * @param {number} ref
   */
  #post(written, ref) {
    const meant = understood(written);
    if ("unknown" in meant || "incomplete" in meant) {
      void this.#refuse(meant);
      return this.focusInput();
    }
    this.#completion?.close();
    if ("command" in meant) {
      const topic = this.#topic;
      // What can't be done stays, to be written differently.
      const done = (text = "") => {
        const untouched = this.store.state.drafts.get(topic)?.text === written;
        if (untouched) this.store.dispatch({ type: "draft", topic, draft: { ...NOTHING, ref, text } });
        return untouched;
      };
      this.dispatchEvent(new CustomEvent("command", { detail: { ...meant.command, done } }));
      return;
    }
    this.#draft = NOTHING;
    this.#show();
    this.focusInput();
    this.dispatchEvent(new CustomEvent("send", { detail: { text: "text" in meant ? meant.text : written, ref } }));
  }

  /**
   * Says what is wrong with a command.
   * @param {{unknown: string} | {incomplete: import("../app/commands.js").CommandName}} wrong
   */
  async #refuse(wrong) {
    const { words, more } = this.speech;
    await more();
    const { unknown, needs, commands } = words.completion;
    this.complain("unknown" in wrong ? unknown(wrong.unknown) : needs(wrong.incomplete, /** @type {{arguments?: string}} */ (commands[wrong.incomplete]).arguments ?? ""));
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
    const breaks = this.settings.now.enter === "break";
    say(this.#note, wrong || (this.editing ? (breaks ? words.composer.breakEditHint : words.composer.editHint) : breaks ? words.composer.breakHint : words.composer.hint));
    set(this.#note, "data-problem", wrong !== "");
    set(this.#note, "role", wrong !== "" ? "alert" : false);
    set(input, "aria-invalid", tooLong !== "" && "true");
    return Math.max(0, over);
  }
}

/**
 * Whether an Enter sends, or breaks the line.
 * @param {KeyboardEvent} event
 * @param {"send" | "break"} enter what it does by itself
 */
function sends({ shiftKey, ctrlKey, metaKey }, enter) {
  return ctrlKey || metaKey || shiftKey === (enter === "break");
}

customElements.define("rr-composer", Composer);
