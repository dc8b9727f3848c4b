/**
 * One message as it stands in the log. It is changed piece by piece, so that a
 * text that is being selected, or was read aloud, stays the node that it was.
 * @module
 */
import { extract } from "../app/report.js";
import { avatar, h, icon, isolated, say, set } from "./dom.js";
import { report } from "./report.js";

/** @typedef {import("../app/rooms.js").Message} Message */
/** @typedef {import("../app/rooms.js").Post} Post */

/**
 * @typedef {object} Shown everything that a message looks like
 * @property {Message} message
 * @property {Post | null} post while it isn't in the log
 * @property {Post | null} change one's own edit or redaction of it, while that isn't in the log
 * @property {boolean} joined it stands with the one above
 * @property {string} who the author's display name
 * @property {string} redactor the display name of who redacted it
 * @property {string} topic
 * @property {{message: Message | null | undefined, who: string} | null} quote what it answers; undefined: not here yet
 * @property {{answer: boolean, edit: boolean, redact: boolean}} rights
 * @property {boolean} editing it is in the composer
 * @property {boolean} away nothing is sent for now, as there is no connection
 */

/** How much of what is quoted is shown. */
const EXTRACT = 200;
/** How long a message that one was brought to stands out. */
const POINTED = 2500;
/** Sending once more can't help: the message is redacted, another one, or of the wrong kind. */
const FINAL = [410, 412, 413, 422];

/**
 * Events, all bubbling: `answer`, `edit`, `redact`, `versions`, each with the
 * Shown; `again`, `discard` with a Post; `jump` with a seq.
 */
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
  #body = h("div", { class: "body" });
  #edited = h("button", { class: "edited", type: "button", hidden: true, tabindex: -1 });
  #note = h("span", { class: "note", hidden: true });
  #trouble = h("div", { class: "trouble", role: "alert", hidden: true });
  #actions = h("div", { class: "actions" });
  /** @type {Record<"answer" | "edit" | "redact", HTMLElement>} */
  #buttons;
  /** What the body was made from. @type {unknown[]} */
  #drawn = [];

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
    this.#edited.append(words.log.edited);
    this.#edited.addEventListener("click", () => this.#tell("versions", this.shown));
    const action = (/** @type {string} */ type, /** @type {string} */ sign, /** @type {string} */ word) =>
      h("button", { class: "button quiet", type: "button", tabindex: -1, onclick: () => this.#tell(type, this.shown) }, icon(sign), word);
    this.#buttons = {
      answer: action("answer", "reply", words.log.reply),
      edit: action("edit", "edit", words.log.edit),
      redact: action("redact", "redact", words.log.redact),
    };
    this.#actions.append(...Object.values(this.#buttons));
    this.append(
      this.#face,
      h("header", {}, this.#author, " ", this.#when),
      this.#quote,
      h("div", { class: "content", dir: "auto" }, this.#body, this.#edited, this.#note),
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
    const held = this.contains(document.activeElement);
    const { message, post, change, joined, who, topic } = shown;
    const { words, formats } = this.speech;
    const sent = post ?? change;
    set(this, "data-joined", joined);
    set(this, "data-editing", shown.editing);
    set(this, "data-state", sent && sent.state !== "accepted" ? sent.state : false);
    if (before?.who !== who) {
      this.#face.replaceChildren(avatar(message.author, who));
      this.#author.replaceChildren(isolated(who));
      set(this.#author, "title", message.author);
      set(this.#buttons.answer, "aria-label", words.log.replyTo(who));
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
    this.#showBody(shown);
    this.#showState(sent, shown.away);
    this.#showActions(shown);
    // What had the focus may have gone with what it belonged to.
    if (held && !(this.contains(document.activeElement) && document.activeElement?.checkVisibility())) this.focus({ preventScroll: true });
  }

  /** @param {Shown} shown */
  #showQuote({ message, topic, quote }) {
    const { words } = this.speech;
    this.#quote.hidden = quote === null;
    if (quote === null) return;
    set(this.#quote, "href", `/t/${topic}#${message.ref}`);
    const original = quote.message;
    const key = original === undefined ? "?" : original === null ? "-" : `${quote.who} ${original.seq} ${original.versions?.length} ${original.redacted}`;
    if (this.#quote.dataset.key === key) return;
    this.#quote.dataset.key = key;
    if (!original) {
      this.#quote.replaceChildren(original === null ? words.log.quoteLost : words.log.quoteLoading);
      set(this.#quote, "aria-label", false);
      return;
    }
    const said = original.kind === "report" ? extract(original.text) : original.text;
    const text = original.redacted ? words.log.redacted : said.slice(0, EXTRACT);
    this.#quote.replaceChildren(isolated(quote.who), ": ", h("bdi", {}, text));
    set(this.#quote, "aria-label", `${words.log.quote(quote.who)}: ${text}`);
  }

  /** @param {Shown} shown */
  #showBody({ message, change, redactor }) {
    const { words, formats } = this.speech;
    const { kind, redacted, redaction, versions = [] } = message;
    const pending = change?.message.kind === "edit" && !redacted ? change.message.text : null;
    const text = pending ?? message.text;
    const newest = versions.at(-1);
    this.#edited.hidden = newest === undefined;
    if (newest) set(this.#edited, "title", words.log.editedAt(formats.moment(newest.time)));

    const drawn = [text, redacted, redaction, redactor];
    if (this.#drawn.length > 0 && drawn.every((value, index) => value === this.#drawn[index])) return;
    // A change isn't read out as if it were a new message.
    if (this.#drawn.length > 0) set(this, "aria-live", "off");
    this.#drawn = drawn;
    const known = ["text", "system", "edit", "redact"].includes(kind);
    set(this, "data-kind", redacted ? "redacted" : known || kind === "report" ? kind : "none");
    if (redacted) this.#body.replaceChildren(...this.#redacted(message, redactor));
    else if (kind === "report") this.#body.replaceChildren(report(text, this.speech));
    else if (this.#body.childElementCount > 0) this.#body.replaceChildren(known ? text : words.log.unknown);
    else say(this.#body, known ? text : words.log.unknown);
  }

  /**
   * @param {Message} message
   * @param {string} redactor
   */
  #redacted({ time, redaction }, redactor) {
    const { words, formats } = this.speech;
    if (!redaction) return [icon("redact"), words.log.redacted];
    const sameDay = new Date(time).toDateString() === new Date(redaction.time).toDateString();
    const when = sameDay ? formats.time(redaction.time) : formats.moment(redaction.time);
    return [
      icon("redact"),
      h("span", { title: formats.full(redaction.time) }, words.log.redactedBy(redactor, when)),
      redaction.reason ? h("span", { class: "reason", dir: "auto" }, " ", words.log.reason(redaction.reason)) : "",
    ];
  }

  /**
   * @param {Post | null} post
   * @param {boolean} away
   */
  #showState(post, away) {
    const { words } = this.speech;
    const waiting = post?.state === "waiting";
    this.#note.hidden = !waiting;
    const state = away ? words.log.waiting : post?.message.kind === "redact" ? words.log.redacting : words.log.sending;
    say(this.#note, waiting ? ` · ${state}` : "");
    const failed = post?.state === "failed";
    this.#trouble.hidden = !failed;
    if (!failed) return this.#trouble.replaceChildren();
    const said = { edit: words.notEdited, redact: words.notRedacted }[post.message.kind] ?? words.failed;
    const why = /** @type {Record<string, string>} */ (said)[post.code] ?? (post.reason ? `${said.other} ${post.reason}` : said.other);
    const act = (/** @type {string} */ type, /** @type {string} */ word) => h("button", { class: "link", type: "button", onclick: () => this.#tell(type, post) }, word);
    const final = post.message.kind !== "text" && FINAL.includes(post.code);
    this.#trouble.replaceChildren(icon("warning"), h("span", { class: "why" }, why), final ? "" : act("again", words.log.tryAgain), act("discard", words.log.discard));
  }

  /** @param {Shown} shown */
  #showActions({ change, rights }) {
    const leaving = change?.message.kind === "redact" && change.state !== "failed";
    const offered = { ...rights, edit: rights.edit && !leaving, redact: rights.redact && !leaving };
    for (const [right, button] of Object.entries(this.#buttons)) button.hidden = !offered[/** @type {keyof typeof offered} */ (right)];
    this.#actions.hidden = !Object.values(offered).includes(true);
  }

  /**
   * Puts it and what can be done with it into the tab order, or out of it.
   * @param {boolean} inside
   */
  reachable(inside) {
    set(this, "tabindex", inside ? 0 : -1);
    for (const element of [this.#when, this.#quote, this.#edited, ...this.#actions.children]) set(element, "tabindex", inside ? 0 : -1);
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
