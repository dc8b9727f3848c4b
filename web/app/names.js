/**
 * Names that could be taken for another one's: by letters of another script, by
 * signs that nobody sees, or because two are called alike. The account's name
 * stands beside them then; that has only a–z, digits, and `.` `-` `_`.
 * @module
 */
import { displayName } from "./rooms.js";

/** @typedef {{name: string, display: string}} Named */

/** Letters that look like one of the Latin alphabet, which stands before them; of a capital only where the small one doesn't. */
const ALIKE = new Map(
  "aаɑα bЬƅВΒ cсς dԁ eеҽєΕ gɡց hһհНΗ iіιı jјϳ kкκ mмΜ nոηΝ oоοօσ pрρ qԛգ rгᴦ sѕՏ tтτ uυսц vνѵ wԝωաш xхχ yуγүΥ zᴢΖ lӏǀ|1! 0О 3зӠ 6б"
    .split(" ")
    .flatMap(([latin, ...others]) => others.map((other) => /** @type {[string, string]} */ ([other, latin]))),
);
const SCRIPTS = ["Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Cherokee", "Georgian", "Han"].map((script) => new RegExp(`\\p{Script=${script}}`, "u"));

/**
 * What a name looks like: the same for names that can be taken for each other.
 * @param {string} name
 */
export function skeleton(name) {
  const seen = name.normalize("NFKD").replace(/[\p{M}\p{Cf}\p{Cc}\s\p{P}]/gu, "");
  const latin = [...seen].map((letter) => ALIKE.get(letter) ?? ALIKE.get(letter.toLowerCase()) ?? letter).join("");
  return latin.toLowerCase().replaceAll("0", "o").replaceAll("rn", "m").replaceAll("vv", "w").replaceAll("i", "l");
}

/**
 * Whether a name has letters of more than one script.
 * @param {string} name
 */
export function isMixed(name) {
  return SCRIPTS.filter((script) => script.test(name)).length > 1;
}

/**
 * The user names of those who could be taken for somebody else of these people,
 * or for somebody else altogether.
 * @param {readonly Named[]} people
 * @returns {ReadonlySet<string>}
 */
export function doubtful(people) {
  const known = found.get(people);
  if (known) return known;
  /** Who looks so, by display or user name. @type {Map<string, Set<string>>} */
  const alike = new Map();
  for (const { name, display } of people) {
    for (const look of new Set([skeleton(display || name), skeleton(name)])) {
      const those = alike.get(look) ?? new Set();
      alike.set(look, those.add(name));
    }
  }
  const doubted = people.filter(({ name, display }) => {
    const shown = display || name;
    return isMixed(shown) || skeleton(shown) === "" || (alike.get(skeleton(shown))?.size ?? 0) > 1;
  });
  const names = new Set(doubted.map(({ name }) => name));
  found.set(people, names);
  return names;
}

/**
 * What somebody is called among these people: with the account's name, if they
 * could be taken for somebody else.
 * @param {Named} person
 * @param {readonly Named[]} people
 */
export function calledAmong({ name, display }, people) {
  return `${display || name}${doubtful(people).has(name) ? ` @${name}` : ""}`;
}

/**
 * What somebody is called in a topic, whether still here or not.
 * @param {import("./rooms.js").Rooms} rooms
 * @param {import("./rooms.js").Topic | undefined} topic
 * @param {string} name
 */
export function called(rooms, topic, name) {
  const people = (topic && rooms.deals.get(topic.deal)?.people) ?? NOBODY;
  return calledAmong({ name, display: displayName(rooms, topic, name) }, people);
}

/** @type {readonly Named[]} */
const NOBODY = [];

/** What was found of people who are still the same. @type {WeakMap<readonly Named[], ReadonlySet<string>>} */
const found = new WeakMap();
