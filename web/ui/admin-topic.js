/**
 * The administration of one topic: what it is, and who can read it.
 * @module
 */
import { MOST, MOST_NUMBER, ask, changes, wholeNumber, wrongLabel } from "../app/administration.js";
import { exactName } from "../app/sentence.js";
import { action, adder, byName, chip, crumbs, editor, make, person, question, section, trouble, whose } from "./admin-parts.js";
import { marks } from "./admin-deals.js";
import { Choices } from "./choices.js";
import { h, isolated } from "./dom.js";
import { field } from "./form.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {import("../app/administration.js").Place} Place */
/** @typedef {import("../app/administration.js").Topic} Topic */
/** @typedef {import("../app/administration.js").Reader} Reader */

/**
 * @param {Desk} desk
 * @param {Place} place
 * @returns {Promise<View>}
 */
export async function topic(desk, { id }) {
  const { words, speech } = desk;
  const seen = await ask.topic(id);
  if (seen.direct) throw { status: 404 };
  const [deals, members, readers] = await Promise.all([ask.deals(), ask.members(seen.deal), ask.readers(id)]);
  const deal = deals.find((deal) => deal.id === seen.deal);
  const stale = async () => (await ask.topic(id)).version !== seen.version;
  const problem = trouble();
  const title = h("input", { value: seen.title, dir: "auto", autocomplete: "off", maxlength: 480 });
  const number = h("input", { value: String(seen.number), inputmode: "numeric", autocomplete: "off", maxlength: 5, class: "short" });
  const strict = h("input", { type: "checkbox", checked: seen.strict });
  const { dialog } = speech.words;
  /**
   * @param {string} key
   * @param {string} label
   * @param {Record<string, unknown>} body
   * @param {string} [question]
   */
  const turn = (key, label, body, question = label) =>
    action(desk, { label, key, problem, stale, act: () => make(desk, changes.topic(id, { ...body, version: seen.version }), { title: question, button: label }) });
  const form = editor(desk, {
    seen: /** @type {any} */ (seen),
    fields: {
      title: {
        label: dialog.title,
        control: title,
        value: () => (wrongLabel(title.value, MOST.title) ? undefined : title.value.trim()),
        wrong: () => words.wrong.title[wrongLabel(title.value, MOST.title) || "length"],
      },
      number: { label: dialog.number, control: number, hint: dialog.numberHint, value: () => wholeNumber(number.value, 0, MOST_NUMBER) ?? undefined, wrong: dialog.needNumber },
      strict: { label: words.topics.strictLabel, control: strict, hint: words.topics.strictHint, value: () => strict.checked },
    },
    change: (body) => changes.topic(id, body),
    stale,
    title: words.topics.save,
    problem,
    problems: { 409: dialog.topicTaken },
    more: [
      !seen.archived && turn("open", seen.open ? words.topics.close : words.topics.reopen, { open: !seen.open }),
      seen.archived ? turn("archived", words.topics.unarchive, { archived: false }) : turn("archived", words.topics.archive, { archived: true }, words.topics.archiveTitle),
    ],
  });
  return {
    title: seen.title,
    content: [
      crumbs(["deals", words.sections.deals], [`deals/${seen.deal}`, deal?.name ?? seen.deal]),
      h("header", {}, h("h1", {}, isolated(seen.title)), ...marks(desk, seen)),
      form,
      readersOf(desk, seen, members, readers, stale),
      h("p", { class: "foot" }, h("a", { href: `#audit?topic=${id}` }, words.topics.trail), h("a", { href: `/t/${id}` }, words.toRoom)),
    ],
  };
}

/**
 * @param {Desk} desk
 * @param {Topic} topic
 * @param {Reader[]} members of the deal
 * @param {Reader[]} readers
 * @param {() => Promise<boolean>} stale
 */
function readersOf(desk, topic, members, readers, stale) {
  const { words, speech } = desk;
  const { number, collator } = speech.formats;
  const problem = trouble();
  const row = (/** @type {Reader} */ reader) => {
    const shown = exactName(reader);
    const { from = 1, role } = reader;
    const move = action(desk, {
      label: words.deals.history,
      key: `from ${reader.name}`,
      name: words.deals.historyOf(shown),
      kind: "quiet",
      problem,
      act: async () => {
        const seq = await askFrom(desk, reader, from, topic.head + 1);
        return seq && make(desk, changes.moveReader(topic.id, reader.name, seq), { title: words.deals.historyTitle, button: words.deals.move, who: reader });
      },
    });
    const remove = action(desk, {
      label: words.remove,
      key: `remove ${reader.name}`,
      name: words.removeOne(shown),
      kind: "quiet",
      problem,
      act: () => make(desk, changes.removeReader(topic.id, reader.name), { title: words.topics.removeTitle, button: words.topics.removeTitle, who: reader }),
    });
    const admin = role === "admin";
    return h(
      "li",
      {},
      h("div", { class: "row" }, person(reader, desk, from > 1 && chip(words.topics.from(number(from)))), !admin && h("span", { class: "actions" }, move, topic.narrowed && remove)),
    );
  };
  const outside = members.filter((member) => !readers.some((reader) => reader.name === member.name));
  const narrow = action(desk, {
    label: words.topics.narrow,
    key: "narrow",
    problem,
    stale,
    act: async () => {
      const chosen = await askMembers(desk, members);
      return chosen && make(desk, changes.topic(topic.id, { narrowed: true, members: chosen, version: topic.version }), { title: words.topics.narrowTitle, button: words.topics.narrowTitle });
    },
  });
  const widen = action(desk, {
    label: words.topics.widen,
    key: "narrow",
    problem,
    stale,
    act: () => make(desk, changes.topic(topic.id, { narrowed: false, version: topic.version }), { title: words.topics.widen, button: words.topics.widen }),
  });
  return section(
    words.topics.who,
    h("p", { class: "soft" }, topic.narrowed ? words.topics.only : words.topics.everybody),
    problem,
    h("ul", { class: "rows" }, ...byName(readers, collator).map(row)),
    topic.narrowed &&
      adder(desk, {
        label: words.topics.newMember,
        people: outside,
        none: words.topics.allIn,
        problem,
        title: words.topics.addTitle,
        change: (name) => changes.addReader(topic.id, name),
      }),
    h("div", { class: "actions" }, topic.narrowed ? widen : narrow),
  );
}

/**
 * Whom a topic shall be narrowed to; null for no change.
 * @param {Desk} desk
 * @param {Reader[]} members
 * @returns {Promise<string[] | null>}
 */
async function askMembers(desk, members) {
  const { speech, words } = desk;
  const choices = new Choices(words.topics.narrowTo, { none: words.topics.nobodyElse });
  const others = byName(members, speech.formats.collator).filter((member) => member.role !== "admin");
  choices.offer(others.map(({ name, display, role }) => ({ value: name, text: exactName({ name, display }), note: role === "member" ? "" : speech.words.roles[role] })));
  const answer = await question(desk, {
    title: words.topics.narrowTitle,
    lead: words.topics.narrowLead,
    fields: [choices.element],
    submit: words.topics.narrowTitle,
    send: async () => ({ members: choices.chosen }),
  });
  return answer?.members ?? null;
}

/**
 * From which message on somebody shall read; null for no change.
 * @param {Desk} desk
 * @param {Reader} who
 * @param {number} from
 * @param {number} most
 * @returns {Promise<number | null>}
 */
async function askFrom(desk, who, from, most) {
  const { speech, words } = desk;
  const seq = h("input", { value: String(from), inputmode: "numeric", autocomplete: "off", maxlength: 16, class: "short" });
  const shown = speech.formats.number(most);
  const answer = await question(desk, {
    title: words.deals.historyTitle,
    fields: [whose(who), field(words.topics.fromLabel, seq, words.topics.fromHint(shown))],
    submit: words.deals.move,
    check: () => (wholeNumber(seq.value, 1, most) === null ? { text: words.wrong.from(shown), at: seq } : null),
    send: async () => ({ seq: wholeNumber(seq.value, 1, most) }),
  });
  return answer?.seq ?? null;
}
