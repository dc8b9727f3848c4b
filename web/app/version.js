/**
 * Which version of the page this is, and whether the server has another one by
 * now. The protocol only grows, so that an older page works with a newer server;
 * but what a page shows as current is shown by the page that the server has.
 * @module
 */

const MARK = "reloaded";

/**
 * The version of a page, as its files' addresses have it; "" where they don't.
 * @param {string} address of one of its files
 */
export function versionOf(address) {
  return /\/assets\/([0-9a-f]+)\//.exec(address)?.[1] ?? "";
}

export class Version {
  #own;
  #storage;
  #reload;
  #heard = false;
  /** Whether something is being written, so that loading the page again would disturb. */
  busy = () => false;
  /** Called with each ticket while there is another version, and when there is none any more. */
  changed = () => {};
  /** The version that the server has instead of this one; "" if it has this one. */
  newer = "";

  /**
   * @param {object} parts
   * @param {string} parts.own "" if it isn't known
   * @param {() => Pick<Storage, "getItem" | "setItem">} parts.storage this tab's; may throw
   * @param {() => void} parts.reload
   */
  constructor({ own, storage, reload }) {
    this.#own = own;
    this.#storage = storage;
    this.#reload = reload;
  }

  /**
   * Takes what a ticket says. The first one comes before anything is shown as
   * current, so that another version is loaded at once.
   * @param {string | undefined} page the server's version
   * @returns {boolean} whether the page is being loaded again
   */
  heard(page) {
    const first = !this.#heard;
    this.#heard = true;
    const newer = page && this.#own && page !== this.#own ? page : "";
    if (!newer && !this.newer) return false;
    this.newer = newer;
    if (first && this.renew()) return true;
    this.changed();
    return false;
  }

  /**
   * Loads the page again if there is another version, where that disturbs nobody
   * and wasn't done for this version before: should it have come to nothing, it
   * would again.
   * @returns {boolean} whether it does
   */
  renew() {
    if (!this.newer || this.busy() || !this.#mark()) return false;
    this.#reload();
    return true;
  }

  /** Notes in this tab that the page is loaded again for this version; false if it was noted before, or can't be. */
  #mark() {
    try {
      const storage = this.#storage();
      const marks = (storage.getItem(MARK) ?? "").split(" ").filter(Boolean);
      if (marks.includes(this.newer)) return false;
      storage.setItem(MARK, [...marks, this.newer].join(" "));
      return true;
    } catch {
      return false;
    }
  }
}
