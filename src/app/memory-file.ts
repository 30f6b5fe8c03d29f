/**
 * `memory/AGENT/MEMORY.md`: what an agent remembers, for a person to read, with
 * the label of each memory (R-AGENT-7).
 *
 * The store is what counts; the file follows it, after each change and at each
 * start, and nothing is read back from it: whoever could write a line there
 * would have written one that the agent believes. It lies in the state folder,
 * so no tool reaches it; mode 600. With `memory.encrypt` it is `MEMORY.md.age`,
 * for the vault's key: `vambrace memory show` reads it, and so does `age`.
 *
 * @module
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import { type AgentId, parseAgentId } from "../core/ids.ts";
import type { Label } from "../core/label.ts";
import type { MemoryRow, MemoryStore } from "../core/ports/store.ts";
import { sealFor } from "../edges/vault/age.ts";
import { replacePrivate } from "../edges/vault/private-file.ts";
import { makeFolders, replaceFile } from "./config/durable.ts";
import { agentSettings } from "./config/settings.ts";
import type { WireUp } from "./given.ts";

const HEAD = `Written by Vambrace from its store, after each change and at each start. Changing this file changes nothing.
Who could have written a memory, and who may know it, stands above it; the agent never trusts it more than that.`;

type Deps = {
  readonly memory: MemoryStore;
  /** Of all agents; made where it is missing. */
  readonly folder: string;
  readonly agents: readonly AgentId[];
  /** Where memory is sealed: the file is too, as `MEMORY.md.age`, and none lies in clear. */
  readonly seal?: (text: string) => Promise<Uint8Array>;
  /** The memory itself is kept: a file that could not be written is said, and written at the next change or start. */
  readonly warn: (message: string, facts: { readonly error: string }) => void;
};

export async function memoryOf(
  {
    home,
    loaded,
    log,
    secrets,
  }: Pick<WireUp, "home" | "loaded"> & {
    readonly log: Pick<WireUp["log"], "warn">;
    readonly secrets: Pick<WireUp["secrets"], "vaultKey">;
  },
  memory: MemoryStore,
): Promise<MemoryStore> {
  const agents = agentSettings(loaded.config, loaded.places).map(({ id }) => id);
  const seal = async (text: string): Promise<Uint8Array> => sealFor((await secrets.vaultKey()).recipient, text);
  return withMemoryFiles({
    memory,
    folder: home.memory,
    agents: [...new Set([...agents, ...agentsWithFiles(home.memory)])],
    ...(loaded.config.memory.encrypt ? { seal } : {}),
    warn: (...said) => log.warn(...said),
  });
}

/** Who left a file here and may be configured no more: that one is kept in the same form as the others. */
function agentsWithFiles(folder: string): readonly AgentId[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => agentNamed(name));
}

function agentNamed(name: string): readonly AgentId[] {
  try {
    return [parseAgentId(name)];
  } catch (thrown) {
    // Somebody else's folder: no agent ever had this name.
    if (thrown instanceof Fault && thrown.code === "ID_MALFORMED") return [];
    throw thrown;
  }
}

/**
 * The same memory, and the files beside it from now on.
 *
 * @throws Fault STATE_UNAVAILABLE where a file that is to be sealed stays in clear.
 */
export async function withMemoryFiles(deps: Deps): Promise<MemoryStore> {
  const { memory, agents } = deps;
  let last: Promise<void> = Promise.resolve();
  /** One after the other, so that an older text never comes last. */
  const write = async (agent: AgentId): Promise<void> => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    try {
      await before;
      await writeFileOf(agent, deps);
    } finally {
      resolve();
    }
  };
  for (const agent of agents) {
    await write(agent);
    if (deps.seal !== undefined) refuseClear(agent, deps);
  }
  return {
    ...memory,
    async add(row) {
      await memory.add(row);
      await write(row.agent);
    },
    async remove(id) {
      const removed = await memory.remove(id);
      if (removed) for (const agent of agents) await write(agent);
      return removed;
    },
  };
}

export const CLEAR = "MEMORY.md";
export const SEALED = "MEMORY.md.age";

async function writeFileOf(agent: AgentId, { memory, folder, seal, warn }: Deps): Promise<void> {
  const at = join(folder, agent);
  const name = seal === undefined ? CLEAR : SEALED;
  try {
    const text = memoryText(agent, await memory.list(agent));
    makeFolders(at);
    if (seal === undefined) replaceFile(join(at, CLEAR), text);
    else replacePrivate(join(at, SEALED), await seal(text));
  } catch (thrown) {
    // The store's own damage stops a start; one memory that does not open leaves the file as it was.
    if (thrown instanceof Fault && thrown.code === "STATE_CORRUPT") throw thrown;
    warn(`${name} could not be written`, { error: String(thrown) });
  }
  // Also where this one could not be written: what was to be sealed does not wait in clear.
  for (const other of otherNames(name)) takeAway(join(at, other), warn);
}

function takeAway(path: string, warn: Deps["warn"]): void {
  if (!existsSync(path)) return;
  try {
    rmSync(path);
  } catch (thrown) {
    warn(`${path} could not be taken away`, { error: String(thrown) });
  }
}

function otherNames(name: string): readonly string[] {
  const other = name === CLEAR ? SEALED : CLEAR;
  return [other, `${other}.draft`];
}

function refuseClear(agent: AgentId, { folder }: Deps): void {
  const [left] = otherNames(SEALED).filter((name) => existsSync(join(folder, agent, name)));
  if (left === undefined) return;
  throw new Fault("STATE_UNAVAILABLE", {
    message: `\`memory.encrypt\` is on, and \`${join(folder, agent, left)}\` stands in clear and cannot be taken away`,
    hint: "take it away, and start again",
  });
}

export function memoryText(agent: AgentId, rows: readonly MemoryRow[]): string {
  const entries = rows.map(
    ({ id, text, label, createdMs }) =>
      `## ${new Date(createdMs).toISOString()} ${id}\n\n${labelText(label)}\n\n${quoted(text)}\n`,
  );
  return [`# What the agent ${agent} remembers\n\n${HEAD}\n`, ...entries].join("\n");
}

function labelText({ trust, confidentiality, audience, sources }: Label): string {
  const who = audience.kind === "persons" ? audience.persons.join(", ") : "anyone";
  const from = sources.map(({ kind, id }) => oneLine(`${kind} ${id}`)).join("; ");
  return `trust ${trust}, ${confidentiality}, for ${oneLine(who)}; from ${from === "" ? "nobody named" : from}`;
}

/** Every line is a quotation, so that none passes for a heading or a label; nothing in it moves a terminal's cursor. */
function quoted(text: string): string {
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `> ${visible(line)}`)
    .join("\n");
}

const oneLine = (text: string): string => visible(text.replaceAll(/[\n\r\u2028\u2029]/g, " "));
const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\uFFFD");
