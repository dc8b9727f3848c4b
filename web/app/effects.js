/**
 * What a change will mean, in sentences: whose rights it gives or takes, as the
 * server has worked it out.
 * @module
 */
import { exactName, joined } from "./sentence.js";

/** @typedef {import("./sentence.js").Part} Part */
/** @typedef {import("../lang/en-admin.js").AdminDictionary} AdminDictionary */
/** @typedef {import("./words.js").Formats} Formats */

/** @typedef {{id: string, title: string}} Named */
/** @typedef {"loses" | "less" | "mute" | "gains" | "more" | "speaks"} Kind */
/** @typedef {{user: string, display?: string} & Partial<Record<Kind, Named[] | null>>} Effect of one user */
/** @typedef {{effects?: Effect[] | null, ends?: boolean}} Meaning */

/** What is taken comes first. @type {Kind[]} */
const KINDS = ["loses", "less", "mute", "gains", "more", "speaks"];
/** How many people and topics are named; further ones are counted. */
const NAMED = 5;

/**
 * The sentences; none where nobody's rights change.
 * @param {Meaning} meaning
 * @param {{words: AdminDictionary, formats: Formats, who: string}} speech who: the display name of the user whose sign-ins may end
 * @returns {Part[][]}
 */
export function consequences({ effects, ends = false }, { words, formats, who }) {
  const sentences = KINDS.flatMap((kind) =>
    alike(effects ?? [], kind).map(({ people, topics }) =>
      words.effects[kind](people.length, some(people, words, formats), topics.length, formats.number(topics.length), some(topics, words, formats)),
    ),
  );
  return ends ? [...sentences, words.effects.ends(who)] : sentences;
}

/**
 * Those for whom the same is different in the same topics, together.
 * @param {Effect[]} effects
 * @param {Kind} kind
 */
function alike(effects, kind) {
  /** @type {Map<string, {people: string[], topics: string[]}>} */
  const groups = new Map();
  for (const effect of effects) {
    const topics = effect[kind] ?? [];
    if (topics.length === 0) continue;
    const key = topics.map((topic) => topic.id).sort().join();
    const group = groups.get(key) ?? { people: [], topics: topics.map((topic) => topic.title) };
    group.people.push(exactName({ name: effect.user, display: effect.display }));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * The first of them by name, and how many more there are.
 * @param {string[]} names
 * @param {AdminDictionary} words
 * @param {Formats} formats
 * @returns {Part[]}
 */
function some(names, words, formats) {
  const more = names.length - NAMED;
  const parts = joined(names.slice(0, NAMED).map((name) => [{ name }]), ", ");
  return more > 0 ? [...parts, words.effects.others(more, formats.number(more))] : parts;
}
