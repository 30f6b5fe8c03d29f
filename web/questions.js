/** The questions that are open: drawn by the page from what the gateway says, outside of anything a model wrote. @module */
import { createGroups } from "./groups.js";
import { drawQuestion } from "./question.js";

/** @typedef {import("./question.js").Question} Question */

/**
 * @param {import("./elements.js").Elements} elements
 * @param {{ send: (message: import("../src/wire/socket.ts").ClientMessage) => boolean, now: () => number }} parts
 */
export function createQuestions({ document, at, show }, { send, now }) {
  /** @type {Map<string, ReturnType<typeof drawQuestion>>} */
  const cards = new Map();
  const groups = createGroups(document, at("question-list"), (id, answer) => cards.get(id)?.answer(answer));

  /** @param {Question} question */
  function add(question) {
    if (cards.has(question.id)) return;
    const card = drawQuestion(document, question, {
      now,
      onAnswer: (answer) =>
        send({ v: 1, type: "answer", approval: question.id, scope: "once", as: "trusted", ...answer }),
    });
    cards.set(question.id, card);
    at("question-list").append(card.element);
    groups.add(question);
    show("questions", true);
    card.element.scrollIntoView?.({ block: "nearest" });
  }

  /** @param {string} id */
  function remove(id) {
    const element = cards.get(id)?.element;
    const wasFocused = element?.contains(document.activeElement) === true;
    element?.remove();
    cards.delete(id);
    groups.remove(id);
    show("questions", cards.size > 0);
    // Whoever answers by keyboard goes on from there, and not from the top of the page.
    if (wasFocused) (cards.values().next().value?.element ?? at("text")).focus();
  }

  return {
    /** @param {readonly Question[]} all */
    replace(all) {
      for (const id of cards.keys()) remove(id);
      for (const question of all) add(question);
    },
    add,
    remove,
    /** @param {string} id */
    has: (id) => cards.has(id),
    /** @param {string} id @param {string} why */
    refused: (id, why) => cards.get(id)?.refused(why),
  };
}
