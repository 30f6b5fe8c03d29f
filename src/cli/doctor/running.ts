/** The gateway: running and ready, or the port free and the helpers able to start. @module */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { stateFolder } from "../../app/config/environment.ts";
import { loadConfig } from "../../app/config/load.ts";
import { gatewaySettings } from "../../app/config/settings.ts";
import { startHelpers } from "../../app/helpers.ts";
import { homeAt } from "../../app/home.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { connect } from "../client.ts";
import type { Io } from "../command.ts";
import { fail, failed, type Line, ok, warn } from "./line.ts";

const Status = z.looseObject({
  version: z.string(),
  halted: z.boolean(),
  readiness: z.array(z.looseObject({ control: z.string(), ready: z.boolean(), says: z.string() })),
});

export async function* runningLines(io: Io): AsyncGenerator<Line> {
  try {
    const client = connect(io);
    const status = await client.get("/api/status", Status);
    yield ok("gateway", `runs on ${client.url}, version ${status.version}`);
    if (status.halted)
      yield warn("gateway", "it is stopped: nothing runs", "`vambrace resume` when the reason is gone");
    for (const { control, ready, says } of status.readiness)
      yield ready
        ? ok(control, says)
        : fail(control, says, "look in the gateway's log: `logs/gateway.log` in the state folder");
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "GATEWAY_UNREACHABLE") {
      yield failed("gateway", thrown);
      return;
    }
    yield* stoppedLines(io);
  }
}

async function* stoppedLines(io: Io): AsyncGenerator<Line> {
  yield ok("gateway", "does not run");
  const port = portOf(io);
  if (port !== undefined) yield portLine(port);
  yield await helpersLine(io);
}

function portOf(io: Io): number | undefined {
  try {
    return gatewaySettings(loadConfig({ home: stateFolder(io.env), env: io.env }).config).port;
  } catch (thrown) {
    // The line about the configuration has said it.
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

function portLine(port: number): Line {
  if (!isListening(port)) return ok("port", `${port} is free`);
  return fail(
    "port",
    `${port} is taken by another program`,
    "end that program, or choose another port: `vambrace config set gateway.port`",
  );
}

/** State 0A of the kernel's own table; nothing is connected to. */
function isListening(port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const line = new RegExp(`^ *\\d+: [0-9A-F]+:${wanted} [0-9A-F:]+ 0A `, "m");
  return ["/proc/net/tcp", "/proc/net/tcp6"].some((path) => line.test(readIfThere(path)));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Without IPv6 there is no such table.
    return "";
  }
}

/** In folders of their own: the ledger of this installation is not touched. */
async function helpersLine(io: Io): Promise<Line> {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-doctor-"));
  const said: string[] = [];
  const note = (line: string): void => void said.push(line);
  try {
    const at = (name: string): string => join(folder, name);
    const home = { ...homeAt(stateFolder(io.env)), ledger: at("ledger"), broker: at("broker"), run: at("run") };
    const helpers = await startHelpers({
      home,
      clock: systemClock,
      random: systemRandom,
      log: { warn: note, error: note },
      compileCache: undefined,
      // Whether they start, and nothing more: the sandbox has a line of its own.
      container: Promise.resolve(null),
      onConnection: async () => undefined,
      onHelper: (name, state) => note(`${name} ${state}`),
    });
    try {
      await helpers.ledger.head();
      const lost = helpers.lost();
      if (lost.length > 0) throw new Error(`lost: ${lost.join(", ")}`);
      return ok("helpers", "ledger writer, broker and egress proxy start");
    } finally {
      await helpers.stop();
    }
  } catch (thrown) {
    const line = failed("helpers", thrown);
    return said.length === 0 ? line : { ...line, says: `${line.says} (${said.slice(0, 3).join("; ")})` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
