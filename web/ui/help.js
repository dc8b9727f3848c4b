/**
 * The help sheet: every key that does something, from the table that the room
 * itself goes by.
 * @module
 */
import { KEYS, PLACES } from "../app/sheet.js";
import { h, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./help.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("../app/keys.js").Key} Key */

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Shows the help. Resolves when it is closed.
 * @param {import("./page.js").Speech} speech
 * @param {import("../app/settings.js").Chosen} chosen
 * @returns {Promise<void>}
 */
export function help({ words }, { enter }) {
  const { help } = words;
  const name = (/** @type {string} */ key) => /** @type {Record<string, string>} */ (MAC ? { ...help.keys, ...help.macKeys } : help.keys)[key] ?? key.toUpperCase();
  const combo = (/** @type {string[]} */ keys) => keys.flatMap((key, at) => [at > 0 ? " + " : "", h("kbd", {}, name(key))]);
  const alternatives = (/** @type {Key} */ { combos }) => combos.flatMap((keys, at) => [at > 0 ? ` ${help.or} ` : "", ...combo(keys)]);
  const row = (/** @type {Key} */ key) => h("div", {}, h("dt", {}, /** @type {Record<string, string>} */ (help.does)[key.id]), h("dd", { class: "keys" }, ...alternatives(turned(key, enter))));
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  const dialog = h(
    "dialog",
    { class: "dialog help", "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, help.title),
    h("p", { class: "lead" }, help.lead),
    ...PLACES.map((place) => h("section", {}, h("h3", {}, help.places[place]), h("dl", {}, ...KEYS.filter((key) => key.place === place).map(row)))),
    h("footer", {}, close),
  );
  document.body.append(dialog);
  dialog.showModal();
  close.focus({ preventScroll: true });
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}

/**
 * Enter, as one has set it.
 * @param {Key} key
 * @param {"send" | "break"} enter
 * @returns {Key}
 */
function turned(key, enter) {
  if (enter === "send" || (key.id !== "send" && key.id !== "line")) return key;
  return { ...key, combos: [key.id === "send" ? ["Shift", "Enter"] : ["Enter"]] };
}
