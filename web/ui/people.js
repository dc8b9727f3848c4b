/**
 * The right side: who can read here, and how far the chain was checked. Where
 * the page is narrow it is a sheet above the rest.
 * @module
 */
import { settled } from "../app/rooms.js";
import { readers } from "../app/walls.js";
import { arrange, avatar, h, icon, isolated, set } from "./dom.js";

/** @typedef {import("../app/rooms.js").Rooms} Rooms */
/** @typedef {import("../app/rooms.js").Person} Person */

/** Events: `message` with the name of whom one wants to talk to. */
export class People extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {unknown[]} */
  #drawn = [];
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #list = h("ul");
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
    this.replaceChildren(h("header", {}, h("h2", {}, words.room.who, " ", this.#count), close), this.#list, this.#chain);
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
    const key = [deal?.people, topic?.members, topic?.narrowed, rooms.presence, log?.check, topic?.id, log && settled(log), topic?.head === 0];
    if (key.every((value, index) => value === this.#drawn[index])) return;
    this.#drawn = key;
    const people = topic ? [...readers(rooms, topic)] : [];
    const { collator, number } = this.speech.formats;
    people.sort((a, b) => collator.compare(a.display || a.name, b.display || b.name));
    this.#count.textContent = people.length > 0 ? number(people.length) : "";
    arrange(this.#list, people.map((person) => this.#person(person, rooms, topic)));
    for (const name of this.#items.keys()) if (!people.some((person) => person.name === name)) this.#items.delete(name);
    this.#drawChain(topic, log);
  }

  /**
   * @param {Person} person
   * @param {Rooms} rooms
   * @param {import("../app/rooms.js").Topic | undefined} topic
   */
  #person(person, rooms, topic) {
    const { words } = this.speech;
    const presence = (rooms.presence.get(person.name) ?? "offline");
    const shown = person.display || person.name;
    const me = person.name === rooms.me.name;
    const talks = !me && rooms.me.role !== "observer" && topic?.direct !== true;
    const key = JSON.stringify([shown, person.role, presence, me, talks]);
    let item = this.#items.get(person.name);
    if (item?.dataset.key === key) return item;
    const known = /** @type {Record<string, string>} */ (words.presence)[presence] ?? words.presence.offline;
    const role = person.role === "member" ? "" : (words.roles[person.role] ?? "");
    item = h(
      "li",
      { "data-key": key, title: person.name },
      avatar(person.name, shown, presence),
      h("span", { class: "name" }, isolated(shown), me && h("span", { class: "you" }, ` (${words.room.you})`)),
      h("span", { class: "unseen" }, `, ${known}${role && ", "}`),
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

customElements.define("rr-people", People);
