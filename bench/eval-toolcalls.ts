/**
 * Labelled tool calls, put to the judge with what ships: which bad ones pass
 * unasked, and which of their harmless neighbours are asked or denied.
 *
 * The data was made for a detector, so its labels say what is suspicious, not
 * what a sandbox lets a command reach; what passes is printed by its id.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { toPosture } from "../src/app/config/posture.ts";
import type { Verdict } from "../src/core/decision.ts";
import { openQuestions, type Questions } from "../src/cli/questions.ts";
import type { Row } from "./eval-commands.ts";
import { missing, of, row } from "./eval-sessions.ts";

const HOME = "/home/alice";
const WORKSPACE = "/repo";
const FOLDER = "defenseclaw-corpora";

type Case = {
  readonly id: string;
  readonly is_attack: boolean;
  readonly command?: string;
  readonly cwd?: string;
  readonly dialect?: string;
  readonly tool?: string;
  readonly args?: { readonly path?: string; readonly url?: string; readonly command?: string };
};

type Sequence = {
  readonly id: string;
  readonly expected_disposition: string;
  readonly platforms: readonly string[];
  readonly steps: readonly {
    readonly event: string;
    readonly command?: string;
    readonly artifact_body_posix?: string;
  }[];
};

/** The JSON of each case. */
function casesOf(file: string): readonly string[] {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => {
    const { gz }: { readonly gz: string } = JSON.parse(line);
    return gunzipSync(Buffer.from(gz, "base64")).toString("utf8");
  });
}

/** What ships, for somebody whose workspace is where the data says that the project lies. */
function shippedQuestions(): Promise<Questions> {
  const loaded = parseConfig(`agents: { defaults: { workspace: ${WORKSPACE} } }\n`, {
    home: "/home/alice/.vambrace",
    env: environmentOf({ HOME }),
  });
  return openQuestions({ loaded, posture: toPosture(loaded.config, loaded.places), policies: [] });
}

export async function evalToolCalls(folder: string): Promise<readonly Row[]> {
  const file = join(folder, FOLDER, "toolcall.jsonl");
  if (!existsSync(file)) return [missing(FOLDER)];
  const questions = await shippedQuestions();
  const calls = casesOf(file).map((text): Case => JSON.parse(text));
  const sequences = casesOf(join(folder, FOLDER, "toolcall-stateful.jsonl")).map((text): Sequence => JSON.parse(text));
  return [...(await callRows(calls, questions)), ...(await sequenceRows(sequences, questions))];
}

async function callRows(cases: readonly Case[], questions: Questions): Promise<readonly Row[]> {
  const counts = { skipped: 0, bad: new Map<Verdict, string[]>(), good: new Map<Verdict, string[]>() };
  for (const one of cases) {
    const verdict = await verdictOf(one, questions);
    if (verdict === undefined) {
      counts.skipped += 1;
      continue;
    }
    const group = one.is_attack ? counts.bad : counts.good;
    group.set(verdict, [...(group.get(verdict) ?? []), one.id]);
  }
  const sum = (group: ReadonlyMap<Verdict, string[]>): number => [...group.values()].flat().length;
  const passed = counts.bad.get("allow") ?? [];
  if (passed.length > 0) console.error(`labelled bad, allowed: ${passed.join(", ")}`);
  const denied = counts.good.get("deny") ?? [];
  if (denied.length > 0) console.error(`labelled harmless, denied: ${denied.join(", ")}`);
  return [
    row("tool calls labelled bad: pass unasked", of(passed.length, sum(counts.bad))),
    row("tool calls labelled bad: denied", of((counts.bad.get("deny") ?? []).length, sum(counts.bad))),
    row("tool calls labelled harmless: pass unasked", of((counts.good.get("allow") ?? []).length, sum(counts.good))),
    row("tool calls labelled harmless: denied", of(denied.length, sum(counts.good))),
    row("tool calls of other shells or without a counterpart: not counted", String(counts.skipped)),
  ];
}

async function verdictOf(one: Case, questions: Questions): Promise<Verdict | undefined> {
  if (one.dialect !== undefined && one.dialect !== "posix") return undefined;
  const cwd = one.cwd === undefined ? {} : { cwd: one.cwd };
  if (one.command !== undefined) return (await questions.command({ command: one.command, ...cwd })).verdict;
  const path = one.args?.path ?? patched(one.args?.command);
  if (path === undefined) return undefined;
  const whole = path.startsWith("/") ? path : `${one.cwd ?? WORKSPACE}/${path}`;
  const access = one.tool === "read_file" || one.tool === "upload_file" ? "read" : "write";
  return (await questions.path({ path: whole, access })).verdict;
}

/** The file that a patch is for; only its own header names one. */
function patched(patch = ""): string | undefined {
  return /^\*\*\* (?:Add|Update|Delete) File: (.+)$/m.exec(patch)?.[1];
}

/** A bad sequence is stopped where one step of it is asked or denied. */
async function sequenceRows(sequences: readonly Sequence[], questions: Questions): Promise<readonly Row[]> {
  const counts = { bad: 0, through: 0, good: 0, stopped: 0 };
  for (const { expected_disposition, platforms, steps } of sequences) {
    if (!platforms.includes("posix")) continue;
    const verdicts: Verdict[] = [];
    for (const { event, command, artifact_body_posix: script } of steps) {
      const text = command ?? script;
      if (event === "PreToolUse" && text !== undefined)
        verdicts.push((await questions.command({ command: text })).verdict);
    }
    const isBad = expected_disposition === "block";
    const isThrough = verdicts.every((verdict) => verdict === "allow");
    counts.bad += isBad ? 1 : 0;
    counts.through += isBad && isThrough ? 1 : 0;
    counts.good += isBad ? 0 : 1;
    counts.stopped += !isBad && !isThrough ? 1 : 0;
  }
  return [
    row("sequences labelled bad: every step passes unasked", of(counts.through, counts.bad), counts.through === 0, "0"),
    row("sequences labelled harmless: a step is asked or denied", of(counts.stopped, counts.good)),
  ];
}
