/**
 * The log of one topic: of its messages the stretch that one looks at (log.js).
 * It never moves under the reader: what comes scrolls only if one was at the
 * end, and what is put before keeps its place.
 * @module
 */
import { isChange, original } from "../app/changes.js";
import { covers, isAhead, last, messageAt, settled, sight } from "../app/log.js";
import { called } from "../app/names.js";
import { readOnly } from "../app/rooms.js";
import { readers } from "../app/walls.js";
import { rows } from "../app/rows.js";
import { spoken } from "../app/saying.js";
import { Announcer } from "./announcer.js";
import { arrange, h, icon, say, set } from "./dom.js";
import { Lines } from "./lines.js";
import { Roving } from "./roving.js";
import { Scroller } from "./scroller.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Log} Log */
/** @typedef {import("../app/rooms.js").Topic} Topic */
/** @typedef {import("./message.js").MessageElement} MessageElement */
/** @typedef {import("./scroller.js").Anchor} Anchor */
/**
 * A message to go to: in the middle, pointed at; or, with a place, there.
 * `from` is where one was before, if one is to be able to go back.
 * @typedef {{seq: number, place?: Anchor, from?: Anchor | null, quiet?: boolean}} Aim
 */

/** With less than this above or below, in px, more is fetched. */
const SPARE = 2_000;
/** More messages than this in the tail are cut to so many, when one is at the end; or to a window, when one isn't. */
const MOST = 500;
const KEPT = 300;
/** How long something said in passing stays, in ms. */
const REMARK = 6_000;
/** A log of which nothing is here yet. @type {Log} */
const UNKNOWN = { epoch: "", from: 1, start: 1, head: 2, messages: [], older: "idle", window: null, edits: [], quotes: new Map(), check: null, asOf: 0, kept: false };

export class Timeline extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/session.js").Session} */
  session;

  /** @type {Rooms | null} */
  #rooms = null;
  #topic = "";
  #editing = 0;
  /** @type {unknown[]} */
  #drawn = [];

  #atEnd = true;
  /** The newest seq that was seen, or was there when one came. */
  #seen = 0;
  /** The last seq that isn't new. @type {number | null} */
  #mark = null;
  #marked = false;
  /** Whether the line above what is new has been in sight. */
  #lineSeen = false;
  /** Whether something came while nobody was reading. */
  #away = false;
  /** Whether one doesn't stand anywhere yet. */
  #arriving = true;
  /** What is fetched so that one can stand there. @type {Promise<void> | null} */
  #coming = null;
  /** Where one goes as soon as it stands there. @type {Aim | null} */
  #aim = null;
  /** Where one stood in other topics. @type {Map<string, Anchor>} */
  #places = new Map();

  #top = h("div", { class: "top" });
  #empty = h("div", { class: "blank", hidden: true });
  #scroller = new Scroller([this.#top, this.#empty], () => this.#onScroll(), () => this.#onRest());
  #roving = new Roving(this.#scroller.rows);
  #first = h("button", { class: "button pill first", type: "button", hidden: true });
  #back = h("button", { class: "button pill back", type: "button", hidden: true });
  #newer = h("button", { class: "button pill newer", type: "button", hidden: true });
  #word = h("p", { class: "word", role: "status" });
  /** What ends what is said in passing. @type {ReturnType<typeof setTimeout> | undefined} */
  #passing;
  #announcer = new Announcer();
  /** @type {Lines} */
  #lines;
  /** Loaded when somebody drags. @type {import("./hint.js").Hint | null} */
  #hint = null;
  #hinting = false;

  connectedCallback() {
    const { words } = this.speech;
    const { element, rows } = this.#scroller;
    this.#lines = new Lines(this.speech, (topic, seq) => this.session.cursors.quote(topic, seq), () => {
      this.#drawn = [];
      if (this.#rooms) this.update(this.#rooms, this.#topic, this.#editing);
    });
    set(element, "aria-label", words.log.label);
    // The announcer says what is new: what is put in by scrolling isn't.
    set(element, "aria-live", "off");
    this.#first.append(icon("up"), words.log.firstNew);
    this.#back.append(icon("back"), words.log.goBack);
    this.replaceChildren(this.#first, element, h("div", { class: "pills" }, this.#back, this.#newer), this.#word, this.#announcer.element);
    this.#first.addEventListener("click", () => this.#toLine());
    this.#back.addEventListener("click", () => history.back());
    this.#newer.addEventListener("click", () => this.#toEnd());
    this.addEventListener("jump", (event) => this.jump(/** @type {CustomEvent<number>} */ (event).detail));
    this.addEventListener("link", (event) => void this.#copyLink(/** @type {CustomEvent<import("./message.js").Shown>} */ (event).detail.message.seq));
    const resized = new ResizeObserver(() => {
      if (this.#atEnd && !this.#arriving) this.#scroller.toEnd();
    });
    rows.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      // What is folded out goes on below; its beginning stays in sight.
      if (target.closest("summary, .more")) this.#atEnd = false;
      const day = target.closest(".day")?.querySelector("time");
      if (day) this.dispatchEvent(new CustomEvent("choose-day", { detail: Date.parse(day.dateTime) }));
    });
    rows.addEventListener("toggle", () => this.#onScroll(), { capture: true });
    resized.observe(element);
    resized.observe(rows);
  }

  /** The document has become visible, or is no longer. */
  attend() {
    this.#report();
  }

  /** One's own post was written: nothing above it is new any more. */
  posted() {
    this.#mark = null;
    this.#drawn = [];
    this.#toEnd();
  }

  /**
   * Goes to a message, and remembers where one was: Back leads there.
   * @param {number} seq
   */
  jump(seq) {
    if (seq > 0) void this.#look({ seq, from: this.#arriving ? null : this.#scroller.anchor() });
  }

  /**
   * Goes where the address says.
   * @param {number} seq
   * @param {Anchor} [place] where one stood
   */
  goTo(seq, place) {
    /** @type {Aim} */
    const aim = place ? { seq: place.seq, place } : { seq };
    if (this.#arriving) this.#aim = aim;
    else void this.#look(aim);
  }

  /** The day that is in sight, in unix-ms; 0 if nothing is. */
  get day() {
    const seq = this.#scroller.anchor()?.seq ?? 0;
    const log = this.#log();
    return (log && messageAt(log, seq)?.time) || 0;
  }

  /**
   * Goes to what was said first on a day or after it.
   * @param {number} since unix-ms
   */
  async goToDay(since) {
    const topic = this.#topic;
    const from = this.#scroller.anchor();
    const seq = await this.#elsewhere((windows) => windows.at(topic, since), -1);
    if (this.#topic !== topic) return;
    if (seq < 0) void this.#remarkOn("unreachable");
    else if (seq === 0) {
      void this.#remarkOn("nothing");
      this.#toEnd();
    } else void this.#look({ seq, from });
  }

  /**
   * @param {Rooms} rooms
   * @param {string} topic
   * @param {number} editing the seq of what is in the composer; 0 for none
   */
  update(rooms, topic, editing) {
    this.#rooms = rooms;
    this.#editing = editing;
    if (topic !== this.#topic) this.#turnTo(topic);
    const log = rooms.logs.get(topic) ?? (rooms.posts.some((post) => post.topic === topic) ? UNKNOWN : undefined);
    const now = [log, rooms.posts, rooms.deals, rooms.topics.get(topic), editing, rooms.connection.state === "open"];
    if (topic === "" || now.every((value, index) => value === this.#drawn[index])) return;
    this.#drawn = now;
    this.#draw(rooms, log);
  }

  /** @param {string} topic */
  #turnTo(topic) {
    const anchor = this.#topic && !this.#atEnd ? this.#scroller.anchor() : null;
    if (anchor && anchor.seq > 0) this.#places.set(this.#topic, anchor);
    else this.#places.delete(this.#topic);
    if (this.#topic) this.session.home(this.#topic);
    this.#topic = topic;
    const place = this.#places.get(topic);
    this.#places.delete(topic);
    this.#begin();
    this.#aim = place ? { seq: place.seq, place } : null;
    this.#top.replaceChildren();
    this.#empty.hidden = this.#newer.hidden = this.#back.hidden = this.#first.hidden = true;
    clearTimeout(this.#passing);
    say(this.#word, "");
  }

  /** Nothing stands here yet. */
  #begin() {
    this.#arriving = true;
    this.#aim = this.#coming = null;
    set(this.#scroller.rows, "data-hidden", false);
    this.#marked = this.#away = this.#lineSeen = false;
    this.#mark = null;
    this.#atEnd = true;
    this.#drawn = [];
    this.#lines.clear();
    this.#scroller.clear();
    this.#hint?.show(0, 0);
    this.#announcer.clear();
  }

  /**
   * @param {Rooms} rooms
   * @param {Log | undefined} log
   */
  #draw(rooms, log) {
    const topic = rooms.topics.get(this.#topic);
    if (!log || !topic) {
      const aim = this.#aim;
      const drawn = this.#drawn;
      this.#begin();
      this.#aim = aim;
      this.#drawn = drawn;
      set(this.#scroller.element, "aria-busy", "true");
      return;
    }
    const shown = sight(log);
    this.#moveMark(log, topic);
    const posts = rooms.posts.filter(({ topic, message }) => topic === this.#topic && (!log.window || (isChange(message) && covers(shown, message.ref))));
    const mark = this.#mark !== null && this.#mark >= shown.start ? this.#mark : null;
    const list = rows(shown.messages, posts, mark, rooms.me.name);
    const end = last(shown);
    const extent = { from: log.from, start: shown.start, end, head: log.window ? Math.max(log.head, last(log)) : end };
    this.#scroller.draw(log === UNKNOWN ? { ...extent, start: 0 } : extent, () => {
      arrange(this.#scroller.rows, this.#lines.draw(list, { rooms, log, topic, editing: this.#editing }));
      this.#drawTop(log, topic, list.length === 0);
    });
    this.#hint?.note(this.#topic, shown.messages);
    if (this.#arriving) this.#arrive(log);
    else if (this.#aim) this.#point();
    else if (this.#atEnd && !log.window) this.#scroller.toEnd();
    set(this.#scroller.element, "aria-busy", shown.older === "loading" || shown.newer === "loading" || !settled(log) || this.#arriving ? "true" : "false");
    this.#announcer.amend(log);
    if (settled(log) && !this.#arriving) this.#announce(rooms, log, topic);
    this.#drawPills(log);
    this.#roving.keep();
    this.#report();
    this.#bound(log);
    this.#fetch();
  }

  /**
   * The line above what is new: where one had read to when the topic was
   * opened, or when one last looked.
   * @param {Log} log
   * @param {Topic} topic
   */
  #moveMark(log, topic) {
    if (log === UNKNOWN) return;
    if (!this.#marked) {
      this.#marked = true;
      this.#mark = topic.unread > 0 && topic.read >= log.from ? topic.read : null;
      this.#seen = last(log);
    } else if (last(log) > this.#seen && settled(log) && !this.#arriving && !log.window && !this.#reading() && !this.#away) {
      this.#away = true;
      this.#mark = this.#seen;
      this.#lineSeen = true;
    }
  }

  /**
   * @param {Log} log
   * @param {Topic} topic
   * @param {boolean} nothing
   */
  #drawTop(log, topic, nothing) {
    const { words } = this.speech;
    const { start, older } = sight(log);
    const atStart = start < log.from;
    const key = nothing ? "" : atStart ? `start ${log.from > 1}` : older;
    this.#empty.hidden = !nothing || !settled(log);
    if (!this.#empty.hidden) this.#drawEmpty(topic);
    if (this.#top.dataset.key === key) return;
    this.#top.dataset.key = key;
    if (nothing) this.#top.replaceChildren();
    else if (atStart) this.#top.replaceChildren(log.from > 1 ? words.log.startFrom : words.log.start);
    else if (older === "failed") {
      const again = h("button", { class: "link", type: "button", onclick: () => this.#older() }, words.log.tryAgain);
      this.#top.replaceChildren(`${words.log.olderFailed} `, again);
    } else this.#top.replaceChildren(older === "loading" ? words.log.older : "\u00a0");
  }

  /** @param {Topic} topic */
  #drawEmpty(topic) {
    const { words, formats } = this.speech;
    const rooms = /** @type {Rooms} */ (this.#rooms);
    const count = readers(rooms, topic).length;
    const hint = readOnly(rooms, topic) === "" && count > 0 ? h("p", {}, words.log.emptyHint(count, formats.number(count))) : "";
    this.#empty.replaceChildren(h("h2", {}, words.log.empty), hint);
  }

  /**
   * Where one stands first: where one stood before, where the address says, at
   * what is new, or at the end.
   * @param {Log} log
   */
  #arrive(log) {
    const { element } = this.#scroller;
    const line = this.#lines.line;
    const place = this.#aim?.place;
    if (!place || !this.#scroller.restore(place)) {
      this.#scroller.toEnd();
      // As much of what is new as fits, and a little of what was before.
      if (line) element.scrollTop = Math.min(element.scrollTop, line.offsetTop - element.clientHeight / 5);
    }
    this.#atEnd = this.#scroller.isAtEnd && !log.window;
    // What is going to look otherwise in a moment isn't shown.
    set(this.#scroller.rows, "data-hidden", this.#lines.early);
    if (this.#lines.early || !settled(log)) return;
    const aim = this.#aim;
    const mark = this.#mark;
    this.#seen = this.#atEnd ? last(log) : Math.max(mark ?? 0, 0) || last(log);
    const far = !aim && mark !== null && mark < sight(log).start;
    if (far || (aim && aim.seq <= log.start && !covers(sight(log), aim.seq))) {
      // Nothing is shown that would go away at once.
      set(this.#scroller.rows, "data-hidden", true);
      this.#atEnd = false;
      this.#seen = mark ?? last(log);
      if (!this.#coming) this.#coming = this.#look(aim ?? { seq: /** @type {number} */ (mark) + 1, quiet: true }).finally(() => (this.#coming = null));
      return;
    }
    this.#arriving = false;
    this.#announcer.begin(last(log));
    if (aim?.place) this.#aim = null;
    else if (aim) void this.#look(aim);
  }

  /**
   * Has what stands around a message come into sight.
   * @param {Aim} aim
   * @returns {Promise<void>}
   */
  async #look(aim) {
    const topic = this.#topic;
    const log = this.#log();
    // An edit stands where its original does.
    const meant = log ? original(log, aim.seq) : aim.seq;
    const own = { ...aim, seq: meant };
    this.#aim = own;
    const found = await this.#elsewhere((windows) => windows.look(topic, meant), /** @type {const} */ ("unreachable"));
    if (this.#topic !== topic || this.#aim !== own) return;
    if (this.#arriving && log) this.#announcer.begin(last(log));
    this.#arriving = false;
    set(this.#scroller.rows, "data-hidden", false);
    if (found === "there") return this.#point();
    this.#aim = null;
    if (found !== "elsewhere") void this.#remarkOn(found);
    if (this.#rooms) this.#draw(this.#rooms, log);
  }

  /** Goes to the message that is wanted, if it stands there by now. */
  #point() {
    const aim = this.#aim;
    const log = this.#log();
    if (!aim || !log) return;
    if (isAhead(log, this.#rooms?.topics.get(this.#topic)?.head ?? 0, aim.seq)) {
      this.#aim = null;
      return void this.#remarkOn("ahead");
    }
    if (!covers(sight(log), aim.seq)) return;
    const meant = original(log, aim.seq);
    if (meant !== aim.seq && meant > 0) return void this.#look({ ...aim, seq: meant });
    const message = this.#scroller.at(aim.seq);
    const line = this.#lines.line;
    this.#aim = null;
    if (!message) return;
    const { element } = this.#scroller;
    if (aim.place) this.#scroller.restore(aim.place);
    else if (aim.quiet && line) element.scrollTop = line.offsetTop - element.clientHeight / 5;
    else element.scrollTop = message.offsetTop - Math.max(0, element.clientHeight - message.offsetHeight) / 2;
    this.#atEnd = this.#scroller.isAtEnd && !log.window;
    if (!aim.place && !aim.quiet) {
      if (aim.from) {
        history.replaceState({ ...history.state, stand: aim.from }, "");
        history.pushState({ jumped: true }, "", `/t/${this.#topic}#${aim.seq}`);
      } else history.replaceState(history.state, "", `/t/${this.#topic}#${aim.seq}`);
      message.focus({ preventScroll: true });
      message.point();
    }
    this.#drawPills(log);
    this.#fetch();
  }

  #toEnd() {
    const log = this.#log();
    this.#aim = null;
    this.#atEnd = true;
    // From here nobody is led back any more; the browser's Back still goes there.
    if (history.state?.jumped) history.replaceState({ ...history.state, jumped: false }, "");
    this.session.home(this.#topic);
    // What stands there still, is left by the time the tail is drawn.
    if (log?.window) return;
    this.#scroller.toEnd();
    if (log) this.#drawPills(log);
    this.#report();
  }

  #toLine() {
    if (this.#mark !== null) void this.#look({ seq: this.#mark + 1, quiet: true });
  }

  #onScroll() {
    const log = this.#log();
    if (this.#arriving || !log) return;
    // While a window is drawn, one is at the end only on the way there.
    if (!log.window) this.#atEnd = this.#scroller.isAtEnd;
    this.#showHint(log);
    this.#drawPills(log);
    this.#report();
    this.#fetch();
  }

  /**
   * Says where one is, where nothing stands yet.
   * @param {Log} log
   */
  #showHint(log) {
    const seq = this.#scroller.beyond;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller.element;
    this.#hint?.show(seq, scrollTop / Math.max(1, scrollHeight - clientHeight));
    if (seq > 0 && !this.#hinting) {
      this.#hinting = true;
      void this.#loadHint(sight(log).messages);
    }
  }

  /** @param {readonly import("../app/rooms.js").Message[]} messages */
  async #loadHint(messages) {
    const part = await import("./hint.js").catch(() => null);
    this.#hinting = part !== null;
    if (!part) return;
    this.#hint = new part.Hint(this.speech, async (topic, seq) => (await this.session.windows()).timeOf(topic, seq));
    this.#hint.note(this.#topic, messages);
    this.append(this.#hint.element);
  }

  #onRest() {
    const log = this.#log();
    if (this.#arriving || !log) return;
    const seq = this.#scroller.beyond;
    this.#hint?.show(0, 0);
    if (seq > 0 && log.window && this.#scroller.isAtEnd) return this.#toEnd();
    if (seq > 0 && this.#aim?.seq !== seq) void this.#look({ seq, place: { seq, offset: this.#scroller.element.clientHeight / 2 } });
    this.#fetch();
  }

  /** Fetches what one is about to scroll to. */
  #fetch() {
    const log = this.#log();
    if (!settled(log) || this.#arriving || this.#aim) return;
    const { start, older, newer } = sight(log);
    const { above, below } = this.#scroller.spare;
    if (above < SPARE && older === "idle" && start >= log.from) this.#older();
    else if (log.window && below < SPARE && newer === "idle") void this.#elsewhere((windows) => windows.newer(this.#topic), undefined);
  }

  #older() {
    void this.#elsewhere((windows) => windows.older(this.#topic), undefined);
  }

  /**
   * Looks elsewhere than at the newest.
   * @template T
   * @template U
   * @param {(windows: import("../app/windows.js").Windows) => Promise<T>} work
   * @param {U} otherwise what it comes to when the server can't be reached
   */
  async #elsewhere(work, otherwise) {
    try {
      return await work(await this.session.windows());
    } catch {
      return otherwise;
    }
  }

  /**
   * Cuts a tail that has grown long.
   * @param {Log} log
   */
  #bound(log) {
    if (log.window || this.#arriving || this.#aim || log.messages.length <= MOST) return;
    if (this.#atEnd) this.session.cursors.trim(this.#topic, KEPT);
    else {
      const topic = this.#topic;
      const seq = this.#scroller.anchor()?.seq ?? 0;
      if (seq > 0 && last(log) - seq > MOST) void this.#elsewhere(async (windows) => windows.part(topic, seq), undefined);
    }
  }

  /** What is drawn. */
  #log() {
    return this.#rooms?.logs.get(this.#topic);
  }

  /** Whether what comes is seen. */
  #reading() {
    return this.#atEnd && this.#attended();
  }

  #attended() {
    return document.visibilityState === "visible" && this.clientHeight > 0;
  }

  /** Tells how far one has read: all, at the end; else as far as one has come without leaving something out. */
  #report() {
    const log = this.#log();
    const topic = this.#rooms?.topics.get(this.#topic);
    if (!settled(log) || !topic || this.#arriving || !this.#attended()) return;
    const newest = last(log);
    if (this.#atEnd) {
      this.#seen = newest;
      this.#away = false;
      if (newest > topic.read || topic.unread > 0) this.session.cursors.read(this.#topic, newest);
      return;
    }
    if (topic.unread === 0) return;
    const seqs = this.#scroller.whole().map((element) => element.shown?.message.seq ?? 0).filter((seq) => seq > 0);
    const [first, end] = [seqs[0] ?? 0, seqs[seqs.length - 1] ?? 0];
    if (end <= topic.read) return;
    for (let seq = topic.read + 1; seq < first; seq++) {
      const message = messageAt(log, seq);
      if (!message || !isChange(message)) return;
    }
    this.#seen = Math.max(this.#seen, end);
    this.session.cursors.read(this.#topic, end);
  }

  /**
   * Says what has come, where one reads along; else how much.
   * @param {Rooms} rooms
   * @param {Log} log
   * @param {Topic} topic
   */
  #announce(rooms, log, topic) {
    const { words, formats } = this.speech;
    const many = (/** @type {number} */ count) => words.log.newer(count, formats.number(count));
    if (log.window) this.#announcer.count(log, rooms.me.name, many);
    else this.#announcer.say(log, rooms.me.name, (message) => `${called(rooms, topic, message.author)}: ${spoken(message, words)}`, many);
  }

  /** @param {Log} log */
  #drawPills(log) {
    const { words, formats } = this.speech;
    const me = this.#rooms?.me.name;
    let count = 0;
    // An edit is nothing new below.
    if (!this.#atEnd) for (let seq = Math.max(this.#seen, log.start) + 1; seq <= last(log); seq++) {
      const message = messageAt(log, seq);
      if (message && message.author !== me && !isChange(message)) count++;
    }
    if (this.#seen < log.start) count = Math.max(count, this.#rooms?.topics.get(this.#topic)?.unread ?? 0);
    this.#newer.hidden = this.#arriving || this.#atEnd || (count === 0 && !log.window && !this.#scroller.isFar);
    const text = count > 0 ? words.log.newer(count, formats.number(count)) : words.log.toEnd;
    set(this.#newer, "data-new", count > 0);
    if (this.#newer.textContent !== text) this.#newer.replaceChildren(text, icon("down"));
    this.#back.hidden = this.#arriving || history.state?.jumped !== true;
    this.#drawFirst(log);
  }

  /**
   * The way to the first that is new, until it has been in sight.
   * @param {Log} log
   */
  #drawFirst(log) {
    const line = this.#lines.line;
    const { scrollTop, clientHeight } = this.#scroller.element;
    const above = this.#mark !== null && (line ? line.offsetTop < scrollTop : this.#mark < sight(log).start);
    if (line && !this.#arriving && !above && line.offsetTop < scrollTop + clientHeight) this.#lineSeen = true;
    this.#first.hidden = this.#arriving || this.#lineSeen || !above;
  }

  /** @param {number} seq */
  async #copyLink(seq) {
    const copied = navigator.clipboard.writeText(`${location.origin}/t/${this.#topic}#${seq}`).then(() => true);
    void this.#remarkOn((await copied.catch(() => false)) ? "linkCopied" : "linkNotCopied");
  }

  /**
   * Says something in passing, in words that come when they are needed.
   * @param {"beyond" | "ahead" | "unreachable" | "nothing" | "linkCopied" | "linkNotCopied"} what
   */
  async #remarkOn(what) {
    const topic = this.#topic;
    const { words, more } = this.speech;
    await more().catch(() => {});
    if (this.#topic === topic) this.remark(words.remarks?.[what] ?? words.problems[0]);
  }

  /**
   * Says something in passing.
   * @param {string} text
   */
  remark(text) {
    clearTimeout(this.#passing);
    const put = () => {
      say(this.#word, text);
      this.#passing = setTimeout(() => say(this.#word, ""), REMARK);
    };
    if (this.#word.textContent !== text) return put();
    // What is said once more is heard only if it was gone for a moment.
    say(this.#word, "");
    this.#passing = setTimeout(put, 100);
  }
}

customElements.define("rr-timeline", Timeline);
