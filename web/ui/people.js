/**
 * The right side: who can read here, and how far the chain was checked. Where
 * the page is narrow it is a sheet above the rest.
 * @module
 */
import { calledAmong } from "../app/names.js";
import { settled } from "../app/rooms.js";
import { audience, readers } from "../app/walls.js";
import { arrange, avatar, h, icon, isolated, said, say, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Person} Person */

/** More people than this are told apart by whether they are here. */
const TOGETHER = 10;

/** Events: `message` with the name of whom one wants to talk to, `person` with the name of whom one wants to know more. */
export class People extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {unknown[]} */
  #drawn = [];
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #audience = h("p", { class: "audience" });
  #list = h("ul");
  #here = h("h3", { hidden: true });
  #others = h("ul", { hidden: true });
  #notHere = h("h3", { hidden: true });
  #chain = h("section", { class: "chain" });
  #count = h("span", { class: "count" });
  #narrow = matchMedia("(max-width: 999px)");

  connectedCallback() {
    const { words } = this.speech;
    set(this, "role", "complementary");
    set(this, "aria-label", words.room.who);
    set(this, "tabindex", "-1");
    const close = h(
      "button",
      { class: "button quiet only-icon close", type: "button", "aria-label": words.room.close, title: words.room.close, onclick: () => this.hidePopover() },
      icon("close"),
    );
    this.replaceChildren(h("div", { class: "head" }, h("h2", {}, words.room.who, " ", this.#count), close), this.#audience, this.#here, this.#list, this.#notHere, this.#others, this.#chain);
    this.#narrow.addEventListener("change", this.#shape);
    this.#shape();
  }

  disconnectedCallback() {
    this.#narrow.removeEventListener("change", this.#shape);
  }

  /** A popover of the platform where it floats: Escape and a press beside it close it. */
  #shape = () => {
    this.popover = this.#narrow.matches ? "auto" : null;
  };

  open() {
    if (this.popover && !this.matches(":popover-open")) this.showPopover();
    this.focus();
  }

  /**
   * @param {Rooms} rooms
   * @param {import("../app/rooms.js").Topic | undefined} topic
   */
  update(rooms, topic) {
    const deal = topic && rooms.deals.get(topic.deal);
    const log = topic && rooms.logs.get(topic.id);
    const key = [deal?.people, topic?.members, topic?.narrowed, rooms.presence, rooms.reachable, log?.check, topic?.id, log && settled(log), topic?.head === 0];
    if (key.every((value, index) => value === this.#drawn[index])) return;
    this.#drawn = key;
    const people = topic ? [...readers(rooms, topic)] : [];
    const { collator, number } = this.speech.formats;
    people.sort((a, b) => collator.compare(a.display || a.name, b.display || b.name));
    this.#count.textContent = people.length > 0 ? number(people.length) : "";
    this.#drawAudience(rooms, topic);
    const items = people.map((person) => ({ here: isHere(rooms, person), item: this.#person(person, rooms, topic) }));
    const apart = items.length > TOGETHER;
    const here = apart ? items.filter(({ here }) => here) : items;
    const away = apart ? items.filter(({ here }) => !here) : [];
    const { words } = this.speech;
    arrange(this.#list, here.map(({ item }) => item));
    arrange(this.#others, away.map(({ item }) => item));
    this.#here.hidden = !apart;
    this.#notHere.hidden = this.#others.hidden = away.length === 0;
    say(this.#here, `${words.people.here} ${number(here.length)}`);
    say(this.#notHere, `${words.people.notHere} ${number(away.length)}`);
    for (const name of this.#items.keys()) if (!people.some((person) => person.name === name)) this.#items.delete(name);
    this.#drawChain(topic, log);
  }

  /**
   * Who can read here, in a sentence.
   * @param {Rooms} rooms
   * @param {import("../app/rooms.js").Topic | undefined} topic
   */
  #drawAudience(rooms, topic) {
    const { words, formats } = this.speech;
    this.#audience.hidden = !topic;
    if (!topic) return this.#audience.replaceChildren();
    const { kind, count, admins } = audience(rooms, topic);
    const deal = rooms.deals.get(topic.deal)?.name ?? "";
    this.#audience.replaceChildren(...said(words.people[kind](deal, count, formats.number(count), admins)));
  }

  /**
   * @param {Person} person
   * @param {Rooms} rooms
   * @param {import("../app/rooms.js").Topic | undefined} topic
   */
  #person(person, rooms, topic) {
    const { words } = this.speech;
    const presence = (rooms.presence.get(person.name) ?? "offline");
    const shown = calledAmong(person, (topic && rooms.deals.get(topic.deal)?.people) ?? [person]);
    const me = person.name === rooms.me.name;
    const reachable = rooms.reachable.has(person.name);
    const talks = !me && rooms.me.role !== "observer" && topic?.direct !== true;
    const key = JSON.stringify([shown, person.role, presence, reachable, me, talks]);
    let item = this.#items.get(person.name);
    if (item?.dataset.key === key) return item;
    const known = /** @type {Record<string, string>} */ (words.presence)[presence] ?? words.presence.offline;
    const label = `${shown}${me ? ` (${words.room.you})` : ""}, ${known}${reachable ? `, ${words.people.reachable}` : ""}`;
    const role = person.role === "member" ? "" : (words.roles[person.role] ?? "");
    item = h(
      "li",
      { "data-key": key, title: person.name },
      h(
        "button",
        { class: "person", type: "button", "aria-haspopup": "dialog", "aria-label": label, onclick: () => this.dispatchEvent(new CustomEvent("person", { detail: person.name })) },
        avatar(person.name, person.display || person.name, presence),
        h("span", { class: "name" }, isolated(shown), me && h("span", { class: "you" }, ` (${words.room.you})`)),
        reachable && h("span", { class: "reachable", title: words.people.reachable }, icon("direct")),
      ),
      role && h("span", { class: "unseen" }, ", "),
      role && h("span", { class: "role" }, role),
      talks && this.#messenger(person.name, words.room.message(shown)),
    );
    this.#items.set(person.name, item);
    return item;
  }

  /**
   * @param {string} name
   * @param {string} label
   */
  #messenger(name, label) {
    const tell = () => {
      if (this.popover) this.hidePopover();
      this.dispatchEvent(new CustomEvent("message", { detail: name }));
    };
    return h("button", { class: "button quiet only-icon", type: "button", "aria-label": label, title: label, onclick: tell }, icon("message"));
  }

  /**
   * @param {import("../app/rooms.js").Topic | undefined} topic
   * @param {import("../app/rooms.js").Log | undefined} log
   */
  #drawChain(topic, log) {
    const { words, formats } = this.speech;
    const check = log?.check;
    set(this.#chain, "data-bad", check?.ok === false);
    set(this.#chain, "role", check?.ok === false ? "alert" : false);
    this.#chain.hidden = !topic || !log;
    if (check?.ok === false) {
      this.#chain.replaceChildren(h("strong", {}, words.chain.bad), " ", words.chain.badText(formats.number(check.to)));
    } else if (log && topic && log.head === 0) {
      this.#chain.replaceChildren(words.chain.none);
    } else if (!check || check.to < check.from) {
      this.#chain.replaceChildren(words.chain.checking);
    } else {
      const time = formats.time(check.at);
      const text =
        check.from === 1
          ? words.chain.all(check.to, formats.number(check.to), time)
          : words.chain.part(formats.number(check.from), formats.number(check.to), time);
      this.#chain.replaceChildren(h("strong", {}, words.chain.good), " ", text);
    }
  }
}

/**
 * @param {Rooms} rooms
 * @param {Person} person
 */
function isHere(rooms, { name }) {
  return (rooms.presence.get(name) ?? "offline") !== "offline";
}

customElements.define("rr-people", People);
