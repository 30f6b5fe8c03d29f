/**
 * `vambrace why`: one decision explained from the ledger: what was asked of the
 * policies, which of them answered, where the arguments came from, who said
 * what, and what would have allowed it.
 *
 * Reads the ledger's folder and takes no lock. Nothing is judged anew but that
 * last part, and it is said where the policies are other ones by now.
 *
 * @module
 */
import { stateFolder } from "../app/config/environment.ts";
import { toPosture } from "../app/config/posture.ts";
import { homeAt } from "../app/home.ts";
import { Fault } from "../core/fault.ts";
import { parseAgentId, parseId } from "../core/ids.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../core/json.ts";
import type { StoredEntry } from "../core/ports/ledger.ts";
import { eachEntry } from "../ledger/search.ts";
import { readAsked } from "../steps/judge/asked.ts";
import type { Judge } from "../steps/judge/judge.ts";
import { wouldAllow } from "../steps/judge/would-allow.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { groundOf, judgeOn } from "./judging.ts";
import { field, oneLine } from "./style.ts";

export const whyCommand: Command = {
  name: "why",
  words: 1,
  summary: "explain one decision: its rules, where its arguments came from, what would have allowed it",
  usage: "vambrace why [CALL] [--json]",
  example: "vambrace why   # the newest refusal; else say the call, as `vambrace log search` shows it",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the explanation as JSON" },
  async run([id], flags, io) {
    const { ledger } = homeAt(stateFolder(io.env));
    const call = parseId("call", id ?? (await newestIn(io, ledger)));
    const entries = await entriesOf(ledger, call);
    const decided = entries.filter(({ what }) => what === "call.decided");
    if (decided.length === 0) {
      io.err("the ledger has no decision about this call");
      io.err("hint: `vambrace log search --kind call` lists them, each with its call");
      return 1;
    }
    // A call is judged anew after an endorsement: each decision is explained, in order.
    const told = [];
    for (const entry of decided) told.push(await explained(io, entry));
    const answers = entries.flatMap(sayAnswer);
    if (flagOn(flags, "json")) io.out(JSON.stringify({ call, decisions: told, since: answers }));
    else {
      io.out([...told.flatMap((one) => draw(io, one)), ...answers.map((line) => field(io, "then", line))].join("\n"));
    }
    return 0;
  },
};

/** The call that was refused last, by a rule or by nobody's yes; where none was, the one that was decided last. */
async function newestIn(io: Io, folder: string): Promise<string> {
  let newest: string | undefined;
  for await (const { call, what, result, target } of eachEntry(folder, { kind: "call" })) {
    if (call === undefined || what !== "call.decided") continue;
    if (result !== "ok") {
      io.err(`the newest refusal or question: ${oneLine(target, 60)}, ${call}`);
      return call;
    }
    newest ??= call;
  }
  if (newest === undefined) {
    throw new Fault("CALL_UNKNOWN", {
      message: "nothing was decided yet",
      hint: "talk to the agent: `vambrace chat`; `vambrace check command` asks without acting",
    });
  }
  io.err(`nothing was refused or asked; the newest decision: ${newest}`);
  return newest;
}

async function entriesOf(folder: string, call: string): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  for await (const entry of eachEntry(folder, { call })) found.push(entry);
  return found.sort((a, b) => a.index - b.index);
}

type Rule = { readonly id: string; readonly file: string; readonly says: string };

type Told = {
  readonly time: string;
  readonly who: string;
  readonly tool: string;
  readonly arguments: JsonValue;
  readonly verdict: string;
  readonly says: string;
  readonly rules: readonly Rule[];
  readonly because: readonly string[];
  readonly wouldAllow: readonly string[];
  /** Whether the policies that are loaded now are the ones that decided. */
  readonly samePolicies: boolean;
};

const VERDICTS: ReadonlyMap<string, string> = new Map([
  ["ok", "allowed"],
  ["asked", "asked"],
  ["denied", "denied"],
]);

async function explained(io: Io, { time, who, target, result, data = {} }: StoredEntry): Promise<Told> {
  const judge = await judgeOf(io, data["agent"]);
  const asked = readAsked(data["asked"]);
  const facts = objectIn(data["facts"]);
  return {
    time,
    who,
    tool: target,
    arguments: data["arguments"] ?? null,
    verdict: VERDICTS.get(result) ?? result,
    says: textIn(data["says"]),
    rules: textsIn(data["because"]).map((id) => ruleOf(judge, id)),
    because: [...behind(facts), ...argumentLines(facts), ...worldLines(facts)],
    wouldAllow: asked === undefined || judge === undefined ? [] : wouldAllow(judge.engine, asked),
    samePolicies: judge !== undefined && data["policies"] === judge.policies.digest,
  };
}

/** The policies of the agent that it was about, as they are now. */
async function judgeOf(io: Io, agent: JsonValue | undefined): Promise<Judge | undefined> {
  const { loaded, policies } = groundOf(io, {});
  if (typeof agent !== "string") return undefined;
  return judgeOn({ posture: toPosture(loaded.config, loaded.places, parseAgentId(agent)), policies });
}

function ruleOf(judge: Judge | undefined, id: string): Rule {
  const policy = judge?.policies.policies.get(id);
  return policy === undefined
    ? { id, file: "", says: "not among the policies that are loaded now" }
    : { id, file: policy.file, says: policy.says };
}

function behind({ trust, confidentiality, least, designated }: JsonObject): readonly string[] {
  const from = objectsIn(least).map(sayPlace).join(", ");
  return [
    `the least trusted text behind it has trust ${textIn(trust)}${from === "" ? "" : `: ${from}`}`,
    `the most confidential is ${textIn(confidentiality)}`,
    designated === true
      ? "a person asked for it, naming what matters"
      : "no person of enough trust asked for exactly this",
  ];
}

function argumentLines({ arguments: args }: JsonObject): readonly string[] {
  return objectsIn(args)
    .filter(({ role }) => role !== "plain")
    .map(({ pointer, role, designated, from }) => {
      const places = objectsIn(from).map(sayPlace).join(", ");
      const stands = places === "" ? "stands in no text: the model put it together" : `stands in ${places}`;
      return `${textIn(pointer)} (${textIn(role)}) ${stands}${designated === true ? "; named by a person" : ""}`;
    });
}

function worldLines({ paths, hosts, command }: JsonObject): readonly string[] {
  const parts = objectIn(command);
  return [
    ...objectsIn(paths).map(
      ({ access, resolved, zone, hasCopy }) =>
        `it would ${textIn(access)} ${textIn(resolved)} (${textIn(zone)}${hasCopy === true ? ", has a copy" : ""})`,
    ),
    ...objectsIn(hosts).map(
      ({ host, listed }) => `it would reach ${textIn(host)} (${listed === true ? "" : "not "}listed)`,
    ),
    ...textsIn(parts["unlisted"]).map((part) => `not on the allowlist: ${part}`),
    ...textsIn(parts["opaque"]).map((part) => `cannot be decided: ${part}`),
  ];
}

const sayPlace = ({ kind, id, trust }: JsonObject): string => `${textIn(kind)} ${textIn(id)} (trust ${textIn(trust)})`;

/** What came of it: who was asked, what he said, what was endorsed, how it ended. */
function sayAnswer({ what, who, result, time, data = {} }: StoredEntry): readonly string[] {
  switch (what) {
    case "approval.asked":
      return [`${time} asked of ${textsIn(data["askedOf"]).join(", ") || "nobody: nobody could be"}`];
    case "approval.answered":
      return [`${time} ${who} said ${result === "ok" ? "yes" : "no"} (${textIn(data["scope"])})`];
    case "approval.endorsed":
      return [`${time} ${who} endorsed ${textIn(data["source"])}: the call was judged anew`];
    case "call.prepared":
      return [`${time} begun`];
    case "call.ended":
      return [`${time} ended: ${textIn(data["summary"]) || result}`];
    default:
      return [];
  }
}

function draw(io: Io, told: Told): readonly string[] {
  const { time, who, tool, verdict, says, rules, because, samePolicies } = told;
  return [
    `${tool} for ${who}, ${time}: ${verdict}`,
    field(io, "call", oneLine(JSON.stringify(told.arguments), 400)),
    field(io, "why", says),
    ...rules.map(({ id, file, says: sentence }) =>
      field(io, "rule", oneLine(`${id}${file === "" ? "" : ` (${file})`}: ${sentence}`, 300)),
    ),
    ...because.map((line) => field(io, "because", oneLine(line, 300))),
    ...(verdict === "allowed" ? [] : wayLines(told).map((line) => field(io, "allowed by", line))),
    ...(samePolicies ? [] : [field(io, "careful", "other policies are loaded now than decided this")]),
  ];
}

function wayLines({ wouldAllow: ways }: Told): readonly string[] {
  return ways.length === 0 ? ["nothing that was tried: no yes, no naming and no trust would have"] : ways;
}

function textIn(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function textsIn(value: JsonValue | undefined): readonly string[] {
  return isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function objectIn(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isArray(value) ? value.filter(isObject) : [];
}
