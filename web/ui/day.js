/**
 * Asks for a day, by a month as a grid: arrows go from day to day, Page Up and
 * Page Down from month to month, with Shift from year to year.
 * @module
 */
import { beginning, dayOf, isSameDay, monthsLater, moved, weeks } from "../app/calendar.js";
import { h, icon, say, set, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./day.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("../app/calendar.js").Day} Day */

/**
 * @param {import("./page.js").Speech} speech
 * @param {number} time a time of the day that is offered first, in unix-ms
 * @returns {Promise<number | null>} when the day that was chosen begins, in unix-ms; null for none
 */
export function askForDay({ words }, time) {
  const locale = document.documentElement.lang;
  const monthName = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full" });
  const first = firstOfWeek(locale);
  const today = dayOf(Date.now());
  const last = beginning(today);
  let chosen = dayOf(Math.min(time, Date.now()));

  const month = h("p", { class: "month", "aria-live": "polite" });
  const turn = (/** @type {number} */ by, /** @type {string} */ label, /** @type {string} */ sign) =>
    h("button", { class: `button quiet only-icon ${sign}`, type: "button", "aria-label": label, title: label, onclick: () => draw(monthsLater(chosen, by)) }, icon("back"));
  const next = turn(1, words.picker.next, "next");
  const body = h("tbody");
  const grid = h("table", { role: "grid", "aria-label": words.day.title }, h("thead", {}, h("tr", {}, ...weekdays(locale, first))), body);
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.dialog.cancel);
  const dialog = h(
    "dialog",
    { class: "dialog day-picker", "aria-labelledby": "day-title" },
    h("h2", { id: "day-title" }, words.day.title),
    h("p", { class: "lead" }, words.picker.hint),
    h("div", { class: "turn" }, turn(-1, words.picker.previous, "previous"), month, next),
    grid,
    h("footer", {}, close),
  );

  /**
   * @param {Day} day
   * @param {boolean} [focus]
   */
  function draw(day, focus = false) {
    chosen = beginning(day) > last ? today : day;
    say(month, monthName.format(beginning(chosen)));
    next.disabled = chosen.year === today.year && chosen.month === today.month;
    body.replaceChildren(...weeks(chosen.year, chosen.month, first).map((week) => h("tr", {}, ...week.map((day) => h("td", {}, day && button(day))))));
    if (focus) /** @type {HTMLElement | null} */ (body.querySelector("[tabindex='0']"))?.focus();
  }

  /** @param {Day} day */
  function button(day) {
    const at = beginning(day);
    const element = h("button", { type: "button", tabindex: isSameDay(day, chosen) ? 0 : -1, "aria-label": full.format(at) }, String(day.day));
    set(element, "aria-current", isSameDay(day, today) && "date");
    element.disabled = at > last;
    element.addEventListener("click", () => dialog.close(String(at)));
    return element;
  }

  body.addEventListener("keydown", (event) => {
    const day = event.altKey || event.ctrlKey || event.metaKey ? null : moved(chosen, event, first);
    if (!day) return;
    event.preventDefault();
    draw(day, true);
  });
  document.body.append(dialog);
  dialog.showModal();
  draw(chosen, true);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "" ? null : Number(dialog.returnValue));
    });
  });
}

/**
 * The day that weeks begin with where one lives, 1 (Monday) to 7.
 * @param {string} locale
 */
function firstOfWeek(locale) {
  const known = /** @type {Intl.Locale & {getWeekInfo?: () => {firstDay: number}, weekInfo?: {firstDay: number}}} */ (new Intl.Locale(navigator.language.startsWith(locale) ? navigator.language : locale));
  return known.getWeekInfo?.().firstDay ?? known.weekInfo?.firstDay ?? 1;
}

/**
 * @param {string} locale
 * @param {number} first
 */
function weekdays(locale, first) {
  const short = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" });
  const long = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
  // The first of January 2024 was a Monday.
  const days = Array.from({ length: 7 }, (_, at) => Date.UTC(2024, 0, first + at));
  return days.map((day) => h("th", { scope: "col", abbr: long.format(day) }, short.format(day)));
}
