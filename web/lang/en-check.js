/**
 * English, of the connection check.
 */
const en = {
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

/** @typedef {typeof en} CheckDictionary */
export default en;
