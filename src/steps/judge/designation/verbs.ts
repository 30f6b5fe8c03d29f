/**
 * Whether a message asks for a kind of effect at all. Plain word lists, in
 * English: a request in other words is not recognised, and a person is asked.
 *
 * @module
 */
import type { Effect } from "../../../core/tool.ts";
import { overlaps, type OwnWords } from "./words.ts";

const list = (words: string): RegExp => new RegExp(`\\b(?:${words})\\b`, "giu");

/** `unknown` and `install` are in no list: nobody can ask for them in words alone. */
const ASKS: ReadonlyMap<Effect, RegExp> = new Map<Effect, RegExp>([
  ["read", list("read|show|list|find|search|look|check|open|get|what|which|who|when|where|how|summari[sz]e|tell")],
  [
    "write",
    list(
      "write|save|store|create|make|edit|update|change|modify|add|append|insert|replace|rename|move|copy|put|fix|set|reschedule|mark|fill|upload|implement|refactor|draft|record",
    ),
  ],
  ["delete", list("delete|remove|erase|drop|clear|cancel|trash|discard|purge|rm|unlink|wipe|get rid of")],
  ["exec", list("run|execute|start|launch|test|build|compile|install|check|lint|format|commit|push|pull|clone")],
  [
    "fetch",
    list("fetch|open|get|download|visit|browse|look up|search|google|load|retrieve|read|check|go to|find|summari[sz]e"),
  ],
  [
    "send",
    list(
      "send|e-?mail|mail|message|reply|respond|answer|forward|notify|tell|inform|invite|share|post|write to|contact|text|dm|ping|let .{1,40} know|announce|publish|tweet",
    ),
  ],
  ["pay", list("pay|transfer|wire|send|refund|reimburse|buy|purchase|order|donate|tip|settle|reserve|book|rent|hire")],
  ["remember", list("remember|memori[sz]e|note|keep in mind|don['’]?t forget|do not forget|save|learn")],
  [
    "schedule",
    list(
      "schedule|remind|plan|book|arrange|organi[sz]e|set up|create|add|move|reschedule|every|each|daily|weekly|monthly|hourly|in \\d+ (?:minutes?|hours?|days?)",
    ),
  ],
  ["spawn", list("spawn|delegate|hand over|sub-?agent|new session|another agent|ask the .{1,40} agent")],
  [
    "configure",
    list(
      "configure|set|change|update|enable|disable|turn (?:on|off)|switch|reset|adjust|rename|block|unblock|grant|revoke|add|remove",
    ),
  ],
  ["use_mcp", list("use|call|invoke|run|via|through|with")],
]);

/** After one of these a word is a noun: `my mail`, `the order`, `look for notes`. */
const BEFORE_NOUN =
  /(?:\b(?:my|your|his|her|its|our|their|the|an?|this|that|these|those|any|some|all|each|every|new|old|latest|last|next|first|recent|unread|of|from|in|on|at|by|with|about|for)|['’]s)\s{1,8}$/iu;

/**
 * Whether it asks for the effect, or for this very tool by its name: who says
 * `create an event` asks for `create_calendar_event`, whatever effect that has.
 */
export function asksFor(effect: Effect, tool: string, words: OwnWords): boolean {
  const pattern = ASKS.get(effect);
  if (pattern === undefined) return false;
  if (occurs(pattern, words)) return true;
  const parts = nameParts(tool);
  const [verb, thing] = [parts[0], parts.at(-1)];
  if (verb === undefined || thing === undefined || parts.length < 2) return false;
  return occurs(list(verb), words) && new RegExp(`\\b${thing}(?:s|es)?\\b`, "iu").test(words.text);
}

/** `create_calendar_event`, `createEvent`: letters only, so that a name cannot be a pattern. */
function nameParts(tool: string): readonly string[] {
  return tool
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((part) => part !== "");
}

function occurs(pattern: RegExp, words: OwnWords): boolean {
  for (const match of words.text.matchAll(pattern)) {
    if (BEFORE_NOUN.test(words.text.slice(Math.max(0, match.index - 20), match.index))) continue;
    if (!overlaps(words.negated, { start: match.index, end: match.index + match[0].length })) return true;
  }
  return false;
}
