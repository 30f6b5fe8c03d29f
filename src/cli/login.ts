/** `vambrace login`: the address of the page, with a login that works once. @module */
import { rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { type Home, homeAt } from "../app/home.ts";
import { connect, type GatewayClient } from "./client.ts";
import type { Command, Io } from "./command.ts";
import { paint } from "./style.ts";

const Code = z.looseObject({ code: z.string(), lastsMs: z.number() });

export const loginCommand: Command = {
  name: "login",
  words: 0,
  summary: "the address of the page, with a login that works once",
  usage: "vambrace login",
  example: "vambrace login   # then open the printed address in a browser",
  options: {},
  help: {},
  async run(_args, _flags, io) {
    const { address, lastsMs } = await freshLogin(connect(io));
    showLogin(io, homeAt(stateFolder(io.env)), address);
    io.err(`it logs in one browser, once, within ${Math.round(lastsMs / 60_000)} minutes`);
    return 0;
  },
};

export async function freshLogin(
  client: GatewayClient,
): Promise<{ readonly address: string; readonly lastsMs: number }> {
  const { code, lastsMs } = await client.post("/api/login-codes", {}, Code);
  return { address: `${client.url}/#login=${code}`, lastsMs };
}

/** Whoever has the address is the owner: it is shown to a person's eyes, or to a file that only he can read. */
export function showLogin(io: Io, home: Home, address: string): void {
  if (io.isTerminal) {
    // To the terminal that was looked at: stderr may be a file all the same.
    io.out(paint(io, "bold", address));
    return;
  }
  // Anew, so that the mode counts.
  rmSync(home.login, { force: true });
  writeFileSync(home.login, `${address}\n`, { mode: 0o600 });
  io.err(`the address of the page, with its login, is in ${home.login}`);
}
