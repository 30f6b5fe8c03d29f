/**
 * What comes by itself while somebody sits at a chat: reminders, answers of
 * other sessions, questions that other turns ask, and that everything stopped.
 *
 * @module
 */
import { setTimeout as wait } from "node:timers/promises";
import type { HaltEvent } from "../core/ports/gateway.ts";
import type { QuestionEventView } from "../wire/events.ts";
import type { GatewayClient } from "./client.ts";
import type { Io } from "./command.ts";
import { drawQuestion } from "./question.ts";
import { paint, printable } from "./style.ts";

/** Until the turn at this terminal has had time to say that a question is its own. */
const OWN_TURN_MS = 400;
const PAUSE_MS = 2000;

const STANDS = {
  stopped: sayStopped,
  resumed: () => "resumed: requests are taken again",
} as const;

export function sayStopped(io: Io): string {
  return paint(io, "red", "STOPPED: nothing is done until you type /resume");
}

export type Watching = {
  /** A question that the turn at this terminal puts itself. */
  own(id: string): void;
  /** Does what is told everybody and need not be told here. */
  quietly(what: HaltEvent["type"], act: () => Promise<unknown>): Promise<void>;
  end(): void;
};

/** @param show prints it between what the person types. */
export function watch(io: Io, client: GatewayClient, show: (text: string) => void): Watching {
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, io.signal]);
  // Questions that need no word here: put by the turn at this terminal, or answered already.
  const known = new Set<string>();

  async function hear(event: QuestionEventView): Promise<void> {
    if (event.type === "notice")
      return show(`${paint(io, "cyan", `from ${printable(event.from)}:`)} ${printable(event.text)}`);
    if (event.type === "stopped" || event.type === "resumed") {
      if (!known.delete(event.type)) show(STANDS[event.type](io));
      return;
    }
    if (event.type === "closed") return void known.add(event.id);
    await wait(OWN_TURN_MS, undefined, { signal });
    const { question } = event;
    if (known.has(question.id)) return;
    show(
      `${drawQuestion(io, question)}\n  asked elsewhere: answer it there, or with \`vambrace approvals yes ${question.id}\``,
    );
  }

  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        for await (const message of client.watch(signal))
          if (message.type === "question") hear(message.event).catch(quiet);
      } catch {
        // The next request says what is wrong with the gateway; here it is tried again.
        await wait(PAUSE_MS, undefined, { signal });
      }
    }
  };
  follow().catch(quiet);
  return {
    own: (id) => void known.add(id),
    async quietly(what, act) {
      known.add(what);
      try {
        await act();
      } catch (thrown) {
        known.delete(what);
        throw thrown;
      }
    },
    end: () => ending.abort(new Error("the chat ends")),
  };
}

/** Waiting that was cut short because the chat ends. */
function quiet(): undefined {
  return undefined;
}
