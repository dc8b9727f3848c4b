/**
 * What one can do from the composer by `/`, at the beginning of a message. Text
 * that only looks so, such as a path, is sent as it is; `//` begins a message
 * with a slash.
 * @module
 */

/** @typedef {"search" | "goto" | "day" | "message" | "calc" | "help" | "settings"} CommandName */
/** @typedef {{name: CommandName, rest: string}} Given rest: what stands behind it */

/** @type {{name: CommandName, needs: boolean}[]} needs: whether nothing is done without more */
export const COMMANDS = [
  { name: "search", needs: false },
  { name: "goto", needs: true },
  { name: "day", needs: true },
  { name: "message", needs: true },
  { name: "calc", needs: true },
  { name: "help", needs: false },
  { name: "settings", needs: false },
];

/**
 * What a message that is to be sent is: a command, a text, or something that
 * isn't sent because one meant a command that there isn't, or not all of one.
 * @param {string} text
 * @returns {{command: Given} | {text: string} | {unknown: string} | {incomplete: CommandName}}
 */
export function understood(text) {
  if (text.startsWith("//")) return { text: text.slice(1) };
  const match = /^\/([a-zäöüß]+)(?:[ \t]+([^\n]*))?\s*$/i.exec(text);
  // More than a line, or a second slash as in /etc/hosts, is no command.
  if (!match) return { text };
  const name = match[1].toLowerCase();
  const rest = (match[2] ?? "").trim();
  const command = COMMANDS.find((command) => command.name === name);
  if (!command) return { unknown: name };
  return command.needs && rest === "" ? { incomplete: command.name } : { command: { name: command.name, rest } };
}
