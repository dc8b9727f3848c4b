/**
 * The messages by keyboard: one of them is in the tab order, arrows go from one
 * to the next. And a long press does what hovering does.
 * @module
 */

/** @typedef {import("./message.js").MessageElement} MessageElement */

const LONG_PRESS = 450;

export class Roving {
  #rows;
  /** @type {MessageElement | null} */
  #reachable = null;

  /** @param {HTMLElement} rows */
  constructor(rows) {
    this.#rows = rows;
    rows.addEventListener("keydown", (event) => this.#onKey(event));
    rows.addEventListener("focusin", (event) => {
      const message = messageOf(event);
      if (message) this.#set(message);
    });
    rows.addEventListener("pointerdown", onPress);
  }

  /** One message is in the tab order: the one that had the focus, else the newest. */
  keep() {
    if (this.#reachable?.isConnected && this.#reachable.contains(document.activeElement)) return;
    this.#set(this.#all().at(-1) ?? null);
  }

  #all() {
    return /** @type {MessageElement[]} */ ([...this.#rows.querySelectorAll(":scope > rr-message")]);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const message = messageOf(event);
    if (event.altKey || event.ctrlKey || event.metaKey || !message) return;
    const all = this.#all();
    const at = all.indexOf(message);
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all[next]) return;
    event.preventDefault();
    all[next].focus();
  }

  /** @param {MessageElement | null} message */
  #set(message) {
    if (this.#reachable === message) return;
    this.#reachable?.reachable(false);
    this.#reachable = message;
    message?.reachable(true);
  }
}

/** @param {Event} event */
function messageOf(event) {
  return /** @type {MessageElement | null} */ (/** @type {Element} */ (event.target).closest("rr-message"));
}

/** @param {PointerEvent} event */
function onPress(event) {
  const message = messageOf(event);
  if (event.pointerType !== "touch" || !message) return;
  const timer = setTimeout(() => message.focus({ preventScroll: true }), LONG_PRESS);
  const end = () => clearTimeout(timer);
  for (const type of ["pointerup", "pointercancel", "pointermove"]) message.addEventListener(type, end, { once: true });
}
