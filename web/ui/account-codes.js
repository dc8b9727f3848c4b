/**
 * An app that shows codes: set up, and taken away.
 * @module
 */
import { ask, inGroups, typedCode } from "../app/account.js";
import { doer, sure } from "./account-parts.js";
import { h, wear } from "./dom.js";
import { field, show } from "./form.js";
import { copier } from "./once.js";
import { qr } from "./qr.js";
import sheet from "./qr.css" with { type: "css" };
import { keepRecovery } from "./recovery.js";

wear(sheet);

/** @typedef {import("../lang/en-account.js").AccountDictionary} Words */

/**
 * Has somebody set an app up, and keep the recovery codes that come with the
 * first second factor.
 * @param {import("./page.js").Speech} speech
 * @param {Words} words
 * @param {{user: string, replaces?: boolean}} how whose account it is, and whether another app was set up before
 * @returns {Promise<true | null>} null if it came to nothing
 */
export async function setUpCodes(speech, words, { user, replaces = false }) {
  const setup = await ask.beginCodes();
  const key = h("code", { class: "key", dir: "ltr" }, inGroups(setup.secret));
  const { button: copy, said } = copier(setup.secret, { copy: words.own.copy, copied: words.own.copied, select: () => getSelection()?.selectAllChildren(key) });
  const code = h("input", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, dir: "ltr", class: "short" });
  const made = await show(speech, {
    title: words.codes.setUp,
    lead: words.codes.scan,
    fields: [
      ...(replaces ? [h("p", { class: "hint" }, words.codes.replaces)] : []),
      /** @type {HTMLElement} */ (/** @type {unknown} */ (qr(setup.qr, words.codes.qr))),
      h("a", { class: "button handy", href: setup.uri }, words.codes.openApp),
      h("div", { class: "field" }, h("span", { class: "label" }, words.codes.key), h("div", { class: "key-line" }, key, copy, said)),
      field(words.codes.code, code, words.codes.codeHint),
    ],
    submit: words.codes.confirm,
    problems: { 422: words.codes.wrong },
    check: () => (typedCode(code.value) ? null : { text: words.codes.needCode, at: code }),
    send: () => ask.confirmCodes({ id: setup.id, code: typedCode(code.value) }),
    blamed: () => code,
  });
  if (made === null) return null;
  if (made.recovery.length > 0) await keepRecovery(speech, words, user, made.recovery);
  return true;
}

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {import("../app/account.js").Account} account
 * @param {boolean} first whether there is no second factor yet
 */
export function codes(desk, { name, totp }, first) {
  const { speech, words } = desk;
  const setUp = doer(desk, {
    label: totp ? words.codes.renew : words.codes.setUp,
    key: "codes set up",
    done: first ? words.codes.isSetUpFirst : words.codes.isSetUp,
    work: () => setUpCodes(speech, words, { user: name, replaces: totp !== null }),
  });
  const remove = () =>
    sure(desk, {
      title: words.codes.removeTitle,
      lead: words.codes.removeLead,
      submit: words.codes.remove,
      send: ask.removeCodes,
      problems: { 403: words.factor.remains },
    });
  return [
    h("h4", {}, words.codes.title),
    h("p", { class: "soft" }, totp ? words.own.made(speech.formats.date(new Date(totp.made).getTime())) : words.codes.none),
    h("div", { class: "actions" }, setUp, totp && doer(desk, { label: words.codes.remove, name: words.codes.removeTitle, key: "codes remove", done: words.codes.removed, work: remove })),
  ];
}
