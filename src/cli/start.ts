/** `vambrace start`: the gateway, and with --chat the terminal that talks with it. @module */
import { writeFileSync } from "node:fs";
import type { Served } from "../app/open.ts";
import { Fault } from "../core/fault.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { paint } from "./style.ts";

export const startCommand: Command = {
  name: "start",
  summary: "start the gateway; with --chat, talk with it here",
  usage: "vambrace start [--port N] [--detach] [--chat]",
  example: "vambrace start --chat",
  options: {
    port: { type: "string" },
    detach: { type: "boolean", default: false },
    chat: { type: "boolean", default: false },
  },
  help: {
    port: "listen on this port instead of the configured one (18888 unless configured)",
    detach: "go on in the background; end it with SIGTERM to the printed process id",
    chat: "when it runs, talk with it in this terminal; leaving the chat ends it",
  },
  async run(_args, flags, io) {
    if (flagOn(flags, "detach")) return startDetached(flags, io);
    await firstTime(io);
    const { serve } = await import("../app/serve.ts");
    const port = portOf(flags);
    const served = await serve({ env: io.env, ...(port === undefined ? {} : { port }) });
    try {
      await announce(io, served);
      if (flagOn(flags, "chat") && io.isTerminal) return await chatHere(io);
      await until(io.signal);
      return 0;
    } finally {
      await served.close();
    }
  },
};

/** Where the workspace is and how its files are trusted is asked once, on a terminal; elsewhere the safe defaults stand. */
async function firstTime(io: Io): Promise<void> {
  const { setUpOnce } = await import("./set-up.ts");
  await setUpOnce(io);
}

async function announce(io: Io, served: Served): Promise<void> {
  io.err(`vambrace listens on ${served.url} (state: ${served.home.root})`);
  io.err(`model: ${served.model.why}`);
  if (served.model.weak !== undefined) io.err(paint(io, "yellow", `warning: ${served.model.weak}`));
  for (const line of served.loaded.downgrades) io.err(paint(io, "yellow", `weaker than the default: ${line}`));
  const address = await served.login();
  if (io.isTerminal) {
    io.err(`page, with a login that works once within ten minutes: ${paint(io, "bold", address)}`);
    return;
  }
  writeFileSync(served.home.login, `${address}\n`, { mode: 0o600 });
  io.err(`the address of the page, with a one-time login, is in ${served.home.login}`);
}

async function chatHere(io: Io): Promise<number> {
  const [{ chat }, { connect }] = await Promise.all([import("./chat.ts"), import("./client.ts")]);
  return chat(io, connect(io));
}

function until(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

function portOf(flags: Flags): number | undefined {
  const text = flagText(flags, "port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Fault("COMMAND_USAGE", {
    message: `not a port: \`${text.slice(0, 20)}\``,
    hint: "use a number from 1 to 65535",
  });
}

async function startDetached(flags: Flags, io: Io): Promise<number> {
  const { startInBackground } = await import("../app/lifecycle-detach.ts");
  const port = flagText(flags, "port");
  if (port !== undefined) portOf(flags);
  const { pid, url } = await startInBackground(port === undefined ? [] : ["--port", port], io.env);
  io.out(JSON.stringify({ pid, url }));
  io.err(`runs in the background as process ${pid}: ${url}`);
  return 0;
}
