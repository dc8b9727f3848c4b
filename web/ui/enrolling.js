/**
 * What stands before the room for somebody of whom a second factor is demanded
 * and who has none: to set one up, or to sign out.
 * @module
 */
import { api } from "../app/api.js";
import { explain } from "../app/words.js";
import { setUpCodes } from "./account-codes.js";
import { newPasskey } from "./account-passkeys.js";
import { accountWords } from "./account-words.js";
import { h, said, set } from "./dom.js";
import { hindrance } from "./passkey.js";

/**
 * @param {import("./entry.js").Entry} entry
 * @param {import("../app/rooms.js").Me} me
 */
export async function enroll(entry, me) {
  const { speech } = entry;
  const [words] = await Promise.all([accountWords(), speech.more()]);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  /**
   * @param {string} text
   * @param {string} kind
   * @param {() => Promise<unknown>} work resolves to null if nothing was done
   */
  const button = (text, kind, work) => {
    const made = h("button", { class: kind, type: "button" }, text);
    made.addEventListener("click", async () => {
      if (made.ariaBusy) return;
      set(made, "aria-busy", "true");
      problem.hidden = true;
      try {
        if ((await work()) === null) made.focus();
      } catch (error) {
        problem.textContent = explain(error, speech.words);
        problem.hidden = false;
      } finally {
        set(made, "aria-busy", false);
      }
    });
    return made;
  };
  /** @param {() => Promise<true | null>} setUp */
  const andIn = (setUp) => async () => (await setUp()) && entry.enter(await api.whoAmI());
  const codes = button(words.codes.setUp, "button main", andIn(() => setUpCodes(speech, words, { user: me.name })));
  const passkey = hindrance() === "" && button(words.passkeys.add, "button", andIn(() => newPasskey(speech, words, me.name)));
  const out = button(words.enrolling.out, "button quiet", async () => {
    await api.signOut();
    entry.dispatchEvent(new Event("retry"));
  });
  entry.show(
    words.enrolling.title,
    h("p", { class: "soft" }, ...said(words.enrolling.lead(me.display || me.name))),
    problem,
    h("div", { class: "field" }, h("p", {}, words.enrolling.codes), codes),
    passkey && h("div", { class: "field" }, h("p", {}, words.enrolling.passkey), passkey),
    h("div", { class: "ways" }, out),
  );
  codes.focus();
}
