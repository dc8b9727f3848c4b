/**
 * A passkey that there is, shown to the server.
 * @module
 */
import { passkeyHindrance } from "../app/account.js";
import { Problem, call } from "../app/api.js";

/** Why this browser can't have a passkey of this place; "" if it can. */
export const hindrance = () => passkeyHindrance({ secure: isSecureContext, host: location.hostname, known: "parseCreationOptionsFromJSON" in (globalThis.PublicKeyCredential ?? {}) });

/** Instead of a status: the browser refused. */
const REFUSED = -1;

/**
 * Has the browser show one.
 * @param {string} path that takes it; PATH/options is where the challenge is
 * @param {import("../lang/en-account.js").AccountDictionary} words
 * @returns {Promise<any>} what the server says to it
 * @throws {Problem}
 */
export async function showPasskey(path, { passkeys, entering }) {
  const why = hindrance();
  if (why) throw new Problem(REFUSED, { detail: passkeys[why] });
  const { id, options } = await call("POST", `${path}/options`);
  let credential;
  try {
    credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  } catch {
    throw new Problem(REFUSED, { detail: entering.passkeyCancelled });
  }
  return call("POST", path, { id, credential: /** @type {PublicKeyCredential} */ (credential).toJSON() });
}
