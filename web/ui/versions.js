/**
 * The dialogs about one message: all its versions, and its redaction. Each
 * closes by itself when the message's words go.
 * @module
 */
import { amount } from "../app/words.js";
import { h, straight, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import { field, show } from "./form.js";
import { report } from "./report-card.js";
import sheet from "./versions.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("./message.js").Shown} Shown */
/** @typedef {import("./page.js").Speech} Speech */

const encoder = new TextEncoder();
/** PROTOCOL.md section 1. */
const MAX_REASON = 1024;

/**
 * All versions of an edited message. Resolves when they were seen.
 * @param {Shown} shown
 * @param {Speech} speech
 * @param {AbortSignal} over
 * @returns {Promise<void>}
 */
export function versions({ message, called }, speech, over) {
  const { words, formats } = speech;
  const all = message.versions ?? [];
  const first = all[0];
  const newest = all.at(-1);
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  const dialog = h(
    "dialog",
    { class: "dialog versions", "aria-labelledby": "versions-title" },
    h("h2", { id: "versions-title" }, words.history.title),
    h("p", { class: "lead" }, words.history.lead(called, all.length, formats.number(all.length))),
    h(
      "ol",
      { reversed: true, tabindex: 0, "aria-labelledby": "versions-title" },
      ...all.toReversed().map((version) =>
        h(
          "li",
          {},
          h(
            "p",
            { class: "when" },
            h("time", { datetime: new Date(version.time).toISOString(), title: formats.full(version.time) }, formats.moment(version.time)),
            version === newest && ` · ${words.history.newest}`,
            version === first && ` · ${words.history.first}`,
          ),
          message.kind === "report" ? report(version.text, speech) : h("p", { class: "text", dir: "auto" }, ...straight(version.text, words.text.direction)),
        ),
      ),
    ),
    h("footer", {}, close),
  );
  over.addEventListener("abort", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}

/**
 * Asks whether a message shall be redacted. Resolves to the reason, which may
 * be empty, or to null.
 * @param {Shown} shown
 * @param {Speech} speech
 * @param {AbortSignal} over
 * @returns {Promise<string | null>}
 */
export function redaction({ message, called }, speech, over) {
  const { words, formats } = speech;
  const reason = h("input", { autocomplete: "off", dir: "auto" });
  return show(speech, {
    title: words.log.redact,
    lead: words.dialog.redactLead,
    fields: [
      h("p", { class: "whose" }, words.dialog.whose(called, formats.moment(message.time))),
      field(words.dialog.reason, reason, words.dialog.reasonHint),
    ],
    submit: words.log.redact,
    problems: {},
    over,
    check() {
      const octets = encoder.encode(reason.value.trim()).length - MAX_REASON;
      return octets > 0 ? { text: words.dialog.reasonTooLong(amount(octets, words, formats), amount(MAX_REASON, words, formats)), at: reason } : null;
    },
    send: async () => ({ reason: reason.value.trim() }),
  }).then((answer) => answer?.reason ?? null);
}
