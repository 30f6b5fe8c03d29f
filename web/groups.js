/** Questions that were asked together: each call is shown exactly, one click may answer for all of them. @module */
import { make } from "./draw.js";

/** @typedef {import("./question.js").Question} Question */
/** @typedef {import("./question.js").Answer} Answer */

/**
 * @param {Document} document
 * @param {HTMLElement} list where the questions stand
 * @param {(id: string, answer: Answer) => void} answer
 */
export function createGroups(document, list, answer) {
  /** What is open of each, by the call that it began with. @type {Map<string, Set<string>>} */
  const groups = new Map();
  /** @type {Map<string, HTMLElement>} */
  const bars = new Map();

  /** @param {string} text @param {"yes" | "no"} word @param {ReadonlySet<string>} open */
  function drawButton(text, word, open) {
    const button = make(document, "button", { text, class: word });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => {
      for (const id of open) answer(id, { answer: word, scope: "once" });
    });
    return button;
  }

  /** @param {string} group */
  function draw(group) {
    bars.get(group)?.remove();
    bars.delete(group);
    const open = groups.get(group) ?? new Set();
    if (open.size < 2) return;
    const bar = make(document, "div", { class: "actions" }, [
      drawButton(`Yes to all ${open.size}, once`, "yes", open),
      drawButton(`No to all ${open.size}`, "no", open),
    ]);
    bars.set(group, bar);
    list.append(bar);
  }

  return {
    /** @param {Question} question */
    add({ id, grouped }) {
      if (grouped === undefined) return;
      groups.set(grouped.id, (groups.get(grouped.id) ?? new Set()).add(id));
      draw(grouped.id);
    },
    /** @param {string} id */
    remove(id) {
      for (const [group, open] of groups) if (open.delete(id)) draw(group);
    },
  };
}
