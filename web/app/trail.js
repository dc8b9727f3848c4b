/**
 * The audit trail in sentences: who did what to what.
 * @module
 */

import { span } from "./rules.js";
import { plain } from "./sentence.js";

/** @typedef {import("./sentence.js").Part} Part */
/** @typedef {import("../lang/en-admin.js").AdminDictionary} AdminDictionary */

/**
 * @typedef {object} Entry
 * @property {number} seq
 * @property {number} time unix-ms
 * @property {string} [by] "": the operator, at the machine itself
 * @property {string} [address]
 * @property {string} action
 * @property {string} [user]
 * @property {string} [deal]
 * @property {string} [topic]
 * @property {number} [count]
 * @property {Record<string, any> | null} [detail]
 * @property {string} [hash]
 */

/**
 * What ids are called.
 * @typedef {object} Names
 * @property {(user: string) => string} user
 * @property {(deal: string) => string} deal
 * @property {(topic: string) => string} topic
 */

/**
 * @typedef {object} Speech
 * @property {AdminDictionary} words
 * @property {Record<string, string>} roles
 * @property {(value: number) => string} number
 * @property {(items: string[]) => Part[]} list
 */

/** What there is in the trail, as its filter lists them. */
export const ACTIONS = /** @type {const} */ ([
  "session.opened",
  "session.ended",
  "sessions.ended",
  "signin.failed",
  "user.added",
  "user.changed",
  "user.password",
  "invitation.made",
  "invitation.accepted",
  "deal.created",
  "deal.changed",
  "deal.member.added",
  "deal.member.removed",
  "deal.member.moved",
  "topic.created",
  "topic.changed",
  "topic.member.added",
  "topic.member.removed",
  "topic.reader.moved",
  "topic.opened",
  "direct.created",
  "peer.introduced",
  "signin.rules",
  "user.totp.set",
  "user.totp.removed",
  "user.passkey.added",
  "user.passkey.removed",
  "user.recovery.made",
  "user.factors.removed",
  "user.vouched",
  "token.made",
  "token.revoked",
  "search",
  "export",
  "backup",
  "audit.lost",
]);

/**
 * What an entry says; several sentences where several things were changed at
 * once.
 * @param {Entry} entry
 * @param {Names} names
 * @param {Speech} speech
 * @returns {Part[][]}
 */
export function told(entry, names, speech) {
  const done = did(entry, names, speech);
  const role = entry.detail?.program;
  return role ? [...done, speech.words.trail.byProgram(speech.roles[String(role)] ?? String(role))] : done;
}

/**
 * @param {Entry} entry
 * @param {Names} names
 * @param {Speech} speech
 * @returns {Part[][]}
 */
function did(entry, names, { words, roles, number, list }) {
  const { trail } = words;
  const detail = entry.detail ?? {};
  const by = entry.by ? names.user(entry.by) : trail.operator;
  const user = entry.user ? names.user(entry.user) : "";
  const deal = entry.deal ? names.deal(entry.deal) : "";
  const topic = entry.topic ? names.topic(entry.topic) || trail.unknownTopic : "";
  const self = entry.by === entry.user;
  const count = entry.count || 1;
  const role = (/** @type {unknown} */ name) => roles[String(name)] ?? String(name ?? "");
  const people = (/** @type {unknown} */ members) => list((Array.isArray(members) ? members : []).map((name) => names.user(String(name))));
  /** What was changed, each with its own sentence. @param {Record<string, (value: any) => Part[]>} sentences */
  const each = (sentences) => {
    const known = Object.entries(sentences).filter(([key]) => key in detail);
    return known.length > 0 ? known.map(([key, say]) => say(detail[key])) : null;
  };
  const demanded = (/** @type {unknown} */ demand) => (Array.isArray(demand) ? demand : []).map((role) => words.signIn.roles[/** @type {keyof typeof words.signIn.roles} */ (role)] ?? String(role));
  switch (entry.action) {
    case "session.opened":
      return [(trail.signedInBy[/** @type {keyof typeof trail.signedInBy} */ (detail.factor)] ?? trail.signedIn)(user)];
    case "session.ended":
      return [self ? trail.signedOut(user) : trail.sessionEnded(by, user)];
    case "sessions.ended":
      return [trail.sessionsEnded(by, user)];
    case "signin.failed":
      return [user ? trail.failed(count, number(count), user) : trail.failedUnknown(count, number(count))];
    case "user.added":
      return [self ? trail.claimed(user) : trail.userAdded(by, user, role(detail.role))];
    case "user.changed":
      return (
        each({
          display: (name) => trail.displayed(by, user, String(name)),
          role: (name) => trail.roleGiven(by, user, role(name)),
          active: (active) => (active ? trail.reactivated(by, user) : trail.deactivated(by, user)),
        }) ?? [trail.userChanged(by, user)]
      );
    case "user.password":
      return [detail.link ? trail.passwordByLink(user) : trail.password(user)];
    case "invitation.made":
      if (user) return [trail.passwordLink(by, user)];
      return [
        (detail.deals ?? []).length > 0
          ? trail.invited(by, role(detail.role), list(detail.deals.map((/** @type {string} */ id) => names.deal(id))))
          : trail.invitedToRoom(by, role(detail.role)),
      ];
    case "invitation.accepted":
      return [trail.accepted(user || by), ...(detail.role ? [trail.invitedBy(detail.made_by ? names.user(detail.made_by) : trail.operator, role(detail.role))] : [])];
    case "deal.created":
      return [trail.dealCreated(by, deal), ...(detail.receipts ? [trail.receiptsOn(by, deal)] : [])];
    case "deal.changed":
      return (
        each({
          name: (name) => trail.dealRenamed(by, String(name)),
          open: (open) => (open ? trail.dealReopened(by, deal) : trail.dealClosed(by, deal)),
          history: (history) => (history === "joined" ? trail.dealJoined(by, deal) : trail.dealAll(by, deal)),
          receipts: (receipts) => (receipts ? trail.receiptsOn(by, deal) : trail.receiptsOff(by, deal)),
        }) ?? [trail.dealChanged(by, deal)]
      );
    case "deal.member.added":
      return [self ? trail.came(user, deal) : trail.memberAdded(by, user, deal)];
    case "deal.member.removed":
      return [trail.memberRemoved(by, user, deal)];
    case "deal.member.moved":
      return [detail.history === "joined" ? trail.memberJoined(by, user, deal) : trail.memberAll(by, user, deal)];
    case "topic.created":
      return [
        trail.topicCreated(by, topic, deal),
        ...(detail.narrowed ? [trail.narrowedTo(topic, people(detail.members))] : []),
        ...(detail.strict ? [trail.strictOn(by, topic)] : []),
      ];
    case "topic.changed":
      return (
        each({
          title: (title) => trail.topicRenamed(by, String(title)),
          number: (value) => trail.topicNumbered(by, topic, number(Number(value))),
          open: (open) => (open ? trail.topicReopened(by, topic) : trail.topicClosed(by, topic)),
          archived: (archived) => (archived ? trail.archived(by, topic) : trail.unarchived(by, topic)),
          strict: (strict) => (strict ? trail.strictOn(by, topic) : trail.strictOff(by, topic)),
          narrowed: (narrowed) => (narrowed ? trail.narrowed(by, topic) : trail.widened(by, topic)),
          members: (members) => trail.narrowedTo(topic, people(members)),
        }) ?? [trail.topicChanged(by, topic)]
      );
    case "topic.member.added":
      return [trail.memberAdded(by, user, topic)];
    case "topic.member.removed":
      return [trail.memberRemoved(by, user, topic)];
    case "topic.reader.moved":
      return [trail.readerMoved(by, user, topic, number(Number(detail.from ?? 1)))];
    case "topic.opened":
      return [trail.opened(by, topic)];
    case "direct.created":
      return [trail.direct(by, user, deal)];
    case "peer.introduced":
      return [trail.introduced(by, user)];
    case "signin.rules":
      return (
        each({
          demand: (demand) => (demanded(demand).length > 0 ? trail.demands(by, plain(list(demanded(demand)))) : trail.demandsNone(by)),
          idle: (idle) => (idle ? trail.idleEnds(by, span(idle, words.signIn.spans, number)) : trail.idleNever(by)),
          life: (life) => trail.lifeEnds(by, span(life, words.signIn.spans, number)),
          provider: (provider) => (provider ? trail.companySet(by, String(provider.issuer)) : trail.companyDropped(by)),
        }) ?? [trail.rulesChanged(by)]
      );
    case "user.totp.set":
      return [trail.totpSet(user)];
    case "user.totp.removed":
      return [trail.totpRemoved(user)];
    case "user.passkey.added":
      return [trail.passkeyAdded(user, String(detail.label ?? ""))];
    case "user.passkey.removed":
      return [trail.passkeyRemoved(user)];
    case "user.recovery.made":
      return [trail.recoveryMade(user)];
    case "user.factors.removed":
      return [trail.factorsRemoved(by, user)];
    case "user.vouched":
      return [...(detail.made ? [trail.vouchedMade(user)] : []), detail.role ? trail.vouchedRole(user, role(detail.role)) : trail.vouched(user)];
    case "token.made":
      return [trail.tokenMade(by, user, String(detail.label ?? ""), role(detail.role))];
    case "token.revoked":
      return [trail.tokenRevoked(by, user)];
    case "search":
      return [trail.searched(by)];
    case "export":
      return [topic || deal ? trail.exported(by, topic || deal) : trail.exportedAll(by)];
    case "backup":
      return [trail.backedUp(by)];
    case "audit.lost":
      return [trail.lost(count, number(count))];
  }
  return [trail.other(by, entry.action)];
}

/**
 * The fields of an entry as the server has them, without those that are empty.
 * @param {Entry} entry
 * @returns {[string, string][]}
 */
export function raw(entry) {
  return Object.entries(entry)
    .filter(([, value]) => value !== "" && value !== 0 && value !== null && value !== undefined)
    .map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
}
