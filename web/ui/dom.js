/**
 * Elements from code. Text goes in as text and nothing else; there is no way
 * here to pass markup.
 * @module
 */

import { legible, pieces } from "../app/direction.js";

/** @typedef {Node | string | null | undefined | false | Child[]} Child */

/**
 * An element with attributes, listeners (`onclick` and the like) and children.
 * An attribute that is false, null or undefined isn't set; true sets it empty.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => (Array.isArray(child) ? nodes(child) : child ? [child] : []));
}

/**
 * Sets or takes away an attribute, if that changes anything.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function set(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/**
 * Sets an element's text, if that changes anything.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes an element's children these, in this order, moving as little as it can.
 * @param {Element} parent
 * @param {Element[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * One of the page's own icons (index.html); it says nothing to a screen reader.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A name of unknown writing direction, apart from what stands around it.
 * @param {string} name
 */
export function isolated(name) {
  return h("bdi", {}, legible(name));
}

/**
 * A text in which nothing turns round what stands there: what would is a small
 * mark, with a name for screen readers.
 * @param {string} text
 * @param {(sign: string) => string} name
 * @returns {(Node | string)[]}
 */
export function straight(text, name) {
  return pieces(text).map((piece) =>
    typeof piece === "string" ? piece : h("bdi", { class: "direction", role: "img", "aria-label": name(piece.sign), title: name(piece.sign) }, piece.sign),
  );
}

/**
 * A sentence, its names apart from what stands around them.
 * @param {readonly import("../app/sentence.js").Part[]} parts
 * @returns {(Node | string)[]}
 */
export function said(parts) {
  return parts.map((part) => (typeof part === "string" ? part : isolated(part.name)));
}

/** How many quiet colors there are for people. */
const TINTS = 6;

/**
 * A person's initials on their own quiet color; the name stands beside it, so
 * it is hidden from screen readers, and is no text that one would copy.
 * @param {string} name the user name, which chooses the color
 * @param {string} display
 * @param {string} [presence]
 */
export function avatar(name, display, presence) {
  return h("span", { class: "avatar", "data-tint": tint(name), "data-presence": presence, "data-initials": initials(display), "aria-hidden": "true" });
}

/** @param {string} name */
function tint(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum % TINTS;
}

/** @param {string} display */
function initials(display) {
  const words = display.split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? "?"];
  return letters.map((word) => [...word][0]).join("").toLocaleUpperCase();
}

/**
 * Has the document look as a stylesheet says that a module brings along.
 * @param {CSSStyleSheet} sheet
 */
export function wear(sheet) {
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
}
