/**
 * What the sections of one's own account are made of.
 * @module
 */
import { explain } from "../app/words.js";
import { h, set } from "./dom.js";
import { field, show } from "./form.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("../lang/en-account.js").AccountDictionary} Words */

/**
 * What a section stands on.
 * @typedef {object} Desk
 * @property {import("./page.js").Speech} speech
 * @property {Words} words
 * @property {(text: string) => void} tell says in passing what was done
 * @property {() => Promise<void>} again shows everything as it is now
 */

/**
 * A part with a heading of its own.
 * @param {string} title
 * @param {...Child} content
 */
export function section(title, ...content) {
  return h("section", {}, h("h3", { tabindex: -1 }, title), ...content);
}

/**
 * A button that does something, says so, and shows what is so then.
 * @param {Desk} desk
 * @param {object} how
 * @param {string} how.label
 * @param {string} how.key names the button, for the focus to come back to
 * @param {string} [how.name] the accessible name, if the label doesn't say it all
 * @param {string} how.done what is said afterwards
 * @param {() => Promise<any>} how.work resolves to null if nothing was done
 */
export function doer(desk, { label, key, name, done, work }) {
  const button = h("button", { class: "button", type: "button", "data-key": key, "aria-label": name, title: name }, label);
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    set(button, "aria-busy", "true");
    const problem = /** @type {HTMLElement} */ (button.closest("section")?.querySelector(".problem"));
    complain(problem, "");
    try {
      if ((await work()) === null) return;
      desk.tell(done);
      await desk.again();
    } catch (error) {
      if (/** @type {{status?: number}} */ (error).status === 404) {
        desk.tell(desk.words.own.gone);
        await desk.again();
      } else complain(problem, explain(error, desk.speech.words));
    } finally {
      busy = false;
      set(button, "aria-busy", false);
    }
  });
  return button;
}

/** Where a section says what went wrong. */
export function trouble() {
  return h("p", { class: "problem", role: "alert", hidden: true });
}

/**
 * @param {HTMLElement} problem
 * @param {string} text "" for nothing
 */
export function complain(problem, text) {
  problem.textContent = text;
  problem.hidden = text === "";
}

/**
 * Asks before something is done that can't be taken back. Resolves to null if
 * it isn't wanted; rejects if what it is about isn't there any more.
 * @param {Desk} desk
 * @param {{title: string, lead: string, submit: string, send: () => Promise<any>, problems?: Partial<Record<number, string>>}} how
 */
export async function sure({ speech }, { title, lead, submit, send, problems = {} }) {
  /** @type {unknown} */
  let gone = null;
  const sent = async () => {
    try {
      return await send();
    } catch (problem) {
      if (/** @type {{status?: number}} */ (problem).status !== 404) throw problem;
      gone = problem;
      return {};
    }
  };
  const made = await show(speech, { title, lead, submit, problems, fields: [], check: () => null, send: sent });
  if (gone) throw gone;
  return made;
}

/**
 * A field for what something is to be called.
 * @param {Words} words
 * @param {string} hint
 * @param {string} [value]
 */
export function labelField(words, hint, value = "") {
  const input = h("input", { value, dir: "auto", autocomplete: "off", maxlength: 240 });
  return { input, shown: field(words.own.label, input, hint) };
}

/**
 * One entry of a list: what it is, lines of what there is to say of it, and what
 * can be done with it.
 * @param {Child} name
 * @param {string[][]} lines
 * @param {Child} [button]
 */
export function row(name, lines, button) {
  return h("li", {}, h("div", {}, h("p", { class: "name" }, name), lines.map((facts) => h("p", { class: "facts" }, ...facts.flatMap((fact, at) => [at > 0 && " · ", h("span", {}, fact)])))), button);
}

/** A time of the server's. @param {string} time (RFC 3339) */
export const timeOf = (time) => new Date(time).getTime();
