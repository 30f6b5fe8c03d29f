/** Hardening of files on a real disk: mended, looked at again, and undone; and what happens where a step fails. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hardenPorts, hardenRecords, proposeHardening } from "../src/app/audit/hardening.ts";
import { homeAt } from "../src/app/home.ts";
import { CATALOGUE } from "../src/ops/audit/catalogue.ts";
import { runChecks } from "../src/ops/audit/run.ts";
import { applyHardening, type HardenPorts, undoHardening } from "../src/ops/harden/apply.ts";
import { homeWith, NOW } from "./audit-kit.ts";
import { makeHome } from "./cli-kit.ts";
import { type At, onDisk, SPOILED } from "./audit-spoiled.ts";

const clock = { wallMs: () => NOW, monotonicMs: () => NOW, sleep: async () => undefined };
const partsOf = (at: At) => ({ home: homeAt(at.home), env: at.env, clock });
const findings = (at: At) => runChecks(onDisk(at), CATALOGUE).findings;
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

for (const [id, spoil] of Object.entries(SPOILED)) {
  test(`R-AUDIT-5: ${id} is found on a real disk, mended, and undone`, async (t) => {
    const at = homeWith(t, "");
    assert.ok(!findings(at).some((one) => one.id === id), "the twin");
    const { path, mode } = spoil(at);
    const [before, content] = [modeOf(path), lstatSync(path).isFile() ? readFileSync(path) : undefined];
    const finding = findings(at).find((one) => one.id === id);
    assert.ok(finding !== undefined && finding.mends.length > 0, "not found");
    const ports = hardenPorts(partsOf(at));
    const record = await applyHardening(proposeHardening(partsOf(at), [finding]).planned, ports);
    assert.ok(!findings(at).some((one) => one.id === id), "found again");
    if (mode === "away") assert.equal(existsSync(path), false);
    else assert.equal(modeOf(path), mode);
    assert.deepEqual(await undoHardening(record, ports), []);
    assert.equal(modeOf(path), before);
    if (content !== undefined) assert.deepEqual(readFileSync(path), content);
  });
}

const WEAK = "# mine\ntools: {fs: {workspaceOnly: false}}\n";

/** All three kinds of change at once. */
function weak(t: { after(body: () => void): void }) {
  const at = homeWith(t, WEAK);
  const bashrc = SPOILED["files.startup.open"]?.(at).path ?? "";
  const login = SPOILED["gateway.login.leftover"]?.(at).path ?? "";
  const { planned } = proposeHardening(partsOf(at), findings(at));
  assert.ok(planned.config !== null && planned.modes.length > 0 && planned.away.length > 0);
  const asItWas = (): void => {
    assert.equal(readFileSync(at.path, "utf8"), WEAK);
    assert.equal(modeOf(bashrc), 0o666);
    assert.ok(existsSync(login));
  };
  return { at, bashrc, login, planned, asItWas, ports: hardenPorts(partsOf(at)) };
}

for (const step of ["putConfig", "setMode", "moveAway"] as const) {
  test(`R-AUDIT-5: INVARIANT(harden-undoes): where ${step} fails everything before it is taken back, and the record says so`, async (t) => {
    const { at, planned, asItWas, ports } = weak(t);
    let calls = 0;
    const failing: HardenPorts = {
      ...ports,
      [step]: (): never => {
        calls += 1;
        throw new Error("the disk is full");
      },
      // Taking a mode back has to work.
      ...(step === "setMode"
        ? {
            setMode: (path: string, mode: number) => {
              calls += 1;
              if (calls === planned.modes.length) throw new Error("the disk is full");
              ports.setMode(path, mode);
            },
          }
        : {}),
    };
    await assert.rejects(applyHardening(planned, failing));
    assert.ok(calls > 0);
    asItWas();
    assert.equal(hardenRecords(homeAt(at.home))[0]?.state, "undone");
  });
}

test("R-AUDIT-5: a file whose mode somebody changed after it was looked at stops the hardening, and nothing stays done", async (t) => {
  const { planned, bashrc, ports, at } = weak(t);
  chmodSync(bashrc, 0o606);
  await assert.rejects(applyHardening(planned, ports), /changed meanwhile/);
  assert.equal(readFileSync(at.path, "utf8"), WEAK);
  assert.equal(modeOf(bashrc), 0o606);
});

test("R-AUDIT-5: an undo leaves what somebody changed since, names it, and takes the rest back; twice is once", async (t) => {
  const { planned, bashrc, login, ports, at } = weak(t);
  const record = await applyHardening(planned, ports);
  chmodSync(bashrc, 0o640);
  writeFileSync(login, "somebody else's");
  assert.deepEqual((await undoHardening(record, ports)).toSorted(), [bashrc, login].toSorted());
  assert.equal(readFileSync(at.path, "utf8"), WEAK);
  assert.equal(modeOf(bashrc), 0o640);
  assert.equal(readFileSync(login, "utf8"), "somebody else's");
});

test("R-AUDIT-5: an undo over a configuration that somebody changed since is refused, and changes nothing else either", async (t) => {
  const { planned, bashrc, ports, at } = weak(t);
  const record = await applyHardening(planned, ports);
  const now = `${readFileSync(at.path, "utf8")}# and more\n`;
  writeFileSync(at.path, now);
  await assert.rejects(undoHardening(record, ports));
  assert.equal(readFileSync(at.path, "utf8"), now);
  assert.equal(modeOf(bashrc), 0o644);
});

test("R-AUDIT-5: a hardening that was cut short in the middle is what the next undo takes back", async (t) => {
  const { planned, asItWas, ports, at } = weak(t);
  const record = ports.keep(planned);
  await ports.putConfig(planned.config?.after ?? "", WEAK, "x");
  for (const { path, after } of planned.modes.slice(0, 1)) ports.setMode(path, after);
  const [found] = hardenRecords(homeAt(at.home));
  assert.deepEqual([found?.number, found?.state], [record.number, "begun"]);
  assert.ok(found !== undefined);
  assert.deepEqual(await undoHardening(found, ports), []);
  asItWas();
});

test("R-AUDIT-5: what is mended is what was found: a list keeps its honest entries", async (t) => {
  const at = homeWith(t, "tools:\n  exec:\n    allow:\n      - jq # mine\n      - bash\n      - 'npx x'\n");
  const { planned } = proposeHardening(partsOf(at), findings(at));
  await applyHardening({ ...planned, modes: [], away: [] }, hardenPorts(partsOf(at)));
  const text = readFileSync(join(at.home, "config.yaml"), "utf8");
  assert.match(text, /- jq # mine/);
  assert.doesNotMatch(text, /bash|npx/);
});

test("R-AUDIT-5: harden looks again: what it set out to mend and is still there is shown, and is no success", async (t) => {
  const home = makeHome(t);
  const text = "nonsense: 1\ntools: {fs: {workspaceOnly: false}}\n";
  const config = home.file(".vambrace/config.yaml", text);
  const bashrc = home.file(".bashrc", "");
  chmodSync(bashrc, 0o666);
  const { status, out, err } = await home.run(["harden", "--yes"]);
  assert.equal(status, 1);
  assert.match(out, /files\.workspace-only\.off/);
  assert.doesNotMatch(out, /files\.startup\.open/);
  assert.match(err, /left as it is/);
  assert.equal(modeOf(bashrc), 0o644, "the rest is mended");
  assert.equal(readFileSync(config, "utf8"), text);
  const undone = await home.run(["harden", "--undo"]);
  assert.equal(undone.status, 0);
  assert.equal(modeOf(bashrc), 0o666);
});
