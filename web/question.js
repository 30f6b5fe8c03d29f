/**
 * A question as the page draws it: the exact call, where each argument came
 * from, what leaves, and the answers. Outside of anything that a model wrote.
 *
 * @module
 */
import { make } from "./draw.js";
import { plain, visible } from "./text.js";

/** @typedef {import("../src/wire/events.ts").QuestionView} Question */

const ANSWERS = /** @type {const} */ ([
  ["y", "Yes, once", "yes", "once"],
  ["r", "Yes, to this recipient", "yes", "recipient"],
  ["s", "Yes, for this session", "yes", "session"],
  ["n", "No", "no", "once"],
  ["x", "No, and never in this session", "no", "never"],
]);

/** @typedef {"once" | "session" | "recipient" | "never"} Scope */

/** @typedef {{ answer: "yes" | "no", scope: Scope } | { answer: "endorse", item: string }} Answer */

/** @type {ReadonlyMap<string, string>} */
const QUESTIONS = new Map([
  ["exec", "run this"],
  ["write", "write this"],
  ["delete", "delete this"],
  ["read", "read this"],
  ["fetch", "fetch this"],
  ["send", "send this"],
  ["pay", "pay this"],
  ["remember", "keep this"],
  ["schedule", "do this later"],
  ["spawn", "hand this on"],
]);

/** A card that appears under a finger that was going somewhere else must not be an answer. */
const TOO_SOON_MS = 700;

/**
 * A question: the exact call, the folder, why it asks, and where each argument came from.
 *
 * @param {Document} document
 * @param {Question} question
 * @param {{ onAnswer: (answer: Answer) => boolean, now: () => number }} parts
 */
export function drawQuestion(document, question, { onAnswer, now }) {
  const card = make(document, "article", { class: "question" });
  card.setAttribute("tabindex", "0");
  card.setAttribute("aria-label", visible(`May it ${question.effect}? ${question.says}`));
  const shownMs = now();
  let isAnswered = false;

  /** @param {boolean} isDone */
  function setAnswered(isDone) {
    isAnswered = isDone;
    for (const button of buttons) button.toggleAttribute("disabled", isDone);
  }

  /** @param {Answer} answer */
  function decide(answer) {
    if (isAnswered || (answer.answer !== "no" && now() - shownMs < TOO_SOON_MS)) return;
    setAnswered(onAnswer(answer));
  }

  const answers = ANSWERS.filter(([, , , scope]) => scope !== "recipient" || question.covers !== undefined);
  const buttons = answers.map(([key, label, answer, scope]) => {
    const button = make(document, "button", { text: `${label} (${key})`, class: answer });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => decide({ answer, scope }));
    return button;
  });
  const sources = (question.sources ?? []).filter(({ as }) => as.includes("trusted"));
  const endorsing = sources.map(({ item }) => {
    const button = make(document, "button", {
      text: "I have read it: trust it as if I had written it",
      class: "endorse",
    });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => decide({ answer: "endorse", item }));
    return button;
  });
  buttons.push(...endorsing);
  card.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const found = answers.find(([key]) => key === event.key.toLowerCase());
    if (found !== undefined) decide({ answer: found[2], scope: found[3] });
  });
  card.append(
    make(document, "h3", { text: `May it ${QUESTIONS.get(question.effect) ?? question.effect}? (${question.tool})` }),
    drawCall(document, question),
    make(document, "h4", { text: "Where each argument came from" }),
    drawOrigins(document, question),
    ...drawQuotes(document, question),
    ...drawLeaving(document, question),
    ...drawSources(document, sources, endorsing),
    make(document, "div", { class: "actions" }, buttons.slice(0, answers.length)),
  );
  return {
    element: card,
    answer: decide,
    /** @param {string} why */
    refused(why) {
      card.append(make(document, "p", { class: "fault", text: why }));
      setAnswered(false);
    },
  };
}

/** @param {Document} document @param {Question} question */
function drawCall(document, question) {
  const rows = [
    ...Object.entries(question.arguments).map(([name, value]) => [name, plain(value) || "(empty)"]),
    ["Folder", question.cwd],
    ["Why it asks", question.says],
    ["Asked in", question.origin.channel],
    ["No answer is no", `at ${new Date(question.expiresMs).toLocaleTimeString()}`],
    ["Rules", question.because.join(", ")],
  ];
  const list = make(document, "dl");
  for (const [name = "", value = ""] of rows) {
    list.append(make(document, "dt", { text: name }), make(document, "dd", { text: value }));
  }
  return list;
}

/** @param {Document} document @param {Question} question */
function drawQuotes(document, { quotes, found }) {
  const signs = Object.keys(found ?? {});
  const list = (quotes ?? []).map(({ argument, source, text }) =>
    make(document, "li", {}, [
      make(document, "code", { text: argument }),
      make(document, "q", { text }),
      make(document, "span", { text: ` ${source.kind} ${source.id} (trust: ${source.trust})` }),
    ]),
  );
  return [
    ...(list.length === 0
      ? []
      : [make(document, "h4", { text: "As it stands there" }), make(document, "ul", {}, list)]),
    ...(signs.length === 0
      ? []
      : [make(document, "p", { class: "fault", text: `Careful: in what it read: ${signs.join(", ")}` })]),
  ];
}

/** @param {Document} document @param {Question} question */
function drawLeaving(document, { leaving, covers }) {
  const rows = [];
  if (leaving !== undefined && (leaving.to.length > 0 || leaving.carries.length > 0)) {
    const who = leaving.to.map(({ name, mayKnow }) => (mayKnow ? name : `${name} (may not know all of it)`));
    rows.push(`made from ${leaving.confidentiality} text`);
    if (who.length > 0) rows.push(`goes to ${who.join(", ")}`);
    if (leaving.carries.length > 0) rows.push(`holds ${leaving.carries.join(", ")}`);
  }
  if (covers !== undefined) rows.push(`“Yes, to this recipient” covers: ${covers}`);
  if (rows.length === 0) return [];
  const list = rows.map((text) => make(document, "li", { text }));
  return [make(document, "h4", { text: "What leaves" }), make(document, "ul", {}, list)];
}

/**
 * Texts that could be endorsed: neither yes nor no to the call.
 *
 * @param {Document} document
 * @param {readonly NonNullable<Question["sources"]>[number][]} sources
 * @param {readonly HTMLElement[]} buttons
 */
function drawSources(document, sources, buttons) {
  if (sources.length === 0) return [];
  const list = sources.map(({ from, trust, text, characters }, i) => {
    const rest = characters > text.length ? ` … and ${characters - text.length} characters more` : "";
    const button = buttons[i];
    return make(document, "li", {}, [
      make(document, "span", { text: `${from} (trust: ${trust})` }),
      make(document, "q", { text: `${text}${rest}` }),
      ...(button === undefined ? [] : [button]),
    ]);
  });
  return [make(document, "h4", { text: "Or endorse what it had read" }), make(document, "ul", {}, list)];
}

/** @param {Document} document @param {Question} question */
function drawOrigins(document, question) {
  const list = make(document, "ul", { class: "origins" });
  for (const fact of question.origins) {
    const from = [...new Set(fact.sources.map(({ kind, id, trust }) => `${kind} ${id} (trust: ${trust})`))];
    // A person wrote it, and it asks for another reason: to say "not named" would be wrong.
    const isWritten = fact.designated || fact.sources[0]?.kind === "person";
    const named = isWritten ? "named by a person" : "not named by a person";
    const where = from.length === 0 ? "put together by the model" : `${named}; from ${from.join("; ")}`;
    list.append(
      make(document, "li", { class: isWritten ? "named" : "unnamed" }, [
        make(document, "code", { text: `${fact.argument} = ${fact.value || "(empty)"}` }),
        make(document, "span", { text: ` ${where}` }),
      ]),
    );
  }
  if (question.origins.length === 0) list.append(make(document, "li", { text: "it has no argument that matters" }));
  return list;
}
