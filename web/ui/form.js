/**
 * A form in a dialog of the platform, which is there while it is open.
 * @module
 */
import { explain } from "../app/words.js";
import { h, set, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };

wear(dialogs);

let counted = 0;

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  control.id = `field-${++counted}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

/**
 * @typedef {object} Form
 * @property {string} title
 * @property {string} [lead]
 * @property {string} [submit] what the button says that does it
 * @property {HTMLElement} [shown] instead of that button, where something is only shown
 * @property {AbortSignal} [over] closes it: what it is about is no longer there
 * @property {HTMLElement[]} fields
 * @property {HTMLElement[]} [told] those of them that a screen reader says with the title
 * @property {Partial<Record<number, string>>} problems
 * @property {() => {text: string, at: HTMLElement} | null} check
 * @property {() => Promise<any>} send
 * @property {(problem: any) => HTMLElement | undefined} [blamed] what one changes when it was refused
 * @property {(answer: any) => {fields: HTMLElement[], button: HTMLElement}} [result] what stands there afterwards; else it closes
 */

/**
 * @param {import("./page.js").Speech} speech
 * @param {Form} form
 * @returns {Promise<any>} what was made, or null; while something is being made nobody can cancel
 */
export function show({ words }, form) {
  const id = `dialog-${++counted}`;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const create = h("button", { class: "button main" }, form.submit ?? words.dialog.create);
  const cancel = h("button", { class: "button", type: "button", onclick: () => sending || dialog.close() }, form.shown ? words.dialog.done : words.dialog.cancel);
  const fields = h("div", { class: "fields" }, ...form.fields);
  const buttons = h("footer", {}, cancel, form.shown ?? create);
  const lead = form.lead && h("p", { class: "lead" }, form.lead);
  const told = [...(lead ? [lead] : []), ...(form.told ?? [])];
  for (const [at, part] of told.entries()) part.id = `${id}-${at}`;
  /** @type {any} */
  let made = null;
  let sending = false;
  const hold = (/** @type {Event} */ event) => sending && event.preventDefault();
  let answered = Promise.resolve();

  /**
   * @param {string} text
   * @param {HTMLElement} [at]
   */
  const complain = (text, at) => {
    problem.textContent = text;
    problem.hidden = false;
    for (const control of fields.querySelectorAll("input, select")) control.setAttribute("aria-invalid", String(control === at));
    at?.focus();
    at?.scrollIntoView({ block: "nearest" }); // what says why has moved it, perhaps
  };

  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (sending) return;
    if (made) return dialog.close();
    problem.hidden = true;
    const wrong = form.check();
    if (wrong) return complain(wrong.text, wrong.at);
    answered = send();
  };

  const send = async () => {
    sending = true;
    set(create, "aria-busy", "true");
    try {
      made = await form.send();
    } catch (error) {
      return complain(explain(error, words, form.problems), form.blamed?.(error));
    } finally {
      sending = false;
      set(create, "aria-busy", false);
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
    {
      class: "dialog",
      "aria-labelledby": id,
      "aria-describedby": told.map((part) => part.id).join(" ") || null,
      oncancel: hold,
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && hold(event), // browsers let cancel be prevented only once
    },
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      h("h2", { id }, form.title),
      lead,
      problem,
      fields,
      buttons,
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  form.over?.addEventListener("abort", () => dialog.close());
  /** @type {HTMLElement | null} */ (fields.querySelector("input:not([hidden]), select"))?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      void answered.then(() => resolve(made));
    });
  });
}
