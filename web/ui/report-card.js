/**
 * A report as a small card: names, values, and the lines that numbers make; below,
 * folded away, where it came from and the JSON itself. In a run (runs.js) those
 * before the newest are a line each, that is folded out to the same card.
 * @module
 */
import { indented, read, trend } from "../app/report.js";
import { Runs } from "../app/runs.js";
import { figures, line } from "../app/series.js";
import { h, set, straight, wear } from "./dom.js";
import sheet from "./report-card.css" with { type: "css" };

wear(sheet);

/** @typedef {import("./page.js").Speech} Speech */
/** @typedef {import("../app/report.js").Card} Card */
/** @typedef {import("../app/report.js").Item} Item */
/** @typedef {import("../app/runs.js").Standing} Standing */
/** @typedef {import("../app/series.js").Series} Series */

/** The field of a line: of the one number of a card, and of one among others; in px. */
const LARGE = { width: 120, height: 40, margin: 4 };
const SMALL = { width: 64, height: 20, margin: 3 };

/** What knows how reports stand, and shows them. */
export const reports = () => new Runs(put);

/**
 * A report that stands alone.
 * @param {string} text
 * @param {Speech} speech
 */
export function report(text, speech) {
  const card = read(text);
  const element = new ReportElement();
  element.show(text, { card, folded: false, joined: false, at: 0, put, trail: typeof card === "string" ? [] : [card] }, speech);
  return element;
}

/**
 * Shows a report in the log, in the element that shows it already, if there is one.
 * @this {Standing}
 * @param {HTMLElement} body
 * @param {string} text
 * @param {Speech} speech
 */
function put(body, text, speech) {
  const known = body.firstElementChild;
  const element = known instanceof ReportElement ? known : new ReportElement();
  element.show(text, this, speech);
  if (element !== known) body.replaceChildren(element);
}

class ReportElement extends HTMLElement {
  /** @type {Standing | null} */
  #shown = null;
  /** Whether somebody has folded it out, or in. @type {boolean | null} */
  #chosen = null;
  #card = h("details", { class: "card" });
  #figures = h("div");

  /**
   * @param {string} text
   * @param {Standing} standing
   * @param {Speech} speech
   */
  show(text, standing, speech) {
    const before = this.#shown;
    this.#shown = standing;
    const { card, folded, trail } = standing;
    const same = before?.card === card;
    if (typeof card === "string") {
      if (!same) this.replaceChildren(h("p", { dir: "auto" }, ...straight(card, speech.words.text.direction)));
      return;
    }
    if (!same) this.#draw(text, standing, speech);
    // What somebody has in hand stays as it is.
    else if (this.#isHeld()) return;
    if (!same || (!folded && before.trail !== trail)) this.#figures.replaceChildren(...this.#content(card, trail, speech));
    set(this.#card, "open", this.#chosen ?? !folded);
  }

  /** Whether something in it is marked or has the focus. */
  #isHeld() {
    const selection = getSelection();
    return this.contains(document.activeElement) || (selection?.isCollapsed === false && selection.containsNode(this, true));
  }

  /**
   * @param {string} text
   * @param {Standing} standing
   * @param {Speech} speech
   */
  #draw(text, { card, at }, speech) {
    if (typeof card === "string") return;
    const { words } = speech;
    const summary = h(
      "summary",
      { onclick: () => (this.#chosen = !this.#card.open) },
      h("span", { class: "title", dir: "auto", title: card.source || false }, card.title || words.log.report),
      time(card.time || at, at, speech),
      h("span", { class: "brief" }, ...brief(card, speech)),
    );
    const json = h("details", { class: "origin" }, h("summary", {}, card.source ? words.report.origin : words.report.json));
    const fill = () => {
      if (!json.open || json.childElementCount > 1) return;
      // It stays in sight when another report comes.
      this.#chosen = true;
      json.append(origin(card, speech), h("pre", { dir: "ltr", role: "region", tabindex: 0, "aria-label": words.report.json }, ...straight(indented(text), words.text.direction)));
    };
    json.addEventListener("toggle", fill);
    this.#card.replaceChildren(summary, this.#figures, json);
    this.replaceChildren(this.#card);
  }

  /**
   * @param {Card} card
   * @param {readonly Card[]} trail
   * @param {Speech} speech
   */
  #content(card, trail, speech) {
    const { words, formats } = speech;
    const { items, figure, more } = card;
    if (items.length === 0) return [h("p", { class: "none" }, words.report.empty)];
    const others = items.filter((item) => item !== figure);
    return [
      figure && lead(figure, seriesIn(figure, trail), speech),
      others.length > 0 && h("dl", { class: "items" }, ...others.map((item) => row(item, seriesIn(item, trail), speech))),
      more > 0 && h("p", { class: "none" }, words.report.more(more, formats.number(more))),
    ].filter((part) => part instanceof Node);
  }
}

customElements.define("rr-report", ReportElement);

/**
 * @param {Item} item
 * @param {readonly Card[]} trail
 */
function seriesIn(item, trail) {
  return item.kind === "series" ? item.series : trend(trail, item.name);
}

/**
 * The one number of a card.
 * @param {Item} item
 * @param {Series | null} series
 * @param {Speech} speech
 */
function lead(item, series, speech) {
  const { words } = speech;
  const figure = figures(speech.formats.locale);
  return h(
    "dl",
    { class: "lead" },
    h(
      "div",
      {},
      h("dt", { dir: "auto" }, ...named(item, speech)),
      h("dd", { class: "value" }, ...shown(item, speech)),
      series && h("dd", { class: "trend" }, drawn(item, series, LARGE, speech)),
      series && h("dd", { class: "range" }, words.report.range(figure(series.least), figure(series.most))),
    ),
  );
}

/**
 * One of several.
 * @param {Item} item
 * @param {Series | null} series
 * @param {Speech} speech
 */
function row(item, series, speech) {
  return h(
    "div",
    { "data-drawn": series !== null },
    h("dt", { dir: "auto" }, ...named(item, speech)),
    series && h("dd", { class: "trend" }, drawn(item, series, SMALL, speech)),
    h("dd", { class: "value", dir: item.kind === "text" && "auto" }, ...shown(item, speech)),
  );
}

/** @param {Item} item @param {Speech} speech */
function named({ name }, { words }) {
  return name ? straight(name, words.text.direction) : [words.report.value];
}

/** @param {Item} item @param {Speech} speech */
function shown(item, { words, formats }) {
  if (item.kind === "count") return [words.report.entries(item.count, formats.number(item.count))];
  if (item.kind === "text") return straight(item.value, words.text.direction);
  return [figures(formats.locale)(item.value)];
}

/**
 * The line of a series, its last point marked, and all that it shows in words.
 * @param {Item} item
 * @param {Series} series
 * @param {{width: number, height: number, margin: number}} field
 * @param {Speech} speech
 */
function drawn({ name }, { points, count, first, last, least, most }, field, { words, formats }) {
  const figure = figures(formats.locale);
  const { width, height } = field;
  const places = line(points, field);
  const [x, y] = places[places.length - 1];
  const said = words.report.series(name || words.report.value, count, formats.number(count), figure(first), figure(last), figure(least), figure(most));
  return svg(
    "svg",
    { role: "img", "aria-label": said, width, height, viewBox: `0 0 ${width} ${height}` },
    svg("polyline", { points: places.join(" ") }),
    svg("circle", { cx: x, cy: y, r: 2.5 }),
  );
}

/**
 * An element of a drawing.
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {...Element} children
 */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children);
  return element;
}

/**
 * All in one line.
 * @param {Card} card
 * @param {Speech} speech
 */
function brief({ items }, speech) {
  return items.flatMap((item, at) => [at > 0 ? " · " : "", h("span", { dir: "auto" }, ...(item.name || item.kind === "count" ? named(item, speech) : [])), item.name ? " " : "", h("span", { class: "value", dir: item.kind === "text" && "auto" }, ...shown(item, speech))]);
}

/**
 * When it was read; with its day where that isn't the one that it was posted on.
 * @param {number} read
 * @param {number} posted
 * @param {Speech} speech
 */
function time(read, posted, { formats }) {
  if (read === 0) return null;
  const sameDay = posted === 0 || new Date(read).toDateString() === new Date(posted).toDateString();
  return h("time", { datetime: new Date(read).toISOString(), title: formats.full(read) }, sameDay ? new Intl.DateTimeFormat(formats.locale, { timeStyle: "medium" }).format(read) : formats.moment(read));
}

/**
 * Where it came from.
 * @param {Card} card
 * @param {Speech} speech
 */
function origin({ source, connection, time }, { words, formats }) {
  if (!source) return "";
  const parts = [
    [words.report.source, source],
    [words.report.connection, connection],
    [words.report.read, time > 0 ? formats.full(time) : ""],
  ];
  return h("dl", { class: "parts" }, ...parts.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, ...straight(value, words.text.direction)))));
}
