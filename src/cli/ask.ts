/** `vambrace ask`: one question, one answer, for scripts. @module */
import { randomUUID } from "node:crypto";
import { Fault } from "../core/fault.ts";
import { connect } from "./client.ts";
import { type Command, flagOn } from "./command.ts";
import { converse } from "./conversation.ts";

export const askCommand: Command = {
  name: "ask",
  words: Number.POSITIVE_INFINITY,
  summary: "ask one question and print the answer; what would need a person is refused",
  usage: 'vambrace ask "QUESTION" [--json]',
  example: 'vambrace ask "what is in notes.md"',
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the outcome as JSON" },
  async run(args, flags, io) {
    const text = args.join(" ").trim();
    if (text === "")
      throw new Fault("COMMAND_USAGE", { message: "there is no question", hint: `usage: ${askCommand.usage}` });
    const quiet = flagOn(flags, "json") ? { ...io, write: () => undefined } : io;
    const request = { text, messageId: randomUUID(), signal: io.signal };
    const { outcome, refused } = await converse(quiet, connect(io), request, undefined);
    if (flagOn(flags, "json")) io.out(JSON.stringify(outcome ?? null));
    if (outcome === undefined) return 1;
    if (refused > 0) return 3;
    return outcome.stop === "done" ? 0 : 1;
  },
};
