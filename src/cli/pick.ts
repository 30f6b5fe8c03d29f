/** Which of the offered answers a person types. @module */
import { systemClock } from "../app/system.ts";
import type { Io } from "./command.ts";
import type { Choice, Offer } from "./question.ts";

/** Puts a question to the person; undefined: the signal came first, or nobody is there any more. */
export type Asker = (prompt: string, signal: AbortSignal) => Promise<string | undefined>;

type Picking = { readonly offered: readonly Offer[]; readonly ended: AbortSignal; readonly soonMs: number };

/** `apart`: each for itself. undefined: it was ended first, or nobody is there any more. */
export async function pick(
  io: Io,
  asker: Asker,
  { offered, ended, soonMs }: Picking,
): Promise<Choice | "apart" | undefined> {
  const prompt = `${offered.map(({ key, says }) => `  [${key}] ${says}`).join(" ")}  > `;
  for (;;) {
    const askedMs = systemClock.monotonicMs();
    const said = await asker(prompt, ended);
    if (said === undefined) return undefined;
    const typed = said.trim().toLowerCase();
    const found = offered.find(({ key }) => key === (typed === "yes" || typed === "no" ? typed.charAt(0) : typed));
    const isTooSoon = systemClock.monotonicMs() - askedMs < soonMs;
    if (found !== undefined && !(found.answer !== "no" && found.answer !== "apart" && isTooSoon)) {
      return found.answer === "apart" ? "apart" : choiceOf({ ...found, answer: found.answer });
    }
    io.err(
      found === undefined
        ? `  please type ${offered.map(({ key }) => key).join(", ")}`
        : "  that was too fast to have been read: once more, please",
    );
  }
}

function choiceOf({ answer, scope, item }: Choice): Choice {
  return { answer, scope, ...(item === undefined ? {} : { item }) };
}
