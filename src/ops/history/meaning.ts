/**
 * What a change of the configuration means: which kinds of calls are answered
 * more laxly after it, and which more strictly. Pure; the answers come from
 * the live judge, asked about the same calls before and after.
 *
 * What only one of the two has (a person, a channel, a tool) is denied by the
 * other: absent means no.
 *
 * @module
 */
import type { Verdict } from "../../core/decision.ts";
import { TRUST_LEVELS, type Trust } from "../../core/label.ts";

/** One answer of the judge. */
export type Answered = {
  readonly agent: string;
  readonly channel: string;
  readonly person: string;
  /** The least trusted text in the conversation, and the most confidential. */
  readonly trust: Trust;
  readonly holds: string;
  readonly tool: string;
  /** A kind of destination, in words. */
  readonly destination: string;
  readonly verdict: Verdict;
};

/** Calls of one tool that are answered otherwise now. */
export type Shift = {
  readonly tool: string;
  readonly from: Verdict;
  readonly to: Verdict;
  readonly destinations: readonly string[];
  readonly trusts: readonly Trust[];
  /** `terminal`, or `worker:terminal` for another agent than `main`. */
  readonly doors: readonly string[];
  readonly persons: readonly string[];
};

export type Meaning = {
  /** How many calls were put to each judge; 0: nothing that a judge decides by was changed. */
  readonly asked: number;
  readonly opens: readonly Shift[];
  readonly closes: readonly Shift[];
  /** Weaker modes that the change names, and that it takes back. */
  readonly weaker: readonly string[];
  readonly stronger: readonly string[];
};

const STRICTNESS: Readonly<Record<Verdict, number>> = { allow: 0, ask: 1, deny: 2 };

export type Side = { readonly answers: readonly Answered[]; readonly downgrades: readonly string[] };

export function meaningOf(before: Side, after: Side): Meaning {
  const [was, is] = [laxest(before.answers), laxest(after.answers)];
  const opens: Moved[] = [];
  const closes: Moved[] = [];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const cell = is.get(key) ?? was.get(key);
    const [from, to] = [was.get(key)?.verdict ?? "deny", is.get(key)?.verdict ?? "deny"];
    if (cell === undefined || from === to) continue;
    (STRICTNESS[to] < STRICTNESS[from] ? opens : closes).push({ cell, from, to });
  }
  return {
    asked: is.size,
    opens: shiftsOf(opens),
    closes: shiftsOf(closes),
    weaker: after.downgrades.filter((line) => !before.downgrades.includes(line)),
    stronger: before.downgrades.filter((line) => !after.downgrades.includes(line)),
  };
}

/** Whether anything may be done after it that could not be done before, or is asked no more. */
export function isWidening({ opens, weaker }: Meaning): boolean {
  return opens.length > 0 || weaker.length > 0;
}

type Moved = { readonly cell: Answered; readonly from: Verdict; readonly to: Verdict };

/** Several examples of one kind of destination are one: the laxest speaks. */
function laxest(answers: readonly Answered[]): ReadonlyMap<string, Answered> {
  const found = new Map<string, Answered>();
  for (const one of answers) {
    const { agent, channel, person, trust, holds, tool, destination } = one;
    const key = JSON.stringify([agent, channel, person, trust, holds, tool, destination]);
    const other = found.get(key);
    if (other === undefined || STRICTNESS[one.verdict] < STRICTNESS[other.verdict]) found.set(key, one);
  }
  return found;
}

function shiftsOf(moved: readonly Moved[]): readonly Shift[] {
  const groups = Map.groupBy(moved, ({ cell, from, to }) => JSON.stringify([cell.tool, from, to]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { cell, from, to } = first;
    const cells = group.map((each) => each.cell);
    return [
      {
        tool: cell.tool,
        from,
        to,
        destinations: unique(cells.map(({ destination }) => destination)),
        trusts: TRUST_LEVELS.filter((level) => cells.some(({ trust }) => trust === level)),
        doors: unique(cells.map(({ agent, channel }) => (agent === "main" ? channel : `${agent}:${channel}`))),
        persons: unique(cells.map(({ person }) => person)),
      },
    ];
  });
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

const BECOMES: Readonly<Record<Verdict, Readonly<Record<Verdict, string>>>> = {
  deny: { deny: "", ask: "can be asked for", allow: "runs unasked, and was refused" },
  ask: { deny: "is refused, and was asked", ask: "", allow: "runs unasked, and was asked" },
  allow: { deny: "is refused, and ran unasked", ask: "is asked, and ran unasked", allow: "" },
};

/** One line each: what becomes possible first, then what ceases. */
export function sentencesOf({ asked, opens, closes, weaker, stronger }: Meaning): readonly string[] {
  const lines = [
    ...weaker.map((line) => `+ weaker: ${line}`),
    ...opens.map((shift) => `+ ${sentence(shift)}`),
    ...closes.map((shift) => `- ${sentence(shift)}`),
    ...stronger.map((line) => `- no longer weaker: ${line}`),
  ];
  if (lines.length > 0) return lines;
  return [
    asked === 0 ? "no call is judged by what was changed" : `none of ${asked} kinds of calls is answered otherwise`,
  ];
}

const NAMED = 4;

function sentence({ tool, from, to, destinations, trusts, doors, persons }: Shift): string {
  const shown = destinations.slice(0, NAMED).join("; ");
  const more = destinations.length > NAMED ? `; and ${destinations.length - NAMED} more` : "";
  const level =
    trusts.length === TRUST_LEVELS.length ? "whatever was read" : `after text of trust ${trusts.join(", ")}`;
  return `${tool} ${BECOMES[from][to]}: ${shown}${more} (${level}; ${doors.join(", ")}; ${persons.join(", ")})`;
}
