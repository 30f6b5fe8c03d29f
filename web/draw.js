/**
 * What the page draws. Text goes in through `textContent` only: nothing that
 * anybody wrote becomes markup, a link or an image.
 *
 * @module
 */
import { plain, visible } from "./text.js";

/** @typedef {import("../src/wire/events.ts").QuestionView} Question */
/** @typedef {import("../src/wire/events.ts").TurnEventView} TurnEvent */

/**
 * @param {Document} document
 * @param {string} name
 * @param {{ class?: string, text?: string }} [part]
 * @param {readonly Element[]} [children]
 */
export function make(document, name, part = {}, children = []) {
  const element = document.createElement(name);
  if (part.class !== undefined) element.className = part.class;
  if (part.text !== undefined) element.textContent = visible(part.text);
  element.append(...children);
  return element;
}

const VERDICTS = { allow: "allowed", ask: "asked", deny: "denied" };

/** Fences of code blocks, as models write them. */
const FENCE = /^```.*$/m;

/**
 * What a model wrote: paragraphs, and between fences its blocks; nothing else of its markup means anything.
 *
 * @param {Document} document @param {string} text
 */
function drawText(document, text) {
  return text.split(FENCE).flatMap((part, i) => {
    const shown = part.replace(/^\n+|\n+$/g, "");
    return shown === "" ? [] : [make(document, i % 2 === 1 ? "pre" : "p", { class: "text", text: shown })];
  });
}

/** Longest output of one call that is kept on the page, in UTF-16 units; the model has all of it. */
const OUTPUT_LIMIT = 20_000;

/**
 * One turn in the conversation; feed it the events as they come.
 *
 * @param {Document} document
 * @param {string} message what the person wrote
 */
export function drawTurn(document, message) {
  const turn = make(document, "article", { class: "turn" });
  const said = make(document, "div", { class: "mine" }, [
    make(document, "h3", { text: "You" }),
    make(document, "p", { class: "text", text: message }),
  ]);
  const answer = make(document, "div", { class: "theirs" }, [make(document, "h3", { text: "Vambrace" })]);
  turn.append(said, answer);
  /** @type {Map<string, { line: Element, output?: { element: Element, text: string } }>} */
  const calls = new Map();
  /** @type {{ element: Element, text: string } | undefined} */
  let open;

  /** @param {string} delta */
  function write(delta) {
    if (open === undefined) {
      open = { element: make(document, "div"), text: "" };
      answer.append(open.element);
    }
    open.text += delta;
    open.element.replaceChildren(...drawText(document, open.text));
  }

  /** @param {string} kind @param {string} text */
  function note(kind, text) {
    open = undefined;
    answer.append(make(document, "p", { class: kind, text }));
  }

  /** @param {{ call: string, tool: string, arguments: object }} event */
  function propose(event) {
    open = undefined;
    const shown = Object.entries(event.arguments).map(([name, value]) => `${name}: ${plain(value)}`);
    const line = make(document, "div", { class: "call" }, [
      make(document, "code", { text: `${event.tool}(${shown.join(", ")})` }),
    ]);
    calls.set(event.call, { line });
    answer.append(line);
  }

  /** @param {string} call @param {string} kind @param {string} text */
  function mark(call, kind, text) {
    calls.get(call)?.line.append(make(document, "span", { class: `mark ${kind}`, text }));
  }

  /** @param {string} id @param {string} text */
  function output(id, text) {
    const call = calls.get(id);
    if (call === undefined) return;
    if (call.output === undefined) {
      call.output = { element: make(document, "pre", { class: "text" }), text: "" };
      const details = make(document, "details", {}, [
        make(document, "summary", { text: "output" }),
        call.output.element,
      ]);
      call.line.after(details);
    }
    if (call.output.text.length > OUTPUT_LIMIT) return;
    call.output.text += text;
    const isCut = call.output.text.length > OUTPUT_LIMIT;
    call.output.element.textContent = visible(call.output.text.slice(0, OUTPUT_LIMIT)) + (isCut ? "\n… and more" : "");
  }

  return {
    element: turn,
    note,
    /** @param {TurnEvent} event */
    event(event) {
      if (event.type === "text") write(event.delta);
      else if (event.type === "call.proposed") propose(event);
      else if (event.type === "call.decided") mark(event.call, event.verdict, verdictOf(event));
      else if (event.type === "approval.answered") mark(event.call, event.answer, `${event.by} said ${event.answer}`);
      else if (event.type === "call.output") output(event.call, event.text);
      else if (event.type === "call.finished") mark(event.call, event.ok ? "ok" : "failed", event.summary);
      else if (event.type === "fault") note("fault", `${event.message} (${event.hint})`);
      else if (event.type === "turn.finished" && event.stop !== "done") note("fault", `this turn ended: ${event.stop}`);
    },
  };
}

/** @param {{ verdict: "allow" | "ask" | "deny", says: string }} decision */
function verdictOf({ verdict, says }) {
  return says === "Allowed." ? VERDICTS[verdict] : `${VERDICTS[verdict]}: ${says}`;
}

/**
 * What arrived without being asked for; somebody else's words, and drawn as such.
 *
 * @param {Document} document @param {string} from @param {string} text
 */
export function drawNotice(document, from, text) {
  return make(document, "article", { class: "turn notice" }, [
    make(document, "h3", { text: `From ${from}` }),
    make(document, "p", { class: "text", text }),
  ]);
}

const ANSWERS = /** @type {const} */ ([
  ["y", "Yes, once", "yes", "once"],
  ["s", "Yes, for this session", "yes", "session"],
  ["n", "No", "no", "once"],
]);

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
 * @param {{ onAnswer: (answer: "yes" | "no", scope: "once" | "session") => boolean, now: () => number }} parts
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

  /** @param {"yes" | "no"} answer @param {"once" | "session"} scope */
  function decide(answer, scope) {
    if (isAnswered || (answer === "yes" && now() - shownMs < TOO_SOON_MS)) return;
    setAnswered(onAnswer(answer, scope));
  }

  const buttons = ANSWERS.map(([key, label, answer, scope]) => {
    const button = make(document, "button", { text: `${label} (${key})`, class: answer });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => decide(answer, scope));
    return button;
  });
  card.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const found = ANSWERS.find(([key]) => key === event.key.toLowerCase());
    if (found !== undefined) decide(found[2], found[3]);
  });
  card.append(
    make(document, "h3", { text: `May it ${QUESTIONS.get(question.effect) ?? question.effect}? (${question.tool})` }),
    drawCall(document, question),
    make(document, "h4", { text: "Where each argument came from" }),
    drawOrigins(document, question),
    make(document, "div", { class: "actions" }, buttons),
  );
  return {
    element: card,
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
