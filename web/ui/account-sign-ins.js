/**
 * Where somebody is signed in, and how that is ended.
 * @module
 */
import { ask, browserOf } from "../app/account.js";
import { doer, row, section, sure, timeOf, trouble } from "./account-parts.js";
import { h, wear } from "./dom.js";
import chips from "./chip.css" with { type: "css" };

wear(chips);

/** @typedef {import("../app/account.js").SignIn} SignIn */

/**
 * @param {import("./account-parts.js").Desk} desk
 * @param {readonly SignIn[]} all
 */
export function signIns(desk, all) {
  const { speech, words } = desk;
  const { formats } = speech;
  const own = words.signIns;
  const others = all.filter((one) => !one.current);
  const line = (/** @type {SignIn} */ one) => {
    const device = deviceOf(one.device, own);
    const address = one.address || own.here;
    const moment = (/** @type {string} */ time) => formats.moment(timeOf(time));
    const lines = [
      [address, own.factors[one.factor || "none"], ...(one.transports.length > 0 ? [own.connected(formats.list(one.transports))] : [])],
      [own.used(moment(one.used)), own.opened(moment(one.opened))],
      [own.ends(moment(one.ends))],
    ];
    const end = () => ask.end(one.id).then(() => true);
    return row(
      [h("bdi", {}, device), one.current && [" ", h("span", { class: "chip" }, own.current)]],
      lines,
      !one.current && doer(desk, { label: own.end, name: own.endOne(device, address), key: `sign-in ${one.id}`, done: own.ended, work: end }),
    );
  };
  const endOthers = () =>
    sure(desk, { title: own.others, lead: own.othersLead(others.length, formats.number(others.length)), submit: own.others, send: ask.endOthers });
  return section(
    own.title,
    trouble(),
    h("ul", { class: "rows" }, ...[...all].sort((a, b) => Number(b.current) - Number(a.current) || timeOf(b.used) - timeOf(a.used)).map(line)),
    others.length > 0
      ? h("div", { class: "actions" }, doer(desk, { label: own.others, key: "sign-ins", done: own.othersEnded, work: endOthers }))
      : h("p", { class: "soft" }, own.alone),
  );
}

/**
 * What a sign-in was opened with: a browser in words, or a program in its own.
 * @param {string} agent
 * @param {import("../lang/en-account.js").AccountDictionary["signIns"]} words
 */
function deviceOf(agent, words) {
  const browser = browserOf(agent);
  return browser ? words.device(browser.browser, browser.system) : agent || words.unknown;
}
