/**
 * The real command line as a child process, in a home folder of its own.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILED } from "./first-start.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

export type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

export type Home = {
  /** The person's home folder; the state folder is `.vambrace` in it, unless a command made none. */
  readonly root: string;
  readonly state: string;
  readonly workspace: string;
  /** Writes a file below the home folder and answers its path. */
  file(name: string, text: string | Uint8Array): string;
  run(args: readonly string[], input?: string | Uint8Array): Promise<Ran>;
  start(args: readonly string[]): ChildProcess;
};

export function makeHome(t: { after(body: () => void): void }): Home {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-cli-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const env = { HOME: root, PATH: "/usr/bin:/bin", OLLAMA_HOST: "http://127.0.0.1:9", NO_COLOR: "1", ...COMPILED };
  const start = (args: readonly string[]): ChildProcess => spawn(process.execPath, [MAIN, ...args], { env, cwd: root });
  return {
    root,
    state: join(root, ".vambrace"),
    workspace: join(root, "vambrace"),
    file(name, text) {
      const path = join(root, name);
      fs.mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
      fs.writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    start,
    run: (args, input = "") => {
      const child = start(args);
      const { promise, resolve, reject } = Promise.withResolvers<Ran>();
      const parts = { out: "", err: "" };
      child.stdout?.setEncoding("utf8").on("data", (text: string) => (parts.out += text));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (parts.err += text));
      // It may end before it has read everything.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(input);
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, ...parts }));
      return promise;
    },
  };
}

/** One line of a report: an attempt of the proof, a thing that the doctor looked at, a cell of the matrix. */
export type Row = {
  readonly id: string;
  readonly says: string;
  readonly held?: boolean;
  readonly status?: string;
  readonly hint?: string;
};

export type Cell = {
  readonly trust: string;
  readonly effect: string;
  readonly verdict: string;
  readonly because: readonly string[];
  readonly tool?: string;
  readonly person?: string;
  readonly destination?: string;
};

type Facts = {
  readonly programs: readonly { readonly name: string; readonly path: string | null }[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly hosts: readonly string[];
  readonly wrappers: readonly string[];
  readonly opaque: readonly string[];
  readonly destructive: boolean;
};

/** Everything that some command answers; which of it is there is what the tests ask. */
type Answer = {
  readonly id?: string | number | null;
  readonly session?: string | null;
  readonly call?: string;
  readonly tool?: string;
  readonly verdict: string;
  readonly because: readonly string[];
  readonly says: string;
  readonly facts: Facts;
  readonly resolved: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly addresses: readonly string[];
  readonly label: unknown;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly now: { readonly verdict: string };
  readonly error?: { readonly code: string; readonly message: string };
  readonly backend: string;
  readonly attempts: readonly Row[];
  readonly skipped: readonly unknown[];
  readonly lines: readonly Row[];
  readonly cells: readonly Cell[];
  readonly reach: Readonly<
    Record<"hosts" | "recipients" | "files" | "money" | "lasting" | "elsewhere", readonly string[]>
  >;
  readonly asked: number;
  readonly downgrades: readonly string[];
  readonly properties: { readonly gateway?: unknown };
  readonly version: number;
  readonly who: string;
  readonly why: string;
};

/** Each line of output as JSON. */
export function answers({ out }: Ran): readonly Answer[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Answer => JSON.parse(line));
}

export const jsonl = (requests: readonly unknown[]): string =>
  requests.map((one) => `${JSON.stringify(one)}\n`).join("");
