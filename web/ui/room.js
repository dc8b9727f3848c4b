/**
 * The room: topics, the log of one of them, who reads there. It owns the
 * session and the address, hands the state down, and takes events up.
 * @module
 */
import { api } from "../app/api.js";
import { clock, within } from "../app/clock.js";
import { commandOf } from "../app/keys.js";
import { DraftTabs, writes } from "../app/drafts.js";
import { forget, recall, remember } from "../app/last.js";
import { leave, left } from "../app/leaving.js";
import { PATIENCE } from "../app/keeper.js";
import { newClientID } from "../app/outbox.js";
import { groups, lastOwn, readOnly } from "../app/rooms.js";
import { Session } from "../app/session.js";
import { Settings, noticeOf, unread } from "../app/settings.js";
import { Store } from "../app/store.js";
import { directs, otherRole, readers, titleOf } from "../app/walls.js";
import { race, version } from "./begin.js";
import { Badge, permission } from "./badge.js";
import { h, icon, said, say, set } from "./dom.js";
import "./composer.js";
import "./connection.js";
import "./people.js";
import "./timeline.js";
import { onlyFor } from "./topics.js";
import "./typing.js";
import "./update.js";

/** @typedef {import("../app/rooms.js").Topic} Topic */
/** @typedef {import("./message.js").Shown} Shown */

/** How long what was kept from an earlier visit is held back, because what is so now may be about to come. */
const HELD = 2_000;
const LONGEST_FRAME = 100;
/** Narrower than this shows one pane at a time. */
const ONE_PANE = matchMedia("(max-width: 639px)");

/** Where a focus doesn't bring a keyboard up on the screen. */
const HOVERS = matchMedia("(hover: hover)");

/** Events: `ended` with why, when the sign-in is over; `left`, when one has signed out here. */
export class Room extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/rooms.js").Me} */
  me;
  /** A connection that was begun before there was a room. @type {import("../app/opening.js").Opening | null} */
  opening = null;
  /** Whether only this browser says who one is, as the server can't be reached. */
  unsure = false;
  /** What this browser keeps. @type {Promise<import("../app/shelf.js").Shelf> | null} */
  shelf = null;

  /** @type {Store} */
  #store;
  /** @type {Session} */
  #session;
  /** @type {Settings} */
  #settings;
  /** @type {DraftTabs} */
  #drafts;
  #current = "";
  #listening = new AbortController();
  #unsubscribe = () => {};

  /** @type {import("./topics.js").Topics} */
  #topics;
  /** @type {import("./timeline.js").Timeline} */
  #timeline;
  /** @type {import("./typing.js").Typing} */
  #typing;
  /** @type {import("./composer.js").Composer} */
  #composer;
  /** @type {import("./people.js").People} */
  #people;
  /** @type {import("./connection.js").Banner} */
  #banner;
  /** @type {import("./update.js").Update} */
  #renewal;
  #title = h("h1", { dir: "auto" });
  #deal = h("bdi");
  #readers = h("span");
  #check = h("span", { class: "check", hidden: true });
  #skip = h("button", { class: "button skip", hidden: true });
  #day = h("button", { class: "button quiet only-icon", type: "button" });
  #who = h("button", { class: "button quiet who", type: "button" });
  #bell = h("button", { class: "button quiet only-icon", type: "button", "aria-haspopup": "dialog" });
  /** What is told beside the page, once that is allowed. @type {import("./notices.js").Notices | null} */
  #notices = null;
  #badge = new Badge();
  #blank = h("div", { class: "blank", hidden: true });
  #header = h("header");
  #middle = h("main");

  connectedCallback() {
    const { opening, shelf, unsure } = this;
    const { locks } = navigator;
    const store = new Store(this.me, unsure ? 0 : Date.now());
    this.#store = store;
    this.#settings = new Settings(this.me.name);
    this.#session = new Session({ api, race, opening, store, clock, random: Math.random, id: () => newClientID(clock.now()), version, shelf, locks, tab: crypto.randomUUID() });
    this.#build();
    this.#drafts = new DraftTabs(new BroadcastChannel("redroom drafts"), store, clock);
    this.#unsubscribe = store.subscribe(() => this.#soon());
    this.#listen();
    this.#revealed = unsure;
    if (!unsure) setTimeout(() => this.#reveal(), HELD);
    this.#update();
    void this.#session.start();
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#unsubscribe();
    this.#drafts.stop();
    this.#session.stop();
    void this.#notices?.stop();
    this.#badge.stop();
  }

  #build() {
    const { words } = this.speech;
    this.#topics = /** @type {import("./topics.js").Topics} */ (document.createElement("rr-topics"));
    this.#timeline = /** @type {import("./timeline.js").Timeline} */ (document.createElement("rr-timeline"));
    this.#typing = /** @type {import("./typing.js").Typing} */ (document.createElement("rr-typing"));
    this.#composer = /** @type {import("./composer.js").Composer} */ (document.createElement("rr-composer"));
    this.#people = /** @type {import("./people.js").People} */ (document.createElement("rr-people"));
    this.#banner = /** @type {import("./connection.js").Banner} */ (document.createElement("rr-banner"));
    this.#renewal = /** @type {import("./update.js").Update} */ (document.createElement("rr-update"));
    const parts = [this.#topics, this.#timeline, this.#typing, this.#composer, this.#people, this.#banner, this.#renewal];
    for (const part of parts) part.speech = this.speech;
    this.#topics.me = this.me;
    this.#renewal.session = this.#session;
    this.#renewal.store = this.#composer.store = this.#store;
    this.#composer.settings = this.#settings;
    this.#composer.fetchQuote = (topic, seq) => this.#session.cursors.quote(topic, seq);
    this.#timeline.session = this.#banner.session = this.#session;

    const back = h(
      "a",
      { class: "button quiet only-icon back", href: "/", "aria-label": words.room.back, title: words.room.back },
      icon("back"),
    );
    back.addEventListener("click", (event) => {
      event.preventDefault();
      this.#go("");
    });
    set(this.#who, "title", words.room.who);
    this.#who.append(icon("people"), h("span", { class: "unseen" }, `${words.room.who} `), h("span"));
    this.#who.addEventListener("click", () => this.#people.open());
    set(this.#day, "aria-label", words.day.title);
    set(this.#day, "title", words.day.title);
    this.#day.append(icon("day"));
    this.#day.addEventListener("click", () => this.#act("chooseDay", this.#timeline.day));
    this.#header.append(
      back,
      h("div", { class: "names" }, this.#title, h("p", {}, this.#deal, " · ", this.#readers)),
      this.#check,
      this.#day,
      this.#bell,
      this.#who,
    );
    this.#bell.addEventListener("click", () => this.#act("notices"));
    set(this.#skip, "type", "button");
    this.#skip.append(words.skip);
    this.#skip.addEventListener("click", () => this.#composer.focusInput());
    this.#middle.append(this.#header, this.#renewal, this.#banner, this.#blank, this.#timeline, this.#typing, this.#composer);
    this.replaceChildren(this.#skip, this.#topics, this.#middle, this.#people);
  }

  #listen() {
    const { signal } = this.#listening;
    const detail = (/** @type {Event} */ event) => /** @type {CustomEvent<any>} */ (event).detail;
    this.#topics.addEventListener("go", (event) => this.#go(detail(event)));
    this.#topics.addEventListener("open", (event) => this.#goToMessage(detail(event)));
    this.#topics.addEventListener("help", () => this.#act("help"));
    this.#topics.addEventListener("leave", () => this.#composer.focusInput());
    this.#topics.addEventListener("make", (event) => this.#act("make", detail(event)));
    this.#topics.addEventListener("settings", () => this.#act("settings"));
    this.#topics.addEventListener("sign-out", () => void this.#signOut());
    this.#topics.addEventListener("administer", () => {
      void this.#session.keeper.written().then(() => location.assign("/admin"));
    });
    for (const part of [this.#people, this.#timeline]) part.addEventListener("person", (event) => this.#act("person", detail(event)));
    this.#people.addEventListener("message", (event) => this.#act("talkTo", detail(event)));
    this.#composer.addEventListener("send", (event) => {
      const { text, ref } = detail(event);
      this.#session.typing.sent();
      this.#session.outbox.post(this.#current, text, ref);
      this.#timeline.posted();
    });
    this.#composer.addEventListener("save", (event) => {
      const { text, seq } = detail(event);
      this.#session.outbox.post(this.#current, text, seq, "edit");
    });
    this.#composer.addEventListener("command", (event) => this.#act("command", detail(event)));
    this.#composer.addEventListener("typed", () => this.#session.typing.typed(this.#current));
    this.#composer.addEventListener("edit-last", () => this.#editLast());
    this.#composer.addEventListener("editing", () => this.#soon());
    this.#timeline.addEventListener("choose-day", (event) => this.#act("chooseDay", detail(event)));
    this.#timeline.addEventListener("answer", (event) => this.#composer.answer(detail(event).message.seq));
    this.#timeline.addEventListener("edit", (event) => {
      this.#edit(/** @type {Shown} */ (detail(event)).message);
    });
    this.#timeline.addEventListener("visit", (event) => this.#visit(detail(event)));
    this.#timeline.addEventListener("redact", (event) => this.#act("redact", detail(event)));
    this.#timeline.addEventListener("readers", (event) => this.#act("readersOf", detail(event)));
    this.#timeline.addEventListener("versions", (event) => this.#act("versions", detail(event)));
    this.#timeline.addEventListener("again", (event) => this.#session.outbox.again(detail(event).id));
    this.#timeline.addEventListener("discard", (event) => this.#session.outbox.discard(detail(event).id));

    window.addEventListener("storage", (event) => this.#settings.heard(event), { signal });
    window.addEventListener("popstate", () => this.#route(), { signal });
    window.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    window.addEventListener("online", () => this.#session.nudge(), { signal });
    window.addEventListener("offline", () => this.#session.look(true), { signal });
    onNewNetwork(() => this.#session.nudge(), signal);
    window.addEventListener("pagehide", () => this.#onHidden(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#session.nudge(), { signal });
    document.addEventListener("visibilitychange", () => this.#onVisible(), { signal });
    window.addEventListener("beforeunload", (event) => this.#losesWords() && event.preventDefault(), { signal });
    this.#banner.addEventListener("seen", () => this.#store.dispatch({ type: "seen-unsendable" }));
    for (const type of ["focus", "blur"]) window.addEventListener(type, () => this.#soon(), { signal });
    signal.addEventListener("abort", this.#settings.subscribe(() => this.#soon()));
    document.addEventListener("resume", () => this.#session.nudge(), { signal });
    ONE_PANE.addEventListener("change", () => this.#update(), { signal });
  }

  #onVisible() {
    this.#soon();
    this.#timeline.attend();
    if (document.visibilityState === "visible") {
      this.#session.look();
      void this.#session.keeper.adopt();
    } else this.#session.keeper.hurry();
  }

  #onHidden() {
    this.#session.keeper.hurry();
    this.#session.leave();
  }

  /** Whether something was written that is only here, in this page. */
  #losesWords() {
    const { state } = this.#store;
    return state.storage !== "" && (unsentHere(state) > 0 || writes(state));
  }

  /** What was kept is shown from now on, marked as of when, until what is so now has come. */
  #reveal() {
    this.#revealed = true;
    if (this.isConnected) this.#soon();
  }

  #revealed = false;

  /**
   * The state as it may be shown: without what was kept, until that is revealed.
   * @param {import("../app/rooms.js").Rooms} state
   */
  #shown(state) {
    if (this.#revealed) return state.watched || state.asOf === 0 ? state : { ...state, watched: true };
    const logs = [...state.logs].filter(([, log]) => !log.kept);
    const current = logs.length === state.logs.size ? state : { ...state, logs: new Map(logs) };
    return state.asOf === 0 ? current : { ...current, deals: new Map(), topics: new Map() };
  }

  /**
   * Whether there is no connection, and not only for a moment.
   * @param {import("../app/rooms.js").Rooms} state
   */
  #isAway({ connection }) {
    clearTimeout(this.#later);
    if (connection.state === "open") return false;
    const left = connection.since + HELD - Date.now();
    if (left > 0) this.#later = setTimeout(() => this.#soon(), left);
    return left <= 0;
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;

  /** Makes sure that one still is who this browser says. */
  async #confirm() {
    this.unsure = false;
    const me = await api.whoAmI().catch(() => null);
    if (me && (me.role !== this.me.role || me.display !== this.me.display || me.name !== this.me.name)) location.reload();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const command = commandOf(event, { writing: isWritten(event.target) });
    if (!command) return;
    event.preventDefault();
    if (command === "help") return this.#act("help");
    if (command === "search") return this.#search();
    const next = this.#topics.neighbor(command.startsWith("next") ? 1 : -1, command.endsWith("Unread"));
    if (next) this.#go(next);
  }

  /** @param {string} [text] */
  #search(text) {
    if (ONE_PANE.matches) this.#go("");
    this.#topics.focusSearch(text);
  }

  /**
   * Goes to a message.
   * @param {{topic: string, seq: number}} place
   */
  #goToMessage({ topic, seq }) {
    if (topic === this.#current) return this.#timeline.jump(seq);
    history.pushState(null, "", `/t/${topic}#${seq}`);
    this.#route();
  }

  /**
   * Turns to a topic, or with "" to the list of them.
   * @param {string} topic
   */
  #go(topic) {
    if (topic !== this.#current) history.pushState(null, "", topic ? `/t/${topic}` : "/");
    this.#route();
    if (topic && HOVERS.matches) this.#composer.focusInput();
  }

  /** @param {string} path of a place in the room */
  #visit(path) {
    history.pushState(null, "", path);
    this.#route();
  }

  /** Does what the address says. */
  #route() {
    const { topic, seq } = address();
    const arrived = topic !== this.#current;
    this.#current = topic;
    if (topic && this.#store.state.topics.has(topic)) {
      this.#session.cursors.open(topic);
      remember(topic);
    }
    this.#update();
    const { stand } = history.state ?? {};
    if ((seq > 0 || stand) && (arrived || this.#store.state.logs.has(topic))) this.#timeline.goTo(seq, stand);
  }

  /**
   * Once the topics are known: the one in the address, else the one of last time, else the first.
   * @param {import("../app/rooms.js").Rooms} state
   */
  #choose(state) {
    const { topic } = address();
    if (!topic && !ONE_PANE.matches) {
      const last = recall();
      const { collator } = this.speech.formats;
      const first = [...groups(state, collator).flatMap((group) => group.topics), ...directs(state, collator), ...state.topics.values()][0]?.id;
      const chosen = state.topics.has(last) ? last : first;
      if (chosen) history.replaceState(null, "", `/t/${chosen}`);
    }
    this.#route();
    if (HOVERS.matches) this.#composer.focusInput();
  }

  /** Draws once a frame, however much comes; a page without frames, being hidden, draws too. */
  #soon() {
    if (this.#drawing) return;
    this.#drawing = true;
    const draw = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#drawing = false;
      if (this.isConnected) this.#update();
    };
    const frame = requestAnimationFrame(draw);
    const timer = setTimeout(draw, LONGEST_FRAME);
  }

  #drawing = false;
  #started = false;
  /** What was drawn before. @type {import("../app/rooms.js").Rooms | null} */
  #before = null;

  #update() {
    const state = this.#shown(this.#store.state);
    if (state.connection.state === "ended") {
      this.dispatchEvent(new CustomEvent("ended", { detail: state.connection.why }));
      return;
    }
    if (otherRole(this.#before ?? state, state)) {
      // As somebody else, begin as a new document would.
      this.dispatchEvent(new CustomEvent("ended", { detail: "elsewhere" }));
      return;
    }
    this.#before = state;
    if (this.unsure && state.connection.state === "open") void this.#confirm();
    if (state.watched && (!this.#started || (!this.#current && !ONE_PANE.matches && state.topics.size > 0))) {
      this.#started = true;
      return this.#choose(state);
    }
    const topic = state.topics.get(this.#current);
    const held = this.#middle.contains(document.activeElement);
    if (topic && !this.#store.state.logs.has(topic.id)) this.#session.cursors.open(topic.id);
    const log = topic && state.logs.get(topic.id);
    set(this, "data-pane", this.#current ? "log" : "topics");
    this.#topics.update(state, this.#current);
    this.#banner.update(state, log);
    this.#renewal.update(state, topic?.id ?? "");
    this.#people.update(state, topic);
    this.#people.hidden = !topic;
    this.#showHead(state, topic);
    const blank = this.#showBlank(state, topic);
    this.#typing.hidden = this.#composer.hidden = !topic;
    this.#timeline.hidden = !topic || blank;
    const closed = topic ? readOnly(state, topic) : "";
    this.#skip.hidden = !topic || closed !== "";
    this.#actions?.update();
    this.#typing.update(state, topic);
    this.#composer.update(state, topic?.id ?? "");
    this.#timeline.update(state, topic?.id ?? "", this.#composer.editing);
    this.#tellNews(topic);
    // Where the list stands alone, it is what the page is about.
    set(this.#topics, "role", ONE_PANE.matches && !this.#current && this.dataset.bare === undefined ? "main" : "banner");
    // Who was at work in what was taken away is told, and isn't left nowhere.
    if (held && blank && document.activeElement === document.body) this.#blank.querySelector("h1")?.focus();
  }

  #editLast() {
    const message = lastOwn(this.#store.state, this.#current);
    if (message?.seq === 0) void this.#composer.complainOf("unsent");
    else if (message) this.#edit(message);
  }

  /**
   * Puts a message into the composer, or the newest edit of it that is still on its way or was refused.
   * @param {import("../app/rooms.js").Message} message
   */
  #edit({ seq, text }) {
    const { posts } = this.#store.state;
    const unsaved = posts.findLast(({ topic, message }) => topic === this.#current && message.kind === "edit" && message.ref === seq);
    this.#composer.edit(seq, unsaved?.message.text ?? text);
  }

  /**
   * @param {import("../app/rooms.js").Rooms} state
   * @param {Topic | undefined} topic
   */
  #showHead(state, topic) {
    const { words, formats } = this.speech;
    this.#header.hidden = !topic && !(ONE_PANE.matches && this.#current);
    set(this.#header, "data-bare", !topic);
    this.#check.hidden = this.#day.hidden = this.#bell.hidden = this.#who.hidden = !topic;
    // What was taken away is not kept behind a hidden header either.
    const title = topic ? titleOf(state, topic) : "";
    say(this.#title, title);
    set(this.#title, "title", title);
    const deal = topic && state.deals.get(topic.deal);
    say(this.#deal, deal?.name ?? "");
    this.#showReaders(state, topic);
    if (!topic) return;
    const notice = noticeOf(this.#settings.now, topic);
    if (this.#bell.dataset.notice !== notice) {
      this.#bell.dataset.notice = notice;
      const name = words.bell.button(words.bell[notice]);
      set(this.#bell, "aria-label", name);
      set(this.#bell, "title", name);
      this.#bell.replaceChildren(icon(notice === "none" ? "bell-off" : "bell"));
    }
    const check = state.logs.get(topic.id)?.check;
    const bad = check?.ok === false;
    this.#check.hidden = !check || (!bad && check.to < check.from);
    set(this.#check, "data-bad", bad);
    if (check) say(this.#check, bad ? words.chain.badPill : words.chain.pill(formats.number(check.to)));
  }

  /**
   * @param {import("../app/rooms.js").Rooms} state
   * @param {Topic | undefined} topic
   */
  #showReaders(state, topic) {
    const { words, formats } = this.speech;
    const count = topic ? readers(state, topic).length : 0;
    say(/** @type {Element} */ (this.#who.lastElementChild), topic ? formats.number(count) : "");
    const only = topic !== undefined && (topic.narrowed || topic.direct) && count > 0;
    const sentence = only ? onlyFor(state, topic, this.speech) : [topic ? words.room.readers(count, formats.number(count)) : ""];
    const key = JSON.stringify(sentence);
    if (this.#readers.dataset.key === key) return;
    this.#readers.dataset.key = key;
    this.#readers.replaceChildren(...said(sentence));
  }

  /**
   * What stands in the middle where there is no log.
   * @param {import("../app/rooms.js").Rooms} state
   * @param {Topic | undefined} topic
   * @returns {boolean} whether something does
   */
  #showBlank(state, topic) {
    const { words } = this.speech;
    const admin = this.me.role === "admin";
    let kind = "";
    if (!topic && state.watched) {
      if (this.#current) kind = "gone";
      else if (state.deals.size === 0) kind = admin ? "firstDeal" : "waitDeal";
      else if (state.topics.size === 0) kind = admin ? "firstTopic" : "waitTopic";
      else kind = "choose";
    }
    const unknown = topic && !state.logs.has(topic.id) && !state.posts.some((post) => post.topic === topic.id);
    if (unknown && this.#isAway(state)) kind = "notKept";
    // On a phone the list itself has to say it.
    set(this, "data-bare", !["", "choose", "gone", "notKept"].includes(kind));
    this.#blank.hidden = kind === "";
    if (this.#blank.dataset.kind === kind) return kind !== "";
    this.#blank.dataset.kind = kind;
    const show = (/** @type {string} */ title, /** @type {string} */ text, /** @type {HTMLElement | null} */ action = null) =>
      this.#blank.replaceChildren(h("h1", { tabindex: -1 }, title), h("p", {}, text), action ?? "");
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => h("button", { class: "button main", type: "button", onclick: act }, text);
    if (kind === "gone") show(words.room.gone, words.room.goneHint, button(words.room.goneDo, () => this.#go("")));
    else if (kind === "choose") show(words.room.choose, words.room.chooseHint);
    else if (kind === "notKept") show(words.room.notKept, words.room.notKeptHint);
    else if (kind !== "") void this.#showBeginning(kind);
    return kind !== "";
  }

  /**
   * What stands where nothing is yet comes with what one can do about that.
   * @param {string} kind
   */
  async #showBeginning(kind) {
    this.#blank.replaceChildren();
    try {
      const shown = (await this.#loadActions()).beginning(kind);
      if (this.#blank.dataset.kind !== kind) return;
      this.#blank.replaceChildren(...shown);
      // Who was at work in the last that was taken away is told.
      if (document.activeElement === document.body) this.#blank.querySelector("h1")?.focus();
    } catch {
      delete this.#blank.dataset.kind; // with the next change, perhaps
    }
  }

  /** What one does beside reading and writing, once one does. @type {import("./actions.js").Actions | null} */
  #actions = null;

  async #loadActions() {
    const [{ Actions }] = await Promise.all([import("./actions.js"), this.speech.more()]);
    this.#actions ??= new Actions({
      speech: this.speech,
      store: this.#store,
      session: this.#session,
      settings: this.#settings,
      timeline: this.#timeline,
      composer: this.#composer,
      topic: () => this.#current,
      free: () => this.isConnected && !document.querySelector("dialog[open]"),
      go: (topic) => this.#go(topic),
      goToMessage: (place) => this.#goToMessage(place),
      search: (text) => this.#search(text),
    });
    return this.#actions;
  }

  /**
   * @template {"help" | "settings" | "notices" | "chooseDay" | "make" | "versions" | "readersOf" | "redact" | "person" | "talkTo" | "command"} K
   * @param {K} what
   * @param {...any} about
   */
  async #act(what, ...about) {
    const actions = /** @type {any} */ (await this.#loadActions());
    await actions[what](...about);
  }

  /** Has the browser tell of what is new, from now on. */
  async #beginNotices() {
    this.#noticing = true;
    try {
      const [{ Notices }] = await Promise.all([import("./notices.js"), this.speech.more()]);
      if (!this.isConnected || this.#listening.signal.aborted) return;
      this.#notices = new Notices({ speech: this.speech, store: this.#store, settings: this.#settings, go: (place) => this.#goToMessage(place) });
      this.#soon();
    } catch {
      this.#noticing = false; // with the next change, perhaps
    }
  }

  #noticing = false;

  /**
   * Has told what is new, where one has allowed it, and counts it.
   * @param {Topic | undefined} topic
   */
  #tellNews(topic) {
    if (!this.#noticing && this.#started && permission() === "granted") void this.#beginNotices();
    const watching = document.visibilityState === "visible" && document.hasFocus();
    this.#notices?.update(watching ? (topic?.id ?? "") : "");
    const count = this.#started ? unread(this.#store.state, this.#settings.now) : 0;
    this.#badge.show(count);
    this.#nameDocument(topic, count);
  }

  /**
   * @param {Topic | undefined} topic
   * @param {number} unread
   */
  #nameDocument(topic, unread) {
    const { words, formats } = this.speech;
    const count = unread > 0 ? `(${formats.number(unread)}) ` : "";
    const name = topic ? `${titleOf(this.#store.state, topic)} · ${words.name}` : words.name;
    if (document.title !== count + name) document.title = count + name;
  }

  /**
   * Does something with what is kept, where the browser lets it.
   * @template T
   * @param {(shelf: import("../app/shelf.js").Shelf) => Promise<T>} work
   * @param {T} otherwise
   */
  async #kept(work, otherwise) {
    try {
      return await within(PATIENCE, clock, (this.shelf ?? Promise.reject(new Error("there is no shelf"))).then(work));
    } catch {
      return otherwise;
    }
  }

  /**
   * Signs out and forgets everything: the next page begins from nothing. A
   * server that can't be reached is told later.
   */
  async #signOut() {
    const unsent = Math.max(unsentHere(this.#store.state), await this.#kept((shelf) => shelf.unsent(), 0));
    if (unsent > 0 && !(await (await this.#loadActions()).confirmSignOut(unsent))) return;
    this.#session.stop();
    this.#listening.abort(); // nobody is to be asked again
    forget();
    leave();
    this.#badge.stop();
    await this.#notices?.stop();
    await this.#kept((shelf) => shelf.wipe({ all: true }), undefined);
    this.dispatchEvent(new Event("left"));
    const told = await api.signOut().then(
      () => true,
      (problem) => problem.status === 401,
    );
    if (told) left();
    location.replace("/");
  }
}

/**
 * How many posts are not known to be in the log.
 * @param {import("../app/rooms.js").Rooms} state
 */
function unsentHere({ posts }) {
  return posts.filter((post) => post.state !== "accepted").length;
}

/**
 * Calls when this device has gone from one kind of network to another, where
 * the browser says so. Its estimates of speed, which come as the same event,
 * are no news.
 * @param {() => void} call
 * @param {AbortSignal} signal
 */
function onNewNetwork(call, signal) {
  const { connection } = /** @type {{connection?: EventTarget & {type?: string}}} */ (navigator);
  let type = connection?.type;
  const changed = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    call();
  };
  connection?.addEventListener("change", changed, { signal });
}

/**
 * Whether a character that is typed there is text.
 * @param {EventTarget | null} target
 */
function isWritten(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]") !== null;
}

/** The topic and the message that the address names. */
function address() {
  const topic = /^\/t\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? "";
  const seq = /^#([1-9][0-9]{0,15})$/.exec(location.hash)?.[1];
  return { topic, seq: Number(seq ?? 0) };
}

customElements.define("rr-room", Room);
