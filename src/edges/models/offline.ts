/**
 * The offline planner: a small deterministic program behind the model port, so
 * that every part of the product can be tried without a network or a key.
 *
 * It acts on the last message of a person and on nothing else: results of
 * tools are quoted, so an order hidden in one has no effect. The messages are
 * its only memory; it derives its plan from them anew each time.
 *
 * @module
 */
import type { Clock } from "../../core/ports/clock.ts";
import type { Model, ModelEvent, ModelMessage, ModelRequest } from "../../core/ports/model.ts";
import * as browser from "./offline-browser.ts";
import * as files from "./offline-files.ts";
import * as people from "./offline-people.ts";
import type { About, Intent, Plan, Planned, Reply } from "./offline-plan.ts";
import * as commands from "./offline-run.ts";
import { CONDITIONAL, GREETING, isConditional, negated, notUnderstood, talk } from "./offline-talk.ts";
import { type Clause, clausesOf, rawOf } from "./offline-text.ts";
import * as shell from "./offline-shell.ts";
import * as web from "./offline-web.ts";

/** The first that knows a clause takes it, so the narrower ones stand before the wider. */
const INTENTS: readonly Intent[] = [
  files.empty,
  negated,
  talk,
  commands.tests,
  commands.asks,
  browser.openPage,
  browser.readPage,
  browser.click,
  browser.fillIn,
  browser.picture,
  browser.keepDownload,
  browser.closeBrowser,
  people.recall,
  people.remember,
  people.remind,
  people.sessions,
  people.messageSession,
  people.spawn,
  people.send,
  commands.run,
  web.webSearch,
  web.fetchPage,
  shell.append,
  files.edit,
  shell.rearrange,
  files.summarise,
  files.list,
  files.write,
  files.read,
  files.search,
  commands.bareCommand,
  files.bare,
];

export function offlineModel(clock: Pick<Clock, "wallMs">): Model {
  return {
    identity: { provider: "offline", model: "planner-1", remote: false },
    stream: (request, signal) => answer(request, clock.wallMs(), signal),
  };
}

async function* answer(request: ModelRequest, nowMs: number, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const next = nextStep(request, nowMs);
  const written = typeof next === "string" ? next : JSON.stringify(next);
  const tokens = (text: string): number => Math.ceil(text.length / 4);
  const usage = {
    inputTokens: request.messages.reduce((sum, message) => sum + tokens(message.text), 0),
    outputTokens: tokens(written),
  };
  if (typeof next === "string") {
    for (const [word] of next.matchAll(/\S+\s*|\s+/g)) {
      signal.throwIfAborted();
      yield { type: "text", delta: word };
    }
  } else {
    const done = request.messages.filter((message) => message.role === "tool").length;
    yield { type: "call", call: { id: `plan-${done + 1}`, ...next } };
  }
  yield { type: "finish", reason: typeof next === "string" ? "stop" : "calls", usage };
}

/** The next call of the plan, or what to say at its end. */
function nextStep(request: ModelRequest, nowMs: number): Planned | string {
  const begun = request.messages.findLastIndex((message) => message.role === "user");
  const message = request.messages[begun];
  if (message === undefined) return GREETING;
  const about: About = { tools: new Set(request.tools.map((tool) => tool.name)), nowMs, lastPath: undefined };
  return replay(planFor(message.text, about), repliesIn(request.messages.slice(begun + 1)));
}

/** Runs the plan through what already happened. */
function replay(plan: Plan, replies: readonly (Reply & { readonly tool: string })[]): Planned | string {
  let step = plan.next();
  for (let at = 0; step.done !== true; at++) {
    const wanted = step.value;
    while (at < replies.length && replies[at]?.tool !== wanted.tool) at++;
    const reply = replies[at];
    if (reply === undefined) return wanted;
    step = plan.next(reply);
  }
  return step.value;
}

function repliesIn(messages: readonly ModelMessage[]): readonly (Reply & { readonly tool: string })[] {
  return messages.flatMap((message) =>
    message.role === "tool" ? [{ tool: message.tool, ok: message.ok !== false, text: message.text }] : [],
  );
}

/** In a room, messages begin with who wrote them; the name is left off where the whole makes no sense. */
const NAMED = /^[a-z0-9][a-z0-9._@+-]{0,127}: /;

/** What a person had put off comes back in this frame, when it is due. */
const SCHEDULED = /^\[from schedule \S+; not a person's message\] /;

function* planFor(message: string, about: About): Plan {
  const wanted = message.replace(SCHEDULED, "");
  if (isConditional(wanted)) return CONDITIONAL;
  const plans = understand(wanted, about) ?? understand(wanted.replace(NAMED, ""), about);
  if (plans === undefined) return wanted === message ? notUnderstood(message.trim()) : `Reminder: ${wanted.trim()}`;
  const says: string[] = [];
  for (const { clause, intent } of plans) {
    const plan = intent?.(clause, about);
    says.push(plan === undefined ? notUnderstood(rawOf(clause.text, clause)) : yield* plan);
  }
  return says.filter((text) => text !== "").join("\n\n");
}

type Understood = { readonly clause: Clause; readonly intent: Intent | undefined };

/** What takes each clause; undefined where nothing takes any. */
function understand(message: string, about: About): readonly Understood[] | undefined {
  const clauses = clausesOf(message);
  if (clauses.length === 0)
    return isGreeting(message) ? [{ clause: { text: "", quotes: [] }, intent: greet }] : undefined;
  const trial: About = { ...about };
  const understood = clauses.map((clause) => ({
    clause,
    intent: INTENTS.find((intent) => intent(clause, trial) !== undefined),
  }));
  return understood.some(({ intent }) => intent !== undefined) ? understood : undefined;
}

function isGreeting(message: string): boolean {
  return /\p{L}/u.test(message);
}

function* greet(): Plan {
  yield* [];
  return GREETING;
}
