/**
 * Deutsch.
 */
import { sentence as s } from "../app/sentence.js";

/** @type {import("./en.js").RoomDictionary} */
const de = {
  name: "Red Room",
  skip: "Zur Nachricht springen",
  loading: "Wird geladen",

  signIn: {
    title: "Anmelden",
    submit: "Anmelden",
    wrong: "Benutzername oder Passwort stimmt nicht.",
    tooMany: "Zu viele Versuche. Bitte etwas warten und dann erneut versuchen.",
    passkey: "Mit Passkey anmelden",
    company: (label) => s`Mit ${label} anmelden`,
  },
  form: {
    userName: "Benutzername",
    password: "Passwort",
    show: "Passwort zeigen",
    missing: "Es braucht beides.",
  },
  topics: {
    help: "Tasten",
    label: "Themen",
    search: "Suchen",
    key: (mac) => (mac ? "⌘K" : "Strg K"),
    none: "Noch keine Themen",
    noMatch: "Kein Thema mit diesen Buchstaben.",
    unread: (n, shown) => `${shown} ungelesen`,
    closed: "geschlossen",
    narrowed: "eingeschränkt",
    archived: (n, shown) => `Archiv (${shown})`,
    direct: "Direkt",
    administration: "Verwaltung",
    settings: "Einstellungen",
    signOut: "Abmelden",
    newDeal: "Neuer Deal",
    newTopic: "Neues Thema",
    invite: "Einladen",
    short: { deal: "Deal", topic: "Thema", invite: "Einladen" },
  },
  bell: {
    button: (now) => `Hinweise: ${now}`,
    all: "jede Nachricht",
    mentions: "Nachrichten, die mich mit @ erwähnen",
    none: "nichts",
  },
  connection: {
    label: "Verbindung",
    offline: "Offline",
    reconnecting: "Nicht verbunden. Lesen geht weiter; was geschrieben wird, geht danach hinaus.",
    asOf: (when) => `Nicht verbunden. So war es hier am ${when}; was geschrieben wird, geht danach hinaus.`,
    catchingUp: (when) => `So war es hier am ${when}. Der Rest ist unterwegs.`,
    unsendable: (n, shown) =>
      n === 1 ? "Eine eigene Nachricht wurde nicht gesendet: Das Thema dazu ist nicht mehr lesbar." : `${shown} eigene Nachrichten wurden nicht gesendet: Das Thema dazu ist nicht mehr lesbar.`,
    check: "Verbindung prüfen",
    now: "Jetzt versuchen",
  },
  update: {
    updated: "Red Room wurde aktualisiert.",
    reload: "Neu laden",
  },
  roles: { admin: "Admin", member: "Mitglied", observer: "Beobachter", bot: "Bot" },
  presence: { online: "online", away: "abwesend", offline: "nicht da" },

  room: {
    back: "Zurück zu den Themen",
    readers: (n, shown) => (n === 1 ? "Hier liest sonst niemand" : `${shown} können hier lesen`),
    onlyReaders: (who, n) => (n === 1 ? s`Nur ${who} kann hier lesen` : s`Nur ${who} können hier lesen`),
    more: (n, shown) => `${shown} weitere`,
    who: "Wer hier lesen kann",
    message: (who) => `${who} schreiben`,
    you: "ich",
    close: "Schließen",
    choose: "Ein Thema wählen",
    chooseHint: "Alt mit den Pfeiltasten führt von einem zum nächsten.",
    gone: "Dieses Thema ist nicht hier",
    goneHint: "Es gibt es nicht, oder es fehlt das Recht, es zu lesen.",
    goneDo: "Zu den Themen",
    notKept: "Ohne Verbindung nicht hier",
    notKeptHint: "Dieser Browser behält die zehn zuletzt geöffneten Themen. Dieses hier kommt, sobald der Server erreichbar ist.",
  },

  people: {
    here: "Jetzt da:",
    notHere: "Nicht da:",
    reachable: "direkt erreichbar",
    deal: (deal, n, shown, admins) => (n === 1 ? s`Hier liest sonst niemand. Wer zu ${deal} dazukommt, kann es auch.` : s`Alle in ${deal} können hier lesen, das sind ${[shown]}.`),
    narrowed: (deal, n, shown, admins) =>
      n === 1
        ? s`Sonst kann niemand in ${deal} hier lesen.`
        : admins > 0
          ? s`Nur diese ${[shown]} aus ${deal} können hier lesen: die Ausgewählten und Admins.`
          : s`Nur diese ${[shown]} aus ${deal} können hier lesen.`,
    direct: (deal, n, shown, admins) => (n === 1 ? s`Hier liest sonst niemand mehr, auch kein Admin.` : s`Nur diese beiden können hier lesen, kein Admin.`),
  },

  log: {
    label: "Nachrichten",
    empty: "Noch keine Nachrichten",
    emptyHint: (n, shown) => (n === 1 ? "Was hier geschrieben wird, liest vorerst niemand sonst." : `${shown} Personen können lesen, was hier geschrieben wird.`),
    start: "Hier beginnt das Thema.",
    startFrom: "Ab hier ist das Thema lesbar.",
    older: "Ältere Nachrichten werden geladen",
    olderFailed: "Ältere Nachrichten sind nicht angekommen.",
    tryAgain: "Noch einmal",
    newSince: (time) => `Neu seit ${time}`,
    newer: (n, shown) => (n === 1 ? "1 neue Nachricht" : `${shown} neue Nachrichten`),
    toEnd: "Zur neuesten",
    sending: "wird gesendet",
    waiting: "wartet auf die Verbindung",
    discard: "Verwerfen",
    reply: "Antworten",
    replyTo: (who) => `${who} antworten`,
    quote: (who) => `Antwort an ${who}`,
    quoteLost: "Antwort auf eine Nachricht, die sich nicht zeigen lässt",
    quoteLoading: "Antwort auf eine frühere Nachricht",
    edit: "Bearbeiten",
    edited: "bearbeitet",
    editedAt: (when) => `Zuletzt bearbeitet: ${when}. Zeigt alle Fassungen.`,
    redact: "Schwärzen",
    readers: "Gelesen von",
    redacting: "wird geschwärzt",
    redacted: "Diese Nachricht wurde geschwärzt.",
    redactedBy: (who, when) => `Geschwärzt von ${who}, ${when}.`,
    reason: (reason) => `Grund: ${reason}`,
    report: "Bericht",
    unknown: "Eine Nachricht von einer Art, die diese Seite nicht zeigt.",
    firstNew: "Zur ersten neuen Nachricht",
    copyLink: "Link kopieren",
    goBack: "Zurück zur vorigen Stelle",
    number: (/** @type {string} */ shown) => `Nachricht ${shown}`,
  },
  day: {
    title: "Zu einem Tag gehen",
  },

  typing: {
    one: (who) => `${who} schreibt`,
    two: (who, other) => `${who} und ${other} schreiben`,
    several: "Mehrere schreiben",
  },

  composer: {
    label: "Nachricht",
    send: "Senden",
    hint: "Eingabe sendet, Umschalt+Eingabe macht eine neue Zeile.",
    noReply: "Nicht antworten",
    save: "Speichern",
    editing: "Bearbeiten",
    editHint: "Eingabe speichert, Esc lässt alles, wie es ist.",
    breakHint: "Eingabe macht eine neue Zeile, Umschalt+Eingabe sendet.",
    breakEditHint: "Umschalt+Eingabe speichert, Esc lässt alles, wie es ist.",
    noEdit: "Nicht bearbeiten",
    tooLong: (over, most) => `${over} zu lang: Eine Nachricht hat höchstens ${most}. Sie bleibt hier, bis sie kürzer ist.`,
    observer: "Lesezugang als Beobachter: Alles ist zu sehen, geschrieben wird nichts.",
    archived: "Dieses Thema ist archiviert. Es lässt sich lesen, aber es kommt nichts mehr hinzu.",
    closed: "Dieses Thema ist geschlossen. Es lässt sich lesen, aber es kommt nichts mehr hinzu.",
    refused: "Dieser Browser behält hier nichts: Noch nicht Gesendetes übersteht kein Neuladen.",
    full: "Dieser Browser hat keinen Platz mehr: Noch nicht Gesendetes übersteht kein Neuladen.",
    alone: "Hier liest niemand mehr mit, also kommt auch nichts mehr hinzu.",
    dealClosed: "Dieser Deal ist geschlossen. Seine Themen lassen sich lesen, aber es kommt nichts mehr hinzu.",
  },
  drafts: {
    mark: "Entwurf",
  },
  text: {
    table: "Tabelle",
    direction: (sign) => `Richtungszeichen ${sign}`,
    allLines: (n, shown) => `Alles zeigen, ${shown} Zeilen`,
    allCharacters: (n, shown) => `Alles zeigen, ${shown} Zeichen`,
    less: "Weniger zeigen",
  },
  size: {
    octets: (n, shown) => (n === 1 ? "1 Byte" : `${shown} Byte`),
    kib: (shown) => `${shown} KiB`,
  },

  chain: {
    pill: (to) => `Geprüft bis ${to}`,
    good: "Lückenlos.",
    all: (n, shown, time) =>
      n === 1
        ? `1 Nachricht, Kette geprüft um ${time}. Dieser Browser hat nachgerechnet, dass niemand sie geändert hat.`
        : `${shown} Nachrichten, Kette geprüft um ${time}. Dieser Browser hat nachgerechnet, dass niemand am Verlauf etwas geändert hat.`,
    part: (from, to, time) =>
      `Nachrichten ${from} bis ${to}, Kette geprüft um ${time}. Dieser Browser hat nachgerechnet, dass niemand daran etwas geändert hat.`,
    none: "Sobald es Nachrichten gibt, rechnet dieser Browser ihre Kette nach.",
    checking: "Dieser Browser rechnet die Kette nach.",
    badPill: "Stimmt nicht überein",
    bad: "Der Verlauf stimmt nicht überein.",
    badText: (to) =>
      `Was dieser Browser bis Nachricht ${to} errechnet hat, ist nicht, was der Server sagt. Vielleicht wurden Nachrichten geändert oder entfernt. Bitte erst mit dem Betreiber dieses Raums sprechen, bevor sich jemand darauf verlässt.`,
  },

  problems: {
    0: "Der Server antwortet nicht. Bitte die Verbindung prüfen und noch einmal versuchen.",
    401: "Diese Anmeldung ist beendet. Bitte die Seite neu laden.",
    403: "Dieses Konto darf das nicht.",
    404: "Das gibt es nicht oder nicht mehr.",
    429: "Zu viele Versuche. Bitte etwas warten und dann erneut versuchen.",
    503: "Der Server kann das gerade nicht. Bitte gleich noch einmal versuchen.",
    other: "Das hat nicht funktioniert.",
  },
};

export default de;
