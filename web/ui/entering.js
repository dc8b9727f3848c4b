/**
 * What signing in takes beside a password, or instead of one: a code, a passkey,
 * the company's own sign-in.
 * @module
 */
import { typedCode } from "../app/account.js";
import { api } from "../app/api.js";
import { explain } from "../app/words.js";
import { accountWords } from "./account-words.js";
import { h } from "./dom.js";
import { showPasskey } from "./passkey.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {{name: string, password: string}} Known what was right already */

/** What a recovery code has without its dashes. */
const RECOVERY = /^[0-9A-Za-z]{24}$/;

/**
 * There is no account yet.
 * @param {Entry} entry
 */
export async function tellOfSetup(entry) {
  const { speech } = entry;
  await speech.more();
  entry.show(speech.words.entry.first, h("p", {}, speech.words.entry.noAdmin));
  entry.foot();
}

/** @param {Entry} entry */
export async function signInByPasskey(entry) {
  const words = await accountWords();
  try {
    entry.enter(await showPasskey("/api/session/passkey", words));
  } catch (problem) {
    entry.complain(explain(problem, entry.speech.words, { 401: words.entering.passkeyWrong, 429: entry.speech.words.signIn.tooMany }));
  }
}

/**
 * Asks for the second factor of whose password was right.
 * @param {Entry} entry
 * @param {Known} known
 * @param {boolean} passkey whether there is one
 */
export async function askForCode(entry, known, passkey) {
  const words = await accountWords();
  const { codes, entering } = words;
  const code = h("input", { id: "code", name: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, dir: "ltr" });
  ask(entry, words, known, {
    lead: passkey ? entering.passkeyLead : entering.codeLead,
    label: codes.code,
    hint: codes.codeHint,
    input: code,
    typed: () => typedCode(code.value),
    missing: codes.needCode,
    wrong: entering.codeWrong,
  });
  if (passkey) entry.ways.append(entry.way(entering.usePasskey, () => signInByPasskey(entry)));
  entry.ways.append(
    entry.way(entering.useRecovery, () => askForRecovery(entry, known, passkey)),
    entry.way(entering.other, () => entry.signIn({})),
  );
}

/**
 * @param {Entry} entry
 * @param {Known} known
 * @param {boolean} passkey
 */
async function askForRecovery(entry, known, passkey) {
  const words = await accountWords();
  const { entering } = words;
  const code = h("input", { id: "code", name: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 48, dir: "ltr" });
  ask(entry, words, known, {
    lead: entering.recoveryLead,
    label: entering.recovery,
    hint: entering.recoveryHint,
    input: code,
    typed: () => {
      const text = code.value.replaceAll(/[\s-]/g, "");
      return RECOVERY.test(text) ? text : "";
    },
    missing: entering.needRecovery,
    wrong: entering.recoveryWrong,
  });
  entry.ways.append(
    entry.way(entering.useApp, () => askForCode(entry, known, passkey)),
    entry.way(entering.other, () => entry.signIn({})),
  );
}

/**
 * @param {Entry} entry
 * @param {import("../lang/en-account.js").AccountDictionary} words
 * @param {Known} known
 * @param {{lead: string, label: string, hint: string, input: HTMLInputElement, typed: () => string, missing: string, wrong: string}} about
 */
function ask(entry, { entering }, known, { lead, label, hint, input, typed, missing, wrong }) {
  const { signIn } = entry.speech.words;
  entry.ask({
    title: entering.code,
    lead: [lead],
    fields: [entry.field(h("label", { for: input.id }, label), input, input, hint)],
    submit: signIn.submit,
    check: () => (typed() ? null : { text: missing, at: input }),
    send: () => api.signIn({ ...known, code: typed() }),
    problems: { 401: wrong, 429: signIn.tooMany },
    blamed: () => input,
  });
}

/**
 * Says why somebody came back from the company's sign-in as nobody.
 * @param {Entry} entry
 * @param {string} why
 */
export async function tellOfCompany(entry, why) {
  const address = new URL(location.href);
  address.searchParams.delete("company");
  history.replaceState(history.state, "", address);
  const { company } = (await accountWords()).entering;
  entry.complain(/** @type {Record<string, string>} */ (company)[why] ?? company.failed);
}
