/** Words for the ends that are no answer. @module */
import { Fault } from "../../core/fault.ts";

export function emptyAnswer(): Fault {
  return new Fault("MODEL_MALFORMED", {
    message: "the model answered nothing, twice",
    hint: "ask again in other words, or choose another model",
  });
}

export function tooLong(maxContextTokens: number): string {
  return `stopped: the context budget is used up (${maxContextTokens} tokens): this message and what belongs to it do not fit; send less at once`;
}
