/** `vambrace security prove`: the sandbox tried out from inside, on this machine, now. @module */
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { containerSettings } from "../app/config/settings.ts";
import { homeAt } from "../app/home.ts";
import { proveAlone } from "../app/proving.ts";
import { systemClock, systemRandom } from "../app/system.ts";
import type { Proof, ProofLine } from "../core/ports/executor.ts";
import { verdictOf } from "../core/proof.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { progress } from "./progress.ts";
import { oneLine, paint } from "./style.ts";

export const securityProve: Command = {
  name: "security prove",
  words: 0,
  summary: "show that the sandbox holds, by trying to get out of it; needs no running gateway",
  usage: "vambrace security prove [--short] [--json]",
  example: "vambrace security prove   # exit 4 where an attempt got out",
  options: { json: { type: "boolean", default: false }, short: { type: "boolean", default: false } },
  help: {
    json: 'print {"backend","attempts":[…],"skipped":[…]} as JSON',
    short: "only what runs at each start of the gateway",
  },
  async run(_args, flags, io) {
    const home = homeAt(stateFolder(io.env));
    const container = containerSettings(loadConfig({ home: home.root, env: io.env }).config);
    const backend = container === null ? "bubblewrap" : "container";
    const log = (line: string): void => io.err(`broker: ${oneLine(line, 300)}`);
    const form = flagOn(flags, "short") ? "short" : "full";
    const bar = progress(io);
    let tried = 0;
    const tell = (): void => bar.show(`${++tried} tried`);
    const parts = { home, clock: systemClock, random: systemRandom, log, form, container, tell } as const;
    const proof = await proveAlone(parts).finally(() => bar.end());
    if (flagOn(flags, "json")) io.out(JSON.stringify({ backend, ...proof }));
    else printFamilies(io, proof);
    const verdict = verdictOf(proof);
    io.err(
      verdict.holds
        ? paint(io, "green", `${backend}: ${verdict.says}`)
        : paint(io, "red", oneLine(`${backend}: ${verdict.says}`, 2000)),
    );
    return verdict.holds ? 0 : 4;
  },
};

function printFamilies(io: Io, { attempts, skipped }: Proof): void {
  const names = new Set([...attempts, ...skipped].map(({ family }) => family));
  for (const name of names) {
    const lines = attempts.filter(({ family }) => family === name);
    const held = lines.filter((line) => line.held).length;
    const without = skipped.filter(({ family }) => family === name);
    io.out(
      `${name}: held against ${held} of ${lines.length}${without.length === 0 ? "" : `, ${without.length} skipped`}`,
    );
    for (const line of lines) io.out(`  ${attemptLine(io, line)}`);
    for (const { says, why } of without) io.out(paint(io, "dim", `  skip    ${says}: ${oneLine(why, 160)}`));
  }
}

function attemptLine(io: Io, { held, says, evidence }: ProofLine): string {
  if (held) return `${paint(io, "green", "held  ")}  ${says}`;
  return `${paint(io, "red", "BROKEN")}  ${says}: ${oneLine(evidence, 200)}`;
}
