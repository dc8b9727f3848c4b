/**
 * What is shown once, to be copied.
 * @module
 */
import { h, icon } from "./dom.js";
import { field } from "./form.js";

/**
 * A text that can only be read, and the button that copies it.
 * @param {object} how
 * @param {string} how.label
 * @param {string} how.text
 * @param {string} how.hint
 * @param {string} how.copy what the button says
 * @param {string} how.copied and what it says afterwards
 */
export function once({ label, text, hint, copy, copied }) {
  const shown = h("input", { readonly: true, value: text, dir: "ltr", onfocus: () => shown.select() });
  const { button, said } = copier(text, { copy, copied, select: () => shown.select() });
  button.classList.add("main");
  return { fields: [field(label, shown, hint), said], button };
}

/**
 * A button that copies a text, and where a screen reader is told that it did.
 * @param {string} text
 * @param {{copy: string, copied: string, select: () => void}} how select: marks the text, for a browser that doesn't let it be copied otherwise
 */
export function copier(text, { copy, copied, select }) {
  const name = h("span", {}, copy);
  const said = h("span", { class: "unseen", role: "status" });
  const button = h(
    "button",
    {
      class: "button",
      type: "button",
      onclick: async () => {
        select();
        try {
          await navigator.clipboard.writeText(text);
        } catch {
          document.execCommand("copy");
        }
        name.textContent = said.textContent = copied;
      },
    },
    icon("copy"),
    name,
  );
  return { button, said };
}
