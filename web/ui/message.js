/**
 * One message as it stands in the log. It is changed piece by piece, so that a
 * text that is being selected, or was read aloud, stays the node that it was.
 * @module
 */
import { legible } from "../app/direction.js";
import { beginning, parse } from "../app/markdown.js";
import { saying } from "../app/saying.js";
import { avatar, h, icon, isolated, say, set, straight } from "./dom.js";
import { hasBlocks, nodes } from "./markdown.js";

/** @typedef {import("../app/rooms.js").Message} Message */
/** @typedef {import("../app/rooms.js").Post} Post */

/**
 * @typedef {object} Shown everything that a message looks like
 * @property {Message} message
 * @property {Post | null} post while it isn't in the log
 * @property {Post | null} change one's own edit or redaction of it, while that isn't in the log
 * @property {boolean} joined it stands with the one above
 * @property {string} who the author's display name
 * @property {string} called the same, with the account if that could be taken for another one's
 * @property {Readers} readers
 * @property {Set<string>} unfolded which long messages are shown in full; it is noted there
 * @property {import("../app/runs.js").Standing | undefined} report how a report stands; undefined: it isn't one, or that isn't known yet
 * @property {boolean} explains whether it can be said why something was refused; until then nothing is said
 * @property {string} redactor the display name of who redacted it
 * @property {string} topic
 * @property {{message: Message | null | undefined, who: string} | null} quote what it answers; undefined: not here yet
 * @property {{answer: boolean, edit: boolean, redact: boolean, readers: boolean}} rights
 * @property {boolean} editing it is in the composer
 * @property {boolean} away nothing is sent for now, as there is no connection
 */

/** Who reads here, as far as it matters to a text: the same as long as it is so. @typedef {{me: string, names: ReadonlySet<string>}} Readers */

/** A text of more than these is folded, and then shows about so much of its beginning. */
const LONG = { lines: 20, characters: 1600 };
const SHORT = { lines: 12, characters: 1000 };
/** How long a message that one was brought to stands out. */
const POINTED = 2500;
/** What a text may have that the keyboard can be in. */
const REACHED = "a, pre, .table, summary";
/** What goes on beside its place stays in the tab order: it is scrolled by keys. */
const WIDE = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    set(target, "data-wide", target.scrollWidth > target.clientWidth);
    if (target.scrollWidth > target.clientWidth) set(target, "tabindex", 0);
  }
});
/** Sending once more can't help: the message is redacted, another one, or of the wrong kind. */
const FINAL = [410, 412, 413, 422];

/**
 * Events, all bubbling: `answer`, `edit`, `redact`, `readers`, `link`, `versions`, each
 * with the Shown; `again`, `discard` with a Post; `jump` with a seq, `person` with a
 * user name, `visit` with the address of a place in the room.
 */
export class MessageElement extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {Shown | null} */
  shown = null;

  #face = h("span", { class: "face" });
  #author = h("button", { class: "author", type: "button", tabindex: -1, "aria-haspopup": "dialog" });
  #account = h("span", { class: "account", hidden: true });
  #when = h("a", { class: "when", tabindex: -1 });
  #time = h("time");
  #quote = h("a", { class: "quote", hidden: true, tabindex: -1, dir: "auto" });
  #body = h("div", { class: "body" });
  #more = h("button", { class: "more", type: "button", hidden: true, tabindex: -1 });
  #edited = h("button", { class: "edited", type: "button", hidden: true, tabindex: -1 });
  #note = h("span", { class: "note", hidden: true });
  #trouble = h("div", { class: "trouble", role: "alert", hidden: true });
  #actions = h("div", { class: "actions" });
  /** @type {Record<"answer" | "edit" | "redact" | "readers" | "link", HTMLElement>} */
  #buttons;
  /** What the body was made from. @type {unknown[]} */
  #drawn = [];
  /** Whether it is in the tab order. */
  #inside = false;

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
    for (const part of [this.#face, this.#author]) part.addEventListener("click", () => this.#tell("person", this.shown?.message.author));
    this.#more.addEventListener("click", () => this.#fold(this.#more.ariaExpanded === "true"));
    this.#body.addEventListener("click", (event) => this.#onClick(event));
    this.#edited.append(words.log.edited);
    this.#edited.addEventListener("click", () => this.#tell("versions", this.shown));
    const action = (/** @type {string} */ type, /** @type {string} */ sign, /** @type {string} */ word) =>
      h("button", { class: "button quiet", type: "button", tabindex: -1, onclick: () => this.#tell(type, this.shown) }, icon(sign), word);
    this.#buttons = {
      answer: action("answer", "reply", words.log.reply),
      edit: action("edit", "edit", words.log.edit),
      redact: action("redact", "redact", words.log.redact),
      readers: action("readers", "eye", words.log.readers),
      link: action("link", "link", ""),
    };
    set(this.#buttons.link, "aria-label", words.log.copyLink);
    set(this.#buttons.link, "title", words.log.copyLink);
    this.#actions.append(...Object.values(this.#buttons));
    this.append(
      this.#face,
      h("header", {}, this.#author, this.#account, " ", this.#when),
      this.#quote,
      h("div", { class: "content", dir: "auto" }, this.#body, this.#more, this.#edited, this.#note),
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
    const { message, post, change, joined, who, called, topic } = shown;
    const { words, formats } = this.speech;
    const sent = post ?? change;
    set(this, "data-joined", joined);
    set(this, "data-editing", shown.editing);
    set(this, "data-state", sent && sent.state !== "accepted" ? sent.state : false);
    if (before?.who !== who) {
      this.#face.replaceChildren(avatar(message.author, who));
      this.#author.replaceChildren(isolated(who));
      set(this.#author, "title", message.author);
    }
    this.#account.hidden = called === who;
    say(this.#account, called === who ? "" : `@${message.author}`);
    set(this.#buttons.answer, "aria-label", words.log.replyTo(called));
    if (before?.message.time !== message.time) {
      const full = formats.full(message.time);
      say(this.#time, formats.time(message.time));
      set(this.#time, "datetime", new Date(message.time).toISOString());
      set(this.#when, "title", full);
    }
    if (before?.called !== called || before.message.time !== message.time) set(this, "aria-label", `${called}, ${formats.full(message.time)}`);
    if (shown.editing && !before?.editing) shown.unfolded.add(this.#key);
    set(this.#when, "href", message.seq > 0 && `/t/${topic}#${message.seq}`);
    this.#showQuote(shown);
    this.#showBody(shown);
    this.#showState(sent, shown);
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
    const text = original.redacted ? words.log.redacted : saying(original, words);
    this.#quote.replaceChildren(isolated(quote.who), ": ", h("bdi", {}, text));
    set(this.#quote, "aria-label", `${words.log.quote(quote.who)}: ${text}`);
  }

  /** @param {Shown} shown */
  #showBody({ message, change, redactor, readers, unfolded, report }) {
    const { words, formats } = this.speech;
    const { kind, redacted, redaction, versions = [] } = message;
    const pending = change?.message.kind === "edit" && !redacted ? change.message.text : null;
    const text = pending ?? message.text;
    const newest = versions.at(-1);
    this.#edited.hidden = newest === undefined;
    if (newest) set(this.#edited, "title", words.log.editedAt(formats.moment(newest.time)));

    const folds = kind === "text" && !redacted && isLong(text);
    const folded = folds && !unfolded.has(this.#key);
    const drawn = [text, redacted, redaction, redactor, folded, kind === "text" && text.includes("@") ? readers : null, report];
    if (this.#drawn.length > 0 && drawn.every((value, index) => value === this.#drawn[index])) return;
    // A change isn't read out as if it were a new message.
    if (this.#drawn.length > 0) set(this, "aria-live", "off");
    this.#drawn = drawn;
    const known = ["text", "system", "edit", "redact"].includes(kind);
    const held = this.#more.contains(document.activeElement);
    this.#more.hidden = !folds;
    set(this.#more, "aria-expanded", String(!folded));
    if (folds) say(this.#more, folded ? this.#showAll(text) : words.text.less);
    set(this.#body, "data-blocks", false);
    set(this, "data-kind", redacted ? "redacted" : known || kind === "report" ? kind : "none");
    if (redacted) this.#body.replaceChildren(...this.#redacted(message, redactor));
    else if (report) report.put(this.#body, message.text, this.speech);
    else if (kind === "report") say(this.#body, saying(message, words));
    else if (kind === "text") this.#showText(text, readers, folded);
    else if (this.#body.childElementCount > 0) this.#body.replaceChildren(known ? legible(text) : words.log.unknown);
    else say(this.#body, known ? legible(text) : words.log.unknown);
    this.#reach(this.#body.querySelectorAll(REACHED));
    if (held && !folds) this.focus({ preventScroll: true });
  }

  /**
   * @param {string} text
   * @param {Readers} readers
   * @param {boolean} folded
   */
  #showText(text, { me, names }, folded) {
    const whole = parse(text, (name) => names.has(name));
    const tree = folded ? beginning(whole, SHORT) : whole;
    set(this.#body, "data-blocks", hasBlocks(tree));
    this.#body.replaceChildren(...nodes(tree, { me, table: this.speech.words.text.table, direction: this.speech.words.text.direction, origin: location.origin }));
    for (const scrolled of this.#body.querySelectorAll("pre, .table")) WIDE.observe(scrolled);
  }

  /** @param {string} text that is folded */
  #showAll(text) {
    const { words, formats } = this.speech;
    const lines = text.split("\n").length;
    if (lines > SHORT.lines) return words.text.allLines(lines, formats.number(lines));
    return words.text.allCharacters(text.length, formats.number(text.length));
  }

  /** Under this it is noted that it is unfolded. */
  get #key() {
    const { topic, message } = /** @type {Shown} */ (this.shown);
    return `${topic} ${message.id ?? message.seq}`;
  }

  /** @param {boolean} folded whether it shall be */
  #fold(folded) {
    const shown = /** @type {Shown} */ (this.shown);
    if (folded) shown.unfolded.delete(this.#key);
    else shown.unfolded.add(this.#key);
    this.#showBody(shown);
    if (folded) this.scrollIntoView({ block: "nearest" });
  }

  /**
   * A link to a place in this room stays in this room.
   * @param {MouseEvent} event
   */
  #onClick(event) {
    const link = /** @type {Element} */ (event.target).closest("a");
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.#tell("visit", link.pathname + link.hash);
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
      redaction.reason ? h("span", { class: "reason", dir: "auto" }, " ", words.log.reason(legible(redaction.reason))) : "",
    ];
  }

  /**
   * @param {Post | null} post
   * @param {Shown} shown
   */
  #showState(post, { away, explains }) {
    const { words } = this.speech;
    const waiting = post?.state === "waiting";
    this.#note.hidden = !waiting;
    const state = away ? words.log.waiting : post?.message.kind === "redact" ? words.log.redacting : words.log.sending;
    say(this.#note, waiting ? ` · ${state}` : "");
    const failed = post?.state === "failed" && explains;
    this.#trouble.hidden = !failed;
    if (!failed) return this.#trouble.replaceChildren();
    const { kind } = post.message;
    const said = words.refused?.[kind === "edit" || kind === "redact" ? kind : "text"] ?? words.problems;
    const why = /** @type {Record<string, string>} */ (said)[post.code] ?? (post.reason ? `${said.other} ${post.reason}` : said.other);
    const act = (/** @type {string} */ type, /** @type {string} */ word) => h("button", { class: "link", type: "button", onclick: () => this.#tell(type, post) }, word);
    const final = post.message.kind !== "text" && FINAL.includes(post.code);
    this.#trouble.replaceChildren(icon("warning"), h("span", { class: "why" }, why), final ? "" : act("again", words.log.tryAgain), act("discard", words.log.discard));
  }

  /** @param {Shown} shown */
  #showActions({ message, change, rights }) {
    const leaving = change?.message.kind === "redact" && change.state !== "failed";
    const offered = { ...rights, edit: rights.edit && !leaving, redact: rights.redact && !leaving, link: message.seq > 0 };
    for (const [right, button] of Object.entries(this.#buttons)) button.hidden = !offered[/** @type {keyof typeof offered} */ (right)];
    this.#actions.hidden = !Object.values(offered).includes(true);
  }

  /**
   * Puts it and what can be done with it into the tab order, or out of it.
   * @param {boolean} inside
   */
  reachable(inside) {
    this.#inside = inside;
    set(this.#author, "tabindex", inside && !this.shown?.joined ? 0 : -1);
    this.#reach([this, this.#when, this.#quote, this.#more, this.#edited, ...this.#actions.children, ...this.#body.querySelectorAll(REACHED)]);
  }

  /** @param {Iterable<Element>} elements that are in the tab order when it is */
  #reach(elements) {
    for (const element of elements) set(element, "tabindex", this.#inside || element.hasAttribute("data-wide") ? 0 : -1);
  }

  /** Shows for a moment that this is the one, all of it. */
  point() {
    if (!this.#more.hidden && this.#more.ariaExpanded === "false") this.#fold(false);
    this.#body.querySelector("details")?.setAttribute("open", "");
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

/**
 * Whether a text is so long that one would rather not have it all.
 * @param {string} text
 */
function isLong(text) {
  if (text.length > LONG.characters) return true;
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines > LONG.lines;
}

customElements.define("rr-message", MessageElement);
