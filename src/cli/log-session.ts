/**
 * `vambrace log session`: a session step by step, as the ledger has it: what
 * was said, what the agent wanted, why it was allowed, asked or refused, who
 * answered, what came of it, and what it reached.
 *
 * Reads the folder, so it works without a gateway.
 *
 * @module
 */
import { plural } from "../core/plural.ts";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { Fault } from "../core/fault.ts";
import { parseId } from "../core/ids.ts";
import type { StoredEntry } from "../core/ports/ledger.ts";
import { eachEntry } from "../ledger/search.ts";
import { rowOf } from "../ops/incident/timeline.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { oneLine, paint, printable } from "./style.ts";

/** Records of one session that are shown, the newest. */
const MOST = 50_000;

export const logSession: Command = {
  name: "log session",
  words: 1,
  summary: "a session step by step: what was said, wanted, decided, answered, done and reached",
  usage: "vambrace log session [SESSION] [--step N] [--json]",
  example: "vambrace log session --step 7   # of the newest one; else say its id",
  options: { step: { type: "string" }, json: { type: "boolean", default: false } },
  help: { step: "one step with everything that was recorded of it", json: "one step a line as JSON" },
  async run([id], flags, io) {
    const { ledger } = homeAt(stateFolder(io.env));
    const entries = await entriesOf(ledger, parseId("ses", id ?? (await newestIn(io, ledger))));
    const steps = stepsOf(entries);
    if (steps.length === 0) {
      io.err("the ledger has nothing of this session");
      return 1;
    }
    if (entries.length === MOST) io.err(`only the newest ${MOST} records of it; \`vambrace log search\` finds others`);
    const wanted = flagText(flags, "step");
    const isJson = flagOn(flags, "json");
    if (wanted !== undefined) return showStep(io, steps, { wanted, isJson });
    for (const [i, step] of steps.entries()) {
      if (isJson) io.out(JSON.stringify({ step: i + 1, entries: step }));
      else drawStep(io, i + 1, step);
    }
    if (!isJson) io.err(`${plural(steps.length, "step")}; \`--step N\` shows one with everything that was recorded`);
    return 0;
  },
};

async function newestIn(io: Io, ledger: string): Promise<string> {
  for await (const { session } of eachEntry(ledger, {})) {
    if (session === undefined) continue;
    io.err(`the newest session: ${session}`);
    return session;
  }
  throw new Fault("SESSION_UNKNOWN", {
    message: "the ledger has no session yet",
    hint: "talk to the agent: `vambrace chat`",
  });
}

async function entriesOf(ledger: string, session: string): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  for await (const entry of eachEntry(ledger, { session })) {
    found.push(entry);
    if (found.length === MOST) break;
  }
  return found.toReversed();
}

/** All that belongs to one call is one step, at the place where it was decided; anything else stands for itself. */
function stepsOf(entries: readonly StoredEntry[]): readonly (readonly StoredEntry[])[] {
  const steps: StoredEntry[][] = [];
  const byCall = new Map<string, StoredEntry[]>();
  for (const entry of entries) {
    const known = entry.call === undefined ? undefined : byCall.get(entry.call);
    if (known !== undefined) {
      known.push(entry);
      continue;
    }
    const step = [entry];
    steps.push(step);
    if (entry.call !== undefined) byCall.set(entry.call, step);
  }
  return steps;
}

function drawStep(io: Io, number: number, step: readonly StoredEntry[]): void {
  const [first] = step;
  if (first === undefined) return;
  const head = `${String(number).padStart(4)}  ${first.time.slice(0, 19).replace("T", " ")}`;
  for (const [i, entry] of step.entries()) {
    const { what, on, result, says, who } = rowOf(entry);
    const colour =
      result === "denied" || result === "failed"
        ? "red"
        : result === "asked" || result === "unknown"
          ? "yellow"
          : "reset";
    const before = i === 0 ? paint(io, "gray", head) : " ".repeat(head.length);
    io.out(
      `${before}  ${what} ${on}: ${paint(io, colour, result)} (${who})${says === "" ? "" : `\n${" ".repeat(head.length + 2)}${oneLine(says, 300)}`}`,
    );
  }
}

function showStep(
  io: Io,
  steps: readonly (readonly StoredEntry[])[],
  { wanted, isJson }: { readonly wanted: string; readonly isJson: boolean },
): number {
  const step = steps[Number(wanted) - 1];
  if (step === undefined) {
    throw new Fault("COMMAND_USAGE", {
      message: `there is no step \`${wanted.slice(0, 20)}\``,
      hint: `this session has steps 1 to ${steps.length}`,
    });
  }
  for (const entry of step) io.out(isJson ? JSON.stringify(entry) : printable(JSON.stringify(entry, null, 2)));
  return 0;
}
