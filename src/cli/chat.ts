/** `vambrace chat`: the terminal that talks with a running gateway. @module */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { toFault } from "../core/fault.ts";
import { type HistoryAnswer, historyAnswer, type MeAnswer, meAnswer } from "../wire/answers.ts";
import { connect, type GatewayClient } from "./client.ts";
import type { Command, Io } from "./command.ts";
import { converse, sayFault } from "./conversation.ts";
import { Keyboard } from "./keyboard.ts";
import { freshLogin, showLogin } from "./login.ts";
import { columns, oneLine, paint, printable } from "./style.ts";
import { sayStopped, watch, type Watching } from "./watching.ts";

export const chatCommand: Command = {
  name: "chat",
  words: 0,
  summary: "talk to the agent in this terminal",
  usage: "vambrace chat",
  example: "vambrace chat   # then type: list the files here, then write hello.txt",
  options: {},
  help: {},
  async run(_args, _flags, io) {
    const client = connect(io);
    const me = await client.get("/api/me", meAnswer);
    io.err(`vambrace ${me.version} on ${client.url}: you are ${me.person}; model: ${modelName(me)}`);
    return chat(io, client, { leaving: "leaves; the gateway goes on" });
  },
};

/**
 * Reads requests until end of file, `/quit`, or a second Ctrl-C with nothing running and nothing typed.
 *
 * @param how.leaving what leaving does, as a person reads it.
 */
export async function chat(io: Io, client: GatewayClient, how: { readonly leaving: string }): Promise<number> {
  const me = await client.get("/api/me", meAnswer);
  if (me.halted) io.err(sayStopped(io));
  if (io.isTerminal) io.err(`type a request; /help shows more; /quit or Ctrl-D ${how.leaving}`);
  if (io.isTerminal) await recall(io, client);
  const keyboard = new Keyboard(io);
  const watching = io.isTerminal ? watch(io, client, (text) => keyboard.interject(text)) : undefined;
  const here: Here = { io, client, keyboard, me, watching };
  let isLeaving = false;
  keyboard.onInterrupt(() => {
    if (isLeaving) return keyboard.close();
    isLeaving = true;
    process.stdout.write(`\n(Ctrl-C once more, or Ctrl-D, ${how.leaving})\n${promptFor(here)}`);
  });
  try {
    for (;;) {
      const text = (await keyboard.request(promptFor(here)))?.trim();
      if (text === undefined || text === "/quit" || text === "/exit") return 0;
      isLeaving = false;
      if (text !== "") await obey(here, text);
    }
  } finally {
    watching?.end();
    keyboard.close();
  }
}

const RECALLED = 12;

/** The last of what was said here before. Whoever comes back sees where he was; an older gateway has none to show. */
async function recall(io: Io, client: GatewayClient): Promise<void> {
  const lines = await earlier(client);
  if (lines.length > RECALLED) io.err(paint(io, "gray", `… ${lines.length - RECALLED} more before that`));
  for (const { kind, from, text } of lines.slice(-RECALLED)) {
    const who = kind === "person" ? "you" : kind === "call" ? "→" : printable(from);
    io.err(paint(io, "gray", `${who}${kind === "call" ? "" : ":"} ${oneLine(text, columns() - 20)}`));
  }
}

async function earlier(client: GatewayClient): Promise<HistoryAnswer["lines"]> {
  try {
    return (await client.get("/api/history", historyAnswer)).lines;
  } catch (thrown) {
    if (toFault(thrown).code === "GATEWAY_UNREACHABLE") throw thrown;
    return [];
  }
}

type Here = {
  readonly io: Io;
  readonly client: GatewayClient;
  readonly keyboard: Keyboard;
  readonly me: MeAnswer;
  readonly watching: Watching | undefined;
};

function promptFor({ io, me }: Here): string {
  return `${paint(io, "bold", me.model.provider === "offline" ? "offline" : "you")} > `;
}

function modelName({ model }: MeAnswer): string {
  return model.provider === "offline" ? "offline planner (no model is configured)" : `${model.provider}/${model.model}`;
}

const HELP = `ask in plain words: "list the files here", "run the tests", "what is in notes.md"
questions: y is yes once, r is yes to this recipient where it is offered, s is yes for this session, x is never in this session, n is no; no answer is no
Ctrl-C ends what runs, and a question with it
/stop     halts everything: turns, commands, schedules
/resume   starts again after a stop
/login    shows an address that logs a browser in to the page, once
/quit     leaves
in another terminal: \`vambrace approvals\`, \`vambrace status\`, \`vambrace stop\` (in a checkout: bin/vambrace)`;

const Done = z.looseObject({});

/** One message or command; whatever goes wrong in it is said, and the chat goes on. */
async function obey(here: Here, text: string): Promise<void> {
  const { io } = here;
  try {
    const own = text.startsWith("/") ? OWN.get(text) : undefined;
    if (own !== undefined) await own(here);
    else if (/^\/[a-z]+$/.test(text)) io.err(`there is no ${text}; /help shows what there is`);
    else await oneTurn(here, text);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code === "GATEWAY_UNREACHABLE") throw fault;
    io.err(sayFault(io, fault));
  }
}

const OWN: ReadonlyMap<string, (here: Here) => Promise<void>> = new Map([
  ["/help", async ({ io }: Here) => io.err(HELP)],
  [
    "/stop",
    async ({ io, client, watching }: Here) => {
      const stop = (): Promise<unknown> => client.post("/api/stop", { reason: "said in the chat" }, Done);
      await (watching === undefined ? stop() : watching.quietly("stopped", stop));
      io.err("stopped: nothing runs, and nothing will until /resume");
    },
  ],
  [
    "/resume",
    async ({ io, client, watching }: Here) => {
      const resume = (): Promise<unknown> => client.post("/api/resume", {}, Done);
      await (watching === undefined ? resume() : watching.quietly("resumed", resume));
      io.err("resumed: requests are taken again");
    },
  ],
  [
    "/login",
    async ({ io, client }: Here) => {
      showLogin(io, homeAt(stateFolder(io.env)), (await freshLogin(client)).address);
    },
  ],
]);

async function oneTurn({ io, client, keyboard, me, watching }: Here, text: string): Promise<void> {
  const turn = new AbortController();
  const leave = keyboard.onInterrupt(() => turn.abort(new Error("stopped")));
  // Only a person who sees the question may answer it: what a pipe holds was written before.
  const asker = io.isTerminal ? (prompt: string, signal: AbortSignal) => keyboard.answer(prompt, signal) : undefined;
  const signal = AbortSignal.any([turn.signal, io.signal]);
  try {
    const echoes = me.model.provider === "offline";
    const onQuestion = (id: string): void => watching?.own(id);
    await converse(io, client, { text, messageId: randomUUID(), signal, echoes, onQuestion }, asker);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    io.err(paint(io, "yellow", "stopped: what this turn was doing has ended"));
  } finally {
    leave();
  }
}
