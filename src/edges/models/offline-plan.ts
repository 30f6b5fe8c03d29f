/**
 * The offline planner's plans. A plan is a generator: it yields the calls that
 * it wants, is given what came of each, and returns what to say.
 *
 * It is replayed from the messages each time, so it remembers nothing between
 * requests. What comes back from tools is quoted, never read for orders.
 *
 * @module
 */
import type { JsonObject } from "../../core/json.ts";
import type { Clause } from "./offline-text.ts";

export type Planned = { readonly tool: string; readonly arguments: JsonObject };
export type Reply = { readonly ok: boolean; readonly text: string };
export type Plan = Generator<Planned, string, Reply>;

export type About = {
  readonly tools: ReadonlySet<string>;
  /** By the wall clock, for `tomorrow at 9`. */
  readonly nowMs: number;
  /** What `it` and `that file` mean. */
  lastPath: string | undefined;
};

/** Answers a plan where the clause is of its kind. */
export type Intent = (clause: Clause, about: About) => Plan | undefined;

const LINES_SHOWN = 80;
const CHARACTERS_SHOWN = 6000;

export function* use(about: About, tool: string, args: JsonObject): Generator<Planned, Reply, Reply> {
  if (!about.tools.has(tool)) return { ok: false, text: `the tool \`${tool}\` is not available in this conversation` };
  return yield { tool, arguments: args };
}

/** One call, and what to say of it. */
export function* simple(about: About, planned: Planned, says: { what: string; done: (text: string) => string }): Plan {
  const reply = yield* use(about, planned.tool, planned.arguments);
  return reply.ok ? says.done(reply.text) : couldNot(says.what, reply);
}

export function couldNot(what: string, reply: Reply): string {
  return `I could not ${what}. I was told:\n\n${quote(reply.text)}`;
}

export function* say(text: string): Plan {
  yield* [];
  return text;
}

/** Text of a tool, set off from the planner's own words, and shortened. */
export function quote(text: string): string {
  const lines = text.trimEnd().slice(0, CHARACTERS_SHOWN).split("\n");
  const shown = lines.slice(0, LINES_SHOWN).join("\n");
  const cut = text.trimEnd().length > shown.length ? "\n(shortened)" : "";
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return shown.trim() === "" ? "(nothing)" : `${fence}\n${shown}\n${fence}${cut}`;
}
