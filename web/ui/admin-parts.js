/**
 * What the sections of the administration are made of.
 * @module
 */
import { carryOut, difference } from "../app/administration.js";
import { consequences } from "../app/effects.js";
import { exactName } from "../app/sentence.js";
import { explain } from "../app/words.js";
import { avatar, h, icon, isolated, said, set, wear } from "./dom.js";
import chips from "./chip.css" with { type: "css" };
import { field, show } from "./form.js";

wear(chips);

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("../app/administration.js").Change} Change */
/** @typedef {import("../app/administration.js").Reader} Reader */

/** @typedef {{name: string, display: string}} Somebody */

/**
 * What a section stands on, from when one came to it until one goes elsewhere.
 * What comes later does nothing to what is shown then.
 * @typedef {object} Desk
 * @property {import("./page.js").Speech} speech
 * @property {import("../lang/en-admin.js").AdminDictionary} words
 * @property {import("../app/rooms.js").Me} me
 * @property {AbortSignal} left aborted once one has gone elsewhere
 * @property {(text: string) => void} tell says something in passing
 * @property {(text: string) => void} late says wherever one is now what can't be said in the section any more
 * @property {(place: string) => void} go
 * @property {(problem?: string) => Promise<void>} again shows the section as it is now, with what was typed
 */

/** @typedef {{title: string, content: Child[]}} View */

/**
 * Makes a change, once it was said what it means and that was wanted.
 * @param {Desk} desk
 * @param {Change} change
 * @param {{title: string, button: string, who?: Somebody, meaning?: import("../app/effects.js").Meaning, also?: import("../app/sentence.js").Part[][]}} how what the question is called and its button says; whom it is about; what it means, if that isn't the server's to say, and what else
 * @returns {Promise<any>} what the server answered; null if it wasn't wanted
 */
export async function make(desk, change, { title, button, who, meaning, also = [] }) {
  const { words, speech, left, late } = desk;
  /** @param {import("../app/effects.js").Meaning} meaning */
  const wanted = async (meaning) => {
    const sentences = [...consequences(meaning, { words, formats: speech.formats, who: who ? exactName(who) : "" }), ...also];
    if (sentences.length === 0) return true;
    const means = h("ul", { class: "means", "aria-label": words.means }, ...sentences.map((sentence) => h("li", {}, ...said(sentence))));
    const told = who ? [whose(who), means] : [means];
    return (await question(desk, { title, fields: told, told, submit: button, send: async () => true })) !== null;
  };
  const made = await carryOut(change, { meaning, wanted, left });
  if (made === null && left.aborted) late(words.left);
  return made;
}

/**
 * Asks something before a change is made, as long as what it is about is shown.
 * @param {Desk} desk
 * @param {Pick<import("./form.js").Form, "title" | "fields" | "submit" | "send"> & Partial<import("./form.js").Form>} form
 * @returns {Promise<any>} null for no change
 */
export function question({ speech, left }, form) {
  return show(speech, { problems: {}, check: () => null, over: left, ...form });
}

/**
 * Whom a question is about.
 * @param {Somebody} who
 */
export function whose(who) {
  return h("p", { class: "whose" }, isolated(exactName(who)));
}

/** Where a form or section says what went wrong. */
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
 * A button that changes something at once, or asks first.
 * @param {Desk} desk
 * @param {object} how
 * @param {Child} how.label
 * @param {string} how.key names the button, for the focus to come back to
 * @param {string} [how.name] the accessible name, if the label doesn't say it all
 * @param {string} [how.kind] of button
 * @param {HTMLElement} how.problem
 * @param {() => Promise<any>} how.act resolves to null if nothing was changed
 * @param {() => Promise<boolean>} [how.stale] whether what is shown is not what is so
 * @param {string} [how.done] what is said afterwards
 * @param {Partial<Record<number, string>>} [how.problems] the place's own sentences
 */
export function action(desk, { label, key, name, kind = "", problem, act, stale, done = desk.words.done, problems = {} }) {
  const button = h("button", { class: `button ${kind}`, type: "button", "data-key": key, "aria-label": name, title: name }, label);
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    set(button, "aria-busy", "true");
    complain(problem, "");
    try {
      if ((await act()) === null) return;
      desk.tell(done);
      await desk.again();
    } catch (error) {
      await failed(desk, error, { problem, stale, problems, changed: desk.words.changedLook });
    } finally {
      busy = false;
      set(button, "aria-busy", false);
    }
  });
  return button;
}

/**
 * Says why a change wasn't made: where it was asked for, while that is shown.
 * @param {Desk} desk
 * @param {unknown} error
 * @param {{problem: HTMLElement, stale?: () => Promise<boolean>, problems: Partial<Record<number, string>>, changed: string}} how changed: what is said if somebody else was faster
 */
async function failed(desk, error, { problem, stale, problems, changed }) {
  const { words, speech, left } = desk;
  const overtaken = await changedMeanwhile(error, stale);
  if (overtaken && !left.aborted) return desk.again(changed);
  const text = overtaken ? words.changedLate : explain(error, speech.words, problems);
  if (problem.isConnected && !left.aborted) complain(problem, text);
  else desk.late(text);
}

/**
 * Whether something was refused because somebody has changed it meanwhile.
 * @param {unknown} error
 * @param {(() => Promise<boolean>) | undefined} stale
 */
async function changedMeanwhile(error, stale) {
  const { status } = /** @type {{status?: number}} */ (error);
  if (status !== 409 || !stale) return false;
  return stale().catch(() => true); // to be shown once it can be
}

/** Fields with a heading in common. @typedef {{label: string, hint: string}} Group */

/**
 * @typedef {object} Field
 * @property {string} label
 * @property {HTMLInputElement | HTMLSelectElement} control
 * @property {string} [hint]
 * @property {(control: any) => unknown} value what it says; undefined where that makes no sense
 * @property {string | ((control: any) => string)} [wrong] what is said then
 * @property {Group} [group] those that it stands among, all of which follow each other
 */

/**
 * A form for what can be changed of something.
 * @param {Desk} desk
 * @param {object} how
 * @param {Record<string, unknown> & {version: number}} how.seen what it is now
 * @param {Record<string, Field>} how.fields by the names that the server has for them
 * @param {(body: Record<string, unknown>) => Change} how.change
 * @param {() => Promise<boolean>} how.stale whether that isn't so any more
 * @param {string} how.title of the question before it is made
 * @param {string} [how.key] names the form where there are several, for what was typed and the focus to come back to
 * @param {string} [how.verb] what its button says
 * @param {Somebody} [how.who]
 * @param {HTMLElement} [how.problem] where it says what went wrong
 * @param {Partial<Record<number, string>>} [how.problems] the place's own sentences
 * @param {Child[]} [how.more] further buttons
 * @param {(body: Record<string, unknown>) => import("../app/sentence.js").Part[][]} [how.also] what a change means beside rights
 */
export function editor(desk, { seen, fields, change, stale, title, key: form = "", verb = desk.words.save, who, problem = trouble(), problems = {}, more = [], also = () => [] }) {
  const { words } = desk;
  const save = h("button", { class: "button main", "data-key": `${form}save` }, verb);
  const entries = Object.entries(fields);
  for (const [key, { control }] of entries) {
    control.dataset.key = `${form}field ${key}`;
    control.dataset.was = written(control);
  }
  const refuse = (/** @type {string} */ text, /** @type {HTMLElement} */ at) => {
    complain(problem, text);
    for (const [, { control }] of entries) control.setAttribute("aria-invalid", String(control === at));
    at.focus();
  };
  let busy = false;
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    complain(problem, "");
    /** @type {Record<string, unknown>} */
    const typed = {};
    for (const [key, { control, value, wrong = "" }] of entries) {
      typed[key] = value(control);
      if (typed[key] === undefined) return refuse(typeof wrong === "string" ? wrong : wrong(control), control);
    }
    const body = difference(seen, typed);
    if (!body) return desk.tell(words.nothingChanged);
    const sent = entries.map(([, { control }]) => written(control));
    busy = true;
    set(save, "aria-busy", "true");
    save.textContent = words.saving;
    try {
      if ((await make(desk, change(body), { title, button: title, who, also: also(body) })) === null) return;
      for (const [at, [, { control }]] of entries.entries()) control.dataset.was = sent[at];
      desk.tell(words.saved);
      await desk.again();
    } catch (error) {
      await failed(desk, error, { problem, stale, problems, changed: words.changed });
    } finally {
      busy = false;
      set(save, "aria-busy", false);
      save.textContent = verb;
    }
  };
  return h(
    "form",
    { class: "editor", novalidate: true, onsubmit: submit },
    problem,
    ...grouped(entries.map(([, field]) => field)),
    h("footer", {}, save, more),
  );
}

/**
 * Fields in their order, those of a group together.
 * @param {Field[]} fields
 */
function grouped(fields) {
  /** @type {HTMLElement[]} */
  const shown = [];
  /** @type {Group | undefined} */
  let last;
  for (const { label, control, hint, group } of fields) {
    if (group && group !== last) shown.push(h("fieldset", { class: "group" }, h("legend", {}, group.label), h("p", { class: "hint" }, group.hint)));
    const one = control.type === "checkbox" ? boxed(label, control, hint) : field(label, control, hint);
    if (group) shown[shown.length - 1].append(one);
    else shown.push(one);
    last = group;
  }
  return shown;
}

/**
 * A box with its label beside it.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function boxed(label, control, hint) {
  const whole = field(label, control, hint);
  whole.classList.add("box");
  return whole;
}

/**
 * What stands in a control, as a text.
 * @param {HTMLInputElement | HTMLSelectElement} control
 */
export function written(control) {
  return control instanceof HTMLInputElement && control.type === "checkbox" ? String(control.checked) : control.value;
}

/**
 * Puts into a control what stood in another one.
 * @param {HTMLInputElement | HTMLSelectElement} control
 * @param {string} text
 */
export function write(control, text) {
  if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = text === "true";
  else control.value = text;
}

/**
 * What stands in a control, as one reads it.
 * @param {HTMLInputElement | HTMLSelectElement} control
 */
export function readable(control) {
  if (control instanceof HTMLSelectElement) return control.selectedOptions[0]?.text ?? "";
  return control.type === "checkbox" ? (control.checked ? "✓" : "–") : control.value;
}

/**
 * A part of a view with a heading of its own.
 * @param {string} title
 * @param {...Child} content
 */
export function section(title, ...content) {
  return h("section", {}, h("h2", {}, title), ...content);
}

/**
 * The way back to a list.
 * @param {[string, string][]} links places, and what they are called
 */
export function crumbs(...links) {
  return h("p", { class: "crumbs" }, ...links.map(([place, text]) => h("a", { href: `#${place}` }, icon("back"), isolated(text))));
}

/** @param {string} text */
export function chip(text) {
  return h("span", { class: "chip" }, text);
}

/**
 * Somebody in a list.
 * @param {{name: string, display: string, role: string}} person
 * @param {Desk} desk
 * @param {...Child} more what else is to be said, in a word each
 */
export function person({ name, display, role }, { speech }, ...more) {
  const shown = display || name;
  return [
    avatar(name, shown),
    h("span", { class: "name" }, isolated(shown), shown !== name && h("span", { class: "account", dir: "ltr" }, name)),
    h("span", { class: "chips" }, role !== "member" && chip(/** @type {Record<string, string>} */ (speech.words.roles)[role] ?? role), more),
  ];
}

/**
 * @param {Reader[]} people
 * @param {Intl.Collator} collator
 */
export function byName(people, collator) {
  return [...people].sort((a, b) => collator.compare(a.display || a.name, b.display || b.name));
}

/**
 * A line to add somebody with.
 * @param {Desk} desk
 * @param {{label: string, people: Reader[], none: string, problem: HTMLElement, title: string, change: (name: string) => Change}} how
 */
export function adder(desk, { label, people, none, problem, title, change }) {
  const { words, speech } = desk;
  if (people.length === 0) return h("p", { class: "soft" }, none);
  const select = h(
    "select",
    { "data-key": "add who" },
    h("option", { value: "" }, `${words.choose} …`),
    ...byName(people, speech.formats.collator).map((one) => h("option", { value: one.name }, exactName(one))),
  );
  const add = action(desk, {
    label: words.add,
    key: "add",
    problem,
    act: async () => {
      if (!select.value) {
        select.focus();
        return null;
      }
      const who = people.find((one) => one.name === select.value);
      const made = await make(desk, change(select.value), { title, button: title, who });
      if (made !== null) select.value = "";
      return made;
    },
  });
  return h("div", { class: "adder" }, field(label, select), add);
}
