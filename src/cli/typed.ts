/**
 * What a person types when a command asks. Secrets are typed where nothing is
 * shown, or read from standard input; never taken from the words of the
 * command, which stand in the shell's history and in the list of processes.
 *
 * Ctrl-C, Ctrl-D and a terminal that went away are no answer, and never a yes.
 *
 * @module
 */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { ReadStream } from "node:tty";
import { Fault } from "../core/fault.ts";
import type { Io } from "./command.ts";

const MOST_BYTES = 1024 * 1024;

/** Standard input to its end, without the line break at the end. @throws Fault SECRET_WEAK where it is no text, or too long. */
export async function readStdin(stdin: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stdin) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw unreadable("it is longer than 1 MiB");
    pieces.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces)).replace(/\r?\n$/, "");
  } catch {
    throw unreadable("it is not text");
  }
}

/** Standard input to its end, for what is no secret. @throws Fault ANSWER_MISSING where Ctrl-C came first. */
export async function readInput(io: Io): Promise<string> {
  if (isTyped(io)) io.err("type or paste it; Ctrl-D on a line of its own ends it");
  const stop = (): void => void io.stdin.destroy();
  io.signal.addEventListener("abort", stop, { once: true });
  try {
    return await readAll(io.stdin);
  } catch (thrown) {
    throw io.signal.aborted ? brokenOff() : thrown;
  } finally {
    io.signal.removeEventListener("abort", stop);
  }
}

/** Whether somebody types there: then nothing that he types may be shown. */
export function isTyped(io: Io): boolean {
  return io.stdin instanceof ReadStream && io.stdin.isTTY;
}

/** One line that is not shown. @throws Fault COMMAND_USAGE where nothing was typed, or it was broken off. */
export async function askHidden(io: Io, prompt: string): Promise<string> {
  const { stdin } = io;
  if (!(stdin instanceof ReadStream)) throw new Error("nobody can be asked without a terminal");
  // Before the question: whoever answers at once must not see his answer either.
  stdin.setRawMode(true);
  process.stderr.write(prompt);
  try {
    const typed = await typedLine(stdin, io.signal);
    if (typed !== undefined && typed !== "") return typed;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    process.stderr.write("\n");
  }
  throw new Fault("COMMAND_USAGE", { message: "nothing was given", hint: "type it when asked, then Enter" });
}

/** The same twice, so that a slip is not kept. */
export async function askTwice(io: Io, prompt: string, again: string): Promise<string> {
  const first = await askHidden(io, prompt);
  if (first === (await askHidden(io, again))) return first;
  throw new Fault("COMMAND_USAGE", { message: "the two are not the same", hint: "try again" });
}

const ENTER = new Set(["\r", "\n"]);
const LEAVE = new Set(["\u0003", "\u0004", "\u001b"]);
const ERASE = new Set(["\u007f", "\b"]);

function typedLine(stdin: ReadStream, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let typed: string[] = [];
  const decoder = new TextDecoder();
  const take = (chunk: Buffer): void => {
    const text = decoder.decode(chunk, { stream: true });
    // Arrows and the like, and the marks of a paste: whole, so that their letters are not taken for typed ones.
    // oxlint-disable-next-line no-control-regex -- control sequences are exactly what is looked for
    for (const letter of text.replaceAll(/\u001b\[[0-9;]*[A-Za-z~]/g, "")) {
      if (ENTER.has(letter)) return resolve(typed.join(""));
      if (LEAVE.has(letter)) return resolve(undefined);
      if (letter === "\u0015") typed = [];
      else if (ERASE.has(letter)) typed.pop();
      else typed.push(letter);
    }
  };
  const end = (): void => resolve(undefined);
  stdin.on("data", take);
  stdin.once("end", end);
  signal.addEventListener("abort", end, { once: true });
  stdin.resume();
  return promise.finally(() => {
    stdin.off("data", take);
    stdin.off("end", end);
    signal.removeEventListener("abort", end);
  });
}

/** One shown line, for what is no secret; empty where Enter was pressed. @throws Fault ANSWER_MISSING where it was broken off. */
export async function askLine(io: Io, prompt: string): Promise<string> {
  const typed = await shownLine(io, prompt);
  if (typed !== undefined) return typed.trim();
  throw brokenOff();
}

function brokenOff(): Fault {
  return new Fault("ANSWER_MISSING", {
    message: "it was broken off, and nothing was done",
    hint: "run it again; --help tells the options that answer beforehand",
  });
}

/** Whether a person says yes; everything else is a no. */
export async function askYes(io: Io, prompt: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(((await shownLine(io, prompt)) ?? "").trim());
}

async function shownLine(io: Io, prompt: string): Promise<string | undefined> {
  const lines = createInterface({ input: io.stdin, output: process.stderr });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const leave = (): void => {
    process.stderr.write("\n");
    resolve(undefined);
  };
  lines.once("line", resolve);
  lines.once("close", leave);
  const close = (): void => lines.close();
  lines.once("SIGINT", close);
  io.signal.addEventListener("abort", close, { once: true });
  if (io.signal.aborted) close();
  else {
    lines.setPrompt(prompt);
    lines.prompt();
  }
  try {
    return await promise;
  } finally {
    io.signal.removeEventListener("abort", close);
    lines.off("close", leave);
    lines.close();
  }
}

function unreadable(why: string): Fault {
  return new Fault("SECRET_WEAK", {
    message: `what came on standard input cannot be kept: ${why}`,
    hint: "give one value as text",
  });
}
