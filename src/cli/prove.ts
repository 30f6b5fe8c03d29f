/** `vambrace security prove`: the sandbox tried out from inside, on this machine, now. @module */
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { containerSettings } from "../app/config/settings.ts";
import { homeAt } from "../app/home.ts";
import { proveAlone } from "../app/proving.ts";
import { systemClock, systemRandom } from "../app/system.ts";
import { type Command, flagOn } from "./command.ts";
import { oneLine, paint } from "./style.ts";

export const securityProve: Command = {
  name: "security prove",
  summary: "show that the sandbox holds, by trying to get out of it; needs no running gateway",
  usage: "vambrace security prove [--json]",
  example: "vambrace security prove   # exit 4 where an attempt got out",
  options: { json: { type: "boolean", default: false } },
  help: { json: 'print {"backend","attempts":[…],"skipped":[…]} as JSON' },
  async run(_args, flags, io) {
    const home = homeAt(stateFolder(io.env));
    const container = containerSettings(loadConfig({ home: home.root, env: io.env }).config);
    const backend = container === null ? "bubblewrap" : "container";
    const log = (line: string): void => io.err(`broker: ${oneLine(line, 300)}`);
    const { attempts, limits } = await proveAlone({ home, clock: systemClock, random: systemRandom, log, container });
    const held = attempts.filter((line) => line.held).length;
    if (flagOn(flags, "json")) io.out(JSON.stringify({ backend, attempts, skipped: [], limits }));
    else {
      for (const { held: holds, says, evidence } of attempts) {
        io.out(
          `${holds ? paint(io, "green", "held  ") : paint(io, "red", "BROKEN")} ${says}${holds ? "" : `: ${oneLine(evidence, 200)}`}`,
        );
      }
      io.err(`${backend}: held against ${held} of ${attempts.length} attempts`);
    }
    // Nothing tried is nothing shown.
    return attempts.length > 0 && held === attempts.length ? 0 : 4;
  },
};
