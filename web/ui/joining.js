/**
 * What somebody is asked for who comes by a link: the first account, an
 * invitation, a new password. The form is that of the sign-in (entry.js).
 * @module
 */
import { api } from "../app/api.js";
import { explain } from "../app/words.js";
import { h } from "./dom.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./page.js").Speech & {words: import("../lang/en-joining.js").JoiningDictionary}} Speech */
/** @typedef {import("../app/api.js").Problem} Problem */

const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;
const encoder = new TextEncoder();

/**
 * The first account.
 * @param {Entry} entry
 * @param {Speech} speech
 * @param {string} token
 */
export function setUp(entry, speech, token) {
  const { words } = speech;
  if (token === "") return entry.show(words.setup.title, h("p", {}, words.invitation.incomplete), toSignIn(words));
  askForAccount(entry, words, {
    title: words.setup.title,
    lead: words.setup.lead,
    send: ({ name, password }) => api.setUp({ token, name, password }),
    problems: { 401: words.setup.wrong, 403: words.setup.wrong, 404: words.setup.wrong, 409: words.account.taken, 410: words.setup.gone },
  });
}

/**
 * An invitation: a new account, or a new password for one that there is.
 * @param {Entry} entry
 * @param {Speech} speech
 * @param {string} token
 */
export async function invitation(entry, speech, token) {
  const { words, formats } = speech;
  if (token === "") return entry.show(words.invitation.title, h("p", {}, words.invitation.incomplete), toSignIn(words));
  entry.show(words.invitation.title, h("p", { class: "soft", role: "status" }, words.invitation.opening));
  let found;
  try {
    found = await api.openInvitation(token);
  } catch (problem) {
    const { status } = /** @type {Problem} */ (problem);
    const gone = status === 404 || status === 410;
    entry.show(
      words.invitation.title,
      h("p", { role: "alert" }, gone ? words.invitation.gone : explain(problem, words)),
      gone ? toSignIn(words) : h("button", { class: "button", onclick: () => void invitation(entry, speech, token) }, words.log.tryAgain),
    );
    return;
  }
  const problems = { 404: words.invitation.gone, 409: words.account.taken, 410: words.invitation.gone };
  if (found.name) return askForPassword(entry, words, found.name, (password) => api.acceptInvitation({ token, name: /** @type {string} */ (found.name), password }), problems);
  const { deals = [], role, expires, by = "" } = found;
  const until = expires ? new Date(expires).getTime() : NaN;
  const lead = [deals.length > 0 ? words.invitation.lead(by, formats.list(deals)) : words.invitation.leadNoDeal(by)];
  if (role === "observer") lead.push(words.invitation.observer);
  if (!Number.isNaN(until)) lead.push(words.invitation.until(formats.date(until)));
  const here = await api.whoAmI().catch(() => null);
  if (here) lead.push(words.invitation.signedIn(here.display || here.name));
  lead.push(words.invitation.recorded);
  askForAccount(entry, words, {
    title: words.invitation.title,
    lead: lead.join(" "),
    display: true,
    send: ({ name, display, password }) => api.acceptInvitation(display ? { token, name, display, password } : { token, name, password }),
    problems,
  });
}

/** @typedef {{name: string, display: string, password: string}} Account */

/**
 * @param {Entry} entry
 * @param {Speech["words"]} words
 * @param {object} about
 * @param {string} about.title
 * @param {string} about.lead
 * @param {boolean} [about.display] whether a display name is asked for
 * @param {(account: Account) => Promise<import("../app/rooms.js").Me>} about.send
 * @param {Partial<Record<number, string>>} about.problems
 */
function askForAccount(entry, words, { title, lead, display, send, problems }) {
  const name = entry.nameInput();
  const shown = h("input", { id: "display", name: "display", autocomplete: "name", dir: "auto", maxlength: 64 });
  const password = entry.passwordInput("new-password");
  const label = h("span", { class: "label" }, h("label", { for: "display" }, words.account.display), h("span", { class: "optional" }, ` · ${words.account.optional}`));
  const fields = [entry.nameField(name, words.account.userNameHint), entry.passwordField(password, words.account.passwordHint)];
  if (display) fields.splice(1, 0, entry.field(label, shown, shown, words.account.displayHint));
  entry.ask({
    title,
    lead: [lead],
    fields,
    submit: words.account.create,
    check: () => (NAME.test(name.value.trim()) ? passwordProblem(words, password) : { text: words.account.badName, at: name }),
    send: () => send({ name: name.value.trim(), display: shown.value.trim(), password: password.value }),
    problems,
    blamed: (status) => (status === 409 ? name : password),
  });
}

/**
 * @param {Entry} entry
 * @param {Speech["words"]} words
 * @param {string} account whose it is; its name is there for whatever keeps passwords
 * @param {(password: string) => Promise<import("../app/rooms.js").Me>} send
 * @param {Partial<Record<number, string>>} problems
 */
function askForPassword(entry, words, account, send, problems) {
  const password = entry.passwordInput("new-password");
  entry.ask({
    title: words.invitation.passwordTitle,
    lead: [words.invitation.passwordLead(account)],
    fields: [
      h("input", { hidden: true, autocomplete: "username", value: account, readonly: true, "aria-hidden": "true" }),
      entry.passwordField(password, words.account.passwordHint),
    ],
    submit: words.invitation.passwordSubmit,
    check: () => passwordProblem(words, password),
    send: () => send(password.value),
    problems,
    blamed: () => password,
  });
}

/**
 * @param {Speech["words"]} words
 * @param {HTMLInputElement} password
 */
function passwordProblem(words, password) {
  const octets = encoder.encode(password.value).length;
  return octets >= 12 && octets <= 256 ? null : { text: words.account.badPassword, at: password };
}

/** @param {Speech["words"]} words */
function toSignIn(words) {
  return h("a", { class: "button", href: "/" }, words.account.toSignIn);
}
