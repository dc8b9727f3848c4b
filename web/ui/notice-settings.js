/**
 * What one sets about notices: for all topics, in the dialog of all settings,
 * and for one of them.
 * @module
 */
import { noticeOf } from "../app/settings.js";
import { h, isolated, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import { field } from "./form.js";
import { permission } from "./badge.js";
import { oneOf } from "./settings.js";

wear(dialogs);

/** @typedef {import("../app/settings.js").Settings} Settings */
/** @typedef {import("../app/settings.js").Notice} Notice */
/** @typedef {import("./page.js").Speech} Speech */

/** What quiet hours begin with. */
const QUIET = { from: "19:00", to: "08:00" };

/**
 * The fields for all topics.
 * @param {Speech} speech
 * @param {Settings} settings
 * @returns {HTMLElement[]}
 */
export function noticeFields({ words }, settings) {
  const chosen = settings.now;
  const extracts = h("input", { type: "checkbox", checked: chosen.extracts, onchange: () => settings.change({ extracts: extracts.checked }) });
  const shown = field(words.notices.extracts, extracts, words.notices.extractsHint);
  shown.classList.add("box");
  return [
    allowing(words, settings),
    oneOf(words.notices.title, choices(words), chosen.notice, (value) => settings.change({ notice: /** @type {Notice} */ (value) }), words.notices.hint),
    shown,
    quiet(words, settings),
  ];
}

/** @param {import("../app/words.js").Dictionary} words */
function choices(words) {
  return [
    { value: "all", text: words.bell.all },
    { value: "mentions", text: words.bell.mentions },
    { value: "none", text: words.bell.none },
  ];
}

/**
 * Whether the browser lets this page tell, and how to change that. It is asked
 * only when somebody presses the button.
 * @param {import("../app/words.js").Dictionary} words
 * @param {Settings} settings
 */
function allowing(words, settings) {
  const place = h("div", { class: "allowing", role: "status" });
  const draw = () => {
    const state = permission();
    const ask = async () => {
      await Notification.requestPermission();
      draw();
      settings.change({}); // whoever listens may tell from now on
    };
    place.replaceChildren(h("p", {}, words.notices.permission[state]), state === "default" ? h("button", { class: "button", type: "button", onclick: () => void ask() }, words.notices.allow) : "");
  };
  draw();
  return place;
}

/**
 * @param {import("../app/words.js").Dictionary} words
 * @param {Settings} settings
 */
function quiet(words, settings) {
  const now = settings.now.quiet;
  const on = h("input", { type: "checkbox", checked: now !== null, onchange: () => change() });
  const from = h("input", { type: "time", value: (now ?? QUIET).from, onchange: () => change() });
  const to = h("input", { type: "time", value: (now ?? QUIET).to, onchange: () => change() });
  const hours = h("div", { class: "hours" }, field(words.notices.from, from), field(words.notices.to, to));
  const change = () => {
    hours.hidden = !on.checked;
    settings.change({ quiet: on.checked ? { from: from.value, to: to.value } : null });
  };
  hours.hidden = now === null;
  const box = field(words.notices.quiet, on, words.notices.quietHint);
  box.classList.add("box");
  return h("div", { class: "quiet-hours" }, box, hours);
}

/**
 * Asks of which messages of one topic one wants to be told. Resolves when it is
 * closed; each choice holds at once.
 * @param {Speech} speech
 * @param {Settings} settings
 * @param {{id: string, direct?: boolean}} topic
 * @param {string} title
 * @returns {Promise<void>}
 */
export function topicNotices({ words }, settings, topic, title) {
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  const choose = (/** @type {string} */ value) => settings.change({ notices: { ...settings.now.notices, [topic.id]: /** @type {Notice} */ (value) } });
  const dialog = h(
    "dialog",
    { class: "dialog settings", "aria-labelledby": "notices-title" },
    h("h2", { id: "notices-title" }, words.notices.topicTitle),
    h("p", { class: "lead" }, isolated(title)),
    h("div", { class: "fields" }, oneOf(words.notices.of, choices(words), noticeOf(settings.now, topic), choose, words.notices.permission[permission()])),
    h("footer", {}, close),
  );
  document.body.append(dialog);
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector("input:checked"))?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}
