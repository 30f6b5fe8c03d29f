/**
 * Hardening, done and taken back. What there was is kept before anything is
 * changed; where a step fails, those before it are taken back.
 *
 * INVARIANT(harden-undoes): after an undo, everything that the hardening changed and nobody changed since is as it was.
 *
 * @module
 */
import { Fault, toFault } from "../../core/fault.ts";

export type ModeChange = { readonly path: string; readonly before: number; readonly after: number };

/** What is done, and what it takes to undo it. */
export type HardenRecord = {
  readonly number: number;
  readonly atMs: number;
  readonly findings: readonly string[];
  /** Null: the configuration was not touched. */
  readonly config: { readonly before: string; readonly after: string } | null;
  readonly modes: readonly ModeChange[];
  /** Where each file was, and its name in the record. */
  readonly away: readonly { readonly path: string; readonly kept: string }[];
  readonly state: "begun" | "done" | "undone";
};

export type Planned = Omit<HardenRecord, "number" | "state">;

export type HardenPorts = {
  /** Durable, with the texts. @returns the number that it has now. */
  keep(record: Planned): HardenRecord;
  mark(record: HardenRecord, state: HardenRecord["state"]): void;
  /** Puts a text in place of another. @throws Fault CONFIG_CONFLICT where the file has a third. */
  putConfig(text: string, instead: string, why: string): Promise<void>;
  /** The same for a text that need not be one that a gateway starts with. */
  restoreConfig(text: string, instead: string, why: string): Promise<void>;
  /** Null: it is not there, or no longer a file or folder of this user. */
  modeOf(path: string): number | null;
  setMode(path: string, mode: number): void;
  moveAway(record: HardenRecord, path: string, kept: string): void;
  /** @returns false where something else stands there. */
  bringBack(record: HardenRecord, path: string, kept: string): boolean;
};

export async function applyHardening(planned: Planned, ports: HardenPorts): Promise<HardenRecord> {
  const record = ports.keep(planned);
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const { config } = planned;
    if (config !== null) {
      await ports.putConfig(config.after, config.before, "vambrace harden");
      undo.push(() => ports.restoreConfig(config.before, config.after, "vambrace harden failed, taken back"));
    }
    for (const { path, before, after } of planned.modes) {
      if (ports.modeOf(path) !== before) throw changed(path);
      ports.setMode(path, after);
      undo.push(() => ports.setMode(path, before));
    }
    for (const { path, kept } of planned.away) {
      ports.moveAway(record, path, kept);
      undo.push(() => void ports.bringBack(record, path, kept));
    }
  } catch (thrown) {
    for (const step of undo.reverse()) await step();
    ports.mark(record, "undone");
    throw toFault(thrown);
  }
  ports.mark(record, "done");
  return { ...record, state: "done" };
}

/** @returns what could not be taken back, because somebody changed it since. */
export async function undoHardening(record: HardenRecord, ports: HardenPorts): Promise<readonly string[]> {
  const left: string[] = [];
  const { config } = record;
  // The configuration first: it is the only part that can be refused, and then nothing was changed.
  if (config !== null) await ports.restoreConfig(config.before, config.after, `undo of hardening ${record.number}`);
  for (const { path, before, after } of record.modes) {
    const now = ports.modeOf(path);
    if (now === after) ports.setMode(path, before);
    else if (now !== before) left.push(path);
  }
  for (const { path, kept } of record.away) if (!ports.bringBack(record, path, kept)) left.push(path);
  ports.mark(record, "undone");
  return left;
}

function changed(path: string): Fault {
  return new Fault("STATE_UNAVAILABLE", {
    message: `\`${path}\` was changed meanwhile`,
    hint: "run `vambrace harden` again",
  });
}
