/**
 * A report as a quiet block: a list of names and values, what is deeper folded
 * away, and what isn't JSON as it stands there.
 * @module
 */
import { read } from "../app/report.js";
import { h, straight, wear } from "./dom.js";
import sheet from "./report.css" with { type: "css" };

wear(sheet);

/**
 * @param {string} text
 * @param {import("./page.js").Speech} speech
 * @returns {HTMLElement}
 */
export function report(text, speech) {
  const shown = read(text);
  if (shown.kind === "text") return h("p", { class: "report plain", dir: "auto" }, ...straight(shown.text, speech.words.text.direction));
  if (shown.kind === "tree") return h("div", { class: "report" }, tree(shown, speech));
  if (shown.items.length === 0) return h("p", { class: "report plain none" }, speech.words.log.reportEmpty);
  return h(
    "dl",
    { class: "report" },
    ...shown.items.map((item) =>
      h(
        "div",
        {},
        h("dt", { dir: "auto" }, ...straight(item.name, speech.words.text.direction)),
        item.kind === "tree"
          ? h("dd", {}, tree({ text: item.value, count: item.count }, speech))
          : h("dd", { dir: "auto", "data-number": item.kind === "number" }, ...straight(item.value, speech.words.text.direction)),
      ),
    ),
  );
}

/**
 * @param {{text: string, count: number}} tree
 * @param {import("./page.js").Speech} speech
 */
function tree({ text, count }, { words, formats }) {
  return h("details", {}, h("summary", {}, words.log.reportEntries(count, formats.number(count))), h("pre", { dir: "ltr" }, ...straight(text, words.text.direction)));
}
