/**
 * The administration's section of users: all of them, and one.
 * @module
 */
import { MOST, ask, changes, matches, wrongLabel } from "../app/administration.js";
import { lacking } from "../app/rules.js";
import { exactName } from "../app/sentence.js";
import { action, byName, chip, crumbs, editor, make, person, section, trouble } from "./admin-parts.js";
import { factorsOf, tokensOf } from "./admin-factors.js";
import { Choices } from "./choices.js";
import { linkToCopy } from "./dialogs.js";
import { h, icon, isolated, said } from "./dom.js";
import { field, show } from "./form.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {import("../app/administration.js").Place} Place */

const ROLES = /** @type {const} */ (["member", "observer", "admin", "bot"]);

/**
 * @param {Desk} desk
 * @returns {Promise<View>}
 */
export async function users(desk) {
  const { words, speech } = desk;
  const [unordered, rules] = await Promise.all([ask.users(), ask.rules()]);
  const all = /** @type {import("../app/administration.js").User[]} */ (byName(unordered, speech.formats.collator));
  const outside = lacking(all, rules.demand);
  const none = h("p", { class: "soft", role: "status" });
  const rows = all.map((user) => ({
    user,
    row: h(
      "li",
      {},
      h("a", { href: `#users/${encodeURIComponent(user.name)}`, "data-key": `user ${user.name}` }, person(user, desk, user.name === desk.me.name && chip(speech.words.room.you), !user.active && chip(words.users.inactive), outside.includes(user) && chip(words.factors.missing))),
    ),
  }));
  const find = h("input", {
    type: "search",
    "data-key": "find",
    "data-was": "",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => {
      const found = rows.filter(({ user, row }) => !(row.hidden = !matches(find.value, user.display, user.name)));
      none.textContent = found.length > 0 ? "" : words.noMatch;
    },
  });
  const problem = trouble();
  const inviting = action(desk, { label: [icon("plus"), speech.words.topics.invite], key: "invite", problem, act: () => invite(desk) });
  return {
    title: words.sections.users,
    content: [
      h("header", {}, h("h1", {}, words.sections.users, " ", h("span", { class: "count" }, speech.formats.number(all.length))), inviting),
      problem,
      h("div", { class: "find" }, field(words.find, find)),
      h("ul", { class: "rows" }, ...rows.map(({ row }) => row)),
      none,
    ],
  };
}

/**
 * @param {Desk} desk
 * @returns {Promise<null>} as nothing that is shown is another thing then
 */
async function invite({ speech, words, left }) {
  const { words: room, formats } = speech;
  const all = await ask.deals();
  if (left.aborted) return null;
  const deals = new Choices(words.users.inviteDeals, { none: words.users.noDeals, hint: words.users.inviteNoDeal });
  deals.offer(all.sort((a, b) => formats.collator.compare(a.name, b.name)).map((deal) => ({ value: deal.id, text: deal.name })));
  const role = h("select", {}, ...ROLES.map((role) => h("option", { value: role }, `${room.roles[role]}: ${words.users.roleHints[role]}`)));
  await show(speech, {
    title: room.topics.invite,
    lead: words.users.inviteLead,
    fields: [field(room.dialog.role, role), deals.element],
    problems: {},
    check: () => null,
    send: () => ask.invitation({ deals: deals.chosen, role: role.value }),
    result: (made) => linkToCopy(speech, made),
  });
  return null;
}

/**
 * @param {Desk} desk
 * @param {Place} place
 * @returns {Promise<View>}
 */
export async function user(desk, { id }) {
  const { words, speech } = desk;
  const [all, rules] = await Promise.all([ask.users(), ask.rules()]);
  const seen = all.find((user) => user.name === id);
  if (!seen) throw { status: 404 };
  const tokens = await tokensOf(desk, seen);
  const shown = seen.display || seen.name;
  const stale = async () => (await ask.users()).find((user) => user.name === id)?.version !== seen.version;
  const problem = trouble();
  const problems = { 409: words.users.lastAdmin };
  const display = h("input", { value: seen.display, dir: "auto", autocomplete: "off", maxlength: 240 });
  const role = h("select", {}, ...ROLES.map((role) => h("option", { value: role, selected: role === seen.role }, `${speech.words.roles[role]}: ${words.users.roleHints[role]}`)));
  const form = editor(desk, {
    seen,
    fields: {
      display: {
        label: words.users.display,
        control: display,
        value: () => (wrongLabel(display.value, MOST.display) ? undefined : display.value.trim()),
        wrong: () => words.wrong.display[wrongLabel(display.value, MOST.display) || "length"],
      },
      role: { label: words.users.role, control: role, value: () => role.value },
    },
    change: (body) => changes.user(seen.name, body),
    stale,
    title: words.users.save,
    who: seen,
    problems,
  });
  const active = (/** @type {boolean} */ active, /** @type {string} */ title) => () =>
    make(desk, changes.user(seen.name, { active, version: seen.version }), { title, button: active ? words.users.reactivate : words.users.deactivate, who: seen });
  const link = action(desk, { label: words.users.newPassword, key: "password", problem, act: () => passwordLink(desk, seen) });
  return {
    title: shown,
    content: [
      crumbs(["users", words.sections.users]),
      h("header", {}, h("h1", {}, isolated(shown), shown !== seen.name && [" ", h("span", { class: "account", dir: "ltr" }, seen.name)]), !seen.active && chip(words.users.inactive)),
      form,
      section(
        words.users.signIns,
        !seen.active && h("p", { class: "soft" }, words.users.inactiveHint),
        problem,
        h(
          "div",
          { class: "actions" },
          seen.active && link,
          seen.active &&
            action(desk, {
              label: words.users.endSessions,
              key: "end",
              problem,
              done: words.users.endSessionsDone,
              act: () => make(desk, changes.endSessions(seen.name), { title: words.users.endSessionsTitle, button: words.users.endSessions, who: seen, meaning: { ends: true } }),
            }),
          seen.active
            ? action(desk, { label: words.users.deactivate, key: "active", problem, problems, stale, act: active(false, words.users.deactivateTitle) })
            : action(desk, { label: words.users.reactivate, key: "active", problem, stale, act: active(true, words.users.reactivate) }),
        ),
      ),
      factorsOf(desk, seen, rules.demand.includes(seen.role)),
      tokens,
      h("p", { class: "foot" }, h("a", { href: `#audit?user=${encodeURIComponent(seen.name)}` }, words.users.trail)),
    ],
  };
}

/**
 * Makes a link and shows it, as it is there only now.
 * @param {Desk} desk
 * @param {import("../app/administration.js").User} user
 * @returns {Promise<null>} as nothing that is shown is another thing then
 */
async function passwordLink({ speech, words, left, late }, user) {
  const made = await ask.passwordLink(user.name);
  if (left.aborted) {
    late(words.users.linkLate);
    return null;
  }
  const { fields, button } = linkToCopy(speech, made);
  await show(speech, {
    title: words.users.newPassword,
    fields: [h("p", { class: "soft" }, ...said(words.users.newPasswordLead(exactName(user)))), ...fields],
    shown: button,
    problems: {},
    check: () => null,
    send: async () => null,
  });
  return null;
}
