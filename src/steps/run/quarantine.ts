/**
 * The quarantine effectors: a model without tools, in a context of its own,
 * answers one typed question about a text that the asking model never sees.
 *
 * The session keeps its trust, because all that it learns was fixed before the
 * text was read, and is counted in bits; the value keeps trust none.
 *
 * @module
 */
import type { Content, Found, HeldValues } from "../../core/held.ts";
import { type Label, SYSTEM_LABEL } from "../../core/label.ts";
import type { RunOutcome } from "../../core/run.ts";
import type { ShowTo } from "./audience.ts";
import { type Effector, textArgument, type Work } from "./run.ts";
import { bitsOf, formOf, questionText, READER, readTyped, type TypedAnswer } from "./typed-answer.ts";

export type QuarantineDeps = {
  readonly held: HeldValues;
  readonly show: ShowTo;
  /** Asks the model of this session, in a fresh context and without tools. Recorded like every request. */
  readonly ask: (
    work: Work,
    asked: { readonly system: string; readonly text: string; readonly label: Label },
  ) => Promise<string>;
  /** How many characters of a text its context takes. */
  readonly room: (work: Work) => number;
};

export function quarantineEffector(deps: QuarantineDeps): Effector {
  return async (work) => {
    const handle = textArgument(work, "handle");
    const held = await deps.held.get(work.proposal.origin.session, handle);
    if (held === undefined) return refused(`there is nothing with the handle \`${handle.slice(0, 40)}\``);
    const { label, from, source } = held;
    const text = String(held.value);
    deps.show(work, label);
    if (work.proposal.arguments["answer"] === "whole") {
      return { ok: true, text, summary: `opened, ${text.length} characters`, label, data: { opened: handle } };
    }
    return answer(deps, work, { text, isPart: false, label, from, source });
  };
}

/** For a text that is fetched first: it goes from there to the reader, and nowhere else. */
export function quarantineOf(deps: QuarantineDeps, find: (work: Work) => Promise<Found>): Effector {
  return async (work) => {
    const found = await find(work);
    if (found.kind === "failed") return found.outcome;
    deps.show(work, found.content.label);
    const outcome = await answer(deps, work, found.content);
    return { ...outcome, data: { ...found.content.access, ...outcome.data } };
  };
}

async function answer(deps: QuarantineDeps, work: Work, content: Content): Promise<RunOutcome> {
  const form = formOf(work.proposal.arguments);
  const question = textArgument(work, "question");
  if (typeof form === "string" || question === "") {
    return refused(typeof form === "string" ? form : "a question is needed");
  }
  const bits = bitsOf(form);
  const { session } = work.proposal.origin;
  // Counted before anything is read: a crash in between gives nothing back.
  const paid = await deps.held.spend(session, content.source, bits);
  if (paid.kind === "short") return short(content, { bits, left: paid.left });
  const text = content.text.slice(0, deps.room(work));
  const label: Label = { ...content.label, trust: "none" };
  const written = await deps.ask(work, { system: READER, text: questionText(form, question, text), label });
  const typed = readTyped(form, written, text);
  const says = await spoken(deps, work, { ...content, label }, typed);
  const cut =
    content.isPart || text.length < content.text.length ? ` (only the first ${text.length} characters were read)` : "";
  return {
    ok: true,
    text: `${says}${cut}`,
    summary: `quarantine: ${form.kind}, ${typed.kind === "none" ? "no answer" : "answered"}`,
    label: afterReading(content),
    data: {
      form: form.kind,
      bits: Math.round(bits * 100) / 100,
      source: content.from,
      answered: typed.kind !== "none",
    },
  };
}

/** What was fixed before reading has the trust of whoever fixed it; it tells of the content, so it is as confidential. */
function afterReading({ label, from }: Content): Label {
  return { ...label, trust: "full", sources: [{ kind: "tool", id: `an answer about the ${from}`, trust: "none" }] };
}

async function spoken(deps: QuarantineDeps, work: Work, content: Content, typed: TypedAnswer): Promise<string> {
  if (typed.kind === "none") return "no answer: the text does not say, or the reader did not keep to the form";
  if (typed.kind === "clear") return `answer: ${typed.says}`;
  const handles: string[] = [];
  for (const value of typed.values) {
    const { tool, arguments: args, origin } = work.proposal;
    const call = (await deps.held.get(origin.session, textArgument(work, "handle")))?.call ?? { tool, arguments: args };
    const from = content.from.startsWith("answer from the ") ? content.from : `answer from the ${content.from}`;
    handles.push(
      await deps.held.hold(origin.session, { value, label: content.label, from, source: content.source, call }),
    );
  }
  return `answer: ${handles.join(" ")}`;
}

function short({ from }: Content, { bits, left }: { readonly bits: number; readonly left: number }): RunOutcome {
  const rounded = (count: number): string => count.toFixed(1);
  return refused(
    `the ${from} has told this conversation what it may: the answer has ${rounded(bits)} bits and ${rounded(left)} are left. Ask something with fewer choices, or read it whole`,
  );
}

/** The gateway's own words about the call, which is all that they were made from. */
function refused(text: string): RunOutcome {
  return { ok: false, text, summary: "not answered", label: { ...SYSTEM_LABEL, sources: [] } };
}
