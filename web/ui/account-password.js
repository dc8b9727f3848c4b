/**
 * One's own password.
 * @module
 */
import { ask, wrongPassword } from "../app/account.js";
import { doer, section, trouble } from "./account-parts.js";
import { h, icon, set } from "./dom.js";
import { field, show } from "./form.js";

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {import("../app/account.js").Account} account
 */
export function password(desk, { name, password, company }) {
  const { words } = desk;
  const change = doer(desk, { label: words.password.change, key: "password", done: words.password.changed, work: () => newPassword(desk, name) });
  return section(
    words.password.title,
    trouble(),
    h("p", { class: "soft" }, password ? words.password.there : words.password.none, company && ` ${words.password.company(company)}`),
    password && h("div", { class: "actions" }, change),
  );
}

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {string} user
 */
function newPassword({ speech, words }, user) {
  const { password } = words;
  const old = h("input", { type: "password", autocomplete: "current-password", dir: "ltr" });
  const next = h("input", { type: "password", autocomplete: "new-password", dir: "ltr" });
  return show(speech, {
    title: password.change,
    lead: password.lead,
    fields: [
      // For password managers, which want to know whose it is.
      h("input", { name: "username", autocomplete: "username", value: user, hidden: true, readonly: true }),
      secret(words, password.old, old),
      secret(words, password.new, next, password.newHint),
    ],
    submit: password.change,
    problems: { 403: password.wrong, 422: password.unfit },
    check() {
      if (!old.value) return { text: password.needOld, at: old };
      const wrong = wrongPassword(next.value);
      return wrong ? { text: password[wrong], at: next } : null;
    },
    send: () => ask.password({ old: old.value, new: next.value }),
    blamed: ({ status }) => (status === 403 ? old : status === 422 ? next : undefined),
  });
}

/**
 * A field for a password, and a button that shows it.
 * @param {import("../lang/en-account.js").AccountDictionary} words
 * @param {string} label
 * @param {HTMLInputElement} input
 * @param {string} [hint]
 */
function secret({ password }, label, input, hint) {
  const toggle = () => {
    const visible = input.type === "password";
    input.type = visible ? "text" : "password";
    set(button, "aria-pressed", String(visible));
  };
  const name = `${password.show}: ${label}`;
  const button = h("button", { class: "button quiet only-icon", type: "button", "aria-label": name, "aria-pressed": "false", title: password.show, onclick: toggle }, icon("eye"));
  const whole = field(label, input, hint);
  const control = h("div", { class: "control" });
  input.replaceWith(control);
  control.append(input, button);
  return whole;
}
