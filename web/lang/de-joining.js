/**
 * Deutsch, für alle, die ein Link herführt: erstes Konto, Einladungen, neue Passwörter.
 */

/** @type {import("./en-joining.js").JoiningDictionary} */
const de = {
  account: {
    userNameHint: "Kleinbuchstaben, Ziffern, Punkt, Bindestrich und Unterstrich. Er bleibt für immer.",
    display: "Anzeigename",
    displayHint: "So sehen ihn andere. Er lässt sich später ändern.",
    optional: "freiwillig",
    passwordHint: "Mindestens 12 Zeichen.",
    create: "Konto anlegen",
    badName: "Ein Benutzername hat 1 bis 32 Zeichen aus a–z, 0–9, Punkt, Bindestrich und Unterstrich und beginnt mit Buchstabe oder Ziffer.",
    badPassword: "Ein Passwort hat mindestens 12 und höchstens 256 Zeichen.",
    taken: "Dieser Benutzername ist vergeben. Bitte einen anderen wählen.",
    toSignIn: "Zur Anmeldung",
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
    recorded: "Anmeldungen, Geöffnetes und Änderungen an Konten, Deals und Themen werden mit Zeit und Adresse aufgezeichnet. Admins können das lesen; was in Nachrichten steht, ist nicht dabei.",
    gone: "Diese Einladung wurde schon benutzt oder ist abgelaufen. Bitte um eine neue bitten.",
    incomplete: "Der Link ist unvollständig. Bitte noch einmal so öffnen, wie er gesendet wurde.",
    passwordTitle: "Neues Passwort",
    passwordLead: (name) => `Für das Konto ${name}.`,
    passwordSubmit: "Passwort setzen",
    signedIn: (name) => `${name} ist hier angemeldet. Ein neues Konto tritt in diesem Browser an diese Stelle.`,
  },
};

export default de;
