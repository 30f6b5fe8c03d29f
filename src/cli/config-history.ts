/** `vambrace config history` and `diff`: what was changed, by whom, why, and what it meant. @module */
import { join } from "node:path";
import { CONFIG_NAME } from "../app/config/document.ts";
import { stateFolder } from "../app/config/environment.ts";
import { parseConfig, readText } from "../app/config/load.ts";
import { configHistory, configVersion } from "../app/config/versions.ts";
import { homeAt } from "../app/home.ts";
import { readPolicies } from "../app/policies.ts";
import { Fault, toFault } from "../core/fault.ts";
import { diffLines, onlyChanged } from "../ops/history/lines.ts";
import { sentencesOf } from "../ops/history/meaning.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { firstOf, painted } from "./config-change.ts";
import { oneLine, paint } from "./style.ts";

export const configHistoryCommand: Command = {
  name: "config history",
  words: 0,
  summary: "every change of the configuration: who, when, why, and what it meant",
  usage: "vambrace config history [--json]",
  example: "vambrace config history",
  options: { json: { type: "boolean", default: false } },
  help: { json: "one version a line as JSON" },
  async run(_args, flags, io) {
    const versions = configHistory(stateFolder(io.env));
    if (versions.length === 0 && !flagOn(flags, "json")) io.err("it was never changed");
    for (const one of versions) {
      if (flagOn(flags, "json")) {
        io.out(JSON.stringify(one));
        continue;
      }
      const { version, atMs, who, why, meaning } = one;
      io.out(paint(io, "bold", `${version}  ${new Date(atMs).toISOString()}  ${who}  ${oneLine(why, 200)}`));
      for (const line of firstOf(meaning, false)) io.out(`     ${painted(io, line)}`);
    }
    return 0;
  },
};

export const configDiff: Command = {
  name: "config diff",
  words: 2,
  summary: "what a change took out and put in, and what that means by the policies of today",
  usage: "vambrace config diff [VERSION [VERSION]] [--json]",
  example: "vambrace config diff 3   # from the text before change 3 to the one after it",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print lines and meaning as JSON" },
  async run(args, flags, io) {
    const home = stateFolder(io.env);
    const { from, to, says } = sidesOf(home, args);
    const lines = diffLines(from, to);
    const meaning = await meaningText(home, io, from, to);
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify({ says, lines: lines.filter(({ sign }) => sign !== " "), meaning }));
      return 0;
    }
    io.err(says);
    for (const line of onlyChanged(lines)) io.out(colour(io, line));
    for (const line of meaning) io.err(painted(io, line));
    return 0;
  },
};

/** Without numbers the last change; one: that change; two: from the text of one version to that of another. */
function sidesOf(
  home: string,
  args: readonly string[],
): { readonly from: string; readonly to: string; readonly says: string } {
  const [first, second, ...more] = args.map((word) => (/^[0-9]{1,6}$/.test(word) ? Number(word) : Number.NaN));
  if (more.length > 0 || args.length > 2 || [first, second].some((number) => Number.isNaN(number))) {
    throw new Fault("COMMAND_USAGE", {
      message: "say one version, or two, as `vambrace config history` numbers them",
      hint: `usage: ${configDiff.usage}`,
    });
  }
  const newest = configHistory(home)[0]?.version;
  const one = first ?? newest;
  if (one === undefined)
    throw new Fault("CONFIG_MALFORMED", {
      message: "the configuration was never changed",
      hint: "there is nothing to compare",
    });
  const from = configVersion(home, one);
  if (second !== undefined)
    return { from, to: configVersion(home, second), says: `from version ${one} to version ${second}` };
  if (one === newest)
    return {
      from,
      to: readText(join(home, CONFIG_NAME)) ?? "",
      says: `change ${one}, the last: from the text before it to the one that counts`,
    };
  return { from, to: configVersion(home, one + 1), says: `change ${one}: from the text before it to the one after it` };
}

async function meaningText(home: string, io: Io, from: string, to: string): Promise<readonly string[]> {
  try {
    const where = { home, env: io.env };
    const [before, after] = [parseConfig(from, where), parseConfig(to, where)];
    const { meaningOfChange } = await import("../app/config-meaning.ts");
    return sentencesOf(await meaningOfChange(before, after, readPolicies(homeAt(home).policies)));
  } catch (thrown) {
    // A past text may name what is gone by now; its lines are shown all the same.
    if (!(thrown instanceof Fault)) throw thrown;
    return [`what it means cannot be told: ${toFault(thrown).message}`];
  }
}

function colour(io: Io, line: string): string {
  const text = oneLine(line, 400);
  // Blanks at the beginning mean something here.
  const kept = line.startsWith("…")
    ? text
    : `${line.slice(0, 1)}${line.slice(1).match(/^ */)?.[0] ?? ""}${oneLine(line.slice(1), 400)}`;
  if (line.startsWith("+")) return paint(io, "green", kept);
  return line.startsWith("-") ? paint(io, "red", kept) : kept;
}
