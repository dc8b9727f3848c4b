/**
 * A QR code as a picture: dark on light in every color scheme, as readers of it
 * want it, with its quiet zone.
 * @module
 */
import { QUIET, outline } from "../app/account.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {readonly string[]} rows a 1 for each dark square
 * @param {string} name what a screen reader calls it
 */
export function qr(rows, name) {
  const size = rows.length + 2 * QUIET;
  const picture = made("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": name, "shape-rendering": "crispEdges" });
  picture.append(made("rect", { width: size, height: size, fill: "white" }), made("path", { d: outline(rows), fill: "black" }));
  return picture;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function made(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
