/**
 * The keys of the room, in one table: on which of them it does what. What else
 * the help says of keys is in sheet.js. By WCAG 2.1.4 no single character does
 * anything but `?`, and that only where nobody writes; all else has a modifier,
 * or belongs to the part that has the focus.
 * @module
 */

/** @typedef {"search" | "help" | "next" | "previous" | "nextUnread" | "previousUnread"} Command */
/** @typedef {"anywhere" | "log" | "composer" | "search"} Place */

/**
 * @typedef {object} Key
 * @property {string} id what it is called in the words
 * @property {Place} place where it works
 * @property {string[][]} combos each of the keys that are pressed together; Mod is Ctrl, or Cmd on a Mac
 * @property {Command} [command] what the room does; without one the part itself listens
 */

/** Those on which the room does something, wherever the focus is. @type {Key[]} */
export const COMMANDS = [
  { id: "search", place: "anywhere", combos: [["Mod", "k"]], command: "search" },
  { id: "next", place: "anywhere", combos: [["Alt", "ArrowDown"]], command: "next" },
  { id: "previous", place: "anywhere", combos: [["Alt", "ArrowUp"]], command: "previous" },
  { id: "nextUnread", place: "anywhere", combos: [["Alt", "Shift", "ArrowDown"]], command: "nextUnread" },
  { id: "previousUnread", place: "anywhere", combos: [["Alt", "Shift", "ArrowUp"]], command: "previousUnread" },
  { id: "help", place: "anywhere", combos: [["?"]], command: "help" },
];

/**
 * @typedef {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "isComposing">} Pressed
 */

/**
 * What the room is to do on this key; null for nothing.
 * @param {Pressed} event
 * @param {{writing: boolean}} state writing: whether a character that is typed is text
 * @returns {Command | null}
 */
export function commandOf(event, { writing }) {
  if (event.isComposing) return null;
  for (const { command, combos } of COMMANDS) {
    if (command && combos.some((combo) => fits(combo, event, writing))) return command;
  }
  return null;
}

/**
 * @param {string[]} combo
 * @param {Pressed} event
 * @param {boolean} writing
 */
function fits(combo, event, writing) {
  const key = combo[combo.length - 1];
  const mod = event.ctrlKey || event.metaKey;
  // A character is what the keyboard makes of it, Shift or not.
  if (combo.length === 1 && key.length === 1) return event.key === key && !mod && !event.altKey && !writing;
  return (
    event.key.toLowerCase() === key.toLowerCase() && mod === combo.includes("Mod") && event.altKey === combo.includes("Alt") && event.shiftKey === combo.includes("Shift")
  );
}
