/**
 * English, for who isn't in the room: signing in, invitations, the connection check.
 */
const en = {
  signIn: {
    title: "Sign in",
    submit: "Sign in",
    noAdmin: "Nobody has an account here yet. Open the setup link that the server printed when it started; it makes the first one.",
    wrong: "The user name or the password isn’t right.",
    tooMany: "Too many tries. Wait a little, then try again.",
    ended: "This sign-in has ended. Sign in again to go on.",
    leaving: "You are signed out in this browser, and nothing is kept here. The server couldn’t be reached; it is told as soon as this page can reach it.",
    unsent: (/** @type {number} */ n, /** @type {string} */ shown) =>
      n === 1 ? "One message from here wasn’t sent yet. It will be, once its author signs in again; if somebody else does, it is discarded." : `${shown} messages from here weren’t sent yet. They will be, once their author signs in again; if somebody else does, they are discarded.`,
    deactivated: "This account is deactivated. Somebody who looks after this room can tell why.",
  },
  setup: {
    title: "The first account",
    lead: "It looks after this room: it makes deals and topics, and invites everybody else.",
    gone: "This room has its first account already. Sign in instead, or ask for an invitation.",
    wrong: "This link isn’t the one that the server printed last. It prints a new one at each start.",
  },
  invitation: {
    title: "Invitation",
    opening: "Opening the invitation",
    lead: (/** @type {string} */ by, /** @type {string} */ deals) =>
      by ? `${by} invites you to ${deals}.` : `You are invited to ${deals}.`,
    leadNoDeal: (/** @type {string} */ by) => (by ? `${by} invites you to this room.` : "You are invited to this room."),
    observer: "You will be able to read, not to write.",
    until: (/** @type {string} */ date) => `Good once, until ${date}.`,
    gone: "This invitation was used already, or its time is over. Ask for a new one.",
    incomplete: "The link is incomplete. Open it again as it was sent.",
    passwordTitle: "New password",
    passwordLead: (/** @type {string} */ name) => `For the account ${name}.`,
    passwordSubmit: "Set password",
    signedIn: (/** @type {string} */ name) => `${name} is signed in here. A new account takes that place in this browser.`,
  },
  check: {
    title: "Connection check",
    running: (/** @type {string} */ host) => `Looking what gets through from this browser to ${host}. This takes a few seconds.`,
    ways: { tcp: "TCP", http3: "HTTP/3", webtransport: "WebTransport", websocket: "WebSocket" },
    waiting: "waiting",
    trying: "trying",
    skipped: "not tried",
    carried: (/** @type {string} */ protocol, /** @type {string} */ ms) => `Works: ${protocol}, answered in ${ms} ms.`,
    answered: (/** @type {string} */ ms) => `Works: answered in ${ms} ms.`,
    opened: (/** @type {string} */ ms, /** @type {string} */ answer) => `Works: open in ${ms} ms, answered in ${answer} ms.`,
    insteadOfTCP: (/** @type {string} */ protocol, /** @type {string} */ ms) => `Not needed: ${protocol} carries the page, answered in ${ms} ms.`,
    insteadOfHTTP3: (/** @type {string} */ protocol) => `Offered here, but this browser stays with ${protocol}.`,
    fails: "No answer.",
    refused: "Refused.",
    late: "No answer within 5 seconds.",
    mute: "Opens, but then no answer comes.",
    missing: "This browser doesn’t have it.",
    off: "Not offered here.",
    address: (/** @type {string} */ address) => `Your address, as the server sees it: ${address}`,
    verdicts: {
      best: () => "All is well: talk goes over WebTransport, the fastest way there is.",
      alone: (/** @type {string} */ host) =>
        `Talk goes over WebTransport, which works. WebSocket, which would take its place, doesn’t get through: perhaps a proxy on the way to ${host} doesn’t let it.`,
      blocked: (/** @type {string} */ host, /** @type {string} */ port) =>
        `Talk goes over WebSocket: UDP port ${port} doesn’t get through from here. Ask the network’s people to allow UDP ${port} to ${host}.`,
      refused: (/** @type {string} */ host, /** @type {string} */ port) =>
        `Talk goes over WebSocket: WebTransport was refused at UDP port ${port} of ${host}. Ask the network’s people whether something answers in its place.`,
      missing: () => "Talk goes over WebSocket, because this browser has no WebTransport. A current Chrome, Edge or Firefox has.",
      off: () => "Talk goes over WebSocket: this server doesn’t offer WebTransport here.",
      nothing: (/** @type {string} */ host, /** @type {string} */ port) =>
        `Pages get through from here, talk doesn’t. Ask the network’s people to allow UDP ${port} to ${host}, or WebSockets to it.`,
      unreachable: (/** @type {string} */ host) =>
        `${host} doesn’t answer from here. Check whether other pages open; if they do, ask whoever looks after this room.`,
    },
    copy: "Copy the report",
    toRoom: "To the room",
  },
};

/** @typedef {typeof en} OutsideDictionary */
export default en;
