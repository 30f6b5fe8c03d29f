/** `vambrace scan text`: what a text holds that should not leave, or that gives orders. @module */
import { scanText } from "../steps/outbound/scan/scan.ts";
import { Fault } from "../core/fault.ts";
import { type Command, flagOn } from "./command.ts";
import { eachJsonLine } from "./json-lines.ts";
import { readInput } from "./typed.ts";
import { z } from "zod";

const Request = z.strictObject({ id: z.union([z.string(), z.number()]), text: z.string() });

export const scanTextCommand: Command = {
  name: "scan text",
  words: 0,
  summary: "find secrets, personal data and signs of injection in a text",
  usage: "vambrace scan text [--json|--jsonl] < FILE",
  example: "echo 'mail ana@example.org, card 4111 1111 1111 1111' | vambrace scan text",
  options: { json: { type: "boolean", default: false }, jsonl: { type: "boolean", default: false } },
  help: {
    json: "print the findings as JSON, which it does anyway",
    jsonl: 'one {"id","text"} a line in, one answer a line out',
  },
  async run(args, flags, io) {
    if (args.length > 0) {
      const message = "the text comes from standard input";
      throw new Fault("COMMAND_USAGE", { message, hint: `usage: ${scanTextCommand.usage}` });
    }
    if (flagOn(flags, "jsonl")) {
      return eachJsonLine(io, Request, ({ id, text }) => ({ id, findings: scanText(text) }));
    }
    io.out(JSON.stringify({ findings: scanText(await readInput(io)) }));
    return 0;
  },
};
