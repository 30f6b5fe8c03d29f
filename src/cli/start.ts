/** `vambrace start`: the gateway, and with --chat the terminal that talks with it. @module */
import { flushCompileCache } from "node:module";
import { checkStateModes } from "../app/config/modes.ts";
import { agentSettings } from "../app/config/settings.ts";
import type { Served } from "../app/open.ts";
import { Fault, toFault } from "../core/fault.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { showLogin } from "./login.ts";
import { progress } from "./progress.ts";
import { paint } from "./style.ts";

export const startCommand: Command = {
  name: "start",
  words: 0,
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
    const port = portOf(flags);
    if (flagOn(flags, "detach")) return startDetached(port, io);
    await firstTime(io);
    const served = await begin(io, port);
    const stopping = stopOnSignal(io, served);
    try {
      await announce(io, served);
      // Now, while all that a start runs is still compiled: at the end the engine has forgotten some of it.
      flushCompileCache();
      if (flagOn(flags, "chat") && io.isTerminal) return await chatHere(io);
      await until(io.signal);
      return 0;
    } finally {
      stopping();
      await served.close();
      if (io.isTerminal) io.err("the gateway has ended");
    }
  },
};

/** Helpers, policies, and the proof of the sandbox take a moment. */
async function begin(io: Io, port: number | undefined): Promise<Served> {
  const bar = progress(io);
  bar.show("starting");
  try {
    const { serve } = await import("../app/serve.ts");
    const { asking } = await import("./secrets/ground.ts");
    const ask = asking(io);
    const passphrase = ask && (() => (bar.end(), ask()));
    return await serve({
      env: io.env,
      ...(port === undefined ? {} : { port }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } finally {
    bar.end();
  }
}

/** Where the workspace is and how its files are trusted is asked once, on a terminal; elsewhere the safe defaults stand. */
async function firstTime(io: Io): Promise<void> {
  const { setUpOnce } = await import("./set-up.ts");
  await setUpOnce(io);
}

/** `vambrace stop` says it this way where HTTP refuses or hangs. */
function stopOnSignal(io: Io, served: Served): () => void {
  const stop = (): void => {
    served.halt().then(
      () => io.err("stopped by a signal: nothing runs until `vambrace resume`"),
      (error: unknown) => io.err(`error: stopped by a signal, which could not be recorded: ${toFault(error).message}`),
    );
  };
  process.on("SIGUSR2", stop);
  return () => process.off("SIGUSR2", stop);
}

async function announce(io: Io, served: Served): Promise<void> {
  const { loaded, home, model, weakModels } = served;
  const workspace = agentSettings(loaded.config, loaded.places)[0]?.workspace ?? "";
  io.err(`vambrace listens on ${served.url}`);
  io.err(`  model      ${model.why}`);
  io.err(`  works in   ${workspace}`);
  io.err(`  state in   ${home.root}`);
  if (weakModels.length > 0) await sayWeakModels(io, weakModels);
  for (const line of loaded.downgrades) io.err(paint(io, "yellow", `  weaker     ${line}`));
  sayModes(io, home.root);
  const address = await served.login();
  if (address === undefined) return io.err("  page       turned off: `channels.webchat.enabled` is false");
  if (io.isTerminal) io.err("  page       logs in one browser, once, within ten minutes:");
  showLogin(io, home, address);
}

/** R-AGENT-5: said at each start. */
async function sayWeakModels(io: Io, lines: readonly string[]): Promise<void> {
  const { WEAK_MODEL_HINT } = await import("../app/weak-models.ts");
  for (const line of lines) io.err(paint(io, "yellow", `  weak model ${line}`));
  io.err(`hint: ${WEAK_MODEL_HINT}`);
}

/** R-FS-3: said at each start, mended on request. */
function sayModes(io: Io, root: string): void {
  const [first, ...more] = checkStateModes(root);
  if (first === undefined) return;
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  io.err(paint(io, "yellow", `  open       ${first.path} ${first.says} (mode ${first.mode})${others}`));
  io.err("hint: `vambrace doctor` lists them; `vambrace doctor --fix` takes other people's rights away");
}

async function chatHere(io: Io): Promise<number> {
  const [{ chat }, { connect }] = await Promise.all([import("./chat.ts"), import("./client.ts")]);
  return chat(io, connect(io), { leaving: "ends the gateway too" });
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

async function startDetached(port: number | undefined, io: Io): Promise<number> {
  await firstTime(io);
  const { startInBackground } = await import("../app/lifecycle-detach.ts");
  const { pid, url } = await startInBackground(port === undefined ? [] : ["--port", String(port)], io.env);
  io.out(JSON.stringify({ pid, url }));
  io.err(`runs in the background as process ${pid}; \`vambrace chat\` talks to it, \`kill ${pid}\` ends it`);
  return 0;
}
