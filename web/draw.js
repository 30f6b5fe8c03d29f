/**
 * What the page draws. Text goes in through `textContent` only: nothing that
 * anybody wrote becomes markup, a link or an image.
 *
 * @module
 */
import { plain, visible } from "./text.js";

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
 * What was said before this page was opened; who wrote it stands over it.
 *
 * @param {Document} document @param {import("../src/wire/answers.ts").HistoryAnswer["lines"][number]} line
 */
export function drawPast(document, { kind, from, text }) {
  if (kind === "call") return make(document, "div", { class: "call past" }, [make(document, "code", { text })]);
  const who = { person: "You, earlier", agent: "Vambrace, earlier", note: `From ${from}, earlier` }[kind];
  return make(document, "article", { class: kind === "note" ? "turn notice past" : "turn past" }, [
    make(document, "h3", { text: who }),
    ...(kind === "agent" ? drawText(document, text) : [make(document, "p", { class: "text", text })]),
  ]);
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
