/** The fixed elements of the page, by id. @module */
import { visible } from "./text.js";

/** @typedef {ReturnType<typeof createElements>} Elements */

/** @param {Document} document */
export function createElements(document) {
  /** @param {string} id */
  function at(id) {
    const element = document.getElementById(id);
    if (element === null) throw new Error(`the page has no #${id}`);
    return element;
  }
  return {
    document,
    at,
    /** @param {string} id @param {boolean} isShown */
    show: (id, isShown) => at(id).toggleAttribute("hidden", !isShown),
    /** @param {string} id @param {boolean} isOn */
    enable: (id, isOn) => at(id).toggleAttribute("disabled", !isOn),
    /**
     * Only where it changed: a live region says again whatever is set.
     *
     * @param {string} id @param {string} text
     */
    tell: (id, text) => {
      const shown = visible(text);
      if (at(id).textContent !== shown) at(id).textContent = shown;
    },
    /**
     * What a field holds, taken out of it.
     *
     * @param {string} id @returns {string}
     */
    take: (id) => {
      const field = at(id);
      if (!("value" in field)) throw new Error(`#${id} is no field`);
      const text = String(field.value);
      field.value = "";
      return text;
    },
  };
}
