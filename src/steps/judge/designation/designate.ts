/**
 * Designation: whether a person whose own trust reaches the effect named every
 * argument that matters, together in one message, and asked for this kind of
 * effect there.
 *
 * INVARIANT(designated): only persons' own words name anything. No other text,
 * whatever it says, turns an answer of this file from false to true, except a
 * declared directory, which may say whom a name means that a person wrote.
 *
 * @module
 */
import type { ArgumentFact, Proposal } from "../../../core/call.ts";
import type { ContextItem } from "../../../core/item.ts";
import { isArray, isObject, type JsonValue, leaves } from "../../../core/json.ts";
import { mayKnow, type Label, type Source, trustRank } from "../../../core/label.ts";
import { type ArgumentRole, type Effect, ROLES_THAT_MATTER } from "../../../core/tool.ts";
import { leadsIn } from "./content.ts";
import { directoriesIn, namesFor } from "./directory.ts";
import { fits } from "./fitting.ts";
import { currentRequest, type Message, type Request } from "./request.ts";
import { modesIn } from "./modes.ts";
import { holds, kindOf, type Mention, mentionsOf } from "./values.ts";
import { asksFor } from "./verbs.ts";
import { overlaps, type OwnWords, ownWords } from "./words.ts";

export type Designation = {
  readonly arguments: readonly ArgumentFact[];
  /** Every argument that matters stands in one message. */
  readonly named: boolean;
  /** And that message asks for this effect, and not more often than it asked. */
  readonly designated: boolean;
  /** And its author may know all that the call was made from. */
  readonly ownerDesignated: boolean;
};

/** One string or number that has to be named: an argument, or what content leads to. */
type Matter = {
  readonly pointer: string;
  readonly name: string;
  readonly role: ArgumentRole;
  readonly value: string;
};

type Reading = { readonly message: Message; readonly words: OwnWords };

/** Whether a plan lets a value come out of a source that these words name. */
export type Binds = (
  matter: { readonly name: string; readonly role: ArgumentRole; readonly value: string },
  words: OwnWords,
) => boolean;

export type DesignationInput = {
  readonly proposal: Proposal;
  readonly effect: Effect;
  readonly influence: Label;
  readonly isDirectory: (tool: string) => boolean;
  /** Absent: nothing is bound. */
  readonly binds?: Binds;
};

/** More strings than this in one call are never taken for named. */
const MATTERS_LIMIT = 200;
/** Effects whose repetition costs something: one designation is one use. */
const COUNTED: ReadonlySet<Effect> = new Set(["send", "pay", "delete", "schedule", "spawn", "configure"]);

export function designate(input: DesignationInput): Designation {
  const { proposal, effect } = input;
  const all = argumentLeaves(proposal);
  const request = currentRequest(proposal.context, effect);
  const readings = request.messages.map((message) => ({ message, words: ownWords(message.text) }));
  const find = finder(input, proposal.cwd);
  const matters = all.map((leaf) => mattersOf(leaf, effect));
  const bounded = matters.every((one) => one.length < MATTERS_LIMIT) && all.length <= MATTERS_LIMIT;
  const flat = matters.flat();
  const together = bounded ? readings.filter((reading) => flat.every((one) => find(one, reading) !== undefined)) : [];
  const valid = together.filter((reading) => !isRevoked(flat, reading, readings, find));
  const asking = valid.filter(
    (reading) =>
      asksFor(effect, proposal.tool, reading.words) && usesLeft(proposal, effect, request, { flat, reading, find }),
  );
  return {
    arguments: all.map((leaf, index) =>
      fact(leaf, matters[index] ?? [], { readings, find, context: proposal.context }),
    ),
    named: valid.length > 0,
    designated: asking.length > 0,
    ownerDesignated: asking.some((reading) => mayKnow(input.influence.audience, reading.message.person)),
  };
}

type Find = (matter: Matter, reading: Reading) => Mention | undefined;

function argumentLeaves({ arguments: args, declaration }: Proposal): readonly Matter[] {
  return Object.keys(args).flatMap((name) => {
    const role = declaration?.roles.get(name) ?? "target";
    return [...leavesAndChoices(args[name], `/${escapePointer(name)}`)].map((leaf) => ({ ...leaf, name, role }));
  });
}

/** Strings, numbers, and choices between yes and no. */
function* leavesAndChoices(
  value: JsonValue | undefined,
  pointer: string,
): Generator<{ pointer: string; value: string }> {
  if (typeof value === "boolean") yield { pointer, value: String(value) };
  else if (isArray(value))
    for (const [i, member] of value.entries()) yield* leavesAndChoices(member, `${pointer}/${i}`);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) yield* leavesAndChoices(value[key], `${pointer}/${escapePointer(key)}`);
  } else yield* leaves(value, pointer);
}

const escapePointer = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** What of an argument has to be named; nothing of a plain one. */
function mattersOf(leaf: Matter, effect: Effect): readonly Matter[] {
  if (leaf.value.trim() === "" || leaf.role === "plain") return [];
  // A boolean is a choice between two: it reaches nothing that the other arguments do not.
  if ((leaf.value === "true" || leaf.value === "false") && leaf.role !== "value") return [];
  if (ROLES_THAT_MATTER.has(leaf.role)) return [leaf];
  if (effect === "write" || effect === "read") return [];
  // What is asked of the network is itself what leaves.
  if (effect === "fetch" || effect === "use_mcp") return [leaf];
  const leads = leadsIn(leaf.value);
  if (leads === undefined) return [leaf];
  return leads.map((value) => ({ ...leaf, role: "target" as const, value }));
}

/** Finds the positive mention of a value in one message; a message that also says no to it does not count. */
function finder(input: DesignationInput, cwd: string): Find {
  const directories = directoriesIn(input.proposal.context, input.isDirectory);
  const known = new Map<Reading, Map<string, Mention | undefined>>();
  const look = (matter: Matter, reading: Reading): Mention | undefined => {
    const direct = mention(matter, reading.words, cwd);
    if (direct !== undefined) return direct === "negated" ? undefined : direct;
    if (input.binds?.(matter, reading.words) === true)
      return { start: 0, end: 0, spelling: matter.value, quoted: false };
    for (const { name, beside } of namesFor(matter.value, matter.name, directories)) {
      if (beside.length > 0 && !beside.some((word) => saysWord(reading.words, word))) continue;
      const named = mention({ ...matter, value: name }, reading.words, cwd, "words");
      if (named !== undefined && named !== "negated") return { ...named, spelling: matter.value };
    }
    return undefined;
  };
  return (matter, reading) => {
    const seen = known.get(reading) ?? new Map<string, Mention | undefined>();
    known.set(reading, seen);
    const key = `${matter.role}\n${matter.name}\n${matter.value}`;
    if (!seen.has(key)) seen.set(key, look(matter, reading));
    return seen.get(key);
  };
}

/** In the author's own words, in the singular or the plural. */
function saysWord(words: OwnWords, word: string): boolean {
  const stem = word.replace(/s$/, "");
  return (
    stem !== "" && [...mentionsOf(stem, "words", words, "/"), ...mentionsOf(`${stem}s`, "words", words, "/")].length > 0
  );
}

function mention(
  matter: Matter,
  words: OwnWords,
  cwd: string,
  kind = kindOf(matter.value, matter.role),
): Mention | "negated" | undefined {
  if (matter.value === "true" || matter.value === "false") return choice(matter.value, words);
  let found: Mention | undefined;
  for (const one of mentionsOf(matter.value, kind, words, cwd)) {
    if (overlaps(words.negated, one)) return "negated";
    if (found === undefined && (one.quoted || fits(one, kind, words.text, matter))) found = one;
  }
  return found ?? access(matter, words);
}

/** `with read permissions` names `r`, where the argument is a setting. */
function access({ role, value }: Matter, words: OwnWords): Mention | "negated" | undefined {
  if (role !== "value") return undefined;
  const [first] = modesIn(value, words.text);
  return first !== undefined && overlaps(words.negated, first) ? "negated" : first;
}

const CHOICES = {
  true: /\b(?:true|yes|on|enable|activate|allow)\b/giu,
  false: /\b(?:false|no|off|disable|deactivate|forbid)\b/giu,
} as const;

/** `turn it off` names false. */
function choice(value: "true" | "false", words: OwnWords): Mention | "negated" | undefined {
  const match = words.text.matchAll(CHOICES[value]).next().value;
  if (match === undefined) return undefined;
  const one = { start: match.index, end: match.index + match[0].length, spelling: value, quoted: false };
  return overlaps(words.negated, one) && match[0].toLowerCase() !== "no" ? "negated" : one;
}

/** A later message of the same request that says no takes back what an earlier one named. */
function isRevoked(matters: readonly Matter[], reading: Reading, readings: readonly Reading[], find: Find): boolean {
  const later = readings.slice(0, readings.indexOf(reading));
  return later.some(({ words, message }) =>
    matters.some(
      (matter) => mention(matter, words, "/") === "negated" && find(matter, { words, message }) === undefined,
    ),
  );
}

function usesLeft(
  proposal: Proposal,
  effect: Effect,
  request: Request,
  { flat, reading, find }: { flat: readonly Matter[]; reading: Reading; find: Find },
): boolean {
  if (!COUNTED.has(effect)) return true;
  const target = flat.filter((one) => one.role !== "content");
  const names = new Set(target.map((one) => one.value));
  const used = request.done.filter((call) => {
    if (call.tool !== proposal.tool) return false;
    const values = new Set([...leavesAndChoices(call.arguments, "")].map((leaf) => leaf.value));
    return [...names].every((name) => values.has(name));
  }).length;
  if (used === 0) return true;
  const asked = Math.max(...target.map((one) => countMentions(one, reading, find, proposal.cwd)), 1);
  return used < asked;
}

function countMentions(matter: Matter, reading: Reading, find: Find, cwd: string): number {
  if (find(matter, reading) === undefined) return 0;
  return [...mentionsOf(matter.value, kindOf(matter.value, matter.role), reading.words, cwd)].length;
}

function fact(
  leaf: Matter,
  matters: readonly Matter[],
  { readings, find, context }: { readings: readonly Reading[]; find: Find; context: readonly ContextItem[] },
): ArgumentFact {
  const wanted = matters.length > 0 ? matters : [leaf];
  const isVoid = leaf.value.trim() === "" || (leaf.role === "content" && matters.length === 0);
  const reading = readings.find((one) => wanted.every((matter) => find(matter, one) !== undefined));
  const trusted = reading === undefined ? undefined : find(leaf, reading)?.spelling;
  return {
    pointer: leaf.pointer,
    argument: leaf.name,
    role: leaf.role,
    value: leaf.value,
    designated: isVoid || reading !== undefined,
    sources: sourcesOf(leaf.value, context),
    ...(trusted === undefined ? {} : { trusted }),
  };
}

function sourcesOf(value: string, context: readonly ContextItem[]): readonly Source[] {
  const found = context.flatMap((item): readonly Source[] =>
    item.kind !== "model" && holds(item.text, value) ? [sourceOf(item)] : [],
  );
  return found.sort((a, b) => trustRank(b.trust) - trustRank(a.trust)).slice(0, 16);
}

function sourceOf(item: Exclude<ContextItem, { kind: "model" }>): Source {
  const { trust } = item.label;
  if (item.kind === "person") return { kind: "person", id: item.person, trust, item: item.id };
  if (item.kind === "system") return { kind: "system", id: "vambrace", trust, item: item.id };
  if (item.kind === "note") return { kind: "session", id: item.from, trust, item: item.id };
  return { kind: "tool", id: item.tool, trust, item: item.id };
}
