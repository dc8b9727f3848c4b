/**
 * Passkeys: added, and taken away.
 * @module
 */
import { ask, browserOf, isLabel } from "../app/account.js";
import { doer, labelField, row, sure, timeOf } from "./account-parts.js";
import { h, isolated } from "./dom.js";
import { show } from "./form.js";
import { hindrance } from "./passkey.js";
import { keepRecovery } from "./recovery.js";

/** @typedef {import("../lang/en-account.js").AccountDictionary} Words */

/** What the browser refused, in words. */
class Refused extends Error {
  status = -1;
  get detail() {
    return this.message;
  }
}

/**
 * Has somebody add a passkey, and keep the recovery codes that come with the
 * first second factor.
 * @param {import("./page.js").Speech} speech
 * @param {Words} words
 * @param {string} user whose account it is
 * @returns {Promise<true | null>} null if it came to nothing
 */
export async function newPasskey(speech, words, user) {
  const here = browserOf(navigator.userAgent);
  const { input, shown } = labelField(words, words.passkeys.labelHint, here ? words.signIns.device(here.browser, here.system) : "");
  const made = await show(speech, {
    title: words.passkeys.add,
    lead: words.passkeys.lead,
    fields: [shown],
    submit: words.passkeys.add,
    problems: { 409: words.passkeys.there },
    check: () => (isLabel(input.value) ? null : { text: words.own.needLabel, at: input }),
    send: async () => {
      const { id, options } = await ask.beginPasskey();
      return ask.addPasskey({ id, label: input.value.trim(), credential: await create(options, words) });
    },
  });
  if (made === null) return null;
  if (made.recovery.length > 0) await keepRecovery(speech, words, user, made.recovery);
  return true;
}

/**
 * @param {PublicKeyCredentialCreationOptionsJSON} options
 * @param {Words} words
 */
async function create(options, { passkeys }) {
  try {
    const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
    return /** @type {PublicKeyCredential} */ (credential).toJSON();
  } catch (error) {
    const { name } = /** @type {{name?: string}} */ (error);
    if (name === "NotAllowedError" || name === "AbortError") throw new Refused(passkeys.cancelled);
    throw new Refused(name === "InvalidStateError" ? passkeys.there : passkeys.failed);
  }
}

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {import("../app/account.js").Account} account
 * @param {boolean} first whether there is no second factor yet
 */
export function passkeys(desk, { name, passkeys: all }, first) {
  const { speech, words } = desk;
  const { formats } = speech;
  const remove = (/** @type {import("../app/account.js").Passkey} */ { id, label }) =>
    sure(desk, {
      title: words.passkeys.removeTitle,
      lead: words.passkeys.removeLead(label),
      submit: words.passkeys.remove,
      send: () => ask.removePasskey(id),
      problems: { 403: words.factor.remains },
    });
  const line = (/** @type {import("../app/account.js").Passkey} */ one) =>
    row(
      isolated(one.label),
      [[words.own.made(formats.date(timeOf(one.made))), one.used ? words.own.used(formats.moment(timeOf(one.used))) : words.own.never]],
      doer(desk, { label: words.passkeys.remove, name: words.passkeys.removeOne(one.label), key: `passkey ${one.id}`, done: words.passkeys.removed, work: () => remove(one) }),
    );
  const why = hindrance();
  return [
    h("h4", {}, words.passkeys.title),
    all.length > 0 ? h("ul", { class: "rows" }, ...all.map(line)) : h("p", { class: "soft" }, words.passkeys.none),
    why
      ? h("p", { class: "soft" }, words.passkeys[why])
      : h("div", { class: "actions" }, doer(desk, { label: words.passkeys.add, key: "passkey add", done: first ? words.passkeys.addedFirst : words.passkeys.added, work: () => newPasskey(speech, words, name) })),
  ];
}
