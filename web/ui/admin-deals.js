/**
 * The administration's section of deals: all of them, and one with its members
 * and topics.
 * @module
 */
import { MOST, ask, changes, wrongLabel } from "../app/administration.js";
import { exactName } from "../app/sentence.js";
import { action, adder, byName, chip, crumbs, editor, make, person, question, section, trouble, whose } from "./admin-parts.js";
import { newDeal, newTopic } from "./dialogs.js";
import { h, icon, isolated } from "./dom.js";
import { field } from "./form.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {import("../app/administration.js").Place} Place */
/** @typedef {import("../app/administration.js").Deal} Deal */
/** @typedef {import("../app/administration.js").Topic} Topic */
/** @typedef {import("../app/administration.js").Reader} Reader */

/**
 * @param {Desk} desk
 * @returns {Promise<View>}
 */
export async function deals(desk) {
  const { words, speech } = desk;
  const all = (await ask.deals()).sort((a, b) => speech.formats.collator.compare(a.name, b.name));
  const row = (/** @type {Deal} */ deal) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: `#deals/${deal.id}`, "data-key": `deal ${deal.id}` },
        h("span", { class: "name" }, isolated(deal.name), h("span", { class: "account" }, deal.history === "joined" ? words.deals.joined : words.deals.all)),
        !deal.open && chip(words.deals.closed),
      ),
    );
  const create = async () => {
    const made = await newDeal({ speech, deals: [], deal: "" });
    if (made) desk.go(`deals/${made.id}`);
  };
  return {
    title: words.sections.deals,
    content: [
      h(
        "header",
        {},
        h("h1", {}, words.sections.deals, " ", h("span", { class: "count" }, speech.formats.number(all.length))),
        h("button", { class: "button", type: "button", "data-key": "new", onclick: () => void create() }, icon("plus"), speech.words.topics.newDeal),
      ),
      all.length > 0 ? h("ul", { class: "rows" }, ...all.map(row)) : h("p", { class: "soft" }, words.none),
    ],
  };
}

/**
 * @param {Desk} desk
 * @param {Place} place
 * @returns {Promise<View>}
 */
export async function deal(desk, { id }) {
  const { words, speech } = desk;
  const [all, users] = await Promise.all([ask.deals(), ask.users()]);
  const seen = all.find((deal) => deal.id === id);
  if (!seen) throw { status: 404 };
  const [members, topics] = await Promise.all([ask.members(id), ask.topics(id)]);
  const stale = async () => (await ask.deals()).find((deal) => deal.id === id)?.version !== seen.version;
  const problem = trouble();
  const name = h("input", { value: seen.name, dir: "auto", autocomplete: "off", maxlength: 480 });
  const { dialog } = speech.words;
  const history = h(
    "select",
    {},
    ...["all", "joined"].map((value) => h("option", { value, selected: value === seen.history }, value === "all" ? dialog.historyAll : dialog.historyJoined)),
  );
  const receipts = h("input", { type: "checkbox", checked: seen.receipts });
  const label = seen.open ? words.deals.close : words.deals.reopen;
  const turn = action(desk, {
    label,
    key: "open",
    problem,
    stale,
    act: () => make(desk, changes.deal(id, { open: !seen.open, version: seen.version }), { title: label, button: label }),
  });
  const form = editor(desk, {
    seen,
    fields: {
      name: {
        label: dialog.name,
        control: name,
        value: () => (wrongLabel(name.value, MOST.name) ? undefined : name.value.trim()),
        wrong: () => words.wrong.name[wrongLabel(name.value, MOST.name) || "length"],
      },
      history: { label: dialog.history, control: history, value: () => history.value },
      receipts: { label: words.deals.receipts, control: receipts, hint: words.deals.receiptsHint, value: () => receipts.checked },
    },
    also: (body) => ("receipts" in body ? [body.receipts ? words.deals.receiptsOn(seen.name) : words.deals.receiptsOff(seen.name)] : []),
    change: (body) => changes.deal(id, body),
    stale,
    title: words.deals.save,
    problem,
    problems: { 409: dialog.dealTaken },
    more: [turn],
  });
  return {
    title: seen.name,
    content: [
      crumbs(["deals", words.sections.deals]),
      h("header", {}, h("h1", {}, isolated(seen.name)), !seen.open && chip(words.deals.closed)),
      !seen.open && h("p", { class: "soft" }, words.deals.closedHint),
      form,
      membersOf(desk, seen, members, users),
      topicsOf(desk, seen, members, topics),
      h("p", { class: "foot" }, h("a", { href: `#audit?deal=${id}` }, words.users.trail)),
    ],
  };
}

/**
 * @param {Desk} desk
 * @param {Deal} deal
 * @param {Reader[]} members
 * @param {import("../app/administration.js").User[]} users
 */
function membersOf(desk, deal, members, users) {
  const { words, speech } = desk;
  const problem = trouble();
  const row = (/** @type {Reader} */ member) => {
    const shown = exactName(member);
    const { removeTitle } = words.deals;
    const history =
      member.role !== "admin" &&
      action(desk, {
        label: words.deals.history,
        key: `history ${member.name}`,
        name: words.deals.historyOf(shown),
        kind: "quiet",
        problem,
        act: async () => {
          const history = await askHistory(desk, member);
          return history && make(desk, changes.moveMember(deal.id, member.name, history), { title: words.deals.historyTitle, button: words.deals.move, who: member });
        },
      });
    const remove = action(desk, {
      label: words.remove,
      key: `remove ${member.name}`,
      name: words.removeOne(shown),
      kind: "quiet",
      problem,
      act: () => make(desk, changes.removeMember(deal.id, member.name), { title: removeTitle, button: removeTitle, who: member }),
    });
    return h("li", {}, h("div", { class: "row" }, person(member, desk), h("span", { class: "actions" }, history, remove)));
  };
  const others = users.filter((user) => user.active && !members.some((member) => member.name === user.name));
  return section(
    words.deals.members,
    h("p", { class: "soft" }, words.deals.membersHint),
    problem,
    members.length > 0 ? h("ul", { class: "rows" }, ...byName(members, speech.formats.collator).map(row)) : h("p", { class: "soft" }, words.deals.noMembers),
    adder(desk, {
      label: words.deals.newMember,
      people: others,
      none: words.deals.everybody,
      problem,
      title: words.deals.addTitle,
      change: (name) => changes.addMember(deal.id, name),
    }),
  );
}

/**
 * From where somebody shall read; null for no change.
 * @param {Desk} desk
 * @param {Reader} who
 * @returns {Promise<string | null>}
 */
async function askHistory(desk, who) {
  const { words } = desk;
  const history = h("select", {}, h("option", { value: "all" }, words.deals.historyAll), h("option", { value: "joined" }, words.deals.historyJoined));
  const answer = await question(desk, {
    title: words.deals.historyTitle,
    fields: [whose(who), field(words.deals.reads, history)],
    submit: words.deals.move,
    send: async () => ({ history: history.value }),
  });
  return answer?.history ?? null;
}

/**
 * @param {Desk} desk
 * @param {Deal} deal
 * @param {Reader[]} members
 * @param {Topic[]} topics
 */
function topicsOf(desk, deal, members, topics) {
  const { words, speech } = desk;
  const row = (/** @type {Topic} */ topic) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: `#topics/${topic.id}`, "data-key": `topic ${topic.id}` },
        h("span", { class: "number" }, String(topic.number)),
        h("span", { class: "name" }, isolated(topic.title)),
        h("span", { class: "chips" }, marks(desk, topic)),
      ),
    );
  const create = async () => {
    const made = await newTopic({
      speech,
      deals: [{ id: deal.id, name: deal.name }],
      deal: deal.id,
      people: () => members.filter((member) => member.role !== "admin"),
      strict: { label: words.topics.strictLabel, hint: words.topics.strictHint },
    });
    if (!made) return;
    desk.tell(words.done);
    await desk.again();
  };
  const sorted = [...topics].sort((a, b) => Number(a.archived) - Number(b.archived) || a.number - b.number || speech.formats.collator.compare(a.title, b.title));
  return h(
    "section",
    {},
    h(
      "header",
      {},
      h("h2", {}, words.deals.topics),
      h("button", { class: "button", type: "button", "data-key": "new topic", onclick: () => void create() }, icon("plus"), speech.words.topics.newTopic),
    ),
    sorted.length > 0 ? h("ul", { class: "rows" }, ...sorted.map(row)) : h("p", { class: "soft" }, words.deals.noTopics),
  );
}

/**
 * What is special about a topic, in a word each.
 * @param {Desk} desk
 * @param {Topic} topic
 */
export function marks({ words }, topic) {
  return [
    topic.narrowed && chip(words.topics.narrowed),
    topic.strict && chip(words.topics.strict),
    topic.archived ? chip(words.topics.archived) : !topic.open && chip(words.topics.closed),
  ];
}
