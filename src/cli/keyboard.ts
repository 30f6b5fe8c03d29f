/**
 * Lines from a person's keyboard: requests, and answers to questions.
 *
 * What was typed or pasted before a question stood there is never its answer:
 * it waits as the next request. A paste of several lines is one message. Where
 * no terminal is, the lines of standard input are requests and nothing else.
 *
 * @module
 */
import { createInterface, type Interface } from "node:readline";
import type { Io } from "./command.ts";

type Waiter = { readonly kind: "request" | "answer"; readonly take: (line: string | undefined) => void };

// Terminals that know it put a paste between marks; others ignore it.
const PASTE_MARKS_ON = "\u001b[?2004h";
const PASTE_MARKS_OFF = "\u001b[?2004l";

export class Keyboard {
  readonly #isTerminal: boolean;
  readonly #lines: Interface;
  readonly #early: string[] = [];
  readonly #ended = new AbortController();
  #waiter: Waiter | undefined;
  #interrupt: () => void = () => undefined;

  constructor(io: Io) {
    this.#isTerminal = io.isTerminal;
    this.#lines = createInterface({
      input: io.stdin,
      ...(io.isTerminal ? { output: process.stdout } : {}),
      terminal: io.isTerminal,
    });
    collect(this.#lines, io, (line) => {
      if (this.#waiter === undefined) this.#early.push(line);
      else this.#give(line);
    });
    this.#lines.on("close", () => {
      this.#ended.abort();
      this.#give(undefined);
    });
    this.#lines.on("SIGINT", () => {
      // As in a shell: what is being typed is dropped, and nothing else.
      if (this.#lines.line === "") this.#interrupt();
      else this.#clearTyped();
    });
    this.#print(PASTE_MARKS_ON);
    const close = (): void => this.close();
    io.signal.addEventListener("abort", close, { once: true, signal: this.#ended.signal });
    if (io.signal.aborted) close();
  }

  /** The next message; undefined when there will be none. */
  request(prompt: string): Promise<string | undefined> {
    const line = this.#early.shift();
    if (line === undefined) return this.#wait("request", prompt);
    this.#print(`${prompt}${line}\n`);
    return Promise.resolve(line);
  }

  /** What is typed from now on, to its end of line; undefined where the signal came first, or nobody types any more. */
  async answer(prompt: string, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    const begun = this.#isTerminal ? this.#lines.line : "";
    if (begun !== "") this.#clearTyped();
    const withdraw = (): void => {
      if (this.#waiter?.kind !== "answer") return;
      this.#print("\n");
      this.#give(undefined);
    };
    signal.addEventListener("abort", withdraw, { once: true });
    try {
      return await this.#wait("answer", prompt);
    } finally {
      signal.removeEventListener("abort", withdraw);
      if (begun !== "") this.#lines.write(begun);
    }
  }

  /** Called for each Ctrl-C with nothing typed, in place of what stood before; the returned function puts that back. */
  onInterrupt(listener: () => void): () => void {
    const before = this.#interrupt;
    this.#interrupt = listener;
    return () => void (this.#interrupt = before);
  }

  /** Prints between what is typed: the prompt and what stands behind it come again below. */
  interject(text: string): void {
    if (this.#ended.signal.aborted) return;
    if (this.#isTerminal && this.#waiter !== undefined) process.stdout.write("\r\u001b[K");
    process.stdout.write(`${text}\n`);
    if (this.#isTerminal && this.#waiter !== undefined) this.#lines.prompt(true);
  }

  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#print(PASTE_MARKS_OFF);
    this.#lines.close();
  }

  #wait(kind: Waiter["kind"], prompt: string): Promise<string | undefined> {
    if (this.#ended.signal.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiter = { kind, take: resolve };
    if (this.#isTerminal) {
      this.#lines.setPrompt(prompt);
      this.#lines.prompt();
    }
    return promise;
  }

  #give(line: string | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.take(line);
  }

  #clearTyped(): void {
    this.#lines.write(null, { ctrl: true, name: "e" });
    this.#lines.write(null, { ctrl: true, name: "u" });
  }

  #print(text: string): void {
    if (this.#isTerminal) process.stdout.write(text);
  }
}

/** Hands on each line; of a paste, all its lines as one, once Enter is pressed behind it. */
function collect(lines: Interface, io: Io, take: (line: string) => void): void {
  let isPasting = false;
  let pasted: string[] = [];
  if (io.isTerminal) {
    io.stdin.on("keypress", (_text: unknown, key: { readonly name?: string } | undefined) => {
      if (key?.name === "paste-start") isPasting = true;
      if (key?.name === "paste-end") isPasting = false;
    });
  }
  lines.on("line", (line) => {
    pasted.push(line);
    if (isPasting) return;
    const whole = pasted.join("\n");
    pasted = [];
    take(whole);
  });
}
