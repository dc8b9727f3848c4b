/**
 * Who has read a message, and who hasn't yet, of those who can read it now.
 * @module
 */
import { at, call } from "../app/api.js";
import { calledAmong } from "../app/names.js";
import { explain } from "../app/words.js";
import { avatar, h, isolated, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./profile.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("../app/rooms.js").Person} Person */

/**
 * Shows it. Resolves when it was seen.
 * @param {import("./message.js").Shown} shown
 * @param {Person[]} people who can read the topic
 * @param {import("./page.js").Speech} speech
 * @param {AbortSignal} over closes it: the message is gone
 * @returns {Promise<void>}
 */
export function readBy({ message, topic, called }, people, { words, formats }, over) {
  const answer = h("div", { role: "status", tabindex: -1 }, words.readBy.loading);
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  const dialog = h(
    "dialog",
    { class: "dialog read-by", "aria-labelledby": "read-by-title" },
    h("h2", { id: "read-by-title" }, words.readBy.title),
    h("p", { class: "lead" }, words.readBy.lead(called, formats.moment(message.time))),
    answer,
    h("footer", {}, close),
  );
  const list = (/** @type {Person[]} */ some) =>
    h("ul", { class: "rows" }, ...some.map((person) => h("li", { title: person.name }, avatar(person.name, person.display || person.name), isolated(calledAmong(person, people)))));
  const part = (/** @type {Person[]} */ some, /** @type {(n: number, shown: string) => string} */ title) => [h("h3", {}, title(some.length, formats.number(some.length))), list(some)];

  const gone = new AbortController();
  const load = async () => {
    try {
      const { reads } = await call("GET", `/api/topics/${at(topic)}/reads`, undefined, gone.signal);
      const { read, unread } = split(people, reads, message, formats.collator);
      answer.replaceChildren(...(read.length > 0 ? part(read, words.readBy.read) : [h("p", {}, words.readBy.nobody)]));
      if (unread.length > 0) answer.append(...part(unread, words.readBy.unread));
      else if (read.length > 0) answer.append(h("p", {}, words.readBy.everybody));
    } catch (problem) {
      if (!gone.signal.aborted) answer.replaceChildren(h("p", { class: "problem", role: "alert" }, explain(problem, words, { 403: words.readBy.off })));
    }
  };

  over.addEventListener("abort", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
  void load();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      gone.abort();
      dialog.remove();
      resolve();
    });
  });
}

/**
 * Those who have read a message, and those who haven't; whoever wrote it isn't
 * asked.
 * @param {Person[]} people
 * @param {{name: string, seq: number}[]} reads
 * @param {import("../app/rooms.js").Message} message
 * @param {Intl.Collator} collator
 */
function split(people, reads, { author, seq }, collator) {
  const marks = new Map(reads.map((read) => [read.name, read.seq]));
  const others = people.filter(({ name }) => name !== author).sort((a, b) => collator.compare(a.display || a.name, b.display || b.name));
  const has = (/** @type {Person} */ { name }) => (marks.get(name) ?? 0) >= seq;
  return { read: others.filter(has), unread: others.filter((person) => !has(person)) };
}
