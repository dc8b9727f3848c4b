/**
 * The room: topics, the log of one of them, who reads there. It owns the
 * session and the address, hands the state down, and takes events up.
 * @module
 */
import { api } from "../app/api.js";
import { clock, within } from "../app/clock.js";
import { isRedacted } from "../app/changes.js";
import { leave, left } from "../app/leaving.js";
import { PATIENCE } from "../app/keeper.js";
import { newClientID } from "../app/outbox.js";
import { groups, lastOwn, readOnly } from "../app/rooms.js";
import { Session } from "../app/session.js";
import { Store } from "../app/store.js";
import { directs, otherRole, readers, titleOf } from "../app/walls.js";
import { explain } from "../app/words.js";
import { race, version } from "./begin.js";
import { confirmSignOut, invite, newDeal, newTopic } from "./dialogs.js";
import { h, icon, said, say, set } from "./dom.js";
import "./composer.js";
import "./connection.js";
import "./people.js";
import "./timeline.js";
import { onlyFor } from "./topics.js";
import "./typing.js";
import "./update.js";
import { redaction, versions } from "./versions.js";

/** @typedef {import("../app/rooms.js").Topic} Topic */
/** @typedef {import("./message.js").Shown} Shown */

/** How long what was kept from an earlier visit is held back, because what is so now may be about to come. */
const HELD = 2_000;
const LAST = "topic";
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
  #who = h("button", { class: "button quiet who", type: "button" });
  #blank = h("div", { class: "blank", hidden: true });
  #header = h("header");
  #middle = h("main");

  connectedCallback() {
    const { opening, shelf, unsure } = this;
    const { locks } = navigator;
    const store = new Store(this.me, unsure ? 0 : Date.now());
    this.#store = store;
    this.#session = new Session({ api, race, opening, store, clock, random: Math.random, id: () => newClientID(clock.now()), version, shelf, locks, tab: crypto.randomUUID() });
    this.#build();
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
    this.#session.stop();
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
    this.#topics.me = this.#renewal.me = this.me;
    this.#renewal.composer = this.#composer;
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
    set(this.#who, "aria-label", words.room.who);
    set(this.#who, "title", words.room.who);
    this.#who.append(icon("people"), h("span"));
    this.#who.addEventListener("click", () => this.#people.open());
    this.#header.append(
      back,
      h("div", { class: "names" }, this.#title, h("p", {}, this.#deal, " · ", this.#readers)),
      this.#check,
      this.#who,
    );
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
    this.#topics.addEventListener("make", (event) => void this.#make(detail(event)));
    this.#topics.addEventListener("sign-out", () => void this.#signOut());
    this.#topics.addEventListener("administer", () => {
      this.putAside();
      location.assign("/admin");
    });
    this.#people.addEventListener("message", (event) => void this.#talkTo(detail(event)));
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
    this.#composer.addEventListener("typed", () => this.#session.typing.typed(this.#current));
    this.#composer.addEventListener("edit-last", () => this.#editLast());
    this.#composer.addEventListener("editing", () => this.#soon());
    this.#timeline.addEventListener("answer", (event) => this.#composer.answer(detail(event).message.seq));
    this.#timeline.addEventListener("edit", (event) => {
      this.#edit(/** @type {Shown} */ (detail(event)).message);
    });
    this.#timeline.addEventListener("redact", (event) => void this.#redact(detail(event)));
    this.#timeline.addEventListener("versions", (event) => void this.#ask(detail(event), versions));
    this.#timeline.addEventListener("again", (event) => this.#session.outbox.again(detail(event).id));
    this.#timeline.addEventListener("discard", (event) => this.#session.outbox.discard(detail(event).id));

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
    document.addEventListener("resume", () => this.#session.nudge(), { signal });
    ONE_PANE.addEventListener("change", () => this.#update(), { signal });
  }

  #onVisible() {
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
    return this.#store.state.storage !== "" && unsentHere(this.#store.state) > 0;
  }

  /** Puts what is being written aside, for the next room of the same person. */
  putAside() {
    this.#renewal.putAside();
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
    if (document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (ONE_PANE.matches) this.#go("");
      this.#topics.focusSearch();
    } else if (event.altKey && !event.ctrlKey && !event.metaKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const next = this.#topics.neighbor(event.key === "ArrowDown" ? 1 : -1);
      if (next) this.#go(next);
    }
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
    if (seq > 0 && (arrived || this.#store.state.logs.has(topic))) this.#timeline.goTo(seq);
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
    this.#closeAbout();
    this.#typing.update(state, topic);
    this.#composer.update(state, topic?.id ?? "");
    this.#timeline.update(state, topic?.id ?? "", this.#composer.editing);
    this.#nameDocument(topic);
    // Who was at work in what was taken away is told, and isn't left nowhere.
    if (held && blank && document.activeElement === document.body) this.#blank.querySelector("h2")?.focus();
  }

  #editLast() {
    const message = lastOwn(this.#store.state, this.#current);
    if (message?.seq === 0) this.#composer.complain(this.speech.words.composer.unsent);
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

  /** @param {Shown} shown */
  async #redact(shown) {
    const { topic, message } = shown;
    const reason = await this.#ask(shown, redaction);
    if (reason !== null) this.#session.outbox.post(topic, reason, message.seq, "redact");
  }

  /** What dialogs that are open are about, and what closes them. @type {Set<{topic: string, seq: number, over: AbortController}>} */
  #dialogs = new Set();

  /**
   * Opens a dialog about a message.
   * @template T
   * @param {Shown} shown
   * @param {(shown: Shown, speech: import("./page.js").Speech, over: AbortSignal) => Promise<T>} open
   */
  async #ask(shown, open) {
    const about = { topic: shown.topic, seq: shown.message.seq, over: new AbortController() };
    this.#dialogs.add(about);
    try {
      return await open(shown, this.speech, about.over.signal);
    } finally {
      this.#dialogs.delete(about);
    }
  }

  /** Closes the dialogs about what is redacted, or isn't here any more. */
  #closeAbout() {
    for (const dialog of this.#dialogs) {
      const log = this.#store.state.logs.get(dialog.topic);
      if (log && !isRedacted(log, dialog.seq)) continue;
      this.#dialogs.delete(dialog);
      dialog.over.abort();
      if (log) this.#timeline.remark(this.speech.words.log.goneMeanwhile);
    }
  }

  /**
   * @param {import("../app/rooms.js").Rooms} state
   * @param {Topic | undefined} topic
   */
  #showHead(state, topic) {
    const { words, formats } = this.speech;
    this.#header.hidden = !topic && !(ONE_PANE.matches && this.#current);
    set(this.#header, "data-bare", !topic);
    this.#check.hidden = this.#who.hidden = !topic;
    // What was taken away is not kept behind a hidden header either.
    const title = topic ? titleOf(state, topic) : "";
    say(this.#title, title);
    set(this.#title, "title", title);
    const deal = topic && state.deals.get(topic.deal);
    say(this.#deal, deal?.name ?? "");
    this.#showReaders(topic ? readers(state, topic) : [], topic);
    if (!topic) return;
    const check = state.logs.get(topic.id)?.check;
    const bad = check?.ok === false;
    this.#check.hidden = !check || (!bad && check.to < check.from);
    set(this.#check, "data-bad", bad);
    if (check) say(this.#check, bad ? words.chain.badPill : words.chain.pill(formats.number(check.to)));
  }

  /**
   * @param {import("../app/rooms.js").Person[]} people
   * @param {Topic | undefined} topic
   */
  #showReaders(people, topic) {
    const { words, formats } = this.speech;
    const count = people.length;
    say(this.#who.children[1], topic ? formats.number(count) : "");
    const only = topic !== undefined && (topic.narrowed || topic.direct) && count > 0;
    const sentence = only ? onlyFor(people, this.speech) : [topic ? words.room.readers(count, formats.number(count)) : ""];
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
      this.#blank.replaceChildren(h("h2", { tabindex: -1 }, title), h("p", {}, text), action ?? "");
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => h("button", { class: "button main", type: "button", onclick: act }, text);
    if (kind === "gone") show(words.room.gone, words.room.goneHint, button(words.room.goneDo, () => this.#go("")));
    else if (kind === "firstDeal") show(words.room.firstDeal, words.room.firstDealHint, button(words.room.firstDealDo, () => void this.#make("deal")));
    else if (kind === "firstTopic") show(words.room.firstTopic, words.room.firstTopicHint, button(words.room.firstTopicDo, () => void this.#make("topic")));
    else if (kind === "waitDeal") show(words.room.waitDeal, words.room.waitDealHint);
    else if (kind === "waitTopic") show(words.room.firstTopic, words.room.waitTopicHint);
    else if (kind === "choose") show(words.room.choose, words.room.chooseHint);
    else if (kind === "notKept") show(words.room.notKept, words.room.notKeptHint);
    return kind !== "";
  }

  /** @param {Topic | undefined} topic */
  #nameDocument(topic) {
    const { words, formats } = this.speech;
    let unread = 0;
    for (const other of this.#store.state.topics.values()) unread += other.unread;
    const count = unread > 0 ? `(${formats.number(unread)}) ` : "";
    const name = topic ? `${titleOf(this.#store.state, topic)} · ${words.name}` : words.name;
    if (document.title !== count + name) document.title = count + name;
  }

  /** @param {"deal" | "topic" | "invite"} what */
  async #make(what) {
    const { state } = this.#store;
    const topic = state.topics.get(this.#current);
    const deals = groups(state, this.speech.formats.collator).map((group) => group.deal);
    const people = (/** @type {string} */ deal) => (this.#store.state.deals.get(deal)?.people ?? []).filter((person) => person.reads && person.role !== "admin");
    const context = { speech: this.speech, deals, deal: topic?.deal ?? "", people };
    if (what === "invite") return invite(context);
    // The server tells everybody of it, oneself too; but that may take a moment.
    if (what === "deal") {
      const deal = await newDeal(context);
      if (deal && !this.#store.state.deals.has(deal.id)) this.#store.dispatch({ type: "deal", deal: { people: [], ...deal } });
    } else {
      const made = await newTopic(context);
      if (made) this.#goToMade(made);
    }
  }

  /** @param {import("../app/rooms.js").Named} made */
  #goToMade(made) {
    if (!this.#store.state.topics.has(made.id)) this.#store.dispatch({ type: "topic", topic: made });
    this.#go(made.id);
  }

  /**
   * Opens the conversation with somebody of this topic's deal.
   * @param {string} name
   */
  async #talkTo(name) {
    const deal = this.#store.state.topics.get(this.#current)?.deal ?? "";
    try {
      const made = await api.direct(deal, name);
      if (this.isConnected) this.#goToMade({ ...made, direct: true, members: [this.me.name, name] });
    } catch (problem) {
      this.#timeline.remark(explain(problem, this.speech.words));
    }
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
    if (unsent > 0 && !(await confirmSignOut(this.speech, unsent))) return;
    this.#session.stop();
    this.#listening.abort(); // nobody is to be asked again
    forget();
    leave();
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

/** The topic and the message that the address names. */
function address() {
  const topic = /^\/t\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? "";
  const seq = /^#([1-9][0-9]{0,15})$/.exec(location.hash)?.[1];
  return { topic, seq: Number(seq ?? 0) };
}

/*
 * The topic of last time, so that the page opens where one was. A browser that
 * keeps nothing opens at the first one.
 */

/** @param {string} topic */
function remember(topic) {
  try {
    localStorage.setItem(LAST, topic);
  } catch {
    // It isn't needed.
  }
}

function recall() {
  try {
    return localStorage.getItem(LAST) ?? "";
  } catch {
    return "";
  }
}

function forget() {
  try {
    localStorage.removeItem(LAST);
    sessionStorage.clear();
  } catch {
    // There was nothing.
  }
}

customElements.define("rr-room", Room);
