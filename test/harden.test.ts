/** Hardening: shown first, done whole or not at all, recorded, and taken back. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { hardenPorts, hardenRecords, proposeHardening } from "../src/app/audit/hardening.ts";
import { homeAt } from "../src/app/home.ts";
import { readPending } from "../src/app/pending.ts";
import { masked } from "../src/cli/audit/mend.ts";
import type { Finding, Mend } from "../src/core/finding.ts";
import { applyHardening, type HardenPorts, type HardenRecord, undoHardening } from "../src/ops/harden/apply.ts";
import { diffLines } from "../src/ops/harden/diff.ts";
import { planOf } from "../src/ops/harden/plan.ts";
import { homeWith, NOW } from "./audit-kit.ts";

const clock = { wallMs: () => NOW, monotonicMs: () => NOW, sleep: async () => undefined };
const finding = (...mends: Mend[]): Finding => ({
  id: "x.y",
  family: "x",
  severity: "high",
  title: "",
  places: ["z"],
  why: "",
  fix: "",
  references: [],
  mends,
});
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

function open(t: Parameters<typeof homeWith>[0], text: string) {
  const at = homeWith(t, text);
  const parts = { home: homeAt(at.home), env: at.env, clock };
  return { ...at, parts, ports: hardenPorts(parts) };
}

test("R-AUDIT-5: configuration, modes and leftover files are mended at once, recorded, and undone to the byte", async (t) => {
  const text = "# mine\ntools:\n  exec:\n    allow: [ls, bash, sudo] # short\n    ask: off\n";
  const { home, path, parts, ports } = open(t, text);
  const login = join(home, "login.txt");
  writeFileSync(login, "code", { mode: 0o600 });
  chmodSync(home, 0o755);
  const all = [
    finding({ op: "drop", path: "tools.exec.allow", values: ["bash"] }, { op: "mode", path: home, take: 0o077 }),
    finding(
      { op: "drop", path: "tools.exec.allow", values: ["sudo"] },
      { op: "unset", path: "tools.exec.ask" },
      { op: "away", path: login },
    ),
  ];
  const { planned, configLeft } = proposeHardening(parts, all);
  assert.equal(configLeft, null);
  assert.equal(readFileSync(path, "utf8"), text, "a proposal changes nothing");
  const record = await applyHardening(planned, ports);
  assert.equal(readFileSync(path, "utf8"), "# mine\ntools:\n  exec:\n    allow: [ ls ] # short\n");
  assert.deepEqual([modeOf(home), existsSync(login)], [0o700, false]);
  assert.deepEqual(
    readPending(home).map(({ pending }) => pending?.kind),
    ["config"],
  );
  assert.deepEqual(await undoHardening(record, ports), []);
  assert.equal(readFileSync(path, "utf8"), text);
  assert.deepEqual([modeOf(home), readFileSync(login, "utf8")], [0o755, "code"]);
  assert.deepEqual(
    hardenRecords(parts.home).map(({ state }) => state),
    ["undone"],
  );
});

test("R-AUDIT-5: a configuration that no gateway would start with is mended, and put back as it was", async (t) => {
  const text = "gateway:\n  bind: 0.0.0.0 # from a guide\n  auth: { mode: none }\n";
  const { path, parts, ports } = open(t, text);
  const mends = [finding({ op: "unset", path: "gateway.bind" }), finding({ op: "unset", path: "gateway.auth.mode" })];
  const record = await applyHardening(proposeHardening(parts, mends).planned, ports);
  assert.doesNotMatch(readFileSync(path, "utf8"), /0\.0\.0\.0|none/);
  await undoHardening(record, ports);
  assert.equal(readFileSync(path, "utf8"), text);
});

test("R-AUDIT-5: where the result would not start either, the configuration is left alone and the rest is mended", async (t) => {
  const text = "nonsense: 1\ntools: {exec: {ask: off}}\n";
  const { home, path, parts, ports } = open(t, text);
  chmodSync(home, 0o755);
  const { planned, configLeft } = proposeHardening(parts, [
    finding({ op: "unset", path: "tools.exec.ask" }, { op: "mode", path: home, take: 0o077 }),
  ]);
  assert.match(configLeft ?? "", /nonsense/);
  await applyHardening(planned, ports);
  assert.deepEqual([readFileSync(path, "utf8"), modeOf(home)], [text, 0o700]);
});

test("R-AUDIT-5: a configuration that was changed meanwhile is not overwritten, neither then nor by the undo", async (t) => {
  const { path, parts, ports } = open(t, "tools: {exec: {ask: off}}\n");
  const { planned } = proposeHardening(parts, [finding({ op: "unset", path: "tools.exec.ask" })]);
  writeFileSync(path, "tools: {profile: coding}\n");
  await assert.rejects(applyHardening(planned, ports), { code: "CONFIG_CONFLICT" });
  assert.equal(readFileSync(path, "utf8"), "tools: {profile: coding}\n");
  writeFileSync(path, planned.config?.before ?? "");
  const record = await applyHardening(planned, ports);
  writeFileSync(path, "tools: {profile: minimal}\n");
  await assert.rejects(undoHardening(record, ports), { code: "CONFIG_CONFLICT" });
  assert.equal(readFileSync(path, "utf8"), "tools: {profile: minimal}\n");
});

test("R-AUDIT-5: what somebody changed since is left by the undo, and said", async (t) => {
  const { home, parts, ports } = open(t, "");
  const file = join(home, "x");
  writeFileSync(file, "", { mode: 0o644 });
  const record = await applyHardening(
    proposeHardening(parts, [finding({ op: "mode", path: file, take: 0o077 })]).planned,
    ports,
  );
  assert.equal(modeOf(file), 0o600);
  chmodSync(file, 0o400);
  assert.deepEqual(await undoHardening(record, ports), [file]);
  assert.equal(modeOf(file), 0o400);
});

test("R-AUDIT-5: a link is not followed to change the mode of what it leads to", async (t) => {
  const { home, userHome, parts } = open(t, "");
  const outside = join(userHome, "outside");
  writeFileSync(outside, "", { mode: 0o644 });
  symlinkSync(outside, join(home, "link"));
  const { planned } = proposeHardening(parts, [finding({ op: "mode", path: join(home, "link"), take: 0o077 })]);
  assert.deepEqual(planned.modes, []);
  assert.equal(modeOf(outside), 0o644);
});

/** A machine in memory whose steps can fail. */
function memory(files: Record<string, number>, failing: number) {
  const modes = new Map(Object.entries(files));
  const gone = new Set<string>();
  const state = { config: "before", marks: [] as string[] };
  let step = 0;
  const count = (): void => {
    step += 1;
    if (step === failing) throw new Error("the disk is gone");
  };
  const ports: HardenPorts = {
    keep: (planned) => ({ ...planned, number: 1, state: "begun" }),
    mark: (_record, mark) => void state.marks.push(mark),
    putConfig: async (text) => {
      count();
      state.config = text;
    },
    restoreConfig: async (text) => void (state.config = text),
    modeOf: (path) => modes.get(path) ?? null,
    setMode: (path, mode) => {
      if (mode === 0o700) count();
      modes.set(path, mode);
    },
    moveAway: (_record, path) => {
      count();
      gone.add(path);
    },
    bringBack: (_record, path) => gone.delete(path),
  };
  return { ports, modes, gone, state };
}

test("R-AUDIT-5: a file whose mode somebody changed after it was shown is left alone, and what was done before is taken back", async () => {
  const { ports, modes, state } = memory({ first: 0o755, second: 0o777 }, 0);
  const planned = {
    atMs: 0,
    findings: [],
    config: { before: "before", after: "after" },
    modes: ["first", "second"].map((path) => ({ path, before: 0o755, after: 0o700 })),
    away: [],
  };
  await assert.rejects(applyHardening(planned, ports));
  assert.deepEqual([...modes], Object.entries({ first: 0o755, second: 0o777 }));
  assert.deepEqual([state.config, state.marks], ["before", ["undone"]]);
});

test("INVARIANT(harden-undoes): whichever step fails, and after an undo, everything is as it was", async () => {
  const paths = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(paths, paths, fc.boolean(), fc.nat({ max: 9 }), async (open_, away, withConfig, failing) => {
      const files = Object.fromEntries(open_.map((path) => [path, 0o755]));
      const { ports, modes, gone, state } = memory(files, failing);
      const planned = {
        atMs: 0,
        findings: [],
        config: withConfig ? { before: "before", after: "after" } : null,
        modes: open_.map((path) => ({ path, before: 0o755, after: 0o700 })),
        away: away.map((path, i) => ({ path, kept: `away-${i}` })),
      };
      const steps = (withConfig ? 1 : 0) + open_.length + away.length;
      const doing = applyHardening(planned, ports);
      if (failing > 0 && failing <= steps) await assert.rejects(doing);
      else {
        const record: HardenRecord = await doing;
        assert.equal(state.config, withConfig ? "after" : "before");
        assert.equal(gone.size, away.length);
        assert.deepEqual(await undoHardening(record, ports), []);
      }
      assert.deepEqual(
        [Object.fromEntries(modes), gone.size, state.config, state.marks.at(-1)],
        [files, 0, "before", "undone"],
      );
    }),
  );
});

test("R-AUDIT-5: a plan names each path once, and takes entries out of lists after it takes keys out", () => {
  const plan = planOf([
    finding({ op: "drop", path: "a", values: [1] }, { op: "mode", path: "/x", take: 0o022 }),
    finding(
      { op: "unset", path: "a[2].b" },
      { op: "drop", path: "a", values: [1, 2] },
      { op: "mode", path: "/x", take: 0o044 },
    ),
  ]);
  assert.deepEqual(plan.config, [
    { op: "unset", path: "a[2].b" },
    { op: "drop", path: "a", values: [1, 2] },
  ]);
  assert.deepEqual([...plan.modes], [["/x", 0o066]]);
});

test("R-AUDIT-5: a diff shows every line that is taken out or put in", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 })
    .map((lines) => lines.map((line) => `${line}\n`).join(""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after).filter((line) => line !== null);
      if (before === after) assert.equal(lines.length, 0);
      const count = (all: readonly string[], line: string): number => all.filter((one) => one === line).length;
      const signed = (sign: string) => lines.filter((line) => line.sign === sign).map((line) => line.text);
      // What is not shown stands in both.
      for (const line of ["a", "b", "c", ""]) {
        const left = count(before.split("\n").slice(0, -1), line) - count(signed("-"), line);
        assert.equal(left, count(after.split("\n").slice(0, -1), line) - count(signed("+"), line));
      }
    }),
  );
  assert.deepEqual(
    diffLines("a\nb\nc\n", "a\nc\nd\n").map((line) => `${line?.sign}${line?.text}`),
    [" a", "-b", " c", "+d"],
  );
});

test("R-DLP-2: a secret that is taken out of the configuration is not shown on its way", () => {
  for (const line of [
    "  token: your-secure-random-token",
    "apiKey: 'abc'",
    `name: sk-ant-api03-${"aB3".repeat(31)}AA`,
  ]) {
    assert.match(masked(line), /…/);
    assert.doesNotMatch(masked(line), /your-secure|abc|sk-ant/);
  }
  assert.equal(masked("    ask: off # short"), "    ask: off # short");
  assert.equal(masked("  apiKey: ${MINE}"), "  apiKey: ${MINE}");
});

test("R-AUDIT-5: records of hardenings lie in the state folder, for the owner alone", async (t) => {
  const { home, parts, ports } = open(t, "tools: {exec: {ask: off}}\n");
  mkdirSync(join(home, "logs"), { mode: 0o700 });
  await applyHardening(proposeHardening(parts, [finding({ op: "unset", path: "tools.exec.ask" })]).planned, ports);
  for (const name of readdirSync(join(home, "harden"), { recursive: true }))
    assert.equal(modeOf(join(home, "harden", String(name))) & 0o077, 0);
});
