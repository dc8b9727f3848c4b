/**
 * Tokens for programs: made, shown once, and revoked.
 * @module
 */
import { TOKEN_DAYS, ask, endAfter, isLabel, rolesWithin } from "../app/account.js";
import { doer, labelField, row, section, sure, timeOf, trouble } from "./account-parts.js";
import { h, isolated } from "./dom.js";
import { field, show } from "./form.js";
import { once } from "./once.js";

/** @typedef {import("../app/account.js").Token} Token */
/** Whose tokens they are. @typedef {{name: string, role: import("../app/rooms.js").Role, active?: boolean}} Holder active: false: neither they nor their programs may sign in */

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {Holder} holder
 * @param {readonly Token[]} all
 */
export function tokens(desk, holder, all) {
  const { words } = desk;
  return section(words.tools.title, trouble(), ...tokenList(desk, holder, all));
}

/**
 * Somebody's tokens, and what can be done with them.
 * @param {import("./account-parts.js").Desk} desk
 * @param {Holder} holder
 * @param {readonly Token[]} all
 */
export function tokenList(desk, holder, all) {
  const { speech, words } = desk;
  const { formats } = speech;
  const { tools } = words;
  const revoke = (/** @type {Token} */ { id, label }) =>
    sure(desk, { title: tools.revokeTitle, lead: tools.revokeLead(label), submit: tools.revoke, send: () => ask.revokeToken(holder.name, id) });
  const line = (/** @type {Token} */ one) =>
    row(
      isolated(one.label),
      [[tools.roles[one.role]], [tools.until(formats.date(timeOf(one.expires))), one.used ? words.own.used(formats.moment(timeOf(one.used))) : words.own.never]],
      doer(desk, { label: tools.revoke, name: tools.revokeOne(one.label), key: `token ${one.id}`, done: tools.revoked, work: () => revoke(one) }),
    );
  return [
    all.length > 0 ? h("ul", { class: "rows" }, ...all.map(line)) : h("p", { class: "soft" }, tools.none),
    holder.active !== false && h("div", { class: "actions" }, doer(desk, { label: tools.add, key: "token add", done: tools.made, work: () => newToken(desk, holder) })),
  ];
}

/**
 * A token, which stays in sight until it was taken.
 * @param {import("./account-parts.js").Desk} desk
 * @param {Holder} holder
 */
function newToken({ speech, words }, { name, role }) {
  const { formats } = speech;
  const { tools, own } = words;
  const { input, shown } = labelField(words, tools.labelHint);
  const roles = h("select", {}, ...rolesWithin(role).map((one) => h("option", { value: one }, tools.roles[one])));
  const now = Date.now();
  const ends = h("select", {}, ...TOKEN_DAYS.map((days) => h("option", { value: days }, tools.days(formats.number(days), formats.date(endAfter(days, now))))));
  return show(speech, {
    title: tools.add,
    fields: [shown, field(tools.role, roles), field(tools.expires, ends)],
    submit: tools.add,
    problems: { 422: tools.most },
    check: () => (isLabel(input.value) ? null : { text: own.needLabel, at: input }),
    send: () =>
      ask.makeToken(name, {
        label: input.value.trim(),
        role: /** @type {import("../app/rooms.js").Role} */ (roles.value),
        expires: new Date(endAfter(Number(ends.value), Date.now())).toISOString(),
      }),
    result: (made) => once({ label: tools.token, text: made.token, hint: tools.once, copy: tools.copy, copied: own.copied }),
  });
}
