/** Clients and servers that break off at any moment: the proxy goes on, and tells. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const BREAKER = fileURLToPath(new URL("egress-breaker.ts", import.meta.url));

// In a process of its own: what this looks for is a crash of the platform, which takes its process with it.
for (const seed of [1, 2, 3]) {
  test(`R-NET-2: whoever breaks off, and when, the proxy lives on (seed ${seed})`, async () => {
    const child = spawn(process.execPath, [BREAKER, String(seed)], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    const [status, signal]: unknown[] = await once(child, "close");
    assert.deepEqual([status, signal], [0, null], said);
    const { begun = 0, told = 0, answered = 0 }: Record<string, number> = JSON.parse(said);
    assert.ok(begun === 150 && told > 30 && answered > 10, said);
  });
}
