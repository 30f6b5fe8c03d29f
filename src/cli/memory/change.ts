/** `vambrace memory forget` and `memory rekey`: a person's word about what is remembered, and a new key for it. @module */
import { renewKey } from "../../app/memory-keys.ts";
import { OWNER } from "../../app/given.ts";
import { leavePending } from "../../app/pending.ts";
import { systemClock } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { parseId } from "../../core/ids.ts";
import { hasMemory } from "../../edges/store/memory-look.ts";
import { type Command, flagText } from "../command.ts";
import { memoryGround, storeFile, withMemory } from "./ground.ts";

export const memoryForget: Command = {
  name: "memory forget",
  words: 1,
  summary: "take one memory away; recorded first",
  usage: "vambrace memory forget ID [--why TEXT]",
  example: "vambrace memory forget mem_0123456789abcdefghjkmnpqrs",
  options: { why: { type: "string" } },
  help: { why: "kept in the ledger with the change" },
  async run([given, ...more], flags, io) {
    if (given === undefined || more.length > 0) throw usage("say the id of one memory", memoryForget);
    const memory = parseId("mem", given);
    const ground = memoryGround(io, flags);
    if (!(await hasMemory(storeFile(ground), memory))) throw unknown(memory);
    const why = flagText(flags, "why") ?? "said in a terminal";
    const leave = (): void =>
      leavePending(ground.home.root, { kind: "memory", who: OWNER, why, atMs: systemClock.wallMs(), memory });
    const done = await withMemory(io, ground, async (store) => {
      leave();
      return store.remove(memory);
    });
    if (done === undefined) leave();
    io.err(done === undefined ? "the running gateway forgets it within a second" : "forgotten");
    return 0;
  },
};

export const memoryRekey: Command = {
  name: "memory rekey",
  words: 0,
  summary: "make a new key for sealed memory; the next start of the gateway seals it anew",
  usage: "vambrace memory rekey [--why TEXT]",
  example: 'vambrace memory rekey --why "a copy of the vault was lost"',
  options: { why: { type: "string" } },
  help: { why: "kept in the ledger with the change" },
  async run(_args, flags, io) {
    const ground = memoryGround(io, flags);
    if (!ground.secrets.loaded.config.memory.encrypt) {
      throw usage("memory is not sealed: `memory.encrypt` is not on", memoryRekey);
    }
    await renewKey(ground.keys, OWNER, flagText(flags, "why") ?? "said in a terminal");
    io.err("the vault has a new key for memory; the next start of the gateway seals it anew");
    return 0;
  },
};

function unknown(memory: string): Fault {
  return new Fault("MEMORY_UNKNOWN", {
    message: `there is no memory \`${memory}\``,
    hint: "`vambrace memory list` shows those of an agent (`--agent`)",
  });
}

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
