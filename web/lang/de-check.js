/**
 * Deutsch, der Verbindungsprüfung.
 */

/** @type {import("./en-check.js").CheckDictionary} */
const de = {
  check: {
    title: "Verbindungsprüfung",
    running: (host) => `Was von diesem Browser zu ${host} durchkommt, wird gerade geprüft. Das dauert ein paar Sekunden.`,
    ways: { tcp: "TCP", http3: "HTTP/3", webtransport: "WebTransport", websocket: "WebSocket" },
    waiting: "noch nicht geprüft",
    trying: "wird geprüft",
    skipped: "nicht geprüft",
    carried: (protocol, ms) => `Geht: ${protocol}, Antwort nach ${ms} ms.`,
    answered: (ms) => `Geht: Antwort nach ${ms} ms.`,
    opened: (ms, answer) => `Geht: offen nach ${ms} ms, Antwort nach ${answer} ms.`,
    insteadOfTCP: (protocol, ms) => `Nicht nötig: Die Seite kommt über ${protocol}, Antwort nach ${ms} ms.`,
    insteadOfHTTP3: (protocol) => `Hier angeboten, aber dieser Browser bleibt bei ${protocol}.`,
    fails: "Keine Antwort.",
    refused: "Abgewiesen.",
    late: "Keine Antwort innerhalb von 5 Sekunden.",
    mute: "Öffnet sich, aber dann kommt keine Antwort.",
    missing: "Dieser Browser kann es nicht.",
    off: "Hier nicht angeboten.",
    address: (address) => `Die eigene Adresse, wie der Server sie sieht: ${address}`,
    verdicts: {
      best: () => "Alles in Ordnung: Gespräche laufen über WebTransport, den schnellsten Weg.",
      alone: (host) =>
        `Gespräche laufen über WebTransport, und das geht. WebSocket, der Ersatz dafür, kommt nicht durch: Vielleicht lässt ihn ein Proxy auf dem Weg zu ${host} nicht zu.`,
      blocked: (host, port) =>
        `Gespräche laufen über WebSocket: UDP-Port ${port} kommt von hier nicht durch. Die Netzwerkbetreuung kann helfen: UDP ${port} zu ${host} freigeben.`,
      refused: (host, port) =>
        `Gespräche laufen über WebSocket: WebTransport wurde an UDP-Port ${port} von ${host} abgewiesen. Die Netzwerkbetreuung kann sagen, ob dort etwas anderes antwortet.`,
      missing: () => "Gespräche laufen über WebSocket, weil dieser Browser WebTransport nicht kann. Aktuelle Versionen von Chrome, Edge und Firefox können es.",
      off: () => "Gespräche laufen über WebSocket: Dieser Server bietet WebTransport hier nicht an.",
      nothing: (host, port) =>
        `Seiten kommen von hier durch, Gespräche nicht. Die Netzwerkbetreuung kann helfen: UDP ${port} zu ${host} freigeben oder WebSockets dorthin zulassen.`,
      unreachable: (host) =>
        `${host} antwortet von hier nicht. Gehen andere Seiten auf? Wenn ja, bitte dort nachfragen, wo dieser Raum betreut wird.`,
    },
    copy: "Bericht kopieren",
    toRoom: "Zum Raum",
  },
};

export default de;
