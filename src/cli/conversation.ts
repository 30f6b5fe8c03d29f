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
import { type Asker, pick } from "./pick.ts";
import { type Choice, choicesFor, choicesForAll, describeCall, drawQuestion } from "./question.ts";
import { paint, printable } from "./style.ts";

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
    groups: new Map(),
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
  readonly groups: Map<string, Group>;
};

/** Questions of one answer of the model, until they are put. */
type Group = { readonly all: Put[]; isPut: boolean };
type Put = { readonly call: Call; readonly question: QuestionView; readonly over: AbortSignal };

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
    known(turn, event.call, event);
    return;
  }
  // What is asked together is asked before all of it was proposed.
  const call =
    event.type === "approval.asked" ? known(turn, event.question.call, event.question) : turn.calls.get(event.call);
  if (call === undefined) return;
  if (event.type === "call.decided") decided(turn, call, event);
  else if (event.type === "approval.asked") ask(turn, call, event.question);
  else if (event.type === "approval.answered") answered(turn, call, event);
  else if (event.type === "call.output") output(turn, call, event.text);
  else finished(turn, call, event);
}

function known(turn: Turn, id: string, of: Pick<QuestionView, "tool" | "arguments">): Call {
  const made = { line: describeCall(of.tool, of.arguments), begunMs: systemClock.monotonicMs(), held: "", shown: 0 };
  const call: Call = turn.calls.get(id) ?? made;
  turn.calls.set(id, call);
  return call;
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

/** How long the other questions of an answer are waited for, so that they are put together. */
const GATHER_MS = 150;

function ask(turn: Turn, call: Call, question: QuestionView): void {
  call.question = new AbortController();
  call.line = "";
  const one: Put = { call, question, over: call.question.signal };
  const id = question.grouped?.id ?? question.id;
  const waiting = turn.groups.get(id);
  if (waiting?.isPut === false) return void waiting.all.push(one);
  const group: Group = { all: [one], isPut: false };
  turn.groups.set(id, group);
  const before = turn.asking;
  turn.asking = (async () => {
    await before;
    if (question.grouped !== undefined) await systemClock.sleep(GATHER_MS, turn.signal).catch(() => undefined);
    group.isPut = true;
    await putAll(turn, group.all);
  })();
}

/** Each call is shown exactly; one word may answer for all of them. */
async function putAll(turn: Turn, all: readonly Put[]): Promise<void> {
  const { io, asker } = turn;
  const open = all.filter(({ over }) => !over.aborted);
  if (turn.signal.aborted) return;
  if (open.length < 2 || asker === undefined) return inTurn(turn, open);
  for (const { question } of open) tell(turn, drawQuestion(io, question));
  const ended = AbortSignal.any([turn.signal, ...open.map(({ over }) => over)]);
  const chosen = await pick(io, asker, {
    offered: choicesForAll(open.length),
    ended,
    soonMs: TOO_SOON_MS * open.length,
  });
  // One of them was answered in another place: the rest is put anew.
  if (chosen === undefined) return putAll(turn, open);
  if (chosen === "apart") return inTurn(turn, open);
  for (const one of open) await send(turn, one, chosen);
}

/** One after the other. */
async function inTurn(turn: Turn, all: readonly Put[]): Promise<void> {
  for (const one of all) if (!one.over.aborted) await put(turn, one);
}

/** Puts it while the turn's events go on: somebody may answer it in another place first. */
async function put(turn: Turn, one: Put): Promise<void> {
  const { io, asker } = turn;
  tell(turn, drawQuestion(io, one.question));
  if (asker === undefined) io.err("  nobody can be asked here, so it is refused");
  const ended = AbortSignal.any([turn.signal, one.over]);
  const offered = choicesFor(one.question);
  const chosen = asker === undefined ? UNATTENDED : await pick(io, asker, { offered, ended, soonMs: TOO_SOON_MS });
  if (chosen !== undefined && chosen !== "apart") await send(turn, one, chosen);
}

async function send(turn: Turn, { call, question }: Put, chosen: Choice): Promise<void> {
  // From here on it is this answer that is reported back, not somebody else's.
  delete call.question;
  await turn.client.post(`/api/approvals/${question.id}`, chosen, Done).catch((error: unknown) => {
    if (!turn.signal.aborted)
      tell(turn, `  ${error instanceof Fault ? printable(error.message) : "the answer was not taken"}`);
  });
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
