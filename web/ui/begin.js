/**
 * What a document does first, with a few modules and before its views are there:
 * it connects.
 * @module
 */
import { api } from "../app/api.js";
import { clock } from "../app/clock.js";
import { recall } from "../app/last.js";
import { isLeaving } from "../app/leaving.js";
import { Opening } from "../app/opening.js";
import { Race } from "../app/race.js";
import { Version, versionOf } from "../app/version.js";
import { openWebSocket } from "../app/websocket.js";
import { hasWebTransport, openWebTransport } from "../app/webtransport.js";

/** Where nobody needs to be anybody. */
const WITHOUT_SIGN_IN = ["/check", "/setup", "/invite"];

/** The ways to the server, for this document's sessions, of which there is one at a time. */
export const race = new Race(clock, {
  webTransport: hasWebTransport ? openWebTransport : null,
  webSocket: (ticket) => openWebSocket(ticket, clock),
});

/** Which version of the page this document is. */
export const version = new Version({
  own: versionOf(import.meta.url),
  storage: () => sessionStorage,
  reload: () => location.reload(),
});

/** Its first connection. */
export const opening = WITHOUT_SIGN_IN.includes(location.pathname) || isLeaving() ? null : new Opening({ api, race, clock, version, known: recall() !== "" });

window.addEventListener("pagehide", () => opening?.close());

if (location.pathname === "/admin") document.head.append(/** @type {HTMLTemplateElement} */ (document.querySelector("#administration")).content);
