/**
 * Loop detection: a model that goes round in circles is stopped, not paid for.
 *
 * @module
 */
import { canonicalJson, type Digest, type JsonObject, sha256 } from "../../core/json.ts";

export type LoopWatch = {
  /** Notes one call with what came of it; answers a sentence where that makes a loop. */
  note(call: { readonly tool: string; readonly arguments: JsonObject }, result: LoopResult): string | undefined;
};

export type LoopResult = { readonly ok: boolean; readonly text: string };

const SAME_AT_MOST = 2;

/** @param known names that may be repeated to a person; another name is text that the model made up. */
export function loopWatch(known: ReadonlySet<string>): LoopWatch {
  const seen: Digest[] = [];
  return {
    note(call, result) {
      const key = sha256(canonicalJson([call.tool, call.arguments, result.ok, result.text.toWellFormed()]));
      seen.push(key);
      const name = known.has(call.tool) ? `\`${call.tool}\`` : "a tool that does not exist";
      if (seen.filter((other) => other === key).length > SAME_AT_MOST) {
        return `stopped: the model called ${name} three times with the same arguments and the same result; say what it should do differently`;
      }
      if (isAlternating(seen)) {
        return `stopped: the model goes back and forth between the same two calls (the last was ${name}); say what it should do differently`;
      }
      return undefined;
    },
  };
}

function isAlternating(seen: readonly Digest[]): boolean {
  const [first, second, third, fourth] = seen.slice(-4);
  return fourth !== undefined && first === third && second === fourth && first !== second;
}
