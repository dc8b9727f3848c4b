/**
 * What is asked of the server for what stands in the search box, and how that
 * may go on: from what one can see, and from nothing else.
 * @module
 */
import { fold, tokens } from "./query.js";
import { listedAs } from "./walls.js";

/** @typedef {import("./rooms.js").Rooms} Rooms */
/** @typedef {import("./query.js").Operator} Operator */
/** @typedef {import("./query.js").Token} Token */
/** @typedef {{insert: string, label: string, note: string}} Completion what takes the token's place, and what it is called */

/** So many completions are offered at most. */
const OFFERED = 6;
const DAY = /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?$/;
const PLAIN = /^[^\s":]+$/;

/**
 * What is to be asked. A last operator whose value is still being typed is left
 * out of it, so that half a name or half a day is no mistake yet.
 * @param {string} text
 * @param {Rooms} rooms
 * @returns {{question: string, wrong: {operator: Operator, value: string} | null}} question: "" for nothing; wrong: a day that is none
 */
export function asked(text, rooms) {
  /** @type {{operator: Operator, value: string} | null} */
  let wrong = null;
  const parts = tokens(text).flatMap(({ operator, value, start, end }) => {
    const typing = end === text.length;
    if (!operator) return [text.slice(start, end)];
    if (operator === "before" || operator === "after") {
      if (isDay(value)) return [`${operator}:${value}`];
      if (!typing) wrong ??= { operator, value };
      return [];
    }
    const known = operator === "from" ? personCalled(value, rooms) : topicCalled(value, rooms);
    if (known) return [`${operator}:${known}`];
    return typing || value === "" ? [] : [`${operator}:${PLAIN.test(value) ? value : `"${value}"`}`];
  });
  return { question: wrong ? "" : parts.join(" "), wrong };
}

/** @param {string} value */
function isDay(value) {
  const [, year, month = "01", day = "01"] = DAY.exec(value) ?? [];
  if (!year) return false;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
}

/**
 * The user name of who is called so by name or by display name, if that is one; else "".
 * @param {string} value
 * @param {Rooms} rooms
 */
function personCalled(value, rooms) {
  const wanted = fold(value);
  if (wanted === "me") return "me";
  const all = people(rooms);
  if (all.has(wanted)) return wanted;
  const called = [...all].filter(([, display]) => fold(display) === wanted);
  return called.length === 1 ? called[0][0] : "";
}

/**
 * The id of the topic that is called so, if that is one; else "".
 * @param {string} value
 * @param {Rooms} rooms
 */
function topicCalled(value, rooms) {
  if (rooms.topics.has(value)) return value;
  const wanted = fold(value);
  const called = [...rooms.topics.values()].filter((topic) => fold(listedAs(rooms, topic)) === wanted);
  return called.length === 1 ? called[0].id : "";
}

/**
 * All whom one knows of, by user name.
 * @param {Rooms} rooms
 * @returns {Map<string, string>}
 */
function people(rooms) {
  return new Map([...rooms.deals.values()].flatMap((deal) => deal.people.map(({ name, display }) => /** @type {[string, string]} */ ([name, display || name]))));
}

/**
 * What the operator at the caret may go on with.
 * @param {string} text
 * @param {number} caret
 * @param {Rooms} rooms
 * @param {{collator: Intl.Collator, me: string, days: () => {value: string, label: string}[]}} speech me: how one is called oneself
 * @returns {{token: Token, offered: Completion[]} | null}
 */
export function completions(text, caret, rooms, { collator, me, days }) {
  const token = tokens(text).find(({ operator, start, end }) => operator && caret > start && caret <= end);
  if (!token) return null;
  const { operator } = token;
  const offer = (/** @type {string} */ value, /** @type {string} */ label, /** @type {string} */ note) => ({ insert: `${operator}:${PLAIN.test(value) ? value : `"${value}"`} `, label, note });
  /** @type {Completion[]} */
  let all;
  if (operator === "from") {
    all = [offer("me", me, "me"), ...[...people(rooms)].filter(([name]) => name !== rooms.me.name).map(([name, display]) => offer(name, display, name))];
  } else if (operator === "in") {
    all = [...rooms.topics.values()].map((topic) => {
      const title = listedAs(rooms, topic);
      return offer(topicCalled(title, rooms) && !title.includes('"') ? title : topic.id, title, topic.direct ? "" : (rooms.deals.get(topic.deal)?.name ?? ""));
    });
  } else {
    all = days().map(({ value, label }) => offer(value, label, value));
  }
  const wanted = fold(token.value);
  const fits = all.filter(({ label, note }) => fold(label).includes(wanted) || fold(note).includes(wanted));
  const begins = (/** @type {Completion} */ { label, note }) => Number(!fold(label).startsWith(wanted) && !fold(note).startsWith(wanted));
  if (operator === "from" || operator === "in") fits.sort((a, b) => begins(a) - begins(b) || collator.compare(a.label, b.label));
  return { token, offered: fits.slice(0, OFFERED) };
}

/**
 * The text with a completion in its place, and where the caret is then.
 * @param {string} text
 * @param {Token} token
 * @param {Completion} completion
 */
export function complete(text, { start, end }, { insert }) {
  const rest = text.slice(end).trimStart();
  return { text: text.slice(0, start) + insert + rest, caret: start + insert.length };
}
