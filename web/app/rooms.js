/**
 * What the page knows, as a pure reducer: state + action -> state. Nothing is
 * changed in place, so that what is the same object needs no second look.
 *
 * Everything here may come twice, and ACK and MESSAGE in any order: messages
 * count by their seq, posts by their client id.
 * @module
 */
import { amend, isChange, withdraw } from "./changes.js";
import { extend, home, last, merge, open, part, settled, trim, widen } from "./log.js";

export { last, messageAt, settled } from "./log.js";

/** @typedef {"admin" | "member" | "observer" | "bot"} Role */
/** @typedef {{name: string, display: string, role: Role, enroll?: true}} Me enroll: a second factor has to be set up first */
/** @typedef {{name: string, display: string, role: Role, reads: boolean}} Person */
/** @typedef {{id: string, name: string, open: boolean, history: string, receipts?: boolean, people: Person[]}} Deal */

/**
 * @typedef {object} Topic
 * @property {string} id
 * @property {string} deal
 * @property {string} title
 * @property {number} number
 * @property {boolean} open
 * @property {number} head
 * @property {number} unread
 * @property {number} read the last seq that was read
 * @property {boolean} [archived] closed, and out of the way
 * @property {boolean} [narrowed] to those of the deal that are its members
 * @property {boolean} [direct] a conversation of its two members
 * @property {readonly string[] | null} [members] of a narrowed topic, or a direct one
 */

/** What the server says of a topic. @typedef {Omit<Topic, "unread" | "read">} Named */

/**
 * @typedef {object} Message
 * @property {number} seq 0 while it waits
 * @property {string} author
 * @property {number} time unix-ms
 * @property {string} kind
 * @property {number} ref 0 for none
 * @property {string} text the newest words; none once it is redacted
 * @property {boolean} redacted
 * @property {Version[]} [versions] of an edited one: all of them, the first posted first
 * @property {Redaction | null} [redaction] of a redacted one, if it is known
 * @property {string} [id] the client id, where it was posted from here
 */

/** @typedef {{seq: number, time: number, text: string}} Version */
/** @typedef {{seq: number, author: string, time: number, reason: string}} Redaction by whom, when and why */

/**
 * One's own post, from the keystroke until its message is in the log. It holds
 * its words once, in its message; the outbox sends them from here.
 * @typedef {object} Post
 * @property {string} id client id
 * @property {number} order among one's own posts: those that were written later have a larger one
 * @property {string} topic
 * @property {string} epoch of the log that it was written for; "" before one was there
 * @property {Message} message
 * @property {"waiting" | "accepted" | "failed"} state
 * @property {number} seq of its ACK; 0 before
 * @property {number} match the seq of a message that looks like it and came before the ACK; 0 if none
 * @property {number} code of its ERR; 0 if none
 * @property {string} reason
 */

/**
 * How far this browser has recomputed a topic's chain.
 * @typedef {object} Check
 * @property {boolean} ok
 * @property {number} from the first seq that was computed
 * @property {number} to the last seq that agreed with the server's, or the one that didn't
 * @property {number} at unix-ms
 */

/** How the fetching of what lies beyond an end goes. @typedef {"idle" | "loading" | "failed"} Fetching */

/**
 * A stretch of a topic that one looks at while it isn't the tail: the messages
 * start+1 ... start+length.
 * @typedef {object} Window
 * @property {number} start
 * @property {readonly Message[]} messages
 * @property {Fetching} older
 * @property {Fetching} newer
 */

/**
 * What is held of a topic: its tail, the messages start+1 ... start+length, and
 * what else one looks at (log.js).
 * @typedef {object} Log
 * @property {string} epoch
 * @property {number} from the first seq that one may read
 * @property {number} start the seq before the first message that is held
 * @property {number} head the newest seq when the channel was joined, or later
 * @property {Message[]} messages
 * @property {Fetching} older
 * @property {Window | null} window what one looks at instead; null: the tail
 * @property {readonly Message[]} edits of what the window and the quotes hold, where they lie elsewhere
 * @property {Map<number, Message | null>} quotes what replies speak of; null: not to be had
 * @property {Check | null} check
 * @property {number} asOf unix-ms, when this was all there is; 0: it is now
 * @property {boolean} kept whether it comes from an earlier visit, and nothing has come since
 */

/**
 * @typedef {object} Connection
 * @property {"connecting" | "open" | "waiting" | "ended"} state
 * @property {string} via the transport while open, else ""
 * @property {number} since unix-ms of the last change between open and not
 * @property {"" | "signed-out" | "deactivated" | "elsewhere"} why it ended; "elsewhere": somebody signed out, or in, in another tab
 */

/**
 * @typedef {object} Rooms
 * @property {Me} me
 * @property {Connection} connection
 * @property {boolean} watched whether the room's state has come once
 * @property {ReadonlyMap<string, Deal>} deals
 * @property {ReadonlyMap<string, Topic>} topics
 * @property {ReadonlyMap<string, string>} presence
 * @property {ReadonlySet<string>} reachable who can be talked to directly, past the server
 * @property {ReadonlyMap<string, readonly string[]>} typing who writes in a topic, in the order in which they began
 * @property {ReadonlyMap<string, Log>} logs
 * @property {readonly Post[]} posts in the order in which they were written
 * @property {"" | "refused" | "full"} storage why this browser doesn't keep them; "" if it does
 * @property {number} lost how often something that one could read was taken away; it may have come back since
 * @property {import("./drafts.js").Drafts} drafts what is being written
 * @property {number} unsendable how many posts were given up since one looked, because their topic is gone
 * @property {number} asOf unix-ms, when the deals and topics of an earlier visit were so; 0: they are now, or nothing is known
 * @property {ReadonlySet<string> | null} stale deals, topics and people that a repeated WATCH hasn't named yet
 */

/**
 * @typedef {{type: "connection", state: Connection["state"], via?: string, why?: Connection["why"], at: number}
 *   | {type: "kept", room: import("./shelf.js").KeptRoom, logs: import("./shelf.js").KeptLog[]}
 *   | {type: "adopted", posts: Post[]} | {type: "storage", storage: Rooms["storage"]} | {type: "seen-unsendable"}
 *   | {type: "draft", topic: string, draft: import("./drafts.js").Draft} | {type: "kept-drafts", drafts: import("./drafts.js").Drafts}
 *   | {type: "give-up"}
 *   | {type: "watch"} | {type: "watched"}
 *   | {type: "deal", deal: Deal} | {type: "deal-gone", id: string}
 *   | {type: "topic", topic: Named} | {type: "topic-gone", id: string}
 *   | {type: "unread", topic: string, count: number, read: number, head: number}
 *   | {type: "read", topic: string, seq: number}
 *   | {type: "presence", name: string, presence: string, reachable: boolean}
 *   | {type: "typing", topic: string, name: string} | {type: "typing-over", topic: string, name: string}
 *   | {type: "joined", topic: string, epoch: string, from: number, head: number, start: number}
 *   | {type: "messages", topic: string, messages: Message[]}
 *   | {type: "older", topic: string, state: Log["older"]}
 *   | {type: "page", topic: string, messages: Message[]}
 *   | {type: "trim", topic: string, keep: number}
 *   | {type: "window", topic: string, epoch: string, messages: Message[], edits: Message[]}
 *   | {type: "window-page", topic: string, epoch: string, messages: Message[], edits: Message[]}
 *   | {type: "window-side", topic: string, side: "older" | "newer", state: Fetching}
 *   | {type: "part", topic: string, seq: number} | {type: "merge", topic: string} | {type: "home", topic: string}
 *   | {type: "quote", topic: string, seq: number, message: Message | null, edits?: Message[]}
 *   | {type: "checked", topic: string, check: Check}
 *   | {type: "forget", topic: string}
 *   | {type: "post", post: {id: string, topic: string, kind?: string, text: string, ref: number, time: number}}
 *   | {type: "accepted", topic: string, id: string, seq: number}
 *   | {type: "failed", id: string, code: number, reason: string}
 *   | {type: "again", id: string} | {type: "discard", id: string}} Action
 */

/**
 * @param {Me} me
 * @param {number} now unix-ms
 * @returns {Rooms}
 */
export function empty(me, now) {
  return {
    me,
    connection: { state: "connecting", via: "", since: now, why: "" },
    watched: false,
    deals: new Map(),
    topics: new Map(),
    presence: new Map(),
    reachable: new Set(),
    typing: new Map(),
    logs: new Map(),
    posts: [],
    storage: "",
    lost: 0,
    drafts: new Map(),
    unsendable: 0,
    asOf: 0,
    stale: null,
  };
}

/**
 * @param {Rooms} rooms
 * @param {Action} action
 * @returns {Rooms}
 */
export function reduce(rooms, action) {
  switch (action.type) {
    case "connection":
      return connection(rooms, action);
    case "kept":
      return kept(rooms, action);
    case "adopted":
      return adopted(rooms, action.posts);
    case "storage":
      return rooms.storage === action.storage ? rooms : { ...rooms, storage: action.storage };
    case "seen-unsendable":
      return { ...rooms, unsendable: 0 };
    case "draft":
      return drafted(rooms, action);
    case "kept-drafts":
      return { ...rooms, drafts: new Map([...action.drafts, ...rooms.drafts]) };
    case "give-up":
      return gaveUp(rooms);
    case "watch":
      return { ...rooms, stale: new Set([...rooms.deals.keys(), ...rooms.topics.keys(), ...[...rooms.presence.keys()].map(person)]) };
    case "watched":
      return watched(rooms);
    case "deal":
      return named({ ...rooms, deals: put(rooms.deals, action.deal.id, action.deal) }, action.deal.id);
    case "deal-gone":
      return dealGone(rooms, action.id);
    case "topic":
      return topicSeen(rooms, action.topic);
    case "topic-gone":
      return topicGone(rooms, action.id);
    case "unread":
      return unread(rooms, action);
    case "read":
      return read(rooms, action);
    case "presence":
      return presence(rooms, action);
    case "typing":
      return typing(rooms, action);
    case "typing-over":
      return notTyping(rooms, action.topic, [action.name]);
    case "joined":
      return joined(rooms, action);
    case "messages":
      return messages(rooms, action);
    case "page":
      return changed(rooms, action.topic, (log) => extend(log, action.messages));
    case "older":
      return withLog(rooms, action.topic, (log) => ({ ...log, older: action.state }));
    case "trim":
      return withLog(rooms, action.topic, (log) => trim(log, action.keep));
    case "window":
      return changed(rooms, action.topic, (log) => (log.epoch === action.epoch ? open(log, action.messages, action.edits) : log));
    case "window-page":
      return changed(rooms, action.topic, (log) => (log.epoch === action.epoch ? widen(log, action.messages, action.edits) : log));
    case "window-side":
      return withLog(rooms, action.topic, (log) => (log.window ? { ...log, window: { ...log.window, [action.side]: action.state } } : log));
    case "part":
      return withLog(rooms, action.topic, (log) => part(log, action.seq));
    case "merge":
      return withLog(rooms, action.topic, merge);
    case "home":
      return withLog(rooms, action.topic, home);
    case "quote":
      return changed(rooms, action.topic, (log) => ({ ...log, quotes: put(log.quotes, action.seq, action.message), edits: [...log.edits, ...(action.edits ?? [])] }));
    case "checked":
      return withLog(rooms, action.topic, (log) => ({ ...log, check: action.check }));
    case "forget":
      return rooms.logs.has(action.topic) ? { ...rooms, logs: without(rooms.logs, action.topic) } : rooms;
    case "post":
      return changed({ ...rooms, posts: [...rooms.posts, waiting(rooms, action.post)] }, action.post.topic);
    case "accepted":
      return accepted(rooms, action);
    case "failed":
      return failed(rooms, action);
    case "again":
      return withPost(rooms, action.id, (post) => ({ ...post, state: "waiting", code: 0, reason: "" }));
    case "discard":
      return { ...rooms, posts: rooms.posts.filter((post) => post.id !== action.id) };
  }
}

/**
 * The display name of someone, whether still here or not.
 * @param {Rooms} rooms
 * @param {Topic | undefined} topic
 * @param {string} name
 */
export function displayName(rooms, topic, name) {
  const deal = topic && rooms.deals.get(topic.deal);
  const known = deal?.people.find((person) => person.name === name)?.display;
  return known || (name === rooms.me.name && rooms.me.display) || name;
}

/**
 * The deals by name with their topics by number, then title, as a list shows
 * them.
 * @param {Rooms} rooms
 * @param {Intl.Collator} collator
 * @returns {{deal: Deal, topics: Topic[], archived: Topic[]}[]}
 */
export function groups(rooms, collator) {
  const deals = [...rooms.deals.values()].sort((a, b) => collator.compare(a.name, b.name));
  const topics = [...rooms.topics.values()].sort((a, b) => a.number - b.number || collator.compare(a.title, b.title));
  return deals.map((deal) => {
    const own = topics.filter((topic) => topic.deal === deal.id && !topic.direct);
    return { deal, topics: own.filter((topic) => !topic.archived), archived: own.filter((topic) => topic.archived) };
  });
}

/**
 * Why one can't write in a topic, or "" if one can.
 * @param {Rooms} rooms
 * @param {Topic} topic
 * @returns {"" | "observer" | "archived" | "closed" | "deal-closed" | "alone"}
 */
export function readOnly(rooms, topic) {
  if (rooms.deals.get(topic.deal)?.open === false) return "deal-closed";
  if (topic.archived) return "archived";
  if (!topic.open) return "closed";
  if (rooms.me.role === "observer") return "observer";
  return topic.direct && isAlone(rooms, topic) ? "alone" : "";
}

/**
 * Whether the other one of a direct conversation reads it no more.
 * @param {Rooms} rooms
 * @param {Topic} topic
 */
function isAlone({ deals, me }, { deal, members }) {
  const people = deals.get(deal)?.people ?? [];
  return people.some(({ name, reads }) => name !== me.name && !reads && members?.includes(name));
}

/**
 * What one may do with a message.
 * @param {Rooms} rooms
 * @param {Topic} topic
 * @param {Message} message
 */
export function rights(rooms, topic, { seq, author, kind, redacted }) {
  const open = seq > 0 && !redacted && readOnly(rooms, topic) === "";
  const mine = author === rooms.me.name;
  return {
    answer: open && (kind === "text" || kind === "report"),
    edit: open && mine && kind === "text",
    redact: open && (mine || rooms.me.role === "admin") && ["text", "report", "file"].includes(kind),
    readers: seq > 0 && !redacted && rooms.deals.get(topic.deal)?.receipts === true,
  };
}

/**
 * One's newest text of a topic that is held: as a message, or as a post that is
 * still on its way.
 * @param {Rooms} rooms
 * @param {string} topic
 * @returns {Message | undefined}
 */
export function lastOwn(rooms, topic) {
  const mine = (/** @type {Message} */ message) => message.author === rooms.me.name && message.kind === "text" && !message.redacted;
  const unsent = rooms.posts.findLast((post) => post.topic === topic && post.match === 0 && post.state !== "failed" && mine(post.message));
  return unsent?.message ?? rooms.logs.get(topic)?.messages.findLast(mine);
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "connection"}>} action
 */
function connection(rooms, { state, via = "", why = "", at }) {
  const flipped = (state === "open") !== (rooms.connection.state === "open");
  const next = { ...rooms, connection: { state, via, why, since: flipped ? at : rooms.connection.since } };
  return flipped && state !== "open" ? dated(next, at) : next;
}

/**
 * From now on nothing is known to be all there is.
 * @param {Rooms} rooms
 * @param {number} at
 */
function dated(rooms, at) {
  const logs = [...rooms.logs].map(([topic, log]) => /** @type {[string, Log]} */ ([topic, log.asOf || !settled(log) ? log : { ...log, asOf: at }]));
  return { ...rooms, logs: new Map(logs) };
}

/**
 * @param {Log} log that the server sends what comes after
 * @returns {Log}
 */
function current(log) {
  return log.asOf > 0 && settled(log) ? { ...log, asOf: 0, kept: false } : log;
}

/**
 * What was seen at an earlier visit, before anything was heard in this one.
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "kept"}>} action
 */
function kept(rooms, { room, logs }) {
  /** @type {(log: import("./shelf.js").KeptLog) => [string, Log]} */
  const restored = ({ topic, hashes, current, at, ...log }) => [topic, { ...log, older: "idle", window: null, edits: [], check: null, asOf: current ? Math.max(at, room.at) : at, kept: true }];
  return {
    ...rooms,
    deals: new Map(room.deals.map((deal) => [deal.id, deal])),
    topics: new Map(room.topics.map((topic) => [topic.id, topic])),
    logs: new Map(logs.map(restored)),
    asOf: room.at,
  };
}

/**
 * Posts of an earlier visit, or of a tab that is gone.
 * @param {Rooms} rooms
 * @param {Post[]} posts
 */
function adopted(rooms, posts) {
  const known = new Set(rooms.posts.map((post) => post.id));
  const news = posts.filter((post) => !known.has(post.id));
  if (news.length === 0) return rooms;
  const taken = new Set(rooms.posts.map((post) => post.match));
  const matched = news.map((post) => {
    const match = seen(rooms, post, taken);
    taken.add(match);
    return { ...post, match };
  });
  let all = [...rooms.posts, ...matched].sort((a, b) => a.order - b.order);
  const topics = new Set(news.map((post) => post.topic));
  for (const topic of topics) {
    const log = rooms.logs.get(topic);
    if (log) all = outdated(all, topic, log.epoch);
  }
  let next = /** @type {Rooms} */ ({ ...rooms, posts: all });
  for (const topic of topics) next = changed(next, topic);
  return next;
}

/** How far the clocks of a browser and of its server may lie apart, in ms, where that is a guess. */
const CLOCKS = 60_000;

/**
 * The seq of the message that a post seems to be already; 0 for none.
 * @param {Rooms} rooms
 * @param {Post} post
 * @param {ReadonlySet<number>} taken the seqs that other posts seem to be
 */
function seen(rooms, post, taken) {
  if (post.state !== "waiting") return 0;
  const messages = rooms.logs.get(post.topic)?.messages ?? [];
  const fits = (/** @type {Message} */ message) =>
    !taken.has(message.seq) && message.time > post.message.time - CLOCKS && isOf({ ...post, match: 0 }, message, rooms.me.name);
  return (messages.find((message) => message.id === post.id) ?? messages.find(fits))?.seq ?? 0;
}

/** @param {Rooms} rooms */
function watched(rooms) {
  let next = rooms;
  for (const id of rooms.stale ?? []) {
    if (rooms.deals.has(id)) next = dealGone(next, id);
    else if (rooms.topics.has(id)) next = topicGone(next, id);
  }
  const gone = [...rooms.presence.keys()].filter((name) => rooms.stale?.has(person(name)));
  const presence = gone.reduce((map, name) => without(map, name), rooms.presence);
  const reachable = new Set([...rooms.reachable].filter((name) => presence.has(name)));
  return { ...next, presence, reachable, watched: true, asOf: 0, stale: null };
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "presence"}>} action
 */
function presence(rooms, { name, presence, reachable }) {
  const next = rooms.presence.get(name) === presence ? rooms : { ...rooms, presence: put(rooms.presence, name, presence) };
  if (rooms.reachable.has(name) === reachable) return named(next, person(name));
  const others = [...rooms.reachable].filter((other) => other !== name);
  return named({ ...next, reachable: new Set(reachable ? [...others, name] : others) }, person(name));
}

/**
 * A name among ids.
 * @param {string} name
 */
function person(name) {
  return `@${name}`;
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "typing"}>} action
 */
function typing(rooms, { topic, name }) {
  const before = rooms.typing.get(topic) ?? [];
  if (name === rooms.me.name || before.includes(name)) return rooms;
  return { ...rooms, typing: put(rooms.typing, topic, [...before, name]) };
}

/**
 * These don't write there any more.
 * @param {Rooms} rooms
 * @param {string} topic
 * @param {string[]} names
 */
function notTyping(rooms, topic, names) {
  const before = rooms.typing.get(topic);
  const left = before?.filter((name) => !names.includes(name));
  if (!before || !left || left.length === before.length) return rooms;
  return { ...rooms, typing: left.length > 0 ? put(rooms.typing, topic, left) : without(rooms.typing, topic) };
}

/**
 * @param {Rooms} rooms
 * @param {string} id
 */
function named(rooms, id) {
  if (!rooms.stale?.has(id)) return rooms;
  const stale = new Set(rooms.stale);
  stale.delete(id);
  return { ...rooms, stale };
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "topic"}>["topic"]} topic
 */
function topicSeen(rooms, topic) {
  const known = rooms.topics.get(topic.id);
  const next = { unread: 0, read: 0, ...known, ...topic, head: Math.max(topic.head, known?.head ?? 0) };
  return named({ ...rooms, topics: put(rooms.topics, topic.id, next) }, topic.id);
}

/**
 * What one wrote there stays for now: one who may read from a later message on
 * only loses the topic, and has it again at once.
 * @param {Rooms} rooms
 * @param {string} id
 */
function topicGone(rooms, id) {
  return {
    ...rooms,
    lost: rooms.lost + 1,
    topics: without(rooms.topics, id),
    typing: without(rooms.typing, id),
    logs: without(rooms.logs, id),
  };
}

/**
 * Whether something was written for a topic that isn't there any more.
 * @param {Rooms} rooms
 */
export function hasOrphans({ watched, stale, topics, posts, drafts }) {
  return watched && !stale && (posts.some((post) => !topics.has(post.topic)) || [...drafts.keys()].some((topic) => !topics.has(topic)));
}

/**
 * What was written for topics that didn't come again is given up.
 * @param {Rooms} rooms
 */
function gaveUp(rooms) {
  if (!hasOrphans(rooms)) return rooms;
  const { topics } = rooms;
  const gone = rooms.posts.filter((post) => !topics.has(post.topic));
  return {
    ...rooms,
    unsendable: rooms.unsendable + gone.filter((post) => post.state === "waiting" && post.match === 0).length,
    posts: rooms.posts.filter((post) => topics.has(post.topic)),
    drafts: new Map([...rooms.drafts].filter(([topic]) => topics.has(topic))),
  };
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "draft"}>} action
 */
function drafted(rooms, { topic, draft }) {
  const empty = draft.text === "" && draft.ref === 0 && draft.edit === null && !draft.elsewhere;
  const drafts = empty ? without(rooms.drafts, topic) : put(rooms.drafts, topic, draft);
  return drafts === rooms.drafts ? rooms : { ...rooms, drafts };
}

/**
 * @param {Rooms} rooms
 * @param {string} id
 */
function dealGone(rooms, id) {
  let next = { ...rooms, deals: without(rooms.deals, id) };
  for (const topic of rooms.topics.values()) if (topic.deal === id) next = topicGone(next, topic.id);
  return next;
}

/**
 * The server counts; but what was read here since it counted stays read.
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "unread"}>} action
 */
function unread(rooms, { topic, count, read, head }) {
  return withTopic(rooms, topic, (known) =>
    known.read > read
      ? { ...known, head: Math.max(known.head, head), unread: Math.min(count, Math.max(0, head - known.read)) }
      : { ...known, head: Math.max(known.head, head), unread: count, read },
  );
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "read"}>} action
 */
function read(rooms, { topic, seq }) {
  return withTopic(rooms, topic, (known) => {
    const left = Math.min(known.unread, Math.max(0, known.head - seq));
    const news = seq > known.read || (seq === known.read && left < known.unread);
    return news ? { ...known, read: seq, unread: left } : known;
  });
}

/**
 * A log goes on where it stopped, or it begins anew.
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "joined"}>} action
 */
function joined(rooms, { topic, epoch, from, head, start }) {
  const known = rooms.logs.get(topic);
  if (known && known.epoch === epoch && last(known) === start && from <= known.start + 1) {
    const window = known.window && from <= known.window.start + 1 ? known.window : null;
    return { ...rooms, logs: put(rooms.logs, topic, current({ ...known, window, from, head: Math.max(head, known.head) })) };
  }
  /** @type {Log} */
  const log = { epoch, from, head, start, messages: [], older: "idle", window: null, edits: [], quotes: new Map(), check: null, asOf: 0, kept: false };
  return { ...rooms, logs: put(rooms.logs, topic, log), posts: unmatched(outdated(rooms.posts, topic, epoch), topic, start) };
}

/** The code, of the page's own, for what spoke of a message of another epoch. */
export const OUTDATED = 412;

/**
 * In another epoch a seq may be another message: what was to change the old one
 * isn't sent.
 * @param {readonly Post[]} posts
 * @param {string} topic
 * @param {string} epoch
 * @returns {Post[]}
 */
function outdated(posts, topic, epoch) {
  return posts.map((post) =>
    post.topic === topic && post.epoch !== epoch && (post.message.kind !== "text" || post.message.ref > 0) && post.state === "waiting"
      ? { ...post, state: "failed", code: OUTDATED, reason: "" }
      : post,
  );
}

/**
 * The posts of a topic whose log begins anew after `start`: what is certain to
 * be older than that is done.
 * @param {readonly Post[]} posts
 * @param {string} topic
 * @param {number} start
 */
function unmatched(posts, topic, start) {
  return posts
    .filter((post) => post.topic !== topic || post.seq === 0 || post.seq > start)
    .map((post) => (post.topic === topic && post.match ? { ...post, match: 0 } : post));
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "messages"}>} action
 */
function messages(rooms, action) {
  const log = rooms.logs.get(action.topic);
  if (!log) return rooms;
  /** @type {Message[]} */
  const news = [];
  for (const message of action.messages) if (message.seq === last(log) + 1 + news.length) news.push(message);
  if (news.length === 0) return rooms;
  let posts = rooms.posts;
  const added = news.map((message) => {
    const post = posts.find((post) => post.topic === action.topic && isOf(post, message, rooms.me.name));
    if (!post) return message;
    posts = post.seq
      ? posts.filter((other) => other !== post)
      : posts.map((other) => (other === post ? { ...post, match: message.seq } : other));
    return { ...message, id: post.id };
  });
  const head = added[added.length - 1].seq;
  const next = current({ ...log, messages: [...log.messages, ...added], head: Math.max(log.head, head) });
  const topics = withTopic(rooms, action.topic, (topic) => (topic.head < head ? { ...topic, head } : topic)).topics;
  const spoken = notTyping(rooms, action.topic, added.map((message) => message.author));
  const after = { ...spoken, topics, posts, logs: put(rooms.logs, action.topic, next) };
  return news.some((message) => isChange(message) || message.redacted) ? changed(after, action.topic) : after;
}

/**
 * Changes a log, and applies all edits and redactions that it then holds to all
 * that is held of the topic.
 * @param {Rooms} rooms
 * @param {string} topic
 * @param {(log: Log) => Log} [change]
 */
function changed(rooms, topic, change = (log) => log) {
  const log = rooms.logs.get(topic);
  if (!log) return rooms;
  const { log: next, redacted } = amend(change(log));
  const posts = redacted.size > 0 ? withdraw(rooms.posts, topic, redacted) : rooms.posts;
  return { ...rooms, posts, logs: next === log ? rooms.logs : put(rooms.logs, topic, next) };
}

/**
 * What was refused because its message is redacted keeps no words, and a
 * redaction that comes too late is none.
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "failed"}>} action
 */
function failed(rooms, { id, code, reason }) {
  const post = rooms.posts.find((post) => post.id === id);
  if (!post) return rooms;
  const { topic, message } = post;
  if (code === 410 && message.kind === "redact") return { ...rooms, posts: rooms.posts.filter((other) => other !== post) };
  // What looked like it is another message.
  const alone = withLog(rooms, topic, (log) => (post.match ? { ...log, messages: log.messages.map((other) => (other.id === id ? { ...other, id: undefined } : other)) } : log));
  const next = withPost(alone, id, (post) => ({ ...post, state: "failed", match: 0, code, reason }));
  return code === 410 && message.kind === "edit" ? { ...next, posts: withdraw(next.posts, topic, new Set([message.ref])) } : next;
}

/**
 * Whether a message is this post: surely by the seq of its ACK, or by all that
 * it says while the ACK is on its way.
 * @param {Post} post
 * @param {Message} message
 * @param {string} me
 */
function isOf(post, message, me) {
  if (post.seq) return post.seq === message.seq;
  return (
    post.state === "waiting" &&
    post.match === 0 &&
    message.author === me &&
    message.kind === post.message.kind &&
    message.ref === post.message.ref &&
    message.text === post.message.text
  );
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "accepted"}>} action
 */
function accepted(rooms, { topic, id, seq }) {
  const post = rooms.posts.find((post) => post.id === id);
  if (!post) return rooms;
  const log = rooms.logs.get(topic);
  const arrived = log !== undefined && seq <= last(log);
  let posts = rooms.posts;
  if (post.match !== seq) {
    // Another post of the same words was taken for this one, or the other way round.
    posts = posts.map((other) => (other !== post && other.match === seq ? { ...other, match: post.match } : other));
  }
  posts = arrived
    ? posts.filter((other) => other.id !== id)
    : posts.map((other) => (other.id === id ? { ...post, state: "accepted", seq, match: 0, code: 0, reason: "" } : other));
  return { ...rooms, posts };
}

/**
 * @param {Rooms} rooms
 * @param {Extract<Action, {type: "post"}>["post"]} post
 * @returns {Post}
 */
function waiting(rooms, { id, topic, kind = "text", text, ref, time }) {
  const message = { seq: 0, author: rooms.me.name, time, kind, ref, text, redacted: false, id };
  const epoch = rooms.logs.get(topic)?.epoch ?? "";
  const order = Math.max(time, 1 + (rooms.posts.at(-1)?.order ?? 0));
  return { id, order, topic, epoch, message, state: "waiting", seq: 0, match: 0, code: 0, reason: "" };
}

/**
 * @param {Rooms} rooms
 * @param {string} id
 * @param {(topic: Topic) => Topic} change
 */
function withTopic(rooms, id, change) {
  const topic = rooms.topics.get(id);
  const next = topic && change(topic);
  return !next || next === topic ? rooms : { ...rooms, topics: put(rooms.topics, id, next) };
}

/**
 * @param {Rooms} rooms
 * @param {string} topic
 * @param {(log: Log) => Log} change
 */
function withLog(rooms, topic, change) {
  const log = rooms.logs.get(topic);
  const next = log && change(log);
  return !next || next === log ? rooms : { ...rooms, logs: put(rooms.logs, topic, next) };
}

/**
 * @param {Rooms} rooms
 * @param {string} id
 * @param {(post: Post) => Post} change
 */
function withPost(rooms, id, change) {
  return { ...rooms, posts: rooms.posts.map((post) => (post.id === id ? change(post) : post)) };
}

/**
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @param {V} value
 * @returns {Map<K, V>}
 */
function put(map, key, value) {
  return new Map(map).set(key, value);
}

/**
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @returns {ReadonlyMap<K, V>}
 */
function without(map, key) {
  if (!map.has(key)) return map;
  const next = new Map(map);
  next.delete(key);
  return next;
}
