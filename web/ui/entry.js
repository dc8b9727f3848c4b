/**
 * The ways in: sign in, the first account, an invitation, a new password. One
 * look and one form; what differs is what it asks for and where it goes.
 * @module
 */
import { Problem, api } from "../app/api.js";
import { explain } from "../app/words.js";
import { h, icon } from "./dom.js";

/**
 * @typedef {{view: "sign-in", problem?: unknown, notice?: string, unsent?: string}
 *   | {view: "setup", token: string}
 *   | {view: "invitation", token: string}} Purpose
 */

/**
 * @typedef {object} Form
 * @property {string} title
 * @property {(Node | string)[]} lead
 * @property {string} submit
 * @property {string} [account] the account whose password it is; then no name is asked for
 * @property {boolean} [display] whether a display name is asked for
 * @property {boolean} fresh whether name and password are new
 * @property {(values: {name: string, display: string, password: string}) => Promise<import("../app/rooms.js").Me>} send
 * @property {Partial<Record<number, string>>} problems
 */

const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;
const encoder = new TextEncoder();

export class Entry extends HTMLElement {
  /** @type {import("./page.js").Speech} */
  speech;
  /** @type {Purpose} */
  purpose;

  connectedCallback() {
    document.title = this.speech.words.name;
    if (this.purpose.view === "sign-in") this.#signIn(this.purpose);
    else if (this.purpose.view === "setup") this.#setUp(this.purpose.token);
    else void this.#invitation(this.purpose.token);
  }

  /** @param {Extract<Purpose, {view: "sign-in"}>} purpose */
  #signIn({ problem, notice, unsent }) {
    const { words } = this.speech;
    const known = problem instanceof Problem ? problem : null;
    if (known?.body.setup === true) return this.#show(words.setup.title, h("p", {}, words.signIn.noAdmin));
    if (known && known.status !== 401) {
      return this.#show(
        words.name,
        h("p", { role: "alert" }, explain(known, words)),
        h("button", { class: "button", onclick: () => this.dispatchEvent(new Event("retry")) }, words.log.tryAgain),
      );
    }
    this.#form({
      title: words.signIn.title,
      lead: [notice, unsent].filter((sentence) => sentence !== undefined),
      submit: words.signIn.submit,
      fresh: false,
      send: ({ name, password }) => api.signIn({ name, password }),
      problems: { 401: words.signIn.wrong, 429: words.signIn.tooMany },
    });
  }

  /** @param {string} token */
  #setUp(token) {
    const { words } = this.speech;
    if (token === "") return this.#show(words.setup.title, h("p", {}, words.invitation.incomplete), this.#toSignIn());
    this.#form({
      title: words.setup.title,
      lead: [words.setup.lead],
      submit: words.form.create,
      fresh: true,
      send: ({ name, password }) => api.setUp({ token, name, password }),
      problems: { 401: words.setup.wrong, 403: words.setup.wrong, 404: words.setup.wrong, 409: words.form.taken, 410: words.setup.gone },
    });
  }

  /** @param {string} token */
  async #invitation(token) {
    const { words, formats } = this.speech;
    if (token === "") return this.#show(words.invitation.title, h("p", {}, words.invitation.incomplete), this.#toSignIn());
    this.#show(words.invitation.title, h("p", { class: "soft", role: "status" }, words.invitation.opening));
    let found;
    try {
      found = await api.openInvitation(token);
    } catch (problem) {
      const { status } = /** @type {Problem} */ (problem);
      const gone = status === 404 || status === 410;
      this.#show(
        words.invitation.title,
        h("p", { role: "alert" }, gone ? words.invitation.gone : explain(problem, words)),
        gone ? this.#toSignIn() : h("button", { class: "button", onclick: () => void this.#invitation(token) }, words.log.tryAgain),
      );
      return;
    }
    const problems = { 404: words.invitation.gone, 409: words.form.taken, 410: words.invitation.gone };
    const account = found.name;
    if (account) {
      this.#form({
        title: words.invitation.passwordTitle,
        lead: [words.invitation.passwordLead(account)],
        submit: words.invitation.passwordSubmit,
        account,
        fresh: true,
        send: ({ password }) => api.acceptInvitation({ token, name: account, password }),
        problems,
      });
      return;
    }
    const { deals = [], role, expires, by = "" } = found;
    const until = expires ? new Date(expires).getTime() : NaN;
    const lead = [deals.length > 0 ? words.invitation.lead(by, formats.list(deals)) : words.invitation.leadNoDeal(by)];
    if (role === "observer") lead.push(words.invitation.observer);
    if (!Number.isNaN(until)) lead.push(words.invitation.until(formats.date(until)));
    const here = await api.whoAmI().catch(() => null);
    if (here) lead.push(words.invitation.signedIn(here.display || here.name));
    this.#form({
      title: words.invitation.title,
      lead: [lead.join(" ")],
      submit: words.form.create,
      display: true,
      fresh: true,
      send: ({ name, display, password }) =>
        api.acceptInvitation(display ? { token, name, display, password } : { token, name, password }),
      problems,
    });
  }

  #toSignIn() {
    return h("a", { class: "button", href: "/" }, this.speech.words.form.toSignIn);
  }

  /** @param {Form} form */
  #form({ title, lead, submit, account, display, fresh, send, problems }) {
    const { words } = this.speech;
    const name = h("input", {
      id: "name",
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
      dir: "ltr",
      maxlength: 64,
      "aria-describedby": fresh && "name-hint",
    });
    const shown = h("input", { id: "display", name: "display", autocomplete: "name", dir: "auto", maxlength: 64, "aria-describedby": "display-hint" });
    const password = h("input", {
      id: "password",
      name: "password",
      type: "password",
      autocomplete: fresh ? "new-password" : "current-password",
      dir: "ltr",
      "aria-describedby": fresh && "password-hint",
    });
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const button = h("button", { class: "button main" }, submit);
    const show = h(
      "button",
      {
        class: "button quiet only-icon",
        type: "button",
        "aria-label": words.form.show,
        "aria-pressed": "false",
        title: words.form.show,
        onclick: () => {
          const visible = password.type === "password";
          password.type = visible ? "text" : "password";
          show.setAttribute("aria-pressed", String(visible));
        },
      },
      icon("eye"),
    );

    /**
     * @param {string} text
     * @param {HTMLInputElement} [at]
     */
    const complain = (text, at) => {
      problem.textContent = text;
      problem.hidden = false;
      for (const input of [name, password]) input.setAttribute("aria-invalid", String(input === at));
      at?.focus();
    };

    const submitForm = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const values = { name: account ?? name.value.trim(), display: shown.value.trim(), password: password.value };
      if (!fresh) values.name = values.name.toLowerCase();
      problem.hidden = true;
      if (fresh && !account && !NAME.test(values.name)) return complain(words.form.badName, name);
      if (fresh && !passwordFits(values.password)) return complain(words.form.badPassword, password);
      if (!values.name || !values.password) return complain(words.form.missing, values.name ? password : name);
      button.disabled = true;
      try {
        this.dispatchEvent(new CustomEvent("signed-in", { detail: await send(values) }));
      } catch (error) {
        const { status } = /** @type {Problem} */ (error);
        complain(explain(error, words, problems), status === 409 ? name : password);
      } finally {
        button.disabled = false;
      }
    };

    this.#show(
      title,
      lead.length > 0 && h("p", { class: "soft" }, ...lead),
      h(
        "form",
        { novalidate: true, onsubmit: submitForm },
        problem,
        account
          ? h("input", { hidden: true, autocomplete: "username", value: account, readonly: true, "aria-hidden": "true" })
          : h(
              "div",
              { class: "field" },
              h("label", { for: "name" }, words.form.userName),
              name,
              fresh && h("p", { class: "hint", id: "name-hint" }, words.form.userNameHint),
            ),
        display &&
          h(
            "div",
            { class: "field" },
            h("span", { class: "label" }, h("label", { for: "display" }, words.form.display), h("span", { class: "optional" }, ` · ${words.form.optional}`)),
            shown,
            h("p", { class: "hint", id: "display-hint" }, words.form.displayHint),
          ),
        h(
          "div",
          { class: "field" },
          h("label", { for: "password" }, words.form.password),
          h("div", { class: "control" }, password, show),
          fresh && h("p", { class: "hint", id: "password-hint" }, words.form.passwordHint),
        ),
        button,
      ),
    );
    (account ? password : name).focus();
  }

  /**
   * @param {string} title
   * @param {...import("./dom.js").Child} content
   */
  #show(title, ...content) {
    const { words } = this.speech;
    const check = this.purpose.view === "sign-in" && h("p", { class: "foot" }, h("a", { href: "/check" }, words.connection.check));
    this.replaceChildren(h("main", { class: "entry" }, h("p", { class: "brand" }, words.name), h("h1", {}, title), ...content, check || ""));
  }
}

/** @param {string} password */
function passwordFits(password) {
  const octets = encoder.encode(password).length;
  return octets >= 12 && octets <= 256;
}

customElements.define("rr-entry", Entry);
