import assert from "node:assert/strict";
import { test } from "node:test";
import type { Io } from "./command.ts";
import { during } from "./progress.ts";

async function shown(isTerminal: boolean, work: () => Promise<string>): Promise<readonly string[]> {
  const pieces: string[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- progress needs no more of it
  const io = { isTerminal, write: (piece: string) => void pieces.push(piece) } as unknown as Io;
  await during(io, "verifying", async () => {
    const said = await work();
    pieces.push(said);
    return said;
  }).catch(() => pieces.push("failed"));
  return pieces;
}

const good = async (): Promise<string> => "done";

test("R-OPS-1: what takes a while says so on a terminal before it begins, and takes that away again, also where it fails", async () => {
  assert.deepEqual(await shown(true, good), ["\rverifying …\u001b[K", "done", "\r\u001b[K"]);
  const bad = async (): Promise<string> => Promise.reject(new Error("broken"));
  assert.deepEqual(await shown(true, bad), ["\rverifying …\u001b[K", "\r\u001b[K", "failed"]);
  assert.deepEqual(await shown(false, good), ["done"], "a pipe gets the result alone");
});
