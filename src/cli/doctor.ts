/**
 * `vambrace doctor`: everything that a person needs to know when something does
 * not work, each with what to do. Looks only; `--fix` mends the modes of the
 * state folder and nothing else.
 *
 * @module
 */
import { type Command, flagOn, type Io } from "./command.ts";
import { failed, type Line } from "./doctor/line.ts";
import { machineLines } from "./doctor/machine.ts";
import { runningLines } from "./doctor/running.ts";
import { secretLines } from "./doctor/secrets.ts";
import { stateLines } from "./doctor/state.ts";
import { oneLine, paint } from "./style.ts";

export const doctorCommand: Command = {
  name: "doctor",
  words: 0,
  summary: "look at everything that has to be right, and say what to do where it is not",
  usage: "vambrace doctor [--fix] [--json]",
  example: "vambrace doctor --fix",
  options: { fix: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  help: { fix: "take other people's rights to the state folder away", json: "print the lines as JSON" },
  async run(_args, flags, io) {
    const asJson = flagOn(flags, "json");
    const lines: Line[] = [];
    for await (const line of allLines(io, flagOn(flags, "fix"))) {
      lines.push(line);
      if (!asJson) draw(io, line);
    }
    const failed = lines.filter((line) => line.status === "fail").length;
    const warned = lines.filter((line) => line.status === "warn").length;
    if (asJson) io.out(JSON.stringify({ ok: failed === 0, lines }));
    else io.err(`${lines.length} looked at, ${failed} failed, ${warned} to mind`);
    return failed === 0 ? 0 : 1;
  },
};

async function* allLines(io: Io, fix: boolean): AsyncGenerator<Line> {
  yield* orFailed("machine", machineLines(io));
  yield* orFailed("state folder", stateLines(io, fix));
  yield* orFailed("secrets", secretLines(io));
  yield* orFailed("gateway", runningLines(io));
}

/** What cannot be looked at is a line that failed, and what comes after it is looked at all the same. */
async function* orFailed(id: string, lines: AsyncIterable<Line> | Iterable<Line>): AsyncGenerator<Line> {
  try {
    yield* lines;
  } catch (thrown) {
    yield failed(id, thrown);
  }
}

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

function draw(io: Io, { id, status, says, hint }: Line): void {
  io.out(`${paint(io, COLOURS[status], status.padEnd(4))} ${id.padEnd(16)} ${oneLine(says, 300)}`);
  if (hint !== undefined) io.out(`     ${"".padEnd(16)} hint: ${oneLine(hint, 300)}`);
}
