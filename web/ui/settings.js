/**
 * What one sets in this browser, in a dialog. Each change holds at once, in all
 * tabs; there is nothing to be saved.
 * @module
 */
import { h, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import { noticeFields } from "./notice-settings.js";
import sheet from "./settings.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("../app/settings.js").Settings} Settings */
/** @typedef {import("./page.js").Speech} Speech */

let counted = 0;

/**
 * Shows the settings. Resolves when they are closed: to what is wanted next.
 * @param {Speech} speech
 * @param {Settings} settings
 * @returns {Promise<"account" | "">}
 */
export function settings(speech, settings) {
  const { words } = speech;
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  /** @type {"account" | ""} */
  let next = "";
  const account = h(
    "button",
    {
      class: "button",
      type: "button",
      onclick: () => {
        next = "account";
        dialog.close();
      },
    },
    words.ownAccount.open,
  );
  const enter = oneOf(
    words.settings.enter,
    [
      { value: "send", text: words.settings.enterSends },
      { value: "break", text: words.settings.enterBreaks },
    ],
    settings.now.enter,
    (value) => settings.change({ enter: value === "break" ? "break" : "send" }),
    words.settings.enterAlways,
  );
  const dialog = h(
    "dialog",
    { class: "dialog settings", "aria-labelledby": "settings-title" },
    h("h2", { id: "settings-title" }, words.settings.title),
    h("p", { class: "lead" }, words.settings.here),
    h("div", { class: "fields" }, enter, ...noticeFields(speech, settings)),
    h("footer", {}, account, close),
  );
  document.body.append(dialog);
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector("input:checked"))?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(next);
    });
  });
}

/**
 * A choice of one.
 * @param {string} label
 * @param {readonly {value: string, text: string}[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} choose
 * @param {string} [hint]
 */
export function oneOf(label, choices, chosen, choose, hint) {
  const name = `one-of-${++counted}`;
  const radio = (/** @type {{value: string, text: string}} */ { value, text }) =>
    h("label", {}, h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(value) }), h("span", {}, text));
  return h(
    "fieldset",
    { class: "one-of", "aria-describedby": hint ? `${name}-hint` : null },
    h("legend", {}, label),
    choices.map(radio),
    hint && h("p", { class: "hint", id: `${name}-hint` }, hint),
  );
}
