/**
 * How much is unread, where one sees it without looking at the page: on its icon,
 * and on that of the installed page. The window's title has it too (room.js). For
 * that nobody is asked; for notices (notices.js) one has to allow them first.
 * @module
 */

/** How long more is held back, in ms: what one opens is unread for a moment, and nobody's news. */
const HELD = 1_000;

export class Badge {
  #count = 0;
  #shown = 0;
  #over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;

  /** @param {number} count */
  show(count) {
    if (count === this.#count || this.#over) return;
    this.#count = count;
    clearTimeout(this.#later);
    if (count > this.#shown) this.#later = setTimeout(() => this.#draw(count), HELD);
    else this.#draw(count);
  }

  /** @param {number} count */
  #draw(count) {
    if (count === this.#shown) return;
    this.#shown = count;
    const href = iconOf(count > 0 ? "icon-unread" : "icon");
    const link = document.querySelector("link[rel=icon]");
    if (link && href && link.getAttribute("href") !== href) link.setAttribute("href", href);
    const { setAppBadge, clearAppBadge } = navigator;
    void (count > 0 ? setAppBadge?.call(navigator, count) : clearAppBadge?.call(navigator))?.catch(() => {}); // it is only a number on an icon
  }

  /** Shows nothing, from now on. */
  stop() {
    this.show(0);
    this.#over = true;
  }
}

/** What the browser lets this page tell: "missing" where there is nothing of the kind. */
export function permission() {
  return "Notification" in window ? Notification.permission : "missing";
}

/**
 * Where one of the page's icons is: beside the one that the document names.
 * @param {"icon" | "icon-unread"} name
 */
export function iconOf(name) {
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
  return (link?.getAttribute("href") ?? "").replace(/icon(-unread)?\.svg$/, `${name}.svg`);
}
