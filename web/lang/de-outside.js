/**
 * Deutsch, für alle, die nicht im Raum sind: Anmeldung, Einladungen, Verbindungsprüfung.
 */

/** @type {import("./en-outside.js").OutsideDictionary} */
const de = {
  signIn: {
    title: "Anmelden",
    submit: "Anmelden",
    noAdmin: "Noch hat hier niemand ein Konto. Der Link, den der Server beim Start ausgegeben hat, legt das erste an.",
    wrong: "Benutzername oder Passwort stimmt nicht.",
    tooMany: "Zu viele Versuche. Bitte etwas warten und dann erneut versuchen.",
    ended: "Diese Anmeldung ist beendet. Bitte neu anmelden.",
    leaving: "Die Abmeldung gilt in diesem Browser, und hier ist nichts mehr gespeichert. Der Server war nicht erreichbar; er erfährt davon, sobald diese Seite ihn erreicht.",
    unsent: (n, shown) =>
      n === 1 ? "Eine Nachricht von hier ist noch nicht gesendet. Das geschieht, sobald das Konto, das sie geschrieben hat, wieder angemeldet ist; meldet sich ein anderes an, wird sie verworfen." : `${shown} Nachrichten von hier sind noch nicht gesendet. Das geschieht, sobald das Konto, das sie geschrieben hat, wieder angemeldet ist; meldet sich ein anderes an, werden sie verworfen.`,
    deactivated: "Dieses Konto ist deaktiviert. Wer diesen Raum betreut, kann sagen, warum.",
  },
  setup: {
    title: "Das erste Konto",
    lead: "Es betreut diesen Raum: Es legt Deals und Themen an und lädt alle anderen ein.",
    gone: "Dieser Raum hat sein erstes Konto schon. Bitte anmelden oder um eine Einladung bitten.",
    wrong: "Das ist nicht der Link, den der Server zuletzt ausgegeben hat. Bei jedem Start gibt er einen neuen aus.",
  },
  invitation: {
    title: "Einladung",
    opening: "Die Einladung wird geöffnet",
    lead: (by, deals) => (by ? `${by} lädt ein zu ${deals}.` : `Einladung zu ${deals}.`),
    leadNoDeal: (by) => (by ? `${by} lädt in diesen Raum ein.` : "Einladung in diesen Raum."),
    observer: "Damit lässt sich lesen, nicht schreiben.",
    until: (date) => `Gilt einmal, bis ${date}.`,
    gone: "Diese Einladung wurde schon benutzt oder ist abgelaufen. Bitte um eine neue bitten.",
    incomplete: "Der Link ist unvollständig. Bitte noch einmal so öffnen, wie er gesendet wurde.",
    passwordTitle: "Neues Passwort",
    passwordLead: (name) => `Für das Konto ${name}.`,
    passwordSubmit: "Passwort setzen",
    signedIn: (name) => `${name} ist hier angemeldet. Ein neues Konto tritt in diesem Browser an diese Stelle.`,
  },
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
