/**
 * What is said of one's own account, in the language of the document, where it
 * is needed.
 * @module
 */

/** @type {Record<string, () => Promise<{default: import("../lang/en-account.js").AccountDictionary}>>} */
const DICTIONARIES = {
  en: () => import("../lang/en-account.js"),
  de: () => import("../lang/de-account.js"),
};

/** @returns {Promise<import("../lang/en-account.js").AccountDictionary>} */
export async function accountWords() {
  return (await DICTIONARIES[document.documentElement.lang]()).default;
}
