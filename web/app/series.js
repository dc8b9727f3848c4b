/**
 * Numbers in a row: the line that they make, and what is said of it. And how a
 * number is shown, which never takes a digit away.
 * @module
 */

/**
 * @typedef {object} Series
 * @property {number} count
 * @property {string} first as it is written, as are the others
 * @property {string} last
 * @property {string} least
 * @property {string} most
 * @property {number[]} points those that are drawn
 */

/** In each of so many parts of a long series the least and the most are drawn. */
const PARTS = 60;
/** A number of more digits is shown as it is written. */
const LONGEST = 40;
const PLAIN = /^-?\d+(?:\.(\d{1,20}))?$/;

/**
 * @param {readonly string[]} tokens JSON's numbers
 * @returns {Series | null} null: they make no line
 */
export function seriesOf(tokens) {
  const values = tokens.map(Number);
  if (values.length < 2 || !values.every(Number.isFinite)) return null;
  let [least, most] = [0, 0];
  values.forEach((value, at) => {
    if (value < values[least]) least = at;
    if (value > values[most]) most = at;
  });
  const last = tokens.length - 1;
  return { count: tokens.length, first: tokens[0], last: tokens[last], least: tokens[least], most: tokens[most], points: thinned(values) };
}

/**
 * As few as can be drawn, with the highest, the lowest, the first and the last.
 * @param {readonly number[]} values
 */
function thinned(values) {
  if (values.length <= 2 * PARTS) return [...values];
  const size = values.length / PARTS;
  const points = [values[0]];
  for (let part = 0; part < PARTS; part++) {
    const [from, to] = [Math.floor(part * size), Math.floor((part + 1) * size)];
    let [least, most] = [from, from];
    for (let at = from; at < to; at++) {
      if (values[at] < values[least]) least = at;
      if (values[at] > values[most]) most = at;
    }
    points.push(values[Math.min(least, most)], values[Math.max(least, most)]);
  }
  return [...points, values[values.length - 1]];
}

/**
 * Where the points are drawn in a field of this size, from above.
 * @param {readonly number[]} points
 * @param {{width: number, height: number, margin: number}} field margin: kept free on all sides
 * @returns {[number, number][]}
 */
export function line(points, { width, height, margin }) {
  // The halves of two numbers have a difference that is one, whatever they are.
  const halves = points.map((point) => point / 2);
  const [least, most] = halves.reduce(([least, most], half) => [Math.min(least, half), Math.max(most, half)], [Infinity, -Infinity]);
  const round = (/** @type {number} */ length) => Math.round(length * 10) / 10;
  return halves.map((half, at) => {
    const up = most > least ? (half - least) / (most - least) : 0.5;
    return [round(margin + (at / Math.max(1, points.length - 1)) * (width - 2 * margin)), round(height - margin - up * (height - 2 * margin))];
  });
}

/**
 * A number of JSON as the language writes it, if it stays the same digit by digit;
 * else as it is written. What has four digits may be a year, and isn't grouped.
 * @param {string} locale
 * @returns {(token: string) => string}
 */
export function figures(locale) {
  /** @type {Map<number, Intl.NumberFormat>} */
  const formats = new Map();
  return (token) => {
    const plain = token.length <= LONGEST && PLAIN.exec(token);
    if (!plain) return token;
    const places = plain[1]?.length ?? 0;
    const known = formats.get(places);
    const format = known ?? new Intl.NumberFormat(locale, { useGrouping: "min2", minimumFractionDigits: places, maximumFractionDigits: places });
    if (!known) formats.set(places, format);
    const shown = format.format(/** @type {Intl.StringNumericLiteral} */ (token));
    return digits(shown) === digits(token) && shown.startsWith("-") === token.startsWith("-") ? shown : token;
  };
}

/** @param {string} text */
function digits(text) {
  return text.replace(/\D/g, "");
}
