/** `vambrace scan text`: what a text holds that should not leave, or that gives orders. @module */
import { scanText } from "../steps/outbound/scan/scan.ts";
import { type Command, flagOn } from "./command.ts";
import { eachJsonLine } from "./json-lines.ts";
import { readInput } from "./typed.ts";
import { z } from "zod";

const Request = z.strictObject({ id: z.union([z.string(), z.number()]), text: z.string() });

export const scanTextCommand: Command = {
  name: "scan text",
  words: 0,
  summary: "find secrets, personal data and signs of injection in a text",
  usage: "vambrace scan text [--jsonl] < FILE",
  example: "echo 'mail ana@example.org, card 4111 1111 1111 1111' | vambrace scan text",
  options: { jsonl: { type: "boolean", default: false } },
  help: { jsonl: 'one {"id","text"} a line in, one answer a line out' },
  async run(_args, flags, io) {
    if (flagOn(flags, "jsonl")) {
      return eachJsonLine(io, Request, ({ id, text }) => ({ id, findings: scanText(text) }));
    }
    io.out(JSON.stringify({ findings: scanText(await readInput(io)) }));
    return 0;
  },
};
