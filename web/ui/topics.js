/**
 * The left side: search, the topics of each deal, what an admin can make, and
 * oneself.
 * @module
 */
import { fold, wordsOf } from "../app/query.js";
import { NOTHING, isBegun } from "../app/drafts.js";
import { called } from "../app/names.js";
import { groups } from "../app/rooms.js";
import { plain } from "../app/sentence.js";
import { directs, listedAs, otherOf, readers, titleOf } from "../app/walls.js";
import { arrange, avatar, h, icon, isolated, say, set } from "./dom.js";
import "./connection.js";

/** @typedef {import("../app/rooms.js").Topic} Topic */

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Events: `go` with a topic's id, `open` with {topic, seq} of a message,
 * `make` with "deal", "topic" or "invite", `help`,
 * `administer`, `settings`, `sign-out`.
 */
export class Topics extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {import("../app/rooms.js").Me} */
  me;

  /** @type {import("../app/rooms.js").Rooms | null} */
  #rooms = null;
  #current = "";
  /** @type {Map<string, HTMLElement>} */
  #sections = new Map();
  /** @type {Map<string, HTMLAnchorElement>} */
  #links = new Map();
  #list = h("nav");
  #scroll = h("div", { class: "list" }, this.#list);
  #around = h("div", { class: "search", role: "search" });
  /** What finds messages, once somebody has turned to the box. @type {import("./search.js").Search | null} */
  #messages = null;
  #loading = false;
  /** Whether Escape was the last that was done in the box: what comes late offers nothing. */
  #left = false;
  #none = h("p", { class: "none", role: "status" });
  #direct = h("section", { "aria-labelledby": "direct" }, h("h2", { id: "direct" }), h("ul"));
  /** @type {HTMLInputElement} */
  #search;
  /** @type {import("./connection.js").Connection} */
  #connection;
  /** @type {HTMLButtonElement[]} */
  #needDeal = [];

  connectedCallback() {
    const { words } = this.speech;
    set(this.#list, "aria-label", words.topics.label);
    say(/** @type {HTMLElement} */ (this.#direct.firstElementChild), words.topics.direct);
    this.#search = h("input", {
      type: "search",
      "aria-label": words.topics.search,
      placeholder: words.topics.search,
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#onInput(),
      onfocus: () => this.#onFocus(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onSearchKey(event),
    });
    this.#connection = /** @type {import("./connection.js").Connection} */ (document.createElement("rr-connection"));
    this.#connection.speech = this.speech;
    this.replaceChildren(
      h("div", { class: "head" }, h("p", { class: "brand" }, words.name), this.#helper()),
      h("h1", { class: "unseen alone" }, words.topics.label),
      this.#around,
      this.#scroll,
      this.me.role === "admin" ? this.#makers() : "",
      this.#account(),
    );
    this.#around.replaceChildren(this.#search, h("kbd", { "aria-hidden": "true" }, words.topics.key(MAC)));
    for (const part of [this.#around, this.#scroll]) part.addEventListener("keydown", (event) => this.#onListKey(event));
    this.#waiting();
  }

  #helper() {
    const title = this.speech.words.topics.help;
    return h("button", { class: "button quiet only-icon", type: "button", "aria-label": title, title: `${title} (?)`, onclick: () => this.#tell("help") }, icon("help"));
  }

  #makers() {
    const { words } = this.speech;
    const maker = (/** @type {"deal" | "topic" | "invite"} */ what, /** @type {string} */ name) =>
      h(
        "button",
        { class: "button quiet", type: "button", "aria-label": name, title: name, onclick: () => this.#tell("make", what) },
        icon("plus"),
        words.topics.short[what],
      );
    const topic = maker("topic", words.topics.newTopic);
    const invite = maker("invite", words.topics.invite);
    this.#needDeal = [topic, invite];
    return h("div", { class: "makers" }, maker("deal", words.topics.newDeal), topic, invite);
  }

  #account() {
    const { words } = this.speech;
    const shown = this.me.display || this.me.name;
    return h(
      "div",
      { class: "account" },
      avatar(this.me.name, shown),
      h("div", { class: "who" }, h("span", { class: "name", title: this.me.name }, isolated(shown)), this.#connection),
      this.me.role === "admin" && this.#administration(),
      h(
        "button",
        {
          class: "button quiet only-icon",
          type: "button",
          "aria-label": words.topics.settings,
          title: words.topics.settings,
          onclick: () => this.#tell("settings"),
        },
        icon("gear"),
      ),
      h(
        "button",
        {
          class: "button quiet only-icon",
          type: "button",
          "aria-label": words.topics.signOut,
          title: words.topics.signOut,
          onclick: () => this.#tell("sign-out"),
        },
        icon("leave"),
      ),
    );
  }

  #administration() {
    const { administration } = this.speech.words.topics;
    const go = (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      this.#tell("administer");
    };
    return h("a", { class: "button quiet only-icon", href: "/admin", "aria-label": administration, title: administration, onclick: go }, icon("settings"));
  }

  /** What stands here until the topics have come, as high as they will be. */
  #waiting() {
    const bars = [70, 90, 60, 80].map((width) => h("span", { class: "bar", "data-width": width }));
    this.#list.replaceChildren(h("div", { class: "waiting", role: "status" }, h("span", { class: "unseen" }, this.speech.words.loading), bars));
  }

  /** Has messages found too, from now on; without it the topics are filtered all the same. */
  async #loadMessages() {
    if (this.#loading) return;
    this.#loading = true;
    try {
      await Promise.all([import("./search.js"), this.speech.more()]);
    } catch {
      this.#loading = false; // the next time one turns here, perhaps
      return this.#draw();
    }
    const messages = /** @type {import("./search.js").Search} */ (document.createElement("rr-search"));
    messages.speech = this.speech;
    messages.addEventListener("open", (event) => this.#tell("open", /** @type {CustomEvent} */ (event).detail));
    this.#scroll.append(messages);
    messages.attach(this.#search, this.#around);
    messages.ask(this.#search.value);
    if (this.#left) messages.dismiss();
    if (this.#latest?.watched) messages.update(this.#latest);
    this.#messages = messages;
  }

  /** The room as it was said last. @type {import("../app/rooms.js").Rooms | null} */
  #latest = null;

  #onFocus() {
    this.#left = false;
    void this.#loadMessages();
  }

  #onInput() {
    this.#left = false;
    this.#draw();
    this.#messages?.ask(this.#search.value);
  }

  /** Empties the box. */
  #clear() {
    this.#search.value = "";
    this.#onInput();
  }

  /** @param {string} [text] that is searched for */
  focusSearch(text) {
    this.#search.focus();
    if (text) {
      this.#search.value = text;
      this.#search.dispatchEvent(new Event("input"));
    } else this.#search.select();
  }

  /**
   * The topic before or after the current one, as the list shows them.
   * @param {1 | -1} step
   * @param {boolean} [unread] whether only those count in which something is unread
   * @returns {string | undefined}
   */
  neighbor(step, unread = false) {
    const links = [...this.#list.querySelectorAll("a")].filter((link) => !link.closest("details:not([open])"));
    const fits = (/** @type {HTMLElement} */ link) => !unread || link.dataset.unread !== undefined;
    const at = links.findIndex((link) => link.dataset.topic === this.#current);
    const next = step > 0 ? links.slice(at + 1).find(fits) : links.slice(0, at < 0 ? links.length : at).findLast(fits);
    return next?.dataset.topic;
  }

  /**
   * @param {import("../app/rooms.js").Rooms} rooms
   * @param {string} current
   */
  update(rooms, current) {
    const before = this.#rooms;
    this.#latest = rooms;
    this.#connection.update(rooms);
    if (!rooms.watched) return;
    this.#messages?.update(rooms);
    for (const button of this.#needDeal) button.disabled = rooms.deals.size === 0;
    if (before && before.deals === rooms.deals && before.topics === rooms.topics && before.presence === rooms.presence && this.#current === current && this.#written(before) === this.#written(rooms)) return;
    const moved = this.#current !== current;
    this.#rooms = rooms;
    this.#current = current;
    this.#draw();
    if (moved) this.#links.get(current)?.scrollIntoView({ block: "nearest" });
  }

  /**
   * The topics in which something is being written.
   * @param {import("../app/rooms.js").Rooms} rooms
   */
  #written({ drafts }) {
    return [...drafts].filter(([, draft]) => isBegun(draft)).map(([topic]) => topic).join(" ");
  }

  #draw() {
    const rooms = this.#rooms;
    if (!rooms) return;
    const { words, formats } = this.speech;
    const wanted = fold(wordsOf(this.#search.value));
    // Who asks for messages only needs no topics above them.
    this.#list.hidden = wanted === "" && this.#search.value.trim() !== "";
    /** @type {HTMLElement[]} */
    const sections = [];
    for (const { deal, topics, archived } of groups(rooms, formats.collator)) {
      const fits = (/** @type {Topic} */ topic) => fold(`${topic.number} ${topic.title} ${deal.name}`).includes(wanted);
      const found = topics.filter(fits);
      const put = archived.filter(fits);
      if (wanted && found.length + put.length === 0) continue;
      sections.push(this.#section(deal, found, put, wanted !== ""));
    }
    const talks = directs(rooms, formats.collator).filter((topic) => fold(titleOf(rooms, topic)).includes(wanted));
    const direct = this.#directSection(talks);
    if (talks.length > 0) sections.push(direct);
    // Where messages are searched too, that says whether there is anything at all.
    if (wanted && sections.length === 0 && !this.#loading) {
      say(this.#none, words.topics.noMatch);
      sections.push(this.#none);
    }
    arrange(this.#list, sections);
    for (const id of this.#links.keys()) if (!rooms.topics.has(id)) this.#links.delete(id);
    for (const id of this.#sections.keys()) if (!rooms.deals.has(id)) this.#sections.delete(id);
  }

  /** @param {Topic[]} topics */
  #directSection(topics) {
    const list = /** @type {HTMLElement} */ (this.#direct.lastElementChild);
    arrange(list, topics.map((topic) => this.#item(topic)));
    return this.#direct;
  }

  /**
   * @param {import("../app/rooms.js").Deal} deal
   * @param {Topic[]} topics
   * @param {Topic[]} archived
   * @param {boolean} searched whether archived ones are shown because they were looked for
   */
  #section(deal, topics, archived, searched) {
    let section = this.#sections.get(deal.id);
    if (!section) {
      const id = `deal-${deal.id}`;
      section = h("section", { "aria-labelledby": id }, h("h2", { id, dir: "auto" }), h("ul"), h("p", { class: "none" }), h("details", {}, h("summary"), h("ul")));
      this.#sections.set(deal.id, section);
    }
    const [title, list, none, away] = /** @type {HTMLElement[]} */ ([...section.children]);
    say(title, deal.name);
    set(title, "title", deal.name);
    arrange(list, topics.map((topic) => this.#item(topic)));
    say(none, this.speech.words.topics.none);
    none.hidden = topics.length + archived.length > 0;
    const [summary, put] = /** @type {HTMLElement[]} */ ([...away.children]);
    away.hidden = archived.length === 0;
    const { words, formats } = this.speech;
    const unread = archived.reduce((sum, topic) => sum + topic.unread, 0);
    const kept = words.topics.archived(archived.length, formats.number(archived.length));
    say(summary, unread > 0 ? `${kept} · ${words.topics.unread(unread, formats.number(unread))}` : kept);
    set(summary, "data-unread", unread > 0);
    arrange(put, archived.map((topic) => this.#item(topic)));
    unfold(/** @type {HTMLDetailsElement} */ (away), searched || archived.some((topic) => topic.id === this.#current));
    return section;
  }

  /** @param {Topic} topic */
  #item(topic) {
    const { words, formats } = this.speech;
    let link = this.#links.get(topic.id);
    if (!link) {
      link = h("a", {
        href: `/t/${topic.id}`,
        "data-topic": topic.id,
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          this.#tell("go", topic.id);
        },
      });
      link.append(
        h("span", { class: "number" }),
        h("span", { class: "title", dir: "auto" }),
        h("span", { class: "unseen" }),
        h("span", { class: "narrowed" }),
        h("span", { class: "closed" }),
        h("span", { class: "draft" }),
        h("span", { class: "count" }),
      );
      h("li", {}, link);
      this.#links.set(topic.id, link);
    }
    const rooms = /** @type {import("../app/rooms.js").Rooms} */ (this.#rooms);
    const [number, title, presence, narrowed, closed, draft, count] = /** @type {HTMLElement[]} */ ([...link.children]);
    const current = topic.id === this.#current;
    const called = titleOf(rooms, topic);
    if (topic.direct) this.#present(number, presence, rooms, topic);
    else say(number, String(topic.number));
    say(title, listedAs(rooms, topic));
    set(title, "title", topic.direct ? `${called} · ${rooms.deals.get(topic.deal)?.name ?? ""}` : topic.title);
    if (narrowed.hasChildNodes() !== (topic.narrowed === true)) {
      narrowed.replaceChildren(...(topic.narrowed ? [icon("people"), h("span", { class: "unseen" }, words.topics.narrowed)] : []));
    }
    set(narrowed, "title", topic.narrowed === true && plain(onlyFor(rooms, topic, this.speech)));
    set(link, "aria-current", current && "page");
    set(link, "data-unread", topic.unread > 0);
    const shut = !topic.open && !topic.archived;
    if (closed.hasChildNodes() !== shut) {
      closed.replaceChildren(...(shut ? [icon("closed"), h("span", { class: "unseen" }, words.topics.closed)] : []));
    }
    const begun = !current && isBegun(rooms.drafts.get(topic.id) ?? NOTHING);
    if (draft.hasChildNodes() !== begun) {
      draft.replaceChildren(...(begun ? [icon("edit"), h("span", { class: "unseen" }, words.drafts.mark)] : []));
      set(draft, "title", begun && words.drafts.mark);
    }
    const shown = formats.number(topic.unread);
    if (topic.unread === 0) count.replaceChildren();
    else if (count.dataset.count !== shown || !count.hasChildNodes()) {
      count.dataset.count = shown;
      count.replaceChildren(
        h("span", { "aria-hidden": "true" }, topic.unread > 999 ? `${formats.number(999)}+` : shown),
        h("span", { class: "unseen" }, words.topics.unread(topic.unread, shown)),
      );
    }
    return /** @type {HTMLElement} */ (link.parentElement);
  }

  /**
   * Whether the other one of a direct conversation is here.
   * @param {HTMLElement} mark
   * @param {HTMLElement} said
   * @param {import("../app/rooms.js").Rooms} rooms
   * @param {Topic} topic
   */
  #present(mark, said, rooms, topic) {
    const { words } = this.speech;
    const presence = rooms.presence.get(otherOf(rooms, topic)) ?? "offline";
    if (mark.dataset.presence === presence) return;
    mark.dataset.presence = presence;
    const known = /** @type {Record<string, string>} */ (words.presence)[presence] ?? words.presence.offline;
    set(mark, "title", known);
    say(said, known);
  }

  /** @param {KeyboardEvent} event */
  #onSearchKey(event) {
    if (event.key === "Escape") {
      event.preventDefault(); // a browser would do half of it
      if (this.#search.value === "") this.#tell("leave");
      else this.#clear();
      this.#left = true;
      this.#messages?.dismiss();
    } else if (event.key === "Enter" && !event.isComposing) {
      const first = this.#list.hidden ? null : this.#list.querySelector("a");
      if (this.#messages?.completes) this.#messages.completeFirst();
      else if (first?.dataset.topic) {
        this.#clear();
        this.#tell("go", first.dataset.topic);
      } else this.#messages?.openFirst();
    }
  }

  /**
   * The arrows go from the box through all that is below it, and back.
   * @param {KeyboardEvent} event
   */
  #onListKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && event.target !== this.#search && this.#search.value !== "") {
      event.preventDefault();
      this.focusSearch();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = /** @type {HTMLElement[]} */ ([this.#search, ...this.querySelectorAll(".search .stop, .list a, .list .button")]).filter((stop) => stop.checkVisibility());
    const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  /**
   * @param {string} type
   * @param {unknown} [detail]
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * Opens what has to be seen, and closes it again unless somebody else opened it.
 * @param {HTMLDetailsElement} details
 * @param {boolean} seen
 */
function unfold(details, seen) {
  if (seen === (details.dataset.unfolded !== undefined)) return;
  if (seen && details.open) return;
  set(details, "data-unfolded", seen);
  details.open = seen;
}

/** How many are named of those who can read a narrowed topic. */
const NAMED = 2;

/**
 * Who alone can read, in a sentence.
 * @param {import("../app/rooms.js").Rooms} rooms
 * @param {Topic} topic
 * @param {import("./page.js").Speech} speech
 */
export function onlyFor(rooms, topic, { words, formats }) {
  const names = readers(rooms, topic).map(({ name }) => called(rooms, topic, name)).sort(formats.collator.compare);
  const more = names.length - NAMED;
  return words.room.onlyReaders(formats.names(more > 1 ? [...names.slice(0, NAMED), words.room.more(more, formats.number(more))] : names), names.length);
}

customElements.define("rr-topics", Topics);
