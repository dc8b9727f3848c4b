/**
 * The page's language: one dictionary, and numbers and times by Intl.
 * @module
 */

/** @typedef {import("../lang/en.js").RoomDictionary & import("../lang/en-parts.js").PartsDictionary} Dictionary */

/** What there is a dictionary for; the first is the one for everybody else. */
export const LANGUAGES = ["en", "de"];

/**
 * `?lang=` if it is there (and then for this session), else the browser's
 * choice.
 * @param {string} query location.search
 * @param {Pick<Storage, "getItem" | "setItem">} kept
 * @param {readonly string[]} preferred navigator.languages
 */
export function choose(query, kept, preferred) {
  const asked = new URLSearchParams(query).get("lang");
  if (asked && LANGUAGES.includes(asked)) kept.setItem("lang", asked);
  const wanted = [kept.getItem("lang") ?? "", ...preferred].map((tag) => tag.toLowerCase().split("-")[0]);
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? LANGUAGES[0];
}

/**
 * Numbers, dates and times as the language writes them.
 * @param {string} locale
 */
export function formats(locale) {
  /** @param {Intl.DateTimeFormatOptions} options */
  const date = (options) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (/** @type {number} */ time) => format.format(time);
  };
  const number = new Intl.NumberFormat(locale);
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  const thisYear = date({ weekday: "long", day: "numeric", month: "long" });
  const otherYear = date({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return {
    locale,
    number: (/** @type {number} */ value) => number.format(value),
    list: (/** @type {string[]} */ items) => list.format(items),
    /** The same as parts of a sentence. @type {(items: string[]) => import("./sentence.js").Part[]} */
    names: (items) => list.formatToParts(items).map(({ type, value }) => (type === "element" ? { name: value } : value)),
    time: date({ timeStyle: "short" }),
    date: date({ dateStyle: "long" }),
    moment: date({ dateStyle: "medium", timeStyle: "short" }),
    full: date({ dateStyle: "full", timeStyle: "medium" }),
    day: (/** @type {number} */ time, /** @type {number} */ now) =>
      new Date(time).getFullYear() === new Date(now).getFullYear() ? thisYear(time) : otherYear(time),
    collator: new Intl.Collator(locale, { numeric: true, sensitivity: "base" }),
  };
}

/** @typedef {ReturnType<typeof formats>} Formats */

/**
 * What is said about a problem of the HTTP interface: the place's own sentence
 * for its status, else the general one, else what the server said.
 * @param {unknown} problem
 * @param {Dictionary} words
 * @param {Partial<Record<number, string>>} [here]
 * @returns {string}
 */
export function explain(problem, words, here = {}) {
  const { status = 0, detail = "" } = /** @type {{status?: number, detail?: string}} */ (problem);
  const general = /** @type {Record<number, string>} */ (words.problems);
  return here[status] ?? general[status] ?? (status >= 500 ? words.problems[503] : detail || words.problems.other);
}

/**
 * So many octets.
 * @param {number} octets
 * @param {Dictionary} words
 * @param {Formats} formats
 */
export function amount(octets, words, formats) {
  if (octets < 1024) return words.size.octets(octets, formats.number(octets));
  return words.size.kib(formats.number(Math.ceil(octets / 102.4) / 10));
}
