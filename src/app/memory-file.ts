/**
 * `memory/AGENT/MEMORY.md`: what an agent remembers, for a person to read, with
 * the label of each memory (R-AGENT-7).
 *
 * The store is what counts; the file follows it, after each change and at each
 * start, and nothing is read back from it: whoever could write a line there
 * would have written one that the agent believes. It lies in the state folder,
 * so no tool reaches it; mode 600.
 *
 * @module
 */
import { join } from "node:path";
import type { AgentId } from "../core/ids.ts";
import type { Label } from "../core/label.ts";
import type { MemoryRow, MemoryStore } from "../core/ports/store.ts";
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
  /** The memory itself is kept: a file that could not be written is said, and written at the next change or start. */
  readonly warn: (message: string, facts: { readonly error: string }) => void;
};

export async function memoryOf(
  { home, loaded, log }: Pick<WireUp, "home" | "loaded" | "log">,
  memory: MemoryStore,
): Promise<MemoryStore> {
  const agents = agentSettings(loaded.config, loaded.places).map(({ id }) => id);
  return withMemoryFiles({ memory, folder: home.memory, agents, warn: (...said) => log.warn(...said) });
}

/** The same memory, and the files beside it from now on. */
export async function withMemoryFiles(deps: Deps): Promise<MemoryStore> {
  const { memory, agents } = deps;
  const write = async (agent: AgentId): Promise<void> => writeFileOf(agent, deps);
  for (const agent of agents) await write(agent);
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

async function writeFileOf(agent: AgentId, { memory, folder, warn }: Deps): Promise<void> {
  const text = memoryText(agent, await memory.list(agent));
  try {
    const at = join(folder, agent);
    makeFolders(at);
    replaceFile(join(at, "MEMORY.md"), text);
  } catch (thrown) {
    warn("MEMORY.md could not be written", { error: String(thrown) });
  }
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
