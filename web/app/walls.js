/**
 * What the room's walls mean to the one who is in it: who can read a topic, who
 * one talks to in a direct one, and whether one is still who one was.
 * @module
 */
import { called } from "./names.js";

/** @typedef {import("./rooms.js").Rooms} Rooms */
/** @typedef {import("./rooms.js").Topic} Topic */
/** @typedef {import("./rooms.js").Person} Person */

const PLAIN = new Intl.Collator();

/**
 * Who can read a topic: those who read its deal; of a narrowed topic its members
 * among them, and admins; of a direct one its two.
 * @param {Rooms} rooms
 * @param {Topic} topic
 * @returns {Person[]}
 */
export function readers(rooms, topic) {
  const people = rooms.deals.get(topic.deal)?.people.filter((person) => person.reads) ?? [];
  const member = (/** @type {Person} */ { name }) => topic.members?.includes(name) === true;
  if (topic.direct) return people.filter(member);
  return topic.narrowed ? people.filter((person) => member(person) || person.role === "admin") : people;
}

/**
 * The other one of a direct conversation; "" of any other topic.
 * @param {Rooms} rooms
 * @param {Topic} topic
 */
export function otherOf(rooms, topic) {
  return (topic.direct && topic.members?.find((name) => name !== rooms.me.name)) || "";
}

/**
 * What a topic is called; a direct one by the name of the other.
 * @param {Rooms} rooms
 * @param {Topic} topic
 */
export function titleOf(rooms, topic) {
  const other = otherOf(rooms, topic);
  return other ? called(rooms, topic, other) : topic.title;
}

/**
 * What a topic is called in the list of all: of two conversations with one
 * person, or with two who are called alike, the deal tells which is meant.
 * @param {Rooms} rooms
 * @param {Topic} topic
 */
export function listedAs(rooms, topic) {
  const title = titleOf(rooms, topic);
  const another = topic.direct && directs(rooms, PLAIN).some((other) => other.id !== topic.id && titleOf(rooms, other) === title);
  return another ? `${title} · ${rooms.deals.get(topic.deal)?.name ?? ""}` : title;
}

/**
 * Whom a topic is open to, to be said before one writes: all of its deal, some
 * of it alone, or two; and how many admins are among them.
 * @param {Rooms} rooms
 * @param {Topic} topic
 * @returns {{kind: "deal" | "narrowed" | "direct", count: number, admins: number}}
 */
export function audience(rooms, topic) {
  const people = readers(rooms, topic);
  const admins = people.filter(({ role }) => role === "admin").length;
  return { kind: topic.direct ? "direct" : topic.narrowed ? "narrowed" : "deal", count: people.length, admins };
}

/**
 * Somebody, as one's deals have them, and those of one's deals that they read.
 * @param {Rooms} rooms
 * @param {string} name
 * @returns {{person: Person | undefined, deals: import("./rooms.js").Deal[]}}
 */
export function inCommon({ deals }, name) {
  const all = [...deals.values()].flatMap((deal) => deal.people.filter((person) => person.name === name).map((person) => ({ deal, person })));
  const reading = all.filter(({ person }) => person.reads);
  return { person: (reading[0] ?? all[0])?.person, deals: reading.map(({ deal }) => deal) };
}

/**
 * Whether one's role seems to be another one than at the beginning: a deal says
 * so, or an admin has none any more.
 * @param {Rooms} before
 * @param {Rooms} rooms
 */
export function otherRole(before, rooms) {
  const { me, deals, watched, stale } = rooms;
  if (!watched || stale) return false;
  for (const { people } of deals.values()) {
    const own = people.find((person) => person.name === me.name);
    if (own) return own.role !== me.role;
  }
  return me.role === "admin" && before.deals.size > 0 && deals.size === 0;
}

/**
 * One's direct conversations, by the other's name.
 * @param {Rooms} rooms
 * @param {Intl.Collator} collator
 * @returns {Topic[]}
 */
export function directs(rooms, collator) {
  return [...rooms.topics.values()].filter((topic) => topic.direct).sort((a, b) => collator.compare(titleOf(rooms, a), titleOf(rooms, b)));
}
