/**
 * One turn in a terminal: what is printed while it runs, and how questions are
 * put and answered. Questions are drawn apart from the model's words.
 *
 * @module
 */
import { z } from "zod";
import type { OutcomeView, QuestionView, TurnEventView } from "../wire/events.ts";
import type { GatewayClient } from "./client.ts";
import type { Io } from "./command.ts";
import { oneLine, paint, printable } from "./style.ts";

/** Puts a question to the person; absent: nobody can be asked here, so the answer is no. */
export type Asker = (prompt: string) => Promise<string>;

export type TurnReport = { readonly outcome: OutcomeView | undefined; readonly refused: number };

const Done = z.looseObject({});

/** Streams one message's turn. `asker` is absent for scripts: what needs a person is answered no. */
export async function converse(
  io: Io,
  client: GatewayClient,
  request: { readonly text: string; readonly messageId: string; readonly signal: AbortSignal },
  asker: Asker | undefined,
): Promise<TurnReport> {
  const { signal, ...body } = request;
  let outcome: OutcomeView | undefined;
  let refused = 0;
  let atLineStart = true;
  for await (const message of client.chat(body, signal)) {
    if (message.type === "outcome") outcome = message.outcome;
    if (message.type === "fault")
      io.err(`error: ${printable(message.fault.message)}\nhint: ${printable(message.fault.hint)}`);
    if (message.type !== "event") continue;
    const { event } = message;
    if (event.type === "text") {
      io.write(printable(event.delta));
      atLineStart = event.delta.endsWith("\n");
      continue;
    }
    if (!atLineStart) io.write("\n");
    atLineStart = true;
    if (event.type === "approval.asked") {
      const yes = await decide(io, client, event.question, asker);
      if (!yes) refused += 1;
      continue;
    }
    if (event.type === "call.decided" && event.verdict === "deny") refused += 1;
    show(io, event);
  }
  if (!atLineStart) io.write("\n");
  return { outcome, refused };
}

function show(io: Io, event: TurnEventView): void {
  const line = lineOf(io, event);
  if (line !== undefined) io.err(line);
}

/** What a person reads of an event; nothing where it is said elsewhere, or says nothing. */
function lineOf(io: Io, event: TurnEventView): string | undefined {
  const { type } = event;
  if (type === "fault") {
    return `${paint(io, "red", `error: ${printable(event.message)}`)}\nhint: ${printable(event.hint)}`;
  }
  if (type === "turn.finished") return event.stop === "done" ? undefined : paint(io, "yellow", `(${event.stop})`);
  if (type === "call.proposed") {
    return paint(io, "cyan", `→ ${event.tool} ${oneLine(describeArguments(event.arguments), 160)}`);
  }
  if (type === "call.decided" && event.verdict === "deny") {
    return paint(io, "red", `✗ refused: ${printable(event.says)} [${event.because.join(", ")}]`);
  }
  if (type === "call.output") return paint(io, "gray", printable(event.text).trimEnd().replaceAll(/^/gm, "  "));
  return type === "call.finished" ? finishedLine(io, event) : undefined;
}

function finishedLine(io: Io, { ok, summary, wallMs }: Extract<TurnEventView, { type: "call.finished" }>): string {
  return paint(io, ok ? "green" : "yellow", `${ok ? "✓" : "!"} ${printable(summary)} (${wallMs} ms)`);
}

/** @returns whether it was a yes. */
async function decide(
  io: Io,
  client: GatewayClient,
  question: QuestionView,
  asker: Asker | undefined,
): Promise<boolean> {
  io.err(drawQuestion(io, question));
  const said =
    asker === undefined
      ? "n"
      : (await asker("  [y] yes, once   [s] yes, for this session   [n] no  > ")).trim().toLowerCase();
  const yes = said === "y" || said === "yes" || said === "s";
  if (asker === undefined) io.err("  nobody can be asked here: no");
  const body = { answer: yes ? "yes" : "no", scope: said === "s" ? "session" : "once" };
  await client.post(`/api/approvals/${question.id}`, body, Done).catch((error: unknown) => {
    io.err(`  ${error instanceof Error ? printable(error.message) : "the answer was not taken"}`);
  });
  return yes;
}

/** The exact call, its folder, why it asks, and where each argument that matters came from. */
export function drawQuestion(io: Io, question: QuestionView): string {
  const lines = [
    paint(io, ["yellow", "bold"], `? ${question.tool} needs your yes`),
    `  why     ${printable(question.says)} [${question.because.join(", ")}]`,
  ];
  for (const [name, value] of Object.entries(question.arguments)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    lines.push(`  ${name.padEnd(7)} ${paint(io, "bold", printable(text).replaceAll("\n", "\n          "))}`);
  }
  lines.push(`  folder  ${printable(question.cwd)}`);
  for (const origin of question.origins) {
    const from = origin.sources[0];
    const source =
      from === undefined
        ? "the model alone; nobody wrote it"
        : `${from.kind} ${oneLine(from.id, 60)}, trust ${from.trust}`;
    lines.push(`  from    ${origin.argument}: ${source}`);
  }
  return lines.join("\n");
}

function describeArguments(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
