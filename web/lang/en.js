/**
 * English. Sentences with a number get it twice: to choose the form, and as it
 * is shown.
 */
import { sentence as s } from "../app/sentence.js";

const en = {
  name: "Red Room",
  skip: "Skip to the message",
  loading: "Loading",

  signIn: {
    title: "Sign in",
    submit: "Sign in",
    wrong: "The user name or the password isn’t right.",
    tooMany: "Too many tries. Wait a little, then try again.",
    passkey: "Sign in with a passkey",
    company: (/** @type {string} */ label) => s`Sign in with ${label}`,
  },
  form: {
    userName: "User name",
    password: "Password",
    show: "Show password",
    missing: "Both are needed.",
  },
  topics: {
    help: "Keys",
    label: "Topics",
    search: "Search",
    key: (/** @type {boolean} */ mac) => /** @type {string} */ (mac ? "⌘K" : "Ctrl K"),
    none: "No topics yet",
    noMatch: "No topic with these letters.",
    unread: (/** @type {number} */ n, /** @type {string} */ shown) => `${shown} unread`,
    closed: "closed",
    narrowed: "narrowed",
    archived: (/** @type {number} */ n, /** @type {string} */ shown) => `Archived (${shown})`,
    direct: "Direct",
    administration: "Administration",
    settings: "Settings",
    signOut: "Sign out",
    newDeal: "New deal",
    newTopic: "New topic",
    invite: "Invite",
    short: { deal: "Deal", topic: "Topic", invite: "Invite" },
  },
  bell: {
    button: (/** @type {string} */ now) => `Notices: ${now}`,
    all: "every message",
    mentions: "messages that mention me with @",
    none: "nothing",
  },
  connection: {
    label: "Connection",
    offline: "Offline",
    reconnecting: "Not connected. You can go on reading; what you write is sent afterwards.",
    asOf: (/** @type {string} */ when) => `Not connected. This is what was here on ${when}; what you write is sent afterwards.`,
    catchingUp: (/** @type {string} */ when) => `This is what was here on ${when}. The rest is coming.`,
    unsendable: (/** @type {number} */ n, /** @type {string} */ shown) =>
      n === 1 ? "A message of yours wasn’t sent: its topic isn’t yours to read any more." : `${shown} messages of yours weren’t sent: their topic isn’t yours to read any more.`,
    check: "Check the connection",
    now: "Try now",
  },
  update: {
    updated: "Red Room was updated.",
    reload: "Reload",
  },
  roles: { admin: "Admin", member: "Member", observer: "Observer", bot: "Bot" },
  presence: { online: "online", away: "away", offline: "not here" },

  room: {
    back: "Back to the topics",
    readers: (/** @type {number} */ n, /** @type {string} */ shown) => (n === 1 ? "Only you can read here" : `${shown} can read here`),
    onlyReaders: (/** @type {readonly import("../app/sentence.js").Part[]} */ who, /** @type {number} */ n) => s`Only ${who} can read here`,
    more: (/** @type {number} */ n, /** @type {string} */ shown) => `${shown} more`,
    who: "Who can read here",
    message: (/** @type {string} */ who) => `Message ${who}`,
    you: "you",
    close: "Close",
    choose: "Choose a topic",
    chooseHint: "Alt with the arrow keys goes from one to the next.",
    gone: "This topic isn’t here",
    goneHint: "It doesn’t exist, or you have no right to read it, or no longer.",
    goneDo: "To the topics",
    notKept: "Not here without a connection",
    notKeptHint: "This browser keeps the ten topics that were open last. This one comes as soon as the server can be reached.",
  },

  people: {
    here: "Here now:",
    notHere: "Not here:",
    reachable: "can be reached directly",
    deal: (/** @type {string} */ deal, /** @type {number} */ n, /** @type {string} */ shown, /** @type {number} */ admins) =>
      n === 1 ? s`Only you can read here. Whoever joins ${deal} can, too.` : s`Everybody in ${deal} can read here, all ${[shown]}.`,
    narrowed: (/** @type {string} */ deal, /** @type {number} */ n, /** @type {string} */ shown, /** @type {number} */ admins) =>
      n === 1
        ? s`Nobody else in ${deal} can read here.`
        : admins > 0
          ? s`Only these ${[shown]} of ${deal} can read here: those who were chosen, and admins.`
          : s`Only these ${[shown]} of ${deal} can read here.`,
    direct: (/** @type {string} */ deal, /** @type {number} */ n, /** @type {string} */ shown, /** @type {number} */ admins) =>
      n === 1 ? s`Only you can read here now, and no admin.` : s`Only the two of you can read here, and no admin.`,
  },

  log: {
    label: "Messages",
    empty: "No messages yet",
    emptyHint: (/** @type {number} */ n, /** @type {string} */ shown) =>
      n === 1 ? "For now only you can read what is written here." : `${shown} people can read what is written here.`,
    start: "The topic begins here.",
    startFrom: "You can read from here on.",
    older: "Loading older messages",
    olderFailed: "Older messages didn’t come.",
    tryAgain: "Try again",
    newSince: (/** @type {string} */ time) => `New since ${time}`,
    newer: (/** @type {number} */ n, /** @type {string} */ shown) => (n === 1 ? "1 new message" : `${shown} new messages`),
    toEnd: "To the newest",
    sending: "sending",
    waiting: "waiting for the connection",
    discard: "Discard",
    reply: "Reply",
    replyTo: (/** @type {string} */ who) => `Reply to ${who}`,
    quote: (/** @type {string} */ who) => `In reply to ${who}`,
    quoteLost: "In reply to a message that can’t be shown",
    quoteLoading: "In reply to an earlier message",
    edit: "Edit",
    edited: "edited",
    editedAt: (/** @type {string} */ when) => `Edited last on ${when}. Shows all versions.`,
    redact: "Redact",
    readers: "Read by",
    redacting: "being redacted",
    redacted: "This message was redacted.",
    redactedBy: (/** @type {string} */ who, /** @type {string} */ when) => `Redacted by ${who}, ${when}.`,
    reason: (/** @type {string} */ reason) => `Reason: ${reason}`,
    report: "Report",
    unknown: "A message of a kind that this page doesn’t show.",
    firstNew: "To the first new message",
    copyLink: "Copy link",
    goBack: "Back to where you were",
    number: (/** @type {string} */ shown) => `Message ${shown}`,
  },
  day: {
    title: "Go to a day",
  },

  typing: {
    one: (/** @type {string} */ who) => `${who} is typing`,
    two: (/** @type {string} */ who, /** @type {string} */ other) => `${who} and ${other} are typing`,
    several: "Several people are typing",
  },

  composer: {
    label: "Message",
    send: "Send",
    hint: "Enter sends, Shift and Enter break a line.",
    noReply: "Don’t reply",
    save: "Save",
    editing: "Editing",
    editHint: "Enter saves, Escape leaves it as it is.",
    breakHint: "Enter breaks a line, Shift and Enter send.",
    breakEditHint: "Shift and Enter save, Escape leaves it as it is.",
    noEdit: "Don’t edit",
    tooLong: (/** @type {string} */ over, /** @type {string} */ most) => `${over} too long: a message has at most ${most}. It stays here until it is shorter.`,
    observer: "You read here as an observer: you see everything, and write nothing.",
    archived: "This topic is archived. It can be read, but nothing is added any more.",
    closed: "This topic is closed. It can be read, but nothing is added any more.",
    refused: "This browser keeps nothing here: what isn’t sent yet won’t survive a reload.",
    full: "This browser has no space left: what isn’t sent yet won’t survive a reload.",
    alone: "The other one can’t read here any more, so nothing is added.",
    dealClosed: "This deal is closed. Its topics can be read, but nothing is added any more.",
  },
  drafts: {
    mark: "draft",
  },
  text: {
    table: "Table",
    direction: (/** @type {string} */ sign) => `Direction mark ${sign}`,
    allLines: (/** @type {number} */ n, /** @type {string} */ shown) => `Show all, ${shown} lines`,
    allCharacters: (/** @type {number} */ n, /** @type {string} */ shown) => `Show all, ${shown} characters`,
    less: "Show less",
  },
  size: {
    octets: (/** @type {number} */ n, /** @type {string} */ shown) => (n === 1 ? "1 byte" : `${shown} bytes`),
    kib: (/** @type {string} */ shown) => `${shown} KiB`,
  },

  chain: {
    pill: (/** @type {string} */ to) => `Checked to ${to}`,
    good: "Gapless.",
    all: (/** @type {number} */ n, /** @type {string} */ shown, /** @type {string} */ time) =>
      n === 1
        ? `1 message, chain checked at ${time}. This browser has recomputed that nobody has changed it.`
        : `${shown} messages, chain checked at ${time}. This browser has recomputed that nobody has changed the log.`,
    part: (/** @type {string} */ from, /** @type {string} */ to, /** @type {string} */ time) =>
      `Messages ${from} to ${to}, chain checked at ${time}. This browser has recomputed that nobody has changed anything in them.`,
    none: "As soon as there are messages, this browser recomputes their chain.",
    checking: "This browser is recomputing the chain.",
    badPill: "Doesn’t match",
    bad: "The history doesn’t match.",
    badText: (/** @type {string} */ to) =>
      `What this browser computed up to message ${to} isn’t what the server says. Messages may have been changed or removed. Tell whoever runs this room before you rely on it.`,
  },

  problems: {
    0: "The server doesn’t answer. Check the connection, then try again.",
    401: "This sign-in has ended. Load the page again.",
    403: "That isn’t allowed for this account.",
    404: "That doesn’t exist, or no longer.",
    429: "Too many tries. Wait a little, then try again.",
    503: "The server can’t do that right now. Try again in a moment.",
    other: "That didn’t work.",
  },
};

/** @typedef {typeof en} RoomDictionary */
export default en;
