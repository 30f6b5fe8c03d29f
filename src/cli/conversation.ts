/**
 * One turn in a terminal: what is printed while it runs, and how questions are
 * put and answered. Questions are drawn apart from the model's words.
 *
 * @module
 */
import { z } from "zod";
import { systemClock } from "../app/system.ts";
import { Fault } from "../core/fault.ts";
import type { OutcomeView, QuestionView, TurnEventView } from "../wire/events.ts";
import type { GatewayClient } from "./client.ts";
import type { Io } from "./command.ts";
import { type Choice, choicesFor, describeCall, drawQuestion } from "./question.ts";
import { paint, printable } from "./style.ts";

/** Puts a question to the person; undefined: the signal came first, or nobody is there any more. */
export type Asker = (prompt: string, signal: AbortSignal) => Promise<string | undefined>;

export type TurnReport = { readonly outcome: OutcomeView | undefined; readonly refused: number };

export type Said = {
  readonly text: string;
  readonly messageId: string;
  readonly signal: AbortSignal;
  /** Whether the model repeats what commands print: then it is shown only while a command takes long. */
  readonly echoes?: boolean;
  /** Told of each question that is put here. */
  readonly onQuestion?: (id: string) => void;
};

const Done = z.looseObject({});

/** Streams one message's turn. `asker` is absent for scripts: what needs a person is answered no. */
export async function converse(
  io: Io,
  client: GatewayClient,
  { text, messageId, signal, echoes = false, onQuestion = () => undefined }: Said,
  asker: Asker | undefined,
): Promise<TurnReport> {
  const turn: Turn = {
    io,
    client,
    asker,
    signal,
    echoes,
    calls: new Map(),
    atLineStart: true,
    refused: 0,
    asking: Promise.resolve(),
  };
  let outcome: OutcomeView | undefined;
  try {
    for await (const message of client.chat({ text, messageId }, signal)) {
      if (message.type === "outcome") outcome = message.outcome;
      if (message.type === "fault") tell(turn, sayFault(io, message.fault));
      if (message.type !== "event") continue;
      if (message.event.type === "approval.asked") onQuestion(message.event.question.id);
      show(turn, message.event);
    }
    if (!turn.atLineStart) io.write("\n");
  } finally {
    // A question that nobody answered is over with its turn.
    for (const call of turn.calls.values()) call.question?.abort();
  }
  return { outcome, refused: turn.refused };
}

type Call = {
  /** What it is, as one line; empty once it was shown. */
  line: string;
  begunMs: number;
  /** Output that is kept back, and how many lines were shown. */
  held: string;
  shown: number;
  /** Its open question: aborted when it is answered elsewhere. */
  question?: AbortController;
};

type Turn = {
  readonly io: Io;
  readonly client: GatewayClient;
  readonly asker: Asker | undefined;
  readonly signal: AbortSignal;
  readonly echoes: boolean;
  readonly calls: Map<string, Call>;
  atLineStart: boolean;
  refused: number;
  /** Questions that came before: one at a time stands there. */
  asking: Promise<void>;
};

/** A line of its own, whatever the model was in the middle of. */
function tell(turn: Turn, line: string): void {
  if (!turn.atLineStart) turn.io.write("\n");
  turn.atLineStart = true;
  turn.io.err(line);
}

export function sayFault(io: Io, { message, hint }: { readonly message: string; readonly hint: string }): string {
  return `${paint(io, "red", `error: ${printable(message)}`)}\nhint: ${printable(hint)}`;
}

const ENDS: Readonly<Record<string, string>> = {
  refused: "the turn ended: it was refused",
  budget: "the turn ended: its budget is used up",
  loop: "the turn ended: it went round in circles",
  stopped: "stopped",
  failed: "the turn failed",
};

function show(turn: Turn, event: TurnEventView): void {
  const { io } = turn;
  if (event.type === "text") {
    io.write(printable(event.delta));
    if (event.delta !== "") turn.atLineStart = event.delta.endsWith("\n");
  } else if (event.type === "fault") {
    tell(turn, sayFault(io, event));
  } else if (event.type === "turn.finished") {
    const end = ENDS[event.stop];
    if (end !== undefined) tell(turn, paint(io, "yellow", end));
  } else if (event.type !== "turn.started") {
    showCall(turn, event);
  }
}

type CallEvent = Exclude<TurnEventView, { type: "text" | "fault" | "turn.started" | "turn.finished" }>;

function showCall(turn: Turn, event: CallEvent): void {
  if (event.type === "call.proposed") {
    const line = describeCall(event.tool, event.arguments);
    turn.calls.set(event.call, { line, begunMs: systemClock.monotonicMs(), held: "", shown: 0 });
    return;
  }
  const call = turn.calls.get(event.type === "approval.asked" ? event.question.call : event.call);
  if (call === undefined) return;
  if (event.type === "call.decided") decided(turn, call, event);
  else if (event.type === "approval.asked") ask(turn, call, event.question);
  else if (event.type === "approval.answered") answered(turn, call, event);
  else if (event.type === "call.output") output(turn, call, event.text);
  else finished(turn, call, event);
}

function introduce(turn: Turn, call: Call, why = ""): void {
  if (call.line !== "") tell(turn, `${paint(turn.io, "cyan", `→ ${call.line}`)}${why}`);
  call.line = "";
}

/** What is asked is shown by its question. */
function decided(turn: Turn, call: Call, event: Extract<CallEvent, { type: "call.decided" }>): void {
  if (event.verdict === "ask") return;
  introduce(turn, call);
  if (event.verdict !== "deny") return;
  turn.refused += 1;
  tell(turn, `${paint(turn.io, "red", `✗ refused: ${printable(event.says)}`)} ${rules(turn.io, event.because)}`);
}

function rules(io: Io, because: readonly string[]): string {
  return paint(io, "gray", `[${because.join(", ")}]`);
}

const UNATTENDED: Choice = { answer: "unattended", scope: "once" };

/** A yes that comes faster than anybody reads was meant for something else. */
const TOO_SOON_MS = 500;

function ask(turn: Turn, call: Call, question: QuestionView): void {
  call.question = new AbortController();
  call.line = "";
  const { signal } = call.question;
  turn.asking = turn.asking.then(() => (signal.aborted ? undefined : put(turn, call, question, signal)));
}

/** Puts it while the turn's events go on: somebody may answer it in another place first. */
async function put(turn: Turn, call: Call, question: QuestionView, over: AbortSignal): Promise<void> {
  const { io, client, asker } = turn;
  tell(turn, drawQuestion(io, question));
  if (asker === undefined) io.err("  nobody can be asked here, so it is refused");
  const ended = AbortSignal.any([turn.signal, over]);
  const chosen = asker === undefined ? UNATTENDED : await choose(io, asker, question, ended);
  if (chosen === undefined) return;
  // From here on it is this answer that is reported back, not somebody else's.
  delete call.question;
  await client.post(`/api/approvals/${question.id}`, chosen, Done).catch((error: unknown) => {
    if (!turn.signal.aborted)
      tell(turn, `  ${error instanceof Fault ? printable(error.message) : "the answer was not taken"}`);
  });
}

async function choose(io: Io, asker: Asker, question: QuestionView, ended: AbortSignal): Promise<Choice | undefined> {
  const offered = choicesFor(question);
  const prompt = `${offered.map(({ key, says }) => `  [${key}] ${says}`).join(" ")}  > `;
  for (;;) {
    const askedMs = systemClock.monotonicMs();
    const said = await asker(prompt, ended);
    if (said === undefined) return undefined;
    const typed = said.trim().toLowerCase();
    const found = offered.find(({ key }) => key === (typed === "yes" || typed === "no" ? typed.charAt(0) : typed));
    const chosen = found === undefined ? undefined : choiceOf(found);
    const isTooSoon = systemClock.monotonicMs() - askedMs < TOO_SOON_MS;
    if (chosen !== undefined && !(chosen.answer !== "no" && isTooSoon)) return chosen;
    io.err(
      chosen === undefined
        ? `  please type ${offered.map(({ key }) => key).join(", ")}`
        : "  that was too fast to have been read: once more, please",
    );
  }
}

function choiceOf({ answer, scope, item }: Choice): Choice {
  return { answer, scope, ...(item === undefined ? {} : { item }) };
}

function answered(turn: Turn, call: Call, { answer, by }: Extract<CallEvent, { type: "approval.answered" }>): void {
  if (answer === "no") turn.refused += 1;
  // What waited for a person did not take long by itself.
  call.begunMs = systemClock.monotonicMs();
  const isOpenHere = call.question !== undefined;
  call.question?.abort();
  delete call.question;
  if (call.line !== "") return introduce(turn, call, answer === "yes" ? "  (you said yes for this session)" : "");
  if (!isOpenHere) return;
  if (answer === "endorse") return tell(turn, `  ${printable(by)} endorsed a text; the call is judged anew`);
  const who = by === "nobody" ? "nobody said yes in time" : `${printable(by)} said ${answer} in another place`;
  tell(turn, `  ${who}`);
}

/** Lines of one call's output that are shown as it comes; the model has all of it. */
const SHOWN_LINES = 40;
const LONG_MS = 1000;

function output(turn: Turn, call: Call, text: string): void {
  call.held += text;
  if (turn.echoes && systemClock.monotonicMs() - call.begunMs < LONG_MS) return;
  const end = call.held.lastIndexOf("\n") + 1;
  printOutput(turn, call, call.held.slice(0, end));
  call.held = call.held.slice(end);
}

function printOutput(turn: Turn, call: Call, text: string): void {
  if (text === "") return;
  const lines = printable(text).replace(/\n$/, "").split("\n");
  const fitting = lines.slice(0, Math.max(0, SHOWN_LINES - call.shown));
  for (const line of fitting) tell(turn, paint(turn.io, "gray", `  ${line}`));
  if (call.shown < SHOWN_LINES && call.shown + lines.length > SHOWN_LINES) tell(turn, "  … and more");
  call.shown += lines.length;
}

function finished(turn: Turn, call: Call, event: Extract<CallEvent, { type: "call.finished" }>): void {
  if (!turn.echoes || call.shown > 0) printOutput(turn, call, call.held);
  const { ok, summary, wallMs } = event;
  const seconds = wallMs < 1000 ? `${wallMs} ms` : `${(wallMs / 1000).toFixed(1)} s`;
  tell(turn, paint(turn.io, ok ? "green" : "yellow", `${ok ? "✓" : "!"} ${printable(summary)} (${seconds})`));
}
