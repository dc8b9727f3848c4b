/**
 * Has somebody who is signed in show once more that it is them, where a request
 * wants that: by the password and a code, by a passkey, or by the company's own
 * sign-in.
 * @module
 */
import { ask as account, typedCode } from "../app/account.js";
import { call } from "../app/api.js";
import { explain } from "../app/words.js";
import { accountWords } from "./account-words.js";
import { h, said } from "./dom.js";
import { field, show } from "./form.js";
import { hindrance, showPasskey } from "./passkey.js";

/** Several requests that want it at once are content with one answer. @type {Promise<string> | null} */
let asked = null;

/**
 * @param {import("./page.js").Speech} speech
 * @returns {Promise<string>} "" if it was shown, else what there is to say
 */
export function prove(speech) {
  asked ??= begin(speech).finally(() => (asked = null));
  return asked;
}

/** @param {import("./page.js").Speech} speech */
async function begin(speech) {
  const [words, own] = await Promise.all([accountWords(), account.account(), speech.more()]);
  const { codes, proving } = words;
  const byPasskey = own.passkeys.length > 0 && hindrance() === "";
  // Who has passkeys and no app for codes shows one of them: the password alone isn't enough.
  const byPassword = own.password && (own.totp !== null || own.passkeys.length === 0);
  if (!byPasskey && !byPassword && !own.company) return proving.nothing;

  let proved = false;
  const over = new AbortController();
  const done = () => {
    proved = true;
    over.abort();
  };
  const password = h("input", { type: "password", autocomplete: "current-password", dir: "ltr" });
  const code = h("input", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, dir: "ltr", class: "short" });
  const typed = own.totp ? () => typedCode(code.value) : () => "";
  const passwordForm = {
    fields: [h("input", { hidden: true, autocomplete: "username", value: own.name, readonly: true, "aria-hidden": "true" }), field(speech.words.form.password, password), ...(own.totp ? [field(codes.code, code, codes.codeHint)] : [])],
    submit: proving.submit,
    check: () => {
      if (!password.value) return { text: own.totp ? proving.both : proving.needPassword, at: password };
      return own.totp && !typed() ? { text: codes.needCode, at: code } : null;
    },
    send: () => call("POST", "/api/session/proof", { password: password.value, ...(own.totp && { code: typed() }) }),
    blamed: () => password,
  };
  const passkeyForm = { fields: [], submit: proving.passkey, check: () => null, send: () => showPasskey("/api/session/proof", words) };
  const byCompany = own.company ? company(own.company, proving, done, over.signal) : null;
  const nothing = { fields: [], check: () => null, send: async () => null, shown: h("span") };
  const form = byPassword ? passwordForm : byPasskey ? passkeyForm : nothing;
  const others = [byPassword && byPasskey && otherwise(proving.passkey, passkeyForm.send, done, speech, proving), byCompany];
  const made = await show(speech, {
    title: proving.title,
    lead: proving.lead,
    over: over.signal,
    problems: { 403: proving.wrong },
    ...form,
    fields: [...form.fields, ...others.filter((part) => part instanceof HTMLElement)],
  });
  over.abort();
  return made || proved ? "" : proving.cancelled;
}

/**
 * Another way than the form's.
 * @param {string} text
 * @param {() => Promise<unknown>} work
 * @param {() => void} done
 * @param {import("./page.js").Speech} speech
 * @param {import("../lang/en-account.js").AccountDictionary["proving"]} words
 */
function otherwise(text, work, done, { words: general }, words) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const onclick = async () => {
    problem.hidden = true;
    try {
      await work();
      done();
    } catch (error) {
      problem.textContent = explain(error, general, { 403: words.wrong });
      problem.hidden = false;
    }
  };
  return h("div", { class: "field" }, problem, h("button", { class: "button", type: "button", onclick }, text));
}

/**
 * The company's own sign-in, in another tab: what was begun here stays. Who
 * comes back from there has shown it.
 * @param {string} label
 * @param {import("../lang/en-account.js").AccountDictionary["proving"]} words
 * @param {() => void} done
 * @param {AbortSignal} over
 */
function company(label, words, done, over) {
  const back = async () => {
    const own = await account.account().catch(() => null);
    if (own?.proved && !over.aborted) done();
  };
  window.addEventListener("focus", () => void back(), { signal: over });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void back(), { signal: over });
  const link = h("a", { class: "button", href: "/api/session/company?to=%2F", target: "_blank", rel: "noopener", "aria-describedby": "company-hint" }, h("span", {}, ...said(words.company(label))));
  return h("div", { class: "field" }, link, h("p", { class: "hint", id: "company-hint" }, words.companyHint));
}
