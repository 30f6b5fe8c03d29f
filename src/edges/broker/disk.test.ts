import assert from "node:assert/strict";
import { test } from "node:test";
import { requireRoom } from "./disk.ts";
import { Refused } from "./refusal.ts";

const GB = 1024 ** 3;
const free = (bytes: number) => async () => ({ bavail: bytes / 4096, blocks: (100 * GB) / 4096, bsize: 4096 });
const failing = (code: string) => async () => Promise.reject(Object.assign(new Error(code), { code }));

test("R-BOX-3: a job starts where there is room, and is refused where there is too little", async () => {
  await requireRoom(["/w"], free(10 * GB));
  await requireRoom([], free(0));
  await assert.rejects(
    requireRoom(["/w"], free(1024)),
    (error) => error instanceof Refused && /nearly full/.test(error.message),
  );
});

test("R-BOX-3: INVARIANT(fail-closed): where it cannot be told how much room there is, nothing starts; a missing folder is told by its mount", async () => {
  for (const code of ["EIO", "ENOSYS", "ESTALE", "EOVERFLOW"])
    await assert.rejects(
      requireRoom(["/w"], failing(code)),
      (error) => error instanceof Refused && error.refusal.code === "SANDBOX_LIMIT",
    );
  await requireRoom(["/gone"], failing("ENOENT"));
});
