/**
 * The days of a month as a calendar shows them, in local time, which day the
 * keys lead to, and which one means by what one writes.
 * @module
 */

/** A day of the local calendar; month from 0. @typedef {{year: number, month: number, day: number}} Day */

/**
 * @param {number} time unix-ms
 * @returns {Day}
 */
export function dayOf(time) {
  const date = new Date(time);
  return { year: date.getFullYear(), month: date.getMonth(), day: date.getDate() };
}

/**
 * When a day begins: its midnight, or what takes its place where clocks are put
 * forward then.
 * @param {Day} day
 * @returns {number} unix-ms
 */
export function beginning({ year, month, day }) {
  return new Date(year, month, day).getTime();
}

/**
 * The weeks of a month, each of seven days or gaps.
 * @param {number} year
 * @param {number} month
 * @param {number} first the day that weeks begin with, 1 (Monday) to 7
 * @returns {(Day | null)[][]}
 */
export function weeks(year, month, first) {
  const gap = (new Date(year, month, 1).getDay() - first + 7) % 7;
  const length = new Date(year, month + 1, 0).getDate();
  const cells = Array.from({ length: Math.ceil((gap + length) / 7) * 7 }, (_, at) => {
    const day = at - gap + 1;
    return day >= 1 && day <= length ? { year, month, day } : null;
  });
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(7 * week, 7 * week + 7));
}

/**
 * @param {Day} day
 * @param {number} days
 */
export function later({ year, month, day }, days) {
  return dayOf(new Date(year, month, day + days, 12).getTime());
}

/**
 * The same day so many months later, or the last of that month.
 * @param {Day} day
 * @param {number} months
 * @returns {Day}
 */
export function monthsLater({ year, month, day }, months) {
  const length = new Date(year, month + months + 1, 0).getDate();
  return dayOf(new Date(year, month + months, Math.min(day, length), 12).getTime());
}

/**
 * The day that a key leads to; null for another key.
 * @param {Day} day
 * @param {{key: string, shiftKey: boolean}} event
 * @param {number} first the day that weeks begin with
 * @returns {Day | null}
 */
export function moved(day, { key, shiftKey }, first) {
  const column = (new Date(day.year, day.month, day.day).getDay() - first + 7) % 7;
  const days = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -column, End: 6 - column })[key];
  if (days !== undefined) return later(day, days);
  const months = /** @type {Record<string, number>} */ ({ PageUp: -1, PageDown: 1 })[key];
  return months === undefined ? null : monthsLater(day, shiftKey ? 12 * months : months);
}

/**
 * @param {Day} a
 * @param {Day} b
 */
export function isSameDay(a, b) {
  return a.year === b.year && a.month === b.month && a.day === b.day;
}

/**
 * A day as one writes it: 2026-11-22, 22.11.2026, 22.11. (of this year, or the
 * last one if that is still to come).
 * @param {string} text
 * @param {Date} now
 * @returns {Date | null} its first moment
 */
export function writtenDay(text, now) {
  const written = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  const german = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})?$/.exec(text);
  if (!written && !german) return null;
  const [year, month, day] = written ? written.slice(1).map(Number) : [Number(german?.[3] ?? now.getFullYear()), Number(german?.[2]), Number(german?.[1])];
  const date = new Date(year, month - 1, day);
  if (german && !german[3] && date > now) date.setFullYear(year - 1);
  return date.getMonth() === month - 1 && date.getDate() === day ? date : null;
}
