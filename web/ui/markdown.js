/**
 * The tree of a message's text as nodes. Nothing here is ever parsed as HTML.
 * @module
 */
import { h, isolated, straight } from "./dom.js";

/** @typedef {import("../app/markdown.js").Block} Block */
/** @typedef {import("../app/markdown.js").Span} Span */

/**
 * @typedef {object} Reading
 * @property {string} me who reads, and may be meant
 * @property {string} table what a table is called
 * @property {(sign: string) => string} direction what a mark is called that turns text round
 * @property {string} origin of this page: what leads to a place in it stays in this tab
 */

/**
 * @param {readonly Block[]} tree
 * @param {Reading} reading
 * @returns {(Node | string)[]} text and inline elements where it is one paragraph, else blocks
 */
export function nodes(tree, reading) {
  const [first] = tree;
  return tree.length === 1 && first.type === "paragraph" ? inline(first.spans, reading) : tree.map((block) => blockOf(block, reading));
}

/**
 * Whether a text is more than one paragraph, so that it stands in blocks.
 * @param {readonly Block[]} tree
 */
export function hasBlocks(tree) {
  return tree.length > 1 || (tree.length === 1 && tree[0].type !== "paragraph");
}

/**
 * @param {Block} block
 * @param {Reading} reading
 * @returns {HTMLElement}
 */
function blockOf(block, reading) {
  switch (block.type) {
    case "paragraph":
      return h("p", { dir: "auto" }, ...inline(block.spans, reading));
    case "quote":
      return h("blockquote", { dir: "auto" }, ...block.blocks.map((inner) => blockOf(inner, reading)));
    case "code":
      return h("div", { class: "code" }, block.language && h("span", { class: "language" }, ...straight(block.language, reading.direction)), h("pre", { tabindex: 0, dir: "ltr" }, h("code", {}, ...straight(block.text, reading.direction))));
    case "list":
      return listOf(block, reading);
    case "table":
      return tableOf(block, reading);
  }
}

/**
 * @param {import("../app/markdown.js").List} list
 * @param {Reading} reading
 * @returns {HTMLElement}
 */
function listOf({ sign, items }, reading) {
  const numbered = sign === "1";
  const item = (/** @type {import("../app/markdown.js").Item} */ { number, spans, lists }) =>
    h("li", { dir: "auto", value: numbered ? number : null }, ...inline(spans, reading), ...lists.map((list) => listOf(list, reading)));
  if (numbered) {
    const list = h("ol", {}, ...items.map(item));
    const digits = Math.max(...items.map(({ number }) => String(number).length));
    if (digits > 3) list.style.setProperty("padding-inline-start", `calc(${digits}ch + 1.2em)`); // room for the widest
    return list;
  }
  return h("ul", { "data-sign": sign }, ...items.map(item));
}

/**
 * A table moves sideways in itself, also by the keyboard.
 * @param {Extract<Block, {type: "table"}>} table
 * @param {Reading} reading
 */
function tableOf({ align, head, rows }, reading) {
  const cell = (/** @type {"th" | "td"} */ tag) => (/** @type {Span[]} */ spans, /** @type {number} */ at) =>
    h(tag, { dir: "auto", "data-align": align[at] || null, scope: tag === "th" ? "col" : null }, ...inline(spans, reading));
  return h(
    "div",
    { class: "table", tabindex: 0, role: "region", "aria-label": reading.table },
    h("table", {}, h("thead", {}, h("tr", {}, ...head.map(cell("th")))), h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map(cell("td")))))),
  );
}

/**
 * @param {readonly Span[]} spans
 * @param {Reading} reading
 * @returns {(Node | string)[]}
 */
function inline(spans, reading) {
  return spans.flatMap((span) => {
    switch (span.type) {
      case "text":
        return straight(span.text, reading.direction);
      case "code":
        return h("code", {}, ...straight(span.text, reading.direction));
      case "bold":
        return h("strong", {}, ...inline(span.spans, reading));
      case "italic":
        return h("em", {}, ...inline(span.spans, reading));
      case "mention":
        return h("span", { class: "mention", "data-me": span.name === reading.me }, isolated(span.text));
      case "link":
        return linkOf(span, reading);
    }
  });
}

/**
 * @param {Extract<Span, {type: "link"}>} link
 * @param {Reading} reading
 */
function linkOf({ href, host, spans }, reading) {
  const here = href.startsWith(`${reading.origin}/t/`);
  return h(
    "a",
    { href, title: href, target: here ? null : "_blank", rel: "noopener noreferrer" },
    h("bdi", {}, ...inline(spans, reading)),
    host && h("bdi", { class: "host" }, ` (${host})`),
  );
}
