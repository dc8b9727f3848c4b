/**
 * Who somebody is, as far as the room knows: what they are called, what they
 * may do, whether they are here and can be reached directly, and what one has in
 * common.
 * @module
 */
import { inCommon } from "../app/walls.js";
import { avatar, h, isolated, said, say, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./profile.css" with { type: "css" };
import { copier } from "./once.js";

wear(dialogs);
wear(sheet);

/** @typedef {import("../app/rooms.js").Rooms} Rooms */

/** The program that talks to others directly. */
const PROGRAM = "redroom peer";

/**
 * Shows somebody, and what changes about them while it is open.
 * @param {string} name
 * @param {import("./page.js").Speech} speech
 * @param {Pick<import("../app/store.js").Store, "state" | "subscribe">} store
 * @returns {Promise<{talk?: string, account?: boolean}>} the deal in which one wants to talk to them; whether one wants to see one's own account
 */
export function profile(name, { words, formats }, store) {
  /** @type {{talk?: string, account?: boolean}} */
  let next = {};
  const title = h("h2", { id: "profile-title" });
  const account = h("p");
  const role = h("dd");
  const presence = h("dd");
  const deals = h("dd");
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, words.room.close);
  const message = h(
    "button",
    {
      class: "button main",
      type: "button",
      onclick: () => {
        next = { talk: message.dataset.deal };
        dialog.close();
      },
    },
    words.profile.message,
  );
  const own = h(
    "button",
    {
      class: "button main",
      type: "button",
      onclick: () => {
        next = { account: true };
        dialog.close();
      },
    },
    words.ownAccount.open,
  );
  const means = h("p");
  const program = h("code", { dir: "ltr" }, PROGRAM);
  const { button: copy, said: copied } = copier(PROGRAM, { copy: words.profile.copy, copied: words.dialog.copied, select: () => getSelection()?.selectAllChildren(program) });
  copy.classList.add("quiet");
  const how = h("dl", {}, h("dt", {}, words.profile.terminal), h("dd", {}, program, copy, copied), h("dt", {}, words.profile.there), h("dd", {}, h("code", { dir: "ltr" }, `/msg ${name} …`)));
  const directly = h("section", { class: "directly" }, means, how);
  const header = h("header", {}, h("div", {}, title, account));
  const dialog = h(
    "dialog",
    { class: "dialog profile", "aria-labelledby": "profile-title" },
    header,
    h("dl", {}, h("dt", {}, words.profile.role), role, h("dt", {}, words.profile.presence), presence, h("dt", {}, words.profile.deals), deals),
    directly,
    h("footer", {}, close, message, own),
  );

  const show = () => {
    const rooms = store.state;
    const mine = name === rooms.me.name;
    const { person, deals: common } = inCommon(rooms, name);
    const shown = person?.display || name;
    const state = rooms.presence.get(name) ?? "offline";
    header.querySelector(".avatar")?.remove();
    header.prepend(avatar(name, shown));
    title.replaceChildren(isolated(shown), mine ? ` (${words.room.you})` : "");
    say(account, name);
    say(role, (person && words.roles[person.role]) || "–");
    say(presence, common.length > 0 ? (/** @type {Record<string, string>} */ (words.presence)[state] ?? words.presence.offline) : words.profile.gone);
    const named = common.map((deal) => deal.name).sort(formats.collator.compare);
    deals.replaceChildren(...(named.length > 0 ? named.flatMap((deal, at) => [at > 0 ? ", " : "", isolated(deal)]) : ["–"]));
    directly.hidden = !rooms.reachable.has(name);
    means.replaceChildren(...(mine ? [words.profile.directlyMe] : said(words.profile.directly(shown))));
    how.hidden = mine || rooms.me.role === "observer";
    message.hidden = mine || rooms.me.role === "observer" || common.length === 0;
    own.hidden = !mine;
    message.dataset.deal = common[0]?.id ?? "";
  };
  show();
  document.body.append(dialog);
  dialog.showModal();
  ([message, own].find((button) => !button.hidden) ?? close).focus();
  const end = store.subscribe(show);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      end();
      dialog.remove();
      resolve(next);
    });
  });
}
