/**
 * Recovery codes, which are shown once.
 * @module
 */
import { h, icon, wear } from "./dom.js";
import dialogs from "./dialog.css" with { type: "css" };
import sheet from "./recovery.css" with { type: "css" };
import { field } from "./form.js";
import { copier } from "./once.js";

wear(dialogs);
wear(sheet);

/**
 * Shows them until somebody says that they are kept.
 * @param {import("./page.js").Speech} speech
 * @param {import("../lang/en-account.js").AccountDictionary} words
 * @param {string} user whose they are
 * @param {readonly string[]} codes
 * @returns {Promise<void>}
 */
export function keepRecovery({ formats }, { own, recovery }, user, codes) {
  const list = h("ol", { class: "codes", "aria-label": recovery.list, dir: "ltr" }, ...codes.map((code) => h("li", {}, h("code", {}, code))));
  const { button: copy, said } = copier(codes.join("\n"), { copy: recovery.copy, copied: own.copied, select: () => getSelection()?.selectAllChildren(list) });
  const text = `${recovery.file(location.host, user, formats.date(Date.now()))}\n\n${codes.join("\n")}\n`;
  const download = h("button", { class: "button", type: "button", onclick: () => save(text, `${recovery.fileName}-${user}.txt`) }, icon("down"), recovery.download);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const kept = h("input", { type: "checkbox" });
  const box = field(recovery.kept, kept);
  box.classList.add("box");
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (kept.checked) return dialog.close();
    problem.textContent = recovery.needKept;
    problem.hidden = false;
    kept.setAttribute("aria-invalid", "true");
    kept.focus();
  };
  const title = h("h2", { id: "recovery-title", tabindex: -1 }, recovery.title);
  const dialog = h(
    "dialog",
    {
      class: "dialog recovery",
      "aria-labelledby": title.id,
      "aria-describedby": "recovery-lead",
      oncancel: (/** @type {Event} */ event) => event.preventDefault(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && event.preventDefault(), // browsers let cancel be prevented only once
    },
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      title,
      h("p", { class: "lead", id: "recovery-lead" }, recovery.lead),
      list,
      h("div", { class: "ways" }, copy, download, said),
      problem,
      box,
      h("footer", {}, h("button", { class: "button main" }, recovery.go)),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  title.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}

/**
 * Has the browser save a text as a file.
 * @param {string} text
 * @param {string} name
 */
function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  h("a", { href: address, download: name }).click();
  // The browser has begun to read it by the time that it does anything else.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
