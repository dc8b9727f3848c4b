/**
 * The administration's section of signing in: of whom a second factor is
 * demanded, when sign-ins end, and the company's own sign-in.
 * @module
 */
import { ask, changes, wrongLabel } from "../app/administration.js";
import { IDLE, LIFE, MOST_LABEL, ROLES, endsBody, endsForm, fitsProvider, groupsBody, isIssuer, lacking, losesSecret, providerBody, providerForm, raised, span, spans } from "../app/rules.js";
import { exactName } from "../app/sentence.js";
import { action, complain, editor, make, section, trouble } from "./admin-parts.js";
import { h, isolated, said, set } from "./dom.js";
import { field } from "./form.js";
import { copier } from "./once.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("./admin-parts.js").View} View */
/** @typedef {import("../app/rules.js").Rules} Rules */
/** @typedef {import("../app/rules.js").Provider} Provider */
/** @typedef {import("../app/rooms.js").Role} Role */
/** @typedef {import("../app/administration.js").User} User */
/** @typedef {import("../app/sentence.js").Part} Part */

/** Where a provider sends browsers back to. */
const CALLBACK = "/api/session/company/callback";

/**
 * @param {Desk} desk
 * @returns {Promise<View>}
 */
export async function signin(desk) {
  const { words } = desk;
  const [seen, users] = await Promise.all([ask.rules(), ask.users()]);
  const stale = async () => (await ask.rules()).version !== seen.version;
  const outside = lacking(users, seen.demand);
  return {
    title: words.sections.signin,
    content: [
      h("header", {}, h("h1", {}, words.sections.signin)),
      h("p", { class: "soft" }, words.signIn.lead),
      endsOf(desk, seen, users, stale),
      outside.length > 0 && h("p", { class: "soft" }, ...said(waiting(desk, outside))),
      companyOf(desk, seen, stale),
      seen.provider && groupsOf(desk, seen, seen.provider, stale),
    ],
  };
}

/**
 * Who can't do anything before a second factor is set up.
 * @param {Desk} desk
 * @param {User[]} users
 */
function waiting({ words, speech }, users) {
  return words.signIn.lacking(users.length, speech.formats.number(users.length), speech.formats.names(users.map(exactName)));
}

/**
 * Of whom a second factor is demanded, and when sign-ins end.
 * @param {Desk} desk
 * @param {Rules} seen
 * @param {User[]} users
 * @param {() => Promise<boolean>} stale
 */
function endsOf(desk, seen, users, stale) {
  const { words, speech } = desk;
  const text = words.signIn;
  const group = { label: text.demand, hint: text.demandHint };
  const boxes = ROLES.map((role) => {
    const control = h("input", { type: "checkbox", checked: seen.demand.includes(role) });
    return [role, { label: text.roles[role], control, group, value: () => control.checked }];
  });
  const idle = times(desk, IDLE, seen.idle);
  const life = times(desk, LIFE, seen.life);
  /** @param {Record<string, unknown>} body */
  const also = (body) => {
    const { demand } = /** @type {{demand?: Role[]}} */ (endsBody(seen, body));
    /** @type {Part[][]} */
    const sentences = [];
    if (demand) {
      sentences.push(demand.length > 0 ? text.demandOn(speech.formats.list(demand.map((role) => text.roles[role]))) : [text.demandOff]);
      const outside = lacking(users, demand.filter((role) => !seen.demand.includes(role)));
      if (outside.length > 0) sentences.push(waiting(desk, outside));
    }
    const shorter = (/** @type {unknown} */ next, /** @type {number} */ now) => Number(next) > 0 && (Number(next) < now || now === 0);
    if (shorter(body.idle, seen.idle) || shorter(body.life, seen.life)) sentences.push([text.shorter]);
    return sentences;
  };
  return editor(desk, {
    seen: endsForm(seen),
    fields: {
      ...Object.fromEntries(boxes),
      idle: { label: text.idle, control: idle, value: () => (Number(idle.value) <= Number(life.value) ? Number(idle.value) : undefined), wrong: text.idleLong },
      life: { label: text.life, control: life, value: () => Number(life.value) },
    },
    change: (body) => changes.rules(endsBody(seen, body)),
    stale,
    title: text.change,
    key: "ends ",
    verb: text.saveRules,
    problems: { 403: text.notYet },
    also,
  });
}

/**
 * @param {Desk} desk
 * @param {number[]} offered in seconds
 * @param {number} now
 */
function times({ words, speech }, offered, now) {
  const said = (/** @type {number} */ seconds) => (seconds === 0 ? words.signIn.never : span(seconds, words.signIn.spans, speech.formats.number));
  return h("select", {}, ...spans(offered, now).map((seconds) => h("option", { value: String(seconds), selected: seconds === now }, said(seconds))));
}

/**
 * The company's own sign-in.
 * @param {Desk} desk
 * @param {Rules} seen
 * @param {() => Promise<boolean>} stale
 */
function companyOf(desk, seen, stale) {
  const { words } = desk;
  const text = words.signIn;
  const form = providerForm(seen);
  const problem = trouble();
  const input = (/** @type {string} */ value, more = {}) => h("input", { value, autocomplete: "off", spellcheck: "false", autocapitalize: "none", maxlength: 512, ...more });
  const box = (/** @type {boolean} */ checked) => h("input", { type: "checkbox", checked });
  const label = input(form.label, { dir: "auto", maxlength: 240, spellcheck: null });
  const issuer = input(form.issuer, { type: "url", dir: "ltr" });
  const clientID = input(form.clientID, { dir: "ltr" });
  const secret = input("", { type: "password", dir: "ltr", autocomplete: "new-password" });
  const nameClaim = input(form.nameClaim, { dir: "ltr" });
  const groupsClaim = input(form.groupsClaim, { dir: "ltr" });
  const match = box(form.match);
  const create = box(form.create);
  const groups = seen.provider?.groups ?? [];
  const trimmed = (/** @type {HTMLInputElement} */ control, /** @type {(text: string) => boolean} */ fits) => (fits(control.value.trim()) ? control.value.trim() : undefined);
  const drop = action(desk, {
    label: text.drop,
    key: "company drop",
    problem,
    stale,
    act: () => make(desk, changes.rules({ provider: null, version: seen.version }), { title: text.drop, button: text.drop, also: [[text.dropped]] }),
  });
  const forget = action(desk, {
    label: text.forgetSecret,
    key: "company forget",
    problem,
    stale,
    act: () => make(desk, changes.rules(providerBody(seen, { secret: "", version: seen.version })), { title: text.forgetSecret, button: text.forgetSecret, also: [[text.secretForgotten]] }),
  });
  return section(
    text.company,
    h("p", { class: "soft" }, text.companyLead),
    callback(desk),
    editor(desk, {
      seen: form,
      fields: {
        label: { label: text.label, control: label, hint: text.labelHint, value: () => trimmed(label, (text) => !wrongLabel(text, MOST_LABEL)), wrong: text.wrong.label },
        issuer: { label: text.issuer, control: issuer, hint: text.issuerHint, value: () => trimmed(issuer, isIssuer), wrong: text.wrong.issuer },
        clientID: { label: text.clientID, control: clientID, value: () => trimmed(clientID, fitsProvider), wrong: text.wrong.clientID },
        secret: { label: text.secret, control: secret, hint: !seen.provider ? text.secretHint : seen.providerSecret ? text.secretKept : text.secretNone, value: () => secret.value.trim() },
        nameClaim: { label: text.nameClaim, control: nameClaim, hint: text.nameClaimHint, value: () => trimmed(nameClaim, fitsProvider), wrong: text.wrong.nameClaim },
        match: { label: text.match, control: match, hint: text.matchHint, value: () => match.checked },
        create: { label: text.create, control: create, hint: text.createHint, value: () => create.checked },
        groupsClaim: {
          label: text.groupsClaim,
          control: groupsClaim,
          hint: text.groupsClaimHint,
          value: () => trimmed(groupsClaim, (text) => fitsProvider(text, { empty: groups.length === 0 })),
          wrong: text.wrong.groupsClaim,
        },
      },
      change: (body) => changes.rules(providerBody(seen, body)),
      stale,
      title: text.save,
      key: "company ",
      verb: text.saveCompany,
      problem,
      more: [seen.providerSecret && forget, seen.provider && drop],
      also: (body) => [...(body.match ? [[text.matchOn]] : []), ...(body.create ? [[text.createOn]] : []), ...(losesSecret(seen, body) ? [[text.secretLost]] : [])],
    }),
  );
}

/**
 * What the provider has to know of the room.
 * @param {Desk} desk
 */
function callback({ words, speech }) {
  const { dialog } = speech.words;
  const url = h("input", { readonly: true, value: location.origin + CALLBACK, dir: "ltr", onfocus: () => url.select() });
  const { button, said } = copier(url.value, { copy: dialog.copy, copied: dialog.copied, select: () => url.select() });
  set(button, "data-key", "callback");
  return h("div", { class: "adder" }, field(words.signIn.callback, url), button, said);
}

/**
 * Which groups give which roles, in the order in which they count.
 * @param {Desk} desk
 * @param {Rules} seen
 * @param {Provider} provider
 * @param {() => Promise<boolean>} stale
 */
function groupsOf(desk, seen, provider, stale) {
  const { words, speech } = desk;
  const text = words.signIn;
  const { groups } = provider;
  const problem = trouble();
  const send = (/** @type {import("../app/rules.js").GroupRole[]} */ next) => ask.change(changes.rules(groupsBody(seen, next)));
  const row = (/** @type {import("../app/rules.js").GroupRole} */ { group, role }, /** @type {number} */ at) => {
    const raise = action(desk, { label: text.raise, key: `raise ${group}`, name: text.raiseOne(group), kind: "quiet", problem, stale, act: () => send(raised(groups, at)) });
    const remove = action(desk, { label: words.remove, key: `remove ${group}`, name: words.removeOne(group), kind: "quiet", problem, stale, act: () => send(groups.toSpliced(at, 1)) });
    return h(
      "li",
      {},
      h("div", { class: "row" }, h("span", { class: "name" }, isolated(group), h("span", { class: "account" }, speech.words.roles[role])), h("span", { class: "actions" }, at > 0 && raise, remove)),
    );
  };
  return section(
    text.groups,
    h("p", { class: "soft" }, text.groupsHint),
    problem,
    groups.length > 0 && h("ol", { class: "rows" }, ...groups.map(row)),
    provider.groupsClaim ? groupAdder(desk, groups, { problem, stale, send }) : h("p", { class: "soft" }, text.groupsNeedClaim),
  );
}

/**
 * @param {Desk} desk
 * @param {import("../app/rules.js").GroupRole[]} groups
 * @param {{problem: HTMLElement, stale: () => Promise<boolean>, send: (next: import("../app/rules.js").GroupRole[]) => Promise<any>}} how
 */
function groupAdder(desk, groups, { problem, stale, send }) {
  const { words, speech } = desk;
  const text = words.signIn;
  const group = h("input", { "data-key": "group", dir: "auto", autocomplete: "off", spellcheck: "false", maxlength: 512 });
  const role = h("select", { "data-key": "group role" }, ...ROLES.map((role) => h("option", { value: role }, speech.words.roles[role])));
  const refuse = (/** @type {string} */ why) => {
    complain(problem, why);
    group.setAttribute("aria-invalid", "true");
    group.focus();
    return null;
  };
  const add = action(desk, {
    label: words.add,
    key: "group add",
    problem,
    stale,
    act: async () => {
      const name = group.value.trim();
      if (!fitsProvider(name)) return refuse(text.groupNeeded);
      if (groups.some((one) => one.group === name)) return refuse(text.groupTaken);
      return send([...groups, { group: name, role: /** @type {Role} */ (role.value) }]);
    },
  });
  return h("div", { class: "adder" }, field(text.group, group), field(text.role, role), add);
}
