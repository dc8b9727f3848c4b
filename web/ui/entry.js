/**
 * The way in: one signs in. Who comes by a link is asked for something else in
 * the same form (joining.js). What a password alone doesn't do is loaded when
 * somebody wants it (entering.js).
 * @module
 */
import { Problem, api } from "../app/api.js";
import { explain } from "../app/words.js";
import { h, icon, said, set } from "./dom.js";

/** Why one has to sign in. @typedef {{problem?: unknown, notice?: string, unsent?: string}} Reason */

/**
 * @typedef {object} Form
 * @property {string} title
 * @property {(Node | string)[]} lead
 * @property {Node[]} fields the first that can be seen gets the focus
 * @property {string} submit
 * @property {() => {text: string, at: HTMLInputElement} | null} check what is wrong before it is sent
 * @property {() => Promise<import("../app/rooms.js").Me | null>} send null: something else is asked for now
 * @property {Partial<Record<number, string>>} problems by status
 * @property {(status: number) => HTMLElement} blamed what one changes when it was refused
 */

/** What is loaded when it is wanted. @typedef {(entering: typeof import("./entering.js")) => unknown} Entering */

/** Events: `signed-in` with who one is; `retry`, to look once more whether the server is there. */
export class Entry extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** Shows what is asked for here. @type {(entry: Entry) => void} */
  begin;
  /** Says what is wrong, in the form where one is shown. @type {(text: string, at?: HTMLElement) => void} */
  complain = (text) => this.show(this.speech.words.name, h("p", { role: "alert" }, text));
  /** What one may do instead of it. @type {HTMLElement} */
  ways;

  connectedCallback() {
    document.title = this.speech.words.name;
    this.begin(this);
  }

  /** @param {Reason} reason */
  signIn({ problem, notice, unsent }) {
    const { words } = this.speech;
    const known = problem instanceof Problem ? problem : null;
    if (known?.body.setup === true) return void this.#more((entering) => entering.tellOfSetup(this));
    if (known && known.status !== 401) {
      this.show(
        words.name,
        h("p", { role: "alert" }, explain(known, words)),
        h("button", { class: "button", onclick: () => this.dispatchEvent(new Event("retry")) }, words.log.tryAgain),
      );
    } else {
      const name = this.nameInput();
      const password = this.passwordInput("current-password");
      this.ask({
        title: words.signIn.title,
        lead: [notice, unsent].filter((sentence) => sentence !== undefined),
        fields: [this.nameField(name), this.passwordField(password)],
        submit: words.signIn.submit,
        check: () => (name.value.trim() && password.value ? null : { text: words.form.missing, at: name.value.trim() ? password : name }),
        send: () => this.#send({ name: name.value.trim().toLowerCase(), password: password.value }),
        problems: { 401: words.signIn.wrong, 429: words.signIn.tooMany },
        blamed: () => password,
      });
      this.ways.append(this.way(words.signIn.passkey, (entering) => entering.signInByPasskey(this)));
      void this.#offerCompany(known?.body);
      const why = new URLSearchParams(location.search).get("company");
      if (why) void this.#more((entering) => entering.tellOfCompany(this, why));
    }
    this.foot();
  }

  /** Leads to what finds out whether the connection is why one can't. */
  foot() {
    this.firstElementChild?.append(h("p", { class: "foot" }, h("a", { href: "/check" }, this.speech.words.connection.check)));
  }

  /**
   * A button for what is loaded when it is wanted.
   * @param {string} text
   * @param {Entering} work
   */
  way(text, work) {
    return h("button", { class: "button", type: "button", onclick: () => void this.#more(work) }, text);
  }

  /** @param {Entering} work */
  async #more(work) {
    try {
      await work(await import("./entering.js"));
    } catch (error) {
      this.complain(explain(error, this.speech.words));
    }
  }

  /** @param {Partial<import("../app/api.js").Entrance>} [known] */
  async #offerCompany(known) {
    const { ways } = this;
    const provider = (known ?? (await api.entrance().catch(() => null)))?.provider;
    const to = encodeURIComponent(location.pathname + location.hash);
    if (provider) ways.append(h("a", { class: "button", href: `/api/session/company?to=${to}` }, h("span", {}, ...said(this.speech.words.signIn.company(provider.label)))));
  }

  /** @param {{name: string, password: string}} known */
  async #send(known) {
    try {
      return await api.signIn(known);
    } catch (problem) {
      const { body } = /** @type {Problem} */ (problem);
      if (!body?.code) throw problem;
      await (await import("./entering.js")).askForCode(this, known, body.passkey === true);
      return null;
    }
  }

  /** @param {import("../app/rooms.js").Me} me */
  enter(me) {
    this.dispatchEvent(new CustomEvent("signed-in", { detail: me }));
  }

  /** @returns {HTMLInputElement} */
  nameInput() {
    return h("input", { id: "name", name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", dir: "ltr", maxlength: 64 });
  }

  /**
   * @param {"current-password" | "new-password"} autocomplete
   * @returns {HTMLInputElement}
   */
  passwordInput(autocomplete) {
    return h("input", { id: "password", name: "password", type: "password", autocomplete, dir: "ltr" });
  }

  /**
   * @param {HTMLInputElement} input
   * @param {string} [hint]
   */
  nameField(input, hint) {
    return this.field(h("label", { for: input.id }, this.speech.words.form.userName), input, input, hint);
  }

  /**
   * A password, and a button that shows it.
   * @param {HTMLInputElement} input
   * @param {string} [hint]
   */
  passwordField(input, hint) {
    const { form } = this.speech.words;
    const toggle = () => {
      const visible = input.type === "password";
      input.type = visible ? "text" : "password";
      set(button, "aria-pressed", String(visible));
    };
    const button = h("button", { class: "button quiet only-icon", type: "button", "aria-label": form.show, "aria-pressed": "false", title: form.show, onclick: toggle }, icon("eye"));
    return this.field(h("label", { for: input.id }, form.password), input, h("div", { class: "control" }, input, button), hint);
  }

  /**
   * @param {HTMLElement} label
   * @param {HTMLInputElement} input
   * @param {HTMLElement} control that the input is or is part of
   * @param {string} [hint]
   */
  field(label, input, control, hint) {
    const id = `${input.id}-hint`;
    set(input, "aria-describedby", hint && id);
    return h("div", { class: "field" }, label, control, hint && h("p", { class: "hint", id }, hint));
  }

  /**
   * Shows a form, and sends it. There is room for other ways below it.
   * @param {Form} form
   */
  ask({ title, lead, fields, submit, check, send, problems, blamed }) {
    const { words } = this.speech;
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const button = h("button", { class: "button main" }, submit);
    const inputs = () => /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input:not([hidden])"));
    const complain = (this.complain = (text, at) => {
      problem.textContent = text;
      problem.hidden = false;
      for (const input of inputs()) set(input, "aria-invalid", at ? String(input === at) : null);
      at?.focus();
    });
    const onsubmit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      problem.hidden = true;
      const wrong = check();
      if (wrong) return complain(wrong.text, wrong.at);
      button.disabled = true;
      try {
        const me = await send();
        if (me) this.enter(me);
      } catch (error) {
        complain(explain(error, words, problems), blamed(/** @type {Problem} */ (error).status));
      } finally {
        button.disabled = false;
      }
    };
    const form = h("form", { novalidate: true, onsubmit }, problem, ...fields, button);
    this.ways = h("div", { class: "ways" });
    this.show(title, lead.length > 0 && h("p", { class: "soft" }, ...lead), form, this.ways);
    inputs()[0].focus();
  }

  /**
   * @param {string} title
   * @param {...import("./dom.js").Child} content
   */
  show(title, ...content) {
    this.replaceChildren(h("main", { class: "entry" }, h("p", { class: "brand" }, this.speech.words.name), h("h1", {}, title), ...content));
  }
}

customElements.define("rr-entry", Entry);
