/**
 * What an admin makes: a deal, a topic, an invitation.
 * @module
 */
import { api } from "../app/api.js";
import { field, show } from "./form.js";
import { h, icon } from "./dom.js";

/**
 * @typedef {object} Context
 * @property {import("./page.js").Speech} speech
 * @property {import("../app/rooms.js").Deal[]} deals
 * @property {string} deal the id of the one that is chosen at first
 */

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
 * @param {Context} context
 * @returns {Promise<any>}
 */
export function newTopic({ speech, deals, deal }) {
  const { words } = speech;
  const title = h("input", { maxlength: 240, dir: "auto", autocomplete: "off" });
  const number = h("input", { inputmode: "numeric", maxlength: 5, value: "1", autocomplete: "off", class: "short" });
  const chosen = dealSelect(deals, deal);
  return show(speech, {
    title: words.topics.newTopic,
    fields: [field(words.dialog.title, title), field(words.dialog.number, number, words.dialog.numberHint), field(words.dialog.deal, chosen)],
    problems: { 409: words.dialog.topicTaken },
    check() {
      if (!fits(title.value)) return { text: words.dialog.needTitle, at: title };
      const value = number.value.trim();
      return /^[0-9]+$/.test(value) && Number(value) <= 32767 ? null : { text: words.dialog.needNumber, at: number };
    },
    send: () => api.newTopic(chosen.value, { title: title.value.trim(), number: Number(number.value) }),
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
  const { words, formats } = speech;
  const chosen = dealSelect(deals, deal);
  const role = h("select", {}, ...["member", "observer", "admin"].map((role) => h("option", { value: role }, /** @type {Record<string, string>} */ (words.roles)[role])));
  return show(speech, {
    title: words.topics.invite,
    lead: words.dialog.inviteLead,
    fields: [field(words.dialog.deal, chosen), field(words.dialog.role, role)],
    problems: {},
    check: () => null,
    send: () => api.invite({ deals: [chosen.value], role: role.value }),
    result({ url, expires }) {
      const address = new URL(url, location.href).href;
      const link = h("input", { readonly: true, value: address, dir: "ltr", onfocus: () => link.select() });
      const text = h("span", {}, words.dialog.copy);
      const said = h("span", { class: "unseen", role: "status" });
      const copy = h(
        "button",
        {
          class: "button main",
          type: "button",
          onclick: async () => {
            link.select();
            try {
              await navigator.clipboard.writeText(address);
            } catch {
              document.execCommand("copy");
            }
            text.textContent = said.textContent = words.dialog.copied;
          },
        },
        icon("copy"),
        text,
      );
      const until = formats.date(new Date(expires).getTime());
      return { fields: [field(words.dialog.link, link, words.dialog.linkOnce(until)), said], button: copy };
    },
  });
}

/**
 * @param {import("../app/rooms.js").Deal[]} deals
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
