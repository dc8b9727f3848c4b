/**
 * All keys of the page, as the help shows them: those of the room (keys.js), and
 * those to which its parts listen themselves.
 * @module
 */
import { COMMANDS } from "./keys.js";

/** @type {import("./keys.js").Key[]} */
export const KEYS = [
  ...COMMANDS,
  { id: "leave", place: "anywhere", combos: [["Escape"]] },
  { id: "message", place: "log", combos: [["ArrowUp"], ["ArrowDown"]] },
  { id: "ends", place: "log", combos: [["Home"], ["End"]] },
  { id: "actions", place: "log", combos: [["Tab"]] },
  { id: "send", place: "composer", combos: [["Enter"]] },
  { id: "line", place: "composer", combos: [["Shift", "Enter"]] },
  { id: "editLast", place: "composer", combos: [["ArrowUp"]] },
  { id: "open", place: "search", combos: [["Enter"]] },
  { id: "results", place: "search", combos: [["ArrowDown"], ["ArrowUp"]] },
];

/** @type {import("./keys.js").Place[]} */
export const PLACES = ["anywhere", "log", "composer", "search"];
