import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Fault } from "../core/fault.ts";
import { postureWith } from "../steps/judge/fixtures.ts";
import { loadPolicies } from "../steps/judge/policy/load.ts";
import { type Vet, vetHere } from "../steps/judge/policy/vet.ts";
import { openKnownVetter } from "./vetted.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vetted-"));
  path = join(folder, "vetted.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As a start does it; `vetted`: how often Cedar was asked. */
async function start(operator = "", vet: Vet = vetHere): Promise<{ digest: string; vetted: number; warned: number }> {
  const seen = { vetted: 0, warned: 0 };
  const vetter = openKnownVetter({
    folder,
    warn: () => (seen.warned += 1),
    open: () => ({
      vet: (work) => {
        seen.vetted += 1;
        return vet(work);
      },
      close: () => Promise.resolve(),
    }),
  });
  const files = operator === "" ? [] : [{ name: "mine.cedar", text: operator }];
  const { digest } = await loadPolicies({ posture: postureWith(), operator: files, vet: vetter.vet });
  await vetter.close();
  return { digest, ...seen };
}

const MINE = '@id("mine") @says("no") forbid (principal, action, resource);';

test("R-WHO-4: what was vetted at the last start is not vetted again, and is the same set", async () => {
  const first = await start();
  const second = await start();
  assert.equal(first.vetted, 1);
  assert.equal(second.vetted, 0);
  assert.equal(second.digest, first.digest);
});

test("R-WHO-4: another policy is vetted, and both are known afterwards", async () => {
  await start();
  assert.equal((await start(MINE)).vetted, 1);
  assert.equal((await start(MINE)).vetted, 0);
  assert.equal((await start()).vetted, 0);
});

test("R-WHO-6: what was refused is refused again, and never known", async () => {
  const refused = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === "POLICY_INVALID";
  for (const _ of [1, 2]) await assert.rejects(start("permit ("), refused);
  await start();
  await assert.rejects(start("permit ("), refused);
});

for (const [what, spoil] of [
  ["that others can read or write", () => chmodSync(path, 0o644)],
  ["that is a link", () => (renameSync(path, `${path}.real`), symlinkSync(`${path}.real`, path))],
  ["that is cut off", () => writeFileSync(path, readFileSync(path).subarray(0, 5000), { mode: 0o600 })],
  ["of which a letter was changed", () => change((text) => text.replaceAll("forbid", "permit"))],
  ["whose answers were exchanged", exchange],
  ["that holds something else", () => writeFileSync(path, '[["a",{"text":"{}","sum":"b"}],1]', { mode: 0o600 })],
] as const) {
  test(`R-WHO-6: a file of answers ${what} answers nothing: everything is vetted`, async () => {
    await start(MINE);
    const { digest } = await start();
    spoil();
    const again = await start();
    assert.equal(again.vetted, 1);
    assert.equal(again.digest, digest);
  });
}

test("R-GATE-1: where answers cannot be kept, that is said, and the start goes on", async () => {
  rmSync(folder, { recursive: true });
  assert.deepEqual({ ...(await start()), digest: "" }, { vetted: 1, warned: 1, digest: "" });
});

function exchange(): void {
  const [[one, first], [other, second]]: [[string, unknown], [string, unknown]] = JSON.parse(
    readFileSync(path, "utf8"),
  );
  writeFileSync(
    path,
    JSON.stringify([
      [one, second],
      [other, first],
    ]),
    { mode: 0o600 },
  );
}

function change(how: (text: string) => string): void {
  const text = readFileSync(path, "utf8");
  const other = how(text);
  assert.ok(other !== text);
  writeFileSync(path, other, { mode: 0o600 });
}
