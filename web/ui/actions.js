/**
 * What one does in the room beside reading and writing: what dialogs ask for,
 * and what is commanded in the composer. It is loaded with all of its dialogs
 * as soon as somebody does the first of these.
 * @module
 */
import { api } from "../app/api.js";
import { isRedacted } from "../app/changes.js";
import { calculate, written } from "../app/calc.js";
import { writtenDay } from "../app/calendar.js";
import { clock } from "../app/clock.js";
import { groups } from "../app/rooms.js";
import { readers, titleOf } from "../app/walls.js";
import { explain } from "../app/words.js";
import { askForDay } from "./day.js";
import { confirmSignOut, invite, newDeal, newTopic } from "./dialogs.js";
import { h } from "./dom.js";
import { help } from "./help.js";
import { topicNotices } from "./notice-settings.js";
import { profile } from "./profile.js";
import { readBy } from "./read-by.js";
import { settings } from "./settings.js";
import { redaction, versions } from "./versions.js";

/** @typedef {import("./message.js").Shown} Shown */

/**
 * @typedef {object} Around the room, as far as it matters here
 * @property {import("./page.js").Speech} speech
 * @property {import("../app/store.js").Store} store
 * @property {import("../app/session.js").Session} session
 * @property {import("../app/settings.js").Settings} settings
 * @property {import("./timeline.js").Timeline} timeline
 * @property {import("./composer.js").Composer} composer
 * @property {() => string} topic the one that is shown; "" for none
 * @property {() => boolean} free whether the room is there, and no dialog is
 * @property {(topic: string) => void} go
 * @property {(place: {topic: string, seq: number}) => void} goToMessage
 * @property {(text: string) => void} search
 */

export class Actions {
  #around;
  /** What dialogs that are open are about, and what closes them. @type {Set<{topic: string, seq: number, over: AbortController}>} */
  #dialogs = new Set();

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
  }

  get #state() {
    return this.#around.store.state;
  }

  /** The topic that is shown. */
  get #topic() {
    return this.#state.topics.get(this.#around.topic());
  }

  /** The room is so now: dialogs about what is redacted, or isn't here any more, are closed. */
  update() {
    const { timeline, speech } = this.#around;
    for (const dialog of this.#dialogs) {
      const log = this.#state.logs.get(dialog.topic);
      if (log && !isRedacted(log, dialog.seq)) continue;
      this.#dialogs.delete(dialog);
      dialog.over.abort();
      if (log) timeline.remark(speech.words.history.goneMeanwhile);
    }
  }

  /** Shows what the keys do. */
  async help() {
    const { speech, settings, free } = this.#around;
    if (free()) await help(speech, settings.now);
  }

  async settings() {
    const { speech, settings: chosen, free } = this.#around;
    if (free() && (await settings(speech, chosen)) === "account") await this.account();
  }

  /** Shows one's own account. */
  async account() {
    if (!this.#around.free()) return;
    const { account } = await import("./account.js");
    if (this.#around.free()) await account(this.#around.speech, this.#state.me);
  }

  /** Asks of which messages of this topic one wants to be told. */
  async notices() {
    const { speech, settings, free } = this.#around;
    const topic = this.#topic;
    if (topic && free()) await topicNotices(speech, settings, topic, titleOf(this.#state, topic));
  }

  /**
   * Asks for a day and goes there.
   * @param {number} time of the day that is offered first, in unix-ms; 0 for today
   */
  async chooseDay(time) {
    const { speech, timeline, topic, free } = this.#around;
    if (!free()) return;
    const asked = topic();
    const since = await askForDay(speech, time || Date.now());
    if (since !== null && topic() === asked) void timeline.goToDay(since);
  }

  /**
   * What stands in a room in which nothing is yet: what it is, and the one thing to do.
   * @param {string} kind
   */
  beginning(kind) {
    const { beginning } = this.#around.speech.words;
    const show = (/** @type {string} */ title, /** @type {string} */ text) => [h("h1", { tabindex: -1 }, title), h("p", {}, text)];
    const button = (/** @type {string} */ text, /** @type {"deal" | "topic"} */ what) => h("button", { class: "button main", type: "button", onclick: () => void this.make(what) }, text);
    if (kind === "firstDeal") return [...show(beginning.firstDeal, beginning.firstDealHint), button(beginning.firstDealDo, "deal")];
    if (kind === "firstTopic") return [...show(beginning.firstTopic, beginning.firstTopicHint), button(beginning.firstTopicDo, "topic")];
    if (kind === "waitDeal") return show(beginning.waitDeal, beginning.waitDealHint);
    return show(beginning.firstTopic, beginning.waitTopicHint);
  }

  /** @param {"deal" | "topic" | "invite"} what */
  async make(what) {
    const { speech, store, free } = this.#around;
    if (!free()) return;
    const deals = groups(this.#state, speech.formats.collator).map((group) => group.deal);
    const people = (/** @type {string} */ deal) => (this.#state.deals.get(deal)?.people ?? []).filter((person) => person.reads && person.role !== "admin");
    const context = { speech, deals, deal: this.#topic?.deal ?? "", people };
    if (what === "invite") return invite(context);
    // The server tells everybody of it, oneself too; but that may take a moment.
    if (what === "deal") {
      const deal = await newDeal(context);
      if (deal && !this.#state.deals.has(deal.id)) store.dispatch({ type: "deal", deal: { people: [], ...deal } });
    } else {
      const made = await newTopic(context);
      if (made) this.#goToMade(made);
    }
  }

  /** @param {import("../app/rooms.js").Named} made */
  #goToMade(made) {
    const { store, go } = this.#around;
    if (!this.#state.topics.has(made.id)) store.dispatch({ type: "topic", topic: made });
    go(made.id);
  }

  /**
   * Shows all versions of a message.
   * @param {Shown} shown
   */
  async versions(shown) {
    if (this.#around.free()) await this.#ask(shown, (over) => versions(shown, this.#around.speech, over));
  }

  /**
   * Shows who has read a message.
   * @param {Shown} shown
   */
  async readersOf(shown) {
    const topic = this.#state.topics.get(shown.topic);
    if (topic && this.#around.free()) await this.#ask(shown, (over) => readBy(shown, readers(this.#state, topic), this.#around.speech, over));
  }

  /** @param {Shown} shown */
  async redact(shown) {
    if (!this.#around.free()) return;
    const { topic, message } = shown;
    const reason = await this.#ask(shown, (over) => redaction(shown, this.#around.speech, over));
    if (reason !== null) this.#around.session.outbox.post(topic, reason, message.seq, "redact");
  }

  /**
   * Opens a dialog about a message.
   * @template T
   * @param {Shown} shown
   * @param {(over: AbortSignal) => Promise<T>} open
   */
  async #ask(shown, open) {
    const about = { topic: shown.topic, seq: shown.message.seq, over: new AbortController() };
    this.#dialogs.add(about);
    try {
      return await open(about.over.signal);
    } finally {
      this.#dialogs.delete(about);
    }
  }

  /**
   * Shows who somebody is.
   * @param {string} name
   */
  async person(name) {
    const { speech, store, free } = this.#around;
    if (!free()) return;
    const { talk, account } = await profile(name, speech, store);
    if (talk) await this.talkTo(name, talk);
    if (account) await this.account();
  }

  /**
   * Opens the conversation with somebody, of this topic's deal if they are in it.
   * @param {string} name
   * @param {string} [other] another deal that they are in
   */
  async talkTo(name, other = "") {
    const { speech, timeline } = this.#around;
    const here = this.#state.deals.get(this.#topic?.deal ?? "");
    const deal = here?.people.some((person) => person.name === name && person.reads) ? here.id : other;
    try {
      const made = await api.direct(deal, name);
      if (timeline.isConnected) this.#goToMade({ ...made, direct: true, members: [this.#state.me.name, name] });
    } catch (problem) {
      timeline.remark(explain(problem, speech.words));
    }
  }

  /**
   * Whether somebody signs out although posts of theirs weren't sent.
   * @param {number} unsent
   */
  confirmSignOut(unsent) {
    return confirmSignOut(this.#around.speech, unsent);
  }

  /**
   * Does what was commanded in the composer; if it can't, that says why.
   * @param {import("../app/commands.js").Given & {done: (text?: string) => boolean}} command done: it is, or will be, and needs not be written differently: a text, or nothing, stands in its place, unless it was changed meanwhile
   */
  command({ name, rest, done }) {
    const { speech, composer, timeline, topic, goToMessage, search } = this.#around;
    const { completion } = speech.words;
    /** @type {() => void} */
    let act;
    if (name === "help") act = () => void this.help();
    else if (name === "settings") act = () => void this.settings();
    else if (name === "search") act = () => search(rest);
    else if (name === "goto") {
      const seq = Number(rest.replace(/^#/, ""));
      if (!Number.isSafeInteger(seq) || seq < 1) return composer.complain(completion.noNumber);
      act = () => goToMessage({ topic: topic(), seq });
    } else if (name === "day") {
      const day = writtenDay(rest, new Date());
      if (!day) return composer.complain(completion.noDay);
      act = () => void timeline.goToDay(day.getTime());
    } else if (name === "calc") {
      const meant = written(rest);
      if (!meant) return composer.complain(completion.noSum);
      return void this.#calculate(meant, done);
    } else {
      const found = this.#called(rest);
      if (found.length !== 1) return composer.complain(found.length > 1 ? completion.several(rest) : completion.noReader(rest));
      act = () => void this.talkTo(found[0].name);
    }
    done();
    act();
  }

  /**
   * Puts what was calculated where it was asked for, to be posted.
   * @param {{request: string, sum: string}} meant
   * @param {(text: string) => boolean} done
   */
  async #calculate({ request, sum }, done) {
    const { speech, session, composer, timeline, topic } = this.#around;
    const { words } = speech;
    const asked = topic();
    try {
      const result = await calculate(session, request, clock);
      if (result === null) {
        if (topic() === asked) composer.complain(words.completion.noResult(sum));
      } else if (done(`${sum} = ${result}`) && topic() === asked) timeline.remark(words.completion.calculated);
    } catch (problem) {
      if (topic() === asked) composer.complain(explain(problem, words));
    }
  }

  /**
   * Who else reads here and is called so: by the account, else by the display name.
   * @param {string} rest
   */
  #called(rest) {
    const topic = this.#topic;
    const called = rest.replace(/^@/, "").toLowerCase();
    const others = topic ? readers(this.#state, topic).filter(({ name }) => name !== this.#state.me.name) : [];
    const meant = others.filter(({ name }) => name === called);
    return meant.length > 0 ? meant : others.filter(({ display }) => display.toLowerCase() === called);
  }
}
