/**
 * What scrolls. Of a log only a stretch stands there; for what comes before and
 * after it there is room of the height that is to be expected, so that the
 * scroll bar is honest about the length of all of it.
 *
 * Nothing that stands there moves when something above it comes or goes: while
 * one scrolls the room above gives way, which leaves the browser's own movement
 * alone; once one rests, it gets its expected height again.
 * @module
 */
import { h } from "./dom.js";

/** @typedef {import("./message.js").MessageElement} MessageElement */
/** A message, and where it stands below the upper edge, in px. @typedef {{seq: number, key?: string, offset: number}} Anchor */
/** What of a log is there: the seqs from start+1 to end, of those from `from` to `head`. @typedef {{from: number, start: number, end: number, head: number}} Extent */

/** Nearer to the end than this is at the end. */
const END = 40;
/** One that doesn't move for so long, in ms, rests. */
const REST = 120;
/** As high as all together may become, in px; browsers end at 17 to 33 million. */
const TALLEST = 12_000_000;
/** What a message takes as long as none was measured. */
const GUESS = 60;
/** From so many messages on their height says what to expect of others. */
const ENOUGH = 20;

export class Scroller {
  element = h("div", { class: "scroll", role: "log", tabindex: -1 });
  rows = h("div", { class: "rows" });
  #before = h("div", { class: "expanse", "aria-hidden": "true" });
  #after = h("div", { class: "expanse", "aria-hidden": "true" });

  /** @type {Extent} */
  #extent = { from: 1, start: 0, end: 0, head: 0 };
  /** The expected height of a message; 0 before one was measured. */
  #each = 0;
  /** @type {[number, number]} */
  #heights = [0, 0];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #rested;

  /**
   * @param {Element[]} above what stands over the messages
   * @param {() => void} moved
   * @param {() => void} rested
   */
  constructor(above, moved, rested) {
    this.#rested = rested;
    this.element.append(h("div", { class: "column" }, this.#before, ...above, this.rows, this.#after));
    this.element.addEventListener(
      "scroll",
      () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#rest(), REST);
        moved();
      },
      { passive: true },
    );
  }

  /** Another log. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#each = 0;
    this.#extent = { from: 1, start: 0, end: 0, head: 0 };
    this.rows.replaceChildren();
    this.#spread(0, 0);
  }

  /**
   * Changes what stands there; what is in sight stays where it is, if it still
   * stands there.
   * @param {Extent} extent
   * @param {() => void} change of the rows
   */
  draw(extent, change) {
    const anchor = this.anchor();
    const before = anchor && this.#find(anchor);
    const top = before?.offsetTop ?? 0;
    change();
    this.#extent = extent;
    this.#measure();
    const [above, below] = this.#expected();
    const after = anchor && this.#find(anchor);
    if (!after) return this.#spread(above, below);
    const shift = after.offsetTop - top;
    // The beginning has nothing before it; everything else may be a little off until one rests.
    const give = this.#timer === undefined || above === 0 ? above : Math.max(Math.min(above, this.element.clientHeight), this.#heights[0] - shift);
    this.#spread(give, below);
    this.restore(/** @type {Anchor} */ (anchor));
  }

  #rest() {
    this.#timer = undefined;
    const [above, below] = this.#expected();
    if (Math.abs(above - this.#heights[0]) >= 1 || Math.abs(below - this.#heights[1]) >= 1) {
      const anchor = this.beyond > 0 ? null : this.anchor();
      this.#spread(above, below);
      if (anchor) this.restore(anchor);
    }
    this.#rested();
  }

  #measure() {
    const { start, end } = this.#extent;
    if (this.#each === 0 && end - start >= ENOUGH) this.#each = this.rows.offsetHeight / (end - start);
  }

  /** @returns {[number, number]} the heights that are expected of what comes before and after */
  #expected() {
    const { from, start, end, head } = this.#extent;
    const all = Math.max(1, head - from + 1);
    const each = Math.min(this.#each || GUESS, TALLEST / all);
    return [Math.max(0, start - from + 1) * each, Math.max(0, head - end) * each];
  }

  /**
   * @param {number} above
   * @param {number} below
   */
  #spread(above, below) {
    this.#heights = [above, below];
    this.#before.style.blockSize = `${above}px`;
    this.#after.style.blockSize = `${below}px`;
  }

  /** The first message that begins in sight, else the one that fills it. @returns {Anchor | null} */
  anchor() {
    const top = this.element.scrollTop;
    const bottom = top + this.element.clientHeight;
    let anchor = null;
    for (const element of this.messages(top)) {
      const { offsetTop } = element;
      if (anchor && offsetTop >= bottom) break;
      anchor = { seq: element.shown?.message.seq ?? 0, key: element.dataset.key, offset: offsetTop - top };
      if (offsetTop >= top) break;
    }
    return anchor;
  }

  /** The messages that stand in sight as a whole. @returns {MessageElement[]} */
  whole() {
    const top = this.element.scrollTop;
    const bottom = top + this.element.clientHeight;
    const found = [];
    for (const element of this.messages(top)) {
      if (element.offsetTop + element.offsetHeight > bottom) break;
      if (element.offsetTop >= top) found.push(element);
    }
    return found;
  }

  /**
   * The messages that end below a height, without measuring all of them.
   * @param {number} top
   * @returns {Generator<MessageElement>}
   */
  *messages(top) {
    const { children } = this.rows;
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (children[middle]);
      if (offsetTop + offsetHeight > top) high = middle;
      else low = middle + 1;
    }
    for (; low < children.length; low++) if (children[low].localName === "rr-message") yield /** @type {MessageElement} */ (children[low]);
  }

  /** @param {Anchor} anchor @returns {HTMLElement | null} */
  #find({ seq, key }) {
    return /** @type {HTMLElement | null} */ ((key && this.rows.querySelector(`:scope > [data-key="${CSS.escape(key)}"]`)) || (seq > 0 && this.rows.querySelector(`:scope > [data-seq="${seq}"]`)) || null);
  }

  /**
   * @param {Anchor} anchor
   * @returns {boolean} whether it stands there
   */
  restore(anchor) {
    const element = this.#find(anchor);
    if (!element) return false;
    const top = element.offsetTop - anchor.offset;
    if (Math.abs(this.element.scrollTop - top) >= 1) this.element.scrollTop = top;
    return true;
  }

  /**
   * The message of a seq, or the next one that stands there, or the last.
   * @param {number} seq
   * @returns {MessageElement | undefined}
   */
  at(seq) {
    const all = /** @type {MessageElement[]} */ ([...this.rows.querySelectorAll(":scope > rr-message")]);
    return all.find((element) => (element.shown?.message.seq ?? 0) >= seq) ?? all.at(-1);
  }

  /**
   * Which seq is in sight where nothing stands yet; 0 if something stands there.
   */
  get beyond() {
    const { from, start, end, head } = this.#extent;
    const { scrollTop, clientHeight } = this.element;
    const { offsetTop, offsetHeight } = this.rows;
    const [above, below] = this.#heights;
    const middle = scrollTop + clientHeight / 2;
    const part = (/** @type {number} */ at, /** @type {number} */ count) => Math.min(count - 1, Math.max(0, Math.floor(at * count)));
    if (above > 0 && scrollTop + clientHeight < offsetTop) return from + part(middle / above, start - from + 1);
    if (below > 0 && scrollTop > offsetTop + offsetHeight) return end + 1 + part((middle - offsetTop - offsetHeight) / below, head - end);
    return 0;
  }

  /** How much of what stands there is above what is in sight, and below, in px; negative where nothing stands. */
  get spare() {
    const { scrollTop, clientHeight } = this.element;
    const { offsetTop, offsetHeight } = this.rows;
    return { above: scrollTop - offsetTop, below: offsetTop + offsetHeight - scrollTop - clientHeight };
  }

  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < END;
  }

  /** Whether the end is further away than one can see. */
  get isFar() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop > 2 * clientHeight;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }
}
