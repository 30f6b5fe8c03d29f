/** `vambrace chat`: the terminal that talks with a running gateway. @module */
import { randomUUID } from "node:crypto";
import { createInterface, type Interface } from "node:readline/promises";
import type { z } from "zod";
import { meAnswer } from "../wire/answers.ts";
import { connect, type GatewayClient } from "./client.ts";
import type { Command, Io } from "./command.ts";
import { converse } from "./conversation.ts";
import { paint } from "./style.ts";

export const chatCommand: Command = {
  name: "chat",
  summary: "talk to the agent in this terminal",
  usage: "vambrace chat",
  example: "vambrace chat   # then type: list the files here, then write hello.txt",
  options: {},
  help: {},
  async run(_args, _flags, io) {
    return chat(io, connect(io));
  },
};

/** Reads lines until end of file, `/quit`, or Ctrl-C at an empty prompt; Ctrl-C during a turn ends the turn. */
export async function chat(io: Io, client: GatewayClient): Promise<number> {
  const me = await client.get("/api/me", meAnswer);
  io.err(greeting(me));
  io.err("type a request; /help for help, /quit or Ctrl-D to leave");
  const terminal = createInterface({
    input: io.stdin,
    output: io.isTerminal ? process.stdout : undefined,
    terminal: io.isTerminal,
  });
  const lines = terminal[Symbol.asyncIterator]();
  try {
    for (;;) {
      prompt(io, terminal, me);
      const next = await lines.next();
      if (next.done === true || io.signal.aborted) return 0;
      const text = next.value.trim();
      if (text === "/quit" || text === "/exit") return 0;
      if (text === "/help") io.err(HELP);
      else if (text !== "") await oneTurn(io, client, { text, terminal, lines });
    }
  } finally {
    terminal.close();
  }
}

type Me = z.infer<typeof meAnswer>;

function greeting({ version, person, model, halted }: Me): string {
  const name =
    model.provider === "offline" ? "offline planner (no model is configured)" : `${model.provider}/${model.model}`;
  const stopped = halted ? "; STOPPED, see `vambrace resume`" : "";
  return `vambrace ${version}: you are ${person}; model: ${name}${stopped}`;
}

function prompt(io: Io, terminal: Interface, { model }: Me): void {
  if (!io.isTerminal) return;
  terminal.setPrompt(`${paint(io, "bold", model.provider === "offline" ? "offline" : "you")} > `);
  terminal.prompt();
}

const HELP = `ask for things in plain words: "list the files here", "run the tests", "what is in notes.md"
/quit leaves; Ctrl-C ends what is running; \`vambrace stop\` in another terminal halts everything
questions are answered with y (once), s (for this session) or n; no answer is no`;

type Typed = { readonly text: string; readonly terminal: Interface; readonly lines: AsyncIterator<string> };

async function oneTurn(io: Io, client: GatewayClient, typed: Typed): Promise<void> {
  const turn = new AbortController();
  const end = (): void => turn.abort(new Error("stopped"));
  typed.terminal.on("SIGINT", end);
  const asker = async (prompt: string): Promise<string> => {
    process.stdout.write(prompt);
    const answer = await typed.lines.next();
    return answer.done === true ? "n" : answer.value;
  };
  try {
    const signal = AbortSignal.any([turn.signal, io.signal]);
    await converse(io, client, { text: typed.text, messageId: randomUUID(), signal }, asker);
  } catch (thrown) {
    if (!turn.signal.aborted) throw thrown;
    io.err("stopped");
  } finally {
    typed.terminal.off("SIGINT", end);
  }
}
