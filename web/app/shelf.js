/**
 * What this browser keeps for one person between two visits, in IndexedDB: the
 * posts that aren't answered yet, what is being written, and what was last seen of
 * the room. It knows
 * nothing of what it keeps but its keys.
 *
 * Everything belongs to one sign-in. Whoever signs in next, and whoever signs
 * out, in any tab, ends what the tabs before may write: a change that comes too
 * late fails with Left, and leaves nothing behind.
 *
 * A change is done when the browser has told the disk to keep it, a draft when the
 * browser has it.
 * @module
 */

/** @typedef {import("./rooms.js").Me} Me */
/** @typedef {import("./rooms.js").Post} Post */

/** @typedef {Post & {tab: string}} KeptPost whose tab sends it */

/**
 * @typedef {object} KeptRoom
 * @property {import("./rooms.js").Deal[]} deals
 * @property {import("./rooms.js").Topic[]} topics
 * @property {string[]} order the topics whose logs are kept, the last looked at last
 * @property {number} at unix-ms, when all of this was so
 */

/**
 * @typedef {object} KeptLog
 * @property {string} topic
 * @property {string} epoch
 * @property {number} from
 * @property {number} start the seq before the first message
 * @property {number} head
 * @property {import("./rooms.js").Message[]} messages
 * @property {Map<number, import("./rooms.js").Message>} quotes
 * @property {Uint8Array[]} hashes the chain's values from start to the last message
 * @property {number} at unix-ms, when it was last known to be all there is
 * @property {boolean} current whether that was still so when it was written
 */

/** @typedef {import("./drafts.js").Draft & {topic: string}} KeptDraft */

/** @typedef {{posts?: Post[], answered?: string[], logs?: KeptLog[], dropped?: string[], room?: KeptRoom}} Change */

const NAME = "redroom";
const VERSION = 2;
const ME = "me";
const STORES = ["person", "posts", "drafts", "room", "logs"];

/** What is kept isn't this sign-in's any more. */
export class Left extends Error {
  constructor() {
    super("what this browser keeps isn't this sign-in's any more");
  }
}

export class Shelf {
  #db;
  #stamp = "";

  /** @param {IDBDatabase} db */
  constructor(db) {
    this.#db = db;
    db.onversionchange = () => db.close();
  }

  /**
   * @param {IDBFactory} [factory]
   * @returns {Promise<Shelf>} rejects where the browser keeps nothing
   */
  static async open(factory = indexedDB) {
    const opening = factory.open(NAME, VERSION);
    opening.onupgradeneeded = ({ oldVersion }) => {
      const db = opening.result;
      if (oldVersion < 1) {
        db.createObjectStore("person");
        db.createObjectStore("room");
        db.createObjectStore("logs", { keyPath: "topic" });
        db.createObjectStore("posts", { keyPath: "id" }).createIndex("tab", "tab");
      }
      if (oldVersion < 2) db.createObjectStore("drafts", { keyPath: "topic" });
    };
    return new Shelf(await asked(opening));
  }

  /**
   * Who was here last, as far as anything is kept of them.
   * @returns {Promise<Me | null>} null, too, if their sign-in has ended
   */
  async person() {
    return this.#run(["person"], "readonly", async (tx) => {
      const last = await person(tx);
      return last?.stamp ? last.me : null;
    });
  }

  /** How many posts of whoever was here last wait for them. */
  async unsent() {
    return this.#run(["posts"], "readonly", (tx) => asked(tx.objectStore("posts").count()));
  }

  /**
   * From now on everything is this person's. What another one left is removed.
   * @param {Me} me
   * @returns {Promise<{room: KeptRoom | undefined, logs: KeptLog[]}>}
   */
  async enter(me) {
    return this.#run(STORES, "readwrite", async (tx) => {
      const before = await person(tx);
      const known = before?.me.name === me.name;
      if (!known) clear(tx, STORES);
      this.#stamp = (known && before.stamp) || crypto.randomUUID();
      // Where there is no space for anything more, what is there is still to be had.
      const same = known && before.stamp && before.me.display === me.display && before.me.role === me.role;
      if (!same) tx.objectStore("person").put({ me, stamp: this.#stamp }, ME);
      const [room, logs] = known ? await Promise.all([asked(tx.objectStore("room").get(ME)), asked(tx.objectStore("logs").getAll())]) : [undefined, []];
      return { room, logs };
    });
  }

  /**
   * @param {string} tab
   * @param {Change} change
   */
  async change(tab, { posts = [], answered = [], logs = [], dropped = [], room }) {
    const stores = ["person", posts.length + answered.length > 0 && "posts", logs.length + dropped.length > 0 && "logs", room && "room"];
    await this.#mine(/** @type {string[]} */ (stores.filter(Boolean)), async (tx) => {
      for (const post of posts) tx.objectStore("posts").put({ ...post, tab });
      for (const id of answered) tx.objectStore("posts").delete(id);
      for (const log of logs) tx.objectStore("logs").put(log);
      for (const topic of dropped) tx.objectStore("logs").delete(topic);
      if (room) tx.objectStore("room").put(room, ME);
    });
  }

  /**
   * Keeps drafts in place of those that there are of these topics. What is typed
   * outlives the browser, but isn't worth a disk's time at each key.
   * @param {Map<string, import("./drafts.js").Draft | null>} drafts by topic; null for none
   */
  async draft(drafts) {
    const work = async (/** @type {IDBTransaction} */ tx) => {
      const store = tx.objectStore("drafts");
      for (const [topic, draft] of drafts) {
        if (draft) store.put({ ...draft, topic });
        else store.delete(topic);
      }
    };
    await this.#mine(["person", "drafts"], work, "readwrite", "relaxed");
  }

  /** @returns {Promise<KeptDraft[]>} */
  async drafts() {
    return this.#mine(["person", "drafts"], (tx) => asked(tx.objectStore("drafts").getAll()), "readonly");
  }

  /** The tabs that have posts here. @returns {Promise<string[]>} */
  async tabs() {
    const keys = await this.#mine(["person", "posts"], (tx) => asked(tx.objectStore("posts").index("tab").getAll()), "readonly");
    return [...new Set(keys.map((/** @type {KeptPost} */ post) => post.tab))];
  }

  /**
   * Makes the posts of a tab those of another one.
   * @param {string} from
   * @param {string} to
   * @returns {Promise<Post[]>}
   */
  async take(from, to) {
    return this.#mine(["person", "posts"], async (tx) => {
      const store = tx.objectStore("posts");
      /** @type {KeptPost[]} */
      const posts = await asked(store.index("tab").getAll(from));
      for (const post of posts) store.put({ ...post, tab: to });
      return posts.map(({ tab, ...post }) => post);
    });
  }

  /**
   * The posts of a tab, where they are.
   * @param {string} tab
   * @returns {Promise<Post[]>}
   */
  async posts(tab) {
    const found = await this.#mine(["person", "posts"], (tx) => asked(tx.objectStore("posts").index("tab").getAll(tab)), "readonly");
    return found.map((/** @type {KeptPost} */ { tab, ...post }) => post);
  }

  /** Gives up what was seen of the room, for the sake of posts. */
  async shrink() {
    await this.#mine(["person", "room", "logs"], async (tx) => clear(tx, ["room", "logs"]));
  }

  /**
   * Forgets what was seen of the room, and with `all` posts, drafts and who was
   * here as well. No tab writes here any more before somebody enters. What
   * belongs to a later sign-in than that of this tab stays, but with `all`.
   * @param {{all: boolean}} what
   */
  async wipe({ all }) {
    const mine = this.#stamp;
    this.#stamp = "";
    await this.#run(STORES, "readwrite", async (tx) => {
      const before = await person(tx);
      if (!all && mine && before?.stamp !== mine) return;
      clear(tx, all ? STORES : ["room", "logs"]);
      if (!all && before) tx.objectStore("person").put({ ...before, stamp: "" }, ME);
    });
  }

  /**
   * @template T
   * @param {string[]} stores person among them
   * @param {(tx: IDBTransaction) => Promise<T>} work
   * @param {IDBTransactionMode} [mode]
   * @param {IDBTransactionDurability} [durability]
   */
  #mine(stores, work, mode = "readwrite", durability = "strict") {
    const checked = async (/** @type {IDBTransaction} */ tx) => {
      if (!this.#stamp || (await person(tx))?.stamp !== this.#stamp) throw new Left();
      return work(tx);
    };
    return this.#run(stores, mode, checked, durability);
  }

  /**
   * Does all of the work, or nothing.
   * @template T
   * @param {string[]} stores
   * @param {IDBTransactionMode} mode
   * @param {(tx: IDBTransaction) => Promise<T>} work waits for nothing but requests of the transaction
   * @param {IDBTransactionDurability} [durability]
   * @returns {Promise<T>}
   */
  async #run(stores, mode, work, durability = "strict") {
    const tx = this.#db.transaction(stores, mode, { durability });
    const done = new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onabort = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
    });
    done.catch(() => {}); // it is waited for only if the work is done
    try {
      const result = await work(tx);
      await done;
      return result;
    } catch (error) {
      try {
        tx.abort();
      } catch {
        // It is over already.
      }
      throw error;
    }
  }
}

/**
 * @param {IDBTransaction} tx
 * @returns {Promise<{me: Me, stamp: string} | undefined>}
 */
function person(tx) {
  return asked(tx.objectStore("person").get(ME));
}

/**
 * @param {IDBTransaction} tx
 * @param {string[]} stores
 */
function clear(tx, stores) {
  for (const name of stores) tx.objectStore(name).clear();
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
