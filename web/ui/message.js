/**
 * One message as it stands in the log. It is changed piece by piece, so that a
 * text that is being selected, or was read aloud, stays the node that it was.
 * @module
 */
import { avatar, h, icon, isolated, say, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Message} Message */
/** @typedef {import("../app/rooms.js").Post} Post */

/**
 * @typedef {object} Shown everything that a message looks like
 * @property {Message} message
 * @property {Post | null} post while it isn't in the log
 * @property {boolean} joined it stands with the one above
 * @property {string} who the author's display name
 * @property {string} topic
 * @property {{message: Message | null | undefined, who: string} | null} quote what it answers; undefined: not here yet
 * @property {boolean} answerable
 */

/** How much of what is quoted is shown. */
const EXTRACT = 200;
/** How long a message that one was brought to stands out. */
const POINTED = 2500;

/** Events, all bubbling: `answer`, `again`, `discard`, each with the Shown; `jump` with a seq. */
export class MessageElement extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {Shown | null} */
  shown = null;

  #face = h("span", { class: "face" });
  #author = h("span", { class: "author" });
  #when = h("a", { class: "when", tabindex: -1 });
  #time = h("time");
  #quote = h("a", { class: "quote", hidden: true, tabindex: -1, dir: "auto" });
  #body = h("span", { class: "body" });
  #note = h("span", { class: "note", hidden: true });
  #trouble = h("div", { class: "trouble", role: "alert", hidden: true });
  #actions = h("div", { class: "actions" });

  #build() {
    const { words } = this.speech;
    set(this, "role", "article");
    set(this, "tabindex", -1);
    this.#when.append(this.#time);
    const jump = (/** @type {MouseEvent} */ event, /** @type {number} */ seq) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#tell("jump", seq);
    };
    this.#when.addEventListener("click", (event) => jump(event, this.shown?.message.seq ?? 0));
    this.#quote.addEventListener("click", (event) => jump(event, this.shown?.message.ref ?? 0));
    this.#actions.append(
      h("button", { class: "button quiet", type: "button", tabindex: -1, onclick: () => this.#tell("answer", this.shown) }, icon("reply"), words.log.reply),
    );
    this.append(
      this.#face,
      h("header", {}, this.#author, " ", this.#when),
      this.#quote,
      h("div", { class: "content", dir: "auto" }, this.#body, this.#note),
      this.#trouble,
      this.#actions,
    );
  }

  /**
   * @param {Shown} shown
   */
  show(shown) {
    const before = this.shown;
    this.shown = shown;
    if (!before) this.#build();
    const { message, post, joined, who, topic } = shown;
    const { words, formats } = this.speech;
    set(this, "data-joined", joined);
    set(this, "data-state", post && post.state !== "accepted" ? post.state : false);
    if (before?.who !== who) {
      this.#face.replaceChildren(avatar(message.author, who));
      this.#author.replaceChildren(isolated(who));
      set(this.#author, "title", message.author);
      set(this.#actions.firstElementChild ?? this, "aria-label", words.log.replyTo(who));
    }
    if (before?.message.time !== message.time) {
      const full = formats.full(message.time);
      say(this.#time, formats.time(message.time));
      set(this.#time, "datetime", new Date(message.time).toISOString());
      set(this.#when, "title", full);
      set(this.#when, "aria-label", full);
    }
    if (before?.who !== who || before.message.time !== message.time) set(this, "aria-label", `${who}, ${formats.full(message.time)}`);
    set(this.#when, "href", message.seq > 0 && `/t/${topic}#${message.seq}`);
    this.#showQuote(shown);
    this.#showBody(message);
    this.#showState(post);
    this.#actions.hidden = !shown.answerable;
  }

  /** @param {Shown} shown */
  #showQuote({ message, topic, quote }) {
    const { words } = this.speech;
    this.#quote.hidden = quote === null;
    if (quote === null) return;
    set(this.#quote, "href", `/t/${topic}#${message.ref}`);
    const original = quote.message;
    const key = original === undefined ? "?" : original === null ? "-" : `${quote.who} ${original.seq} ${original.redacted}`;
    if (this.#quote.dataset.key === key) return;
    this.#quote.dataset.key = key;
    if (!original) {
      this.#quote.replaceChildren(original === null ? words.log.quoteLost : words.log.quoteLoading);
      set(this.#quote, "aria-label", false);
      return;
    }
    const text = original.redacted ? words.log.redacted : original.text.slice(0, EXTRACT);
    this.#quote.replaceChildren(isolated(quote.who), ": ", h("bdi", {}, text));
    set(this.#quote, "aria-label", `${words.log.quote(quote.who)}: ${text}`);
  }

  /** @param {Message} message */
  #showBody({ kind, text, redacted }) {
    const { words } = this.speech;
    const instead = redacted ? words.log.redacted : kind === "text" || kind === "system" ? "" : words.log.unknown;
    say(this.#body, instead || text);
    set(this, "data-kind", instead ? "none" : kind);
  }

  /** @param {Post | null} post */
  #showState(post) {
    const { words } = this.speech;
    const waiting = post?.state === "waiting";
    this.#note.hidden = !waiting;
    say(this.#note, waiting ? ` · ${words.log.sending}` : "");
    const failed = post?.state === "failed";
    this.#trouble.hidden = !failed;
    if (!failed) return this.#trouble.replaceChildren();
    const why = /** @type {Record<string, string>} */ (words.failed)[post.code] ?? (post.reason ? `${words.failed.other} ${post.reason}` : words.failed.other);
    this.#trouble.replaceChildren(
      icon("warning"),
      h("span", {}, why),
      h("button", { class: "link", type: "button", onclick: () => this.#tell("again", this.shown) }, words.log.tryAgain),
      h("button", { class: "link", type: "button", onclick: () => this.#tell("discard", this.shown) }, words.log.discard),
    );
  }

  /**
   * Puts it and what can be done with it into the tab order, or out of it.
   * @param {boolean} inside
   */
  reachable(inside) {
    set(this, "tabindex", inside ? 0 : -1);
    for (const element of [this.#when, this.#quote, ...this.#actions.children]) set(element, "tabindex", inside ? 0 : -1);
  }

  /** Shows for a moment that this is the one. */
  point() {
    set(this, "data-pointed", true);
    setTimeout(() => set(this, "data-pointed", false), POINTED);
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

customElements.define("rr-message", MessageElement);
