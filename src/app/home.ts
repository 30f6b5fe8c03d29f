/**
 * The state folder: where each kind of data lies. Nothing that a model drives
 * can read or write any of it.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../core/fault.ts";
import { makeFolders } from "./config/durable.ts";

export type Home = {
  readonly root: string;
  readonly config: string;
  /** Records and their proofs; only the ledger writer writes here. */
  readonly ledger: string;
  /** Sessions, turns, memory, tokens. */
  readonly store: string;
  /** `AGENT/MEMORY.md`: what each agent remembers, for a person to read. */
  readonly memory: string;
  /** Permits that were spent; what was moved out of the workspace. */
  readonly broker: string;
  /** Sockets of the egress proxy. */
  readonly run: string;
  readonly logs: string;
  /** Cedar policies of the operator. */
  readonly policies: string;
  /** The command line's own token, mode 600. */
  readonly cliToken: string;
  /** Where the running gateway listens, and its process id. */
  readonly running: string;
  /** The one-time login, where no terminal could show it; mode 600. */
  readonly login: string;
};

/** @param root absolute: `VAMBRACE_HOME`, or `.vambrace` in the home folder. */
export function homeAt(root: string): Home {
  const at = (name: string): string => join(root, name);
  return {
    root: resolve(root),
    config: at("config.yaml"),
    ledger: at("ledger"),
    store: at("store"),
    memory: at("memory"),
    broker: at("broker"),
    run: at("run"),
    logs: at("logs"),
    policies: at("policies"),
    cliToken: at("cli-token"),
    running: at("running.json"),
    login: at("login.txt"),
  };
}

/** Makes the folders, each for the owner alone. @throws Fault STATE_UNAVAILABLE */
export function makeHome(home: Home): void {
  try {
    for (const folder of [home.root, home.ledger, home.store, home.broker, home.run, home.logs]) {
      makeFolders(folder);
    }
  } catch (cause) {
    throw new Fault("STATE_UNAVAILABLE", {
      message: `the state folder \`${home.root}\` cannot be written: ${cause instanceof Error ? cause.message : "unknown"}`,
      hint: "free some room, mend its owner and mode, or set VAMBRACE_HOME to another folder",
      cause,
    });
  }
}

/** The folder that holds `src` or `dist`: never mounted, never readable by a tool. */
export const INSTALLATION = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A program of ours beside this file: TypeScript in a checkout, JavaScript where it was built. */
export function ownProgram(path: string): string {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  return import.meta.url.endsWith(".ts") ? file : file.replace(/\.ts$/, ".js");
}
