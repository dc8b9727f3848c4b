/**
 * What an admin makes: a deal, a topic, an invitation.
 * @module
 */
import { api } from "../app/api.js";
import { exactName } from "../app/sentence.js";
import { Choices } from "./choices.js";
import { field, show } from "./form.js";
import { h } from "./dom.js";
import { once } from "./once.js";

/**
 * @typedef {object} Context
 * @property {import("./page.js").Speech} speech
 * @property {{id: string, name: string}[]} deals
 * @property {string} deal the id of the one that is chosen at first
 */

/** @typedef {{name: string, display: string, role: import("../app/rooms.js").Role}} Reader */

/**
 * A deal. Resolves to the new one, or null.
 * @param {Context} context
 * @returns {Promise<any>}
 */
export function newDeal({ speech }) {
  const { words } = speech;
  const name = h("input", { maxlength: 240, dir: "auto", autocomplete: "off" });
  const history = h(
    "select",
    {},
    h("option", { value: "all" }, words.dialog.historyAll),
    h("option", { value: "joined" }, words.dialog.historyJoined),
  );
  return show(speech, {
    title: words.topics.newDeal,
    fields: [field(words.dialog.name, name), field(words.dialog.history, history)],
    problems: { 409: words.dialog.dealTaken },
    check: () => (fits(name.value) ? null : { text: words.dialog.needName, at: name }),
    send: () => api.newDeal({ name: name.value.trim(), history: history.value }),
  });
}

/**
 * A topic. Resolves to the new one, or null.
 * @param {Context & {people: (deal: string) => Reader[], strict?: {label: string, hint: string}}} context people: those, but for admins, who read a deal; strict: what that is called, where it may be wanted
 * @returns {Promise<import("../app/rooms.js").Named | null>}
 */
export function newTopic({ speech, deals, deal, people, strict }) {
  const { words, formats } = speech;
  const title = h("input", { maxlength: 240, dir: "auto", autocomplete: "off" });
  const number = h("input", { inputmode: "numeric", maxlength: 5, value: "1", autocomplete: "off", class: "short" });
  const chosen = dealSelect(deals, deal);
  const readers = h("select", {}, h("option", { value: "" }, words.dialog.everybody), h("option", { value: "some" }, words.dialog.some));
  const only = new Choices(words.dialog.onlyFor, { none: words.dialog.nobodyElse, hint: words.dialog.onlyForHint });
  const offer = () => {
    const sorted = [...people(chosen.value)].sort((a, b) => formats.collator.compare(a.display || a.name, b.display || b.name));
    only.offer(sorted.map(({ name, display, role }) => ({ value: name, text: exactName({ name, display }), note: role === "member" ? "" : words.roles[role] })));
  };
  const turn = () => (only.element.hidden = readers.value === "");
  chosen.addEventListener("change", offer);
  readers.addEventListener("change", turn);
  offer();
  turn();
  const box = h("input", { type: "checkbox" });
  const strictly = strict ? field(strict.label, box, strict.hint) : null;
  strictly?.classList.add("box");
  return show(speech, {
    title: words.topics.newTopic,
    fields: [
      field(words.dialog.title, title),
      field(words.dialog.number, number, words.dialog.numberHint),
      field(words.dialog.deal, chosen),
      field(words.dialog.readers, readers),
      only.element,
      ...(strictly ? [strictly] : []),
    ],
    problems: { 409: words.dialog.topicTaken },
    check() {
      if (!fits(title.value)) return { text: words.dialog.needTitle, at: title };
      const value = number.value.trim();
      return /^[0-9]+$/.test(value) && Number(value) <= 32767 ? null : { text: words.dialog.needNumber, at: number };
    },
    async send() {
      const narrow = readers.value ? { narrowed: true, members: only.chosen } : {};
      const made = await api.newTopic(chosen.value, { title: title.value.trim(), number: Number(number.value), ...narrow, ...(box.checked && { strict: true }) });
      return { ...made, ...narrow };
    },
  });
}

/**
 * Whether to sign out although not everything was sent.
 * @param {import("./page.js").Speech} speech
 * @param {number} unsent
 * @returns {Promise<boolean>}
 */
export async function confirmSignOut(speech, unsent) {
  const { words, formats } = speech;
  const answer = await show(speech, {
    title: words.topics.signOut,
    lead: words.dialog.unsent(unsent, formats.number(unsent)),
    fields: [],
    submit: words.dialog.signOutAnyway,
    problems: {},
    check: () => null,
    send: async () => ({ yes: true }),
  });
  return answer !== null;
}

/**
 * An invitation, which stays in sight until its link was taken.
 * @param {Context} context
 * @returns {Promise<any>}
 */
export function invite({ speech, deals, deal }) {
  const { words } = speech;
  const chosen = dealSelect(deals, deal);
  const role = h("select", {}, ...["member", "observer", "admin"].map((role) => h("option", { value: role }, /** @type {Record<string, string>} */ (words.roles)[role])));
  return show(speech, {
    title: words.topics.invite,
    lead: words.dialog.inviteLead,
    fields: [field(words.dialog.deal, chosen), field(words.dialog.role, role)],
    problems: {},
    check: () => null,
    send: () => api.invite({ deals: [chosen.value], role: role.value }),
    result: (made) => linkToCopy(speech, made),
  });
}

/**
 * A link that is shown only now, and a button that copies it.
 * @param {import("./page.js").Speech} speech
 * @param {import("../app/api.js").Invitation} made
 */
export function linkToCopy({ words, formats }, { url, expires }) {
  const address = new URL(url, location.href).href;
  const until = formats.date(new Date(expires).getTime());
  return once({ label: words.dialog.link, text: address, hint: words.dialog.linkOnce(until), copy: words.dialog.copy, copied: words.dialog.copied });
}

/**
 * @param {{id: string, name: string}[]} deals
 * @param {string} chosen
 */
function dealSelect(deals, chosen) {
  const select = h("select", {}, ...deals.map((deal) => h("option", { value: deal.id }, deal.name)));
  if (deals.some((deal) => deal.id === chosen)) select.value = chosen;
  return select;
}

/**
 * Whether a title or name has 1 to 120 characters.
 * @param {string} text
 */
function fits(text) {
  const length = [...text.trim()].length;
  return length >= 1 && length <= 120;
}
