/**
 * The administration's section of the audit trail: the newest first, what was
 * asked for only, and older ones on demand.
 * @module
 */
import { ask } from "../app/administration.js";
import { exactName } from "../app/sentence.js";
import { ACTIONS, raw, told } from "../app/trail.js";
import { explain } from "../app/words.js";
import { complain, trouble } from "./admin-parts.js";
import { h, said } from "./dom.js";
import { field } from "./form.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {import("../app/administration.js").Place} Place */
/** @typedef {import("../app/trail.js").Entry} Entry */

const PAGE = 100;
/** What can be asked for. */
const FILTERS = /** @type {const} */ (["user", "deal", "topic", "action"]);
const NEWEST = Number.MAX_SAFE_INTEGER;

/**
 * @param {Desk} desk
 * @param {Place} place
 * @returns {Promise<View>}
 */
export async function audit(desk, { query }) {
  const { words, speech } = desk;
  const { formats } = speech;
  const wanted = Object.fromEntries(FILTERS.map((key) => [key, query.get(key) ?? ""]).filter(([, value]) => value));
  const [users, deals, first] = await Promise.all([ask.users(), ask.deals(), page(wanted, NEWEST)]);
  const topics = (await Promise.all(deals.map((deal) => ask.topics(deal.id)))).flat();
  const called = new Map([
    ...users.map((user) => /** @type {[string, string]} */ ([user.name, exactName(user)])),
    ...deals.map((deal) => /** @type {[string, string]} */ ([deal.id, deal.name])),
    ...topics.map((topic) => /** @type {[string, string]} */ ([topic.id, topic.title])),
  ]);
  const names = {
    user: (/** @type {string} */ name) => called.get(name) ?? name,
    deal: (/** @type {string} */ id) => called.get(id) ?? id,
    topic: (/** @type {string} */ id) => called.get(id) ?? "",
  };
  const list = h("ol", { class: "trail", "aria-label": words.sections.audit });
  const problem = trouble();
  const older = h("button", { class: "button", type: "button", "data-key": "older" }, words.audit.older);
  const end = h("p", { class: "soft" });
  let before = NEWEST;
  const take = (/** @type {Entry[]} */ entries) => {
    list.append(...entries.toReversed().map((entry) => row(desk, entry, names)));
    before = entries[0]?.seq ?? before;
    older.hidden = entries.length < PAGE || before <= 1;
    end.textContent = older.hidden ? (list.hasChildNodes() ? words.audit.start : words.audit.none) : "";
  };
  take(first);
  older.addEventListener("click", async () => {
    complain(problem, "");
    older.disabled = true;
    try {
      take(await page(wanted, before));
    } catch (error) {
      complain(problem, explain(error, speech.words));
    }
    older.disabled = false;
    if (!older.hidden) older.focus();
  });
  const sorted = (/** @type {[string, string][]} */ options) => options.sort((a, b) => formats.collator.compare(a[1], b[1]));
  /** @type {Record<typeof FILTERS[number], [string, string][]>} */
  const options = {
    user: sorted(users.map((user) => [user.name, exactName(user)])),
    deal: sorted(deals.map((deal) => [deal.id, deal.name])),
    topic: sorted(topics.map((topic) => [topic.id, `${topic.title} · ${called.get(topic.deal)}`])),
    action: ACTIONS.map((action) => [action, words.actions[action]]),
  };
  return {
    title: words.sections.audit,
    content: [
      h("header", {}, h("h1", {}, words.sections.audit)),
      h("p", { class: "soft" }, words.audit.lead),
      h(
        "form",
        { class: "filters", role: "search", "aria-label": words.audit.filters, onsubmit: (/** @type {Event} */ event) => submit(desk, event) },
        ...FILTERS.map((key) => field(words.audit[key], filter(desk, key, options[key], wanted[key] ?? ""))),
        h("button", { class: "button", "data-key": "show" }, words.audit.show),
      ),
      list,
      problem,
      h("div", { class: "actions" }, older),
      end,
    ],
  };
}

/**
 * @param {Record<string, string>} wanted
 * @param {number} before
 */
async function page(wanted, before) {
  return (await ask.trail({ ...wanted, before: String(before), limit: String(PAGE) })).entries;
}

/**
 * @param {Desk} desk
 * @param {string} key
 * @param {[string, string][]} options
 * @param {string} chosen
 */
function filter({ words }, key, options, chosen) {
  const known = chosen === "" || options.some(([value]) => value === chosen);
  /** @type {[string, string][]} */
  const all = [["", words.audit.any], ...(known ? [] : [/** @type {[string, string]} */ ([chosen, words.audit.unknown(chosen)])]), ...options];
  return h("select", { name: key, "data-key": `filter ${key}` }, ...all.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

/**
 * Goes to where what was chosen is shown.
 * @param {Desk} desk
 * @param {Event} event
 */
function submit({ go, again }, event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const chosen = [...form].flatMap(([key, value]) => (value === "" ? [] : [[key, String(value)]]));
  const query = new URLSearchParams(chosen).toString();
  const place = query ? `audit?${query}` : "audit";
  if (location.hash === `#${place}`) void again();
  else go(place);
}

/**
 * @param {Desk} desk
 * @param {Entry} entry
 * @param {import("../app/trail.js").Names} names
 */
function row({ speech, words }, entry, names) {
  const { formats } = speech;
  const { number, moment, full } = formats;
  const sentences = told(entry, names, { words, roles: speech.words.roles, number, list: formats.names });
  return h(
    "li",
    {},
    h("time", { datetime: new Date(entry.time).toISOString(), title: full(entry.time) }, moment(entry.time)),
    h(
      "div",
      { class: "what" },
      ...sentences.map((sentence) => h("p", {}, ...said(sentence))),
      h("details", {}, h("summary", {}, words.audit.raw), h("dl", {}, ...raw(entry).map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", { dir: "auto" }, value))))),
    ),
    h("span", { class: "address" }, entry.address && said(words.audit.from(entry.address))),
  );
}
