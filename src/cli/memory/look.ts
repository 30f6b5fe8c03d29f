/** `vambrace memory show` and `memory list`: what an agent remembers, for its owner to read. @module */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CLEAR, SEALED } from "../../app/memory-file.ts";
import { readMemoryKeys } from "../../app/memory-keys.ts";
import { Fault } from "../../core/fault.ts";
import { lookAtMemory } from "../../edges/store/memory-look.ts";
import { unseal } from "../../edges/vault/age.ts";
import { readPrivate } from "../../edges/vault/private-file.ts";
import { type Command, flagOn } from "../command.ts";
import { oneLine, table } from "../style.ts";
import { memoryGround, type MemoryGround, storeFile } from "./ground.ts";
import { readPlainText } from "../../app/plain-file.ts";

const AGENT = { agent: { type: "string" } } as const;
const AGENT_HELP = "whose memory; `main` unless said";

export const memoryShow: Command = {
  name: "memory show",
  words: 0,
  summary: "print what an agent remembers, with who could have written it; opens MEMORY.md.age where it is sealed",
  usage: "vambrace memory show [--agent AGENT]",
  example: "vambrace memory show",
  options: AGENT,
  help: { agent: AGENT_HELP },
  async run(_args, flags, io) {
    io.out((await fileText(memoryGround(io, flags))).trimEnd());
    return 0;
  },
};

export const memoryList: Command = {
  name: "memory list",
  words: 0,
  summary: "list the memories of an agent by id; says which sealed ones do not open",
  usage: "vambrace memory list [--agent AGENT] [--json]",
  example: "vambrace memory list",
  options: { ...AGENT, json: { type: "boolean", default: false } },
  help: { agent: AGENT_HELP, json: "print them as JSON" },
  async run(_args, flags, io) {
    const ground = memoryGround(io, flags);
    const { rows, damaged } = await lookAtMemory(storeFile(ground), ground.agent, () => readMemoryKeys(ground.keys));
    if (flagOn(flags, "json")) io.out(JSON.stringify({ memories: rows, damaged }));
    else if (rows.length > 0) {
      const lines = rows.map(({ id, createdMs, label, text }) => [
        id,
        new Date(createdMs).toISOString(),
        `trust ${label.trust}`,
        oneLine(text, 60),
      ]);
      io.out(table(lines));
    } else if (damaged.length === 0) io.err("nothing is remembered");
    for (const id of damaged)
      io.err(`${id} was changed and does not open: put the store back, or \`memory forget\` it`);
    return damaged.length > 0 ? 4 : 0;
  },
};

async function fileText({ home, agent, secrets }: MemoryGround): Promise<string> {
  const folder = join(home.memory, agent);
  const sealed = readPrivate(join(folder, SEALED), SEALED);
  if (sealed !== undefined) {
    const { identities } = await secrets.key();
    return Buffer.from(await unseal(sealed, { kind: "identities", identities })).toString("utf8");
  }
  if (existsSync(join(folder, CLEAR))) return readPlainText(join(folder, CLEAR));
  throw new Fault("MEMORY_UNKNOWN", {
    message: `there is no memory of an agent \`${agent}\``,
    hint: "a gateway writes it when it is started; agents are named under `agents.entries`",
  });
}
