/**
 * What an admin makes: a deal, a topic, an invitation. Each is a dialog of the
 * platform that is there while it is open.
 * @module
 */
import { api } from "../app/api.js";
import { explain } from "../app/words.js";
import { h, icon } from "./dom.js";

/**
 * @typedef {object} Context
 * @property {import("./page.js").Speech} speech
 * @property {import("../app/rooms.js").Deal[]} deals
 * @property {string} deal the id of the one that is chosen at first
 */

let counted = 0;

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
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
function field(label, control, hint) {
  control.id = `field-${++counted}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

/**
 * Whether a title or name has 1 to 120 characters.
 * @param {string} text
 */
function fits(text) {
  const length = [...text.trim()].length;
  return length >= 1 && length <= 120;
}

/**
 * @typedef {object} Form
 * @property {string} title
 * @property {string} [lead]
 * @property {HTMLElement[]} fields
 * @property {Partial<Record<number, string>>} problems
 * @property {() => {text: string, at: HTMLElement} | null} check
 * @property {() => Promise<any>} send
 * @property {(answer: any) => {fields: HTMLElement[], button: HTMLElement}} [result] what stands there afterwards; else it closes
 */

/**
 * @param {import("./page.js").Speech} speech
 * @param {Form} form
 * @returns {Promise<any>} what was made, or null
 */
function show({ words }, form) {
  const id = `dialog-${++counted}`;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const create = h("button", { class: "button main" }, words.dialog.create);
  const cancel = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.dialog.cancel);
  const fields = h("div", { class: "fields" }, ...form.fields);
  const buttons = h("footer", {}, cancel, create);
  /** @type {any} */
  let made = null;

  /**
   * @param {string} text
   * @param {HTMLElement} [at]
   */
  const complain = (text, at) => {
    problem.textContent = text;
    problem.hidden = false;
    for (const control of fields.querySelectorAll("input, select")) control.setAttribute("aria-invalid", String(control === at));
    at?.focus();
  };

  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (made) return dialog.close();
    problem.hidden = true;
    const wrong = form.check();
    if (wrong) return complain(wrong.text, wrong.at);
    create.disabled = true;
    try {
      made = await form.send();
    } catch (error) {
      return complain(explain(error, words, form.problems));
    } finally {
      create.disabled = false;
    }
    if (!form.result) return dialog.close();
    const after = form.result(made);
    fields.replaceChildren(...after.fields);
    cancel.textContent = words.dialog.done;
    buttons.replaceChildren(cancel, after.button);
    fields.querySelector("input")?.focus();
  };

  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      h("h2", { id }, form.title),
      form.lead && h("p", { class: "lead" }, form.lead),
      problem,
      fields,
      buttons,
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  /** @type {HTMLElement | null} */ (fields.querySelector("input, select"))?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(made);
    });
  });
}
