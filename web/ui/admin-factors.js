/**
 * The administration's part of what a user signs in with, and the user's
 * programs.
 * @module
 */
import { ask as ofAccount } from "../app/account.js";
import { changes } from "../app/administration.js";
import { hasFactor } from "../app/rules.js";
import { tokenList } from "./account-tokens.js";
import { accountWords } from "./account-words.js";
import { action, make, section, trouble } from "./admin-parts.js";
import { h } from "./dom.js";

/** @typedef {import("./admin-parts.js").Desk} Desk */
/** @typedef {import("../app/administration.js").User} User */

/**
 * The second factors that somebody has.
 * @param {Desk} desk
 * @param {User} user
 * @param {boolean} demanded whether one is, of the user
 */
export function factorsOf(desk, user, demanded) {
  const { words, speech, me } = desk;
  const { formats } = speech;
  const text = words.factors;
  const { totp, passkeys = 0 } = user;
  const problem = trouble();
  const there = [totp && text.totp, passkeys > 0 && text.passkeys(passkeys, formats.number(passkeys))].filter((one) => typeof one === "string");
  const none = demanded ? text.noneDemanded : text.none;
  const take = action(desk, {
    label: text.take,
    key: "factors",
    problem,
    act: () =>
      make(desk, changes.removeFactors(user.name), { title: text.take, button: text.take, who: user, meaning: { ends: true }, also: [[demanded ? text.takeDemanded : text.takeMeans]] }),
  });
  const own = user.name === me.name;
  return section(
    text.title,
    problem,
    h("p", {}, there.length > 0 ? text.has(formats.list(there)) : none),
    hasFactor(user) && (own ? h("p", { class: "soft" }, text.others) : h("div", { class: "actions" }, take)),
  );
}

/**
 * What the user's programs sign in with.
 * @param {Desk} desk
 * @param {User} user
 */
export async function tokensOf({ speech, words, tell, again }, user) {
  const [own, tokens] = await Promise.all([accountWords(), ofAccount.tokens(user.name)]);
  const tools = { ...own.tools, none: words.factors.noToken, once: words.factors.tokenOnce };
  return section(tools.title, trouble(), ...tokenList({ speech, words: { ...own, tools }, tell, again }, user, tokens));
}
