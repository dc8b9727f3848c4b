/**
 * What a document does first, with a few modules and before its views are there:
 * it connects. Only then it has the other modules loaded, as so many at once
 * leave a browser without the time for anything else.
 * @module
 */
import { api } from "../app/api.js";
import { clock } from "../app/clock.js";
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
export const opening = WITHOUT_SIGN_IN.includes(location.pathname) || isLeaving() ? null : new Opening({ api, race, clock, version });

window.addEventListener("pagehide", () => opening?.close());

const rest = location.pathname === "/admin" ? "#later, #administration" : "#later";
for (const later of /** @type {NodeListOf<HTMLTemplateElement>} */ (document.querySelectorAll(rest))) document.head.append(later.content);
