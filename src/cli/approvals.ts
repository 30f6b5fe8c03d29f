/** `vambrace approvals`: what waits for a person, and the answer to it. @module */
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { questionView } from "../wire/events.ts";
import { connect } from "./client.ts";
import { type Command, flagOn } from "./command.ts";
import { drawQuestion } from "./question.ts";

const Questions = z.looseObject({ questions: z.array(questionView) });
const Done = z.looseObject({});

export const approvalsCommand: Command = {
  name: "approvals",
  words: 2,
  summary: "show what waits for your yes, and answer it",
  usage: "vambrace approvals [yes|no ID] [--session] [--json]",
  example: "vambrace approvals yes apr_0123456789abcdefghjkmnpqrs",
  options: { json: { type: "boolean", default: false }, session: { type: "boolean", default: false } },
  help: { json: "print the questions as JSON", session: "with yes: for the same call again in this session too" },
  async run(args, flags, io) {
    const client = connect(io);
    const [answer, id] = args;
    if (answer !== undefined) {
      if ((answer !== "yes" && answer !== "no") || id === undefined) throw usage();
      const scope = flagOn(flags, "session") ? "session" : "once";
      await client.post(`/api/approvals/${encodeURIComponent(id)}`, { answer, scope }, Done);
      io.err(`answered ${answer}`);
      return 0;
    }
    const { questions } = await client.get("/api/approvals", Questions);
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify(questions));
      return 0;
    }
    if (questions.length === 0) io.err("nothing waits for you");
    for (const question of questions) {
      io.out(`${drawQuestion(io, question)}\n`);
      io.err(`  answer with: vambrace approvals yes ${question.id}   (or no; yes with --session)\n`);
    }
    return 0;
  },
};

function usage(): Fault {
  return new Fault("COMMAND_USAGE", {
    message: "say yes or no, and to which question",
    hint: `usage: ${approvalsCommand.usage}`,
  });
}
