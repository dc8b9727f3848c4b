/**
 * One's own account in a dialog: the password, a second factor, where one is
 * signed in, and tokens for programs. Each change holds at once.
 * @module
 */
import { ask } from "../app/account.js";
import { explain } from "../app/words.js";
import { codes } from "./account-codes.js";
import { doer, section, sure, trouble } from "./account-parts.js";
import { passkeys } from "./account-passkeys.js";
import { password } from "./account-password.js";
import { signIns } from "./account-sign-ins.js";
import { tokens } from "./account-tokens.js";
import { accountWords } from "./account-words.js";
import { h, set, wear } from "./dom.js";
import { keepRecovery } from "./recovery.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./account.css" with { type: "css" };

wear(dialogs);
wear(sheet);

/** @typedef {import("./account-parts.js").Desk} Desk */
/** @typedef {import("../app/account.js").Account} Account */

/**
 * Shows it. Resolves when it is closed.
 * @param {import("./page.js").Speech} speech
 * @param {import("../app/rooms.js").Me} me
 * @returns {Promise<void>}
 */
export async function account(speech, me) {
  const words = await accountWords();
  const title = h("h2", { id: "account-title", tabindex: -1 }, words.own.title);
  const content = h("div", { class: "content" }, h("p", { class: "soft", role: "status" }, words.own.loading));
  const told = h("p", { class: "told", role: "status" });
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, speech.words.room.close);
  const dialog = h(
    "dialog",
    { class: "dialog account", "aria-labelledby": title.id },
    h("header", {}, title, h("p", { class: "lead" }, words.own.lead(me.name))),
    content,
    h("footer", {}, told, close),
  );

  /** Only what was asked for last is shown. */
  let turn = 0;
  const again = async () => {
    const mine = ++turn;
    set(content, "aria-busy", "true");
    try {
      const [own, places, tools] = await Promise.all([ask.account(), ask.signIns(), ask.tokens(me.name)]);
      if (mine === turn && dialog.open) draw([password(desk, own), factors(desk, own), signIns(desk, places), tokens(desk, own, tools)]);
    } catch (error) {
      if (mine !== turn || !dialog.open) return;
      told.textContent = "";
      const retry = h("button", { class: "button", type: "button", "data-key": "again", onclick: () => void again() }, words.own.again);
      draw([h("p", { class: "problem", role: "alert" }, explain(error, speech.words)), h("div", { class: "actions" }, retry)]);
    } finally {
      if (mine === turn) set(content, "aria-busy", false);
    }
  };
  /** @param {HTMLElement[]} parts */
  const draw = (parts) => {
    const focused = focusIn(content);
    const { scrollTop } = content;
    content.replaceChildren(...parts);
    content.scrollTop = scrollTop;
    focused();
  };
  /** @type {Desk} */
  const desk = { speech, words, again, tell: (text) => (told.textContent = text) };

  document.body.append(dialog);
  dialog.showModal();
  title.focus();
  void again();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}

/**
 * @param {Desk} desk
 * @param {Account} own
 */
function factors(desk, own) {
  const { words } = desk;
  const any = own.totp !== null || own.passkeys.length > 0;
  return section(
    words.factor.title,
    trouble(),
    h("p", { class: "soft" }, any ? words.factor.lead : words.factor.none, own.demanded && ` ${words.factor.demanded}`),
    ...codes(desk, own, !any),
    ...passkeys(desk, own, !any),
    ...(any ? recovery(desk, own) : []),
  );
}

/**
 * @param {Desk} desk
 * @param {Account} own
 */
function recovery(desk, { name, recovery: left }) {
  const { speech, words } = desk;
  const renew = async () => {
    const made = await sure(desk, { title: words.recovery.renew, lead: words.recovery.renewLead, submit: words.recovery.renew, send: ask.recovery });
    if (made) await keepRecovery(speech, words, name, made.recovery);
    return made;
  };
  return [
    h("h4", {}, words.recovery.title),
    h("p", { class: "soft" }, left > 0 ? `${words.recovery.left(left, speech.formats.number(left))} ${words.recovery.use}` : words.recovery.none),
    h("div", { class: "actions" }, doer(desk, { label: words.recovery.renew, key: "recovery", done: words.own.done, work: renew })),
  ];
}

/**
 * Has the focus come back to where it was in a part that is about to be drawn
 * anew: to the same button, else to the heading of its section.
 * @param {HTMLElement} part
 * @returns {() => void}
 */
function focusIn(part) {
  const at = /** @type {HTMLElement | null} */ (document.activeElement);
  if (!at || !part.contains(at)) return () => {};
  const { key = "" } = at.dataset;
  const place = [...part.children].findIndex((section) => section.contains(at));
  return () => {
    const same = /** @type {HTMLElement | undefined} */ ([...part.querySelectorAll("[data-key]")].find((one) => one instanceof HTMLElement && one.dataset.key === key));
    (same ?? /** @type {HTMLElement | null} */ (part.children[place]?.querySelector("h3")))?.focus();
  };
}
