/** What a command does while no gateway runs, or beside one that does: recorded, and a stop in force. @module */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { editConfig } from "../src/app/config/edit.ts";
import { durable } from "../src/app/config/durable.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import { homeAt } from "../src/app/home.ts";
import { caseFile, openCase } from "../src/app/incidents/cases.ts";
import { takeStep } from "../src/app/incidents/steps.ts";
import { leavePending, readPending } from "../src/app/pending.ts";
import { systemClock } from "../src/app/system.ts";
import { Fault } from "../src/core/fault.ts";
import type { JsonValue } from "../src/core/json.ts";
import { newCase, withCause } from "../src/ops/incident/case.ts";
import { recordsOf } from "./campaign.ts";
import { callerOf, type Kit, say, startKit } from "./gateway-kit.ts";

let kit: Kit;
before(async () => {
  kit = await startKit();
});
after(async () => kit.close());

const file = () => join(kit.place.state, "config.yaml");
const folder = () => join(kit.place.state, "pending");
const edit = (path: string, value: JsonValue, why = "a test") =>
  editConfig(kit.place.state, [{ op: "set", path, value }], {
    env: environmentOf(kit.place.env),
    clock: systemClock,
    who: "owner",
    why,
  });
const size = async (): Promise<number> => (await recordsOf(kit.place.state)).length;
const since = async (from: number, kind: string) =>
  (await recordsOf(kit.place.state)).slice(from).filter((record) => record.kind === kind);

test("R-LOG-1, R-OPS-1: INVARIANT(recorded-edits): an edit while no gateway runs is the first thing that the next one records", async () => {
  let from = 0;
  let made: Awaited<ReturnType<typeof edit>> | undefined;
  await kit.restart(async () => {
    from = await size();
    made = await edit("tools.exec.timeoutSeconds", 77, "the password is sk-ant-api03-q8Rk2vLz91xWm4Tn7Bc3Yd5FhJ6pKs0T");
  });
  const first = (await recordsOf(kit.place.state))[from];
  assert.deepEqual([first?.kind, first?.what, first?.who, first?.result], ["config", "config.changed", "owner", "ok"]);
  assert.deepEqual(
    [first?.data?.["paths"], first?.data?.["before"], first?.data?.["after"]],
    [["tools.exec.timeoutSeconds"], made?.before, made?.after],
  );
  const text = JSON.stringify(first);
  assert.ok(!text.includes("77,") && !text.includes("sk-ant-api03"), "neither values nor secrets");
  assert.deepEqual(readPending(kit.place.state), []);
  assert.equal((await since(from, "config")).length, 1, "and it is not found a second time");
});

test("R-LOG-1, R-OPS-1: an edit beside a running gateway is recorded by that one", async () => {
  const from = await size();
  const { after: digest } = await edit("tools.exec.timeoutSeconds", 78);
  for (let waited = 0; (await since(from, "config")).length === 0 && waited < 20_000; waited += 100) await wait(100);
  const [record, ...more] = await since(from, "config");
  assert.deepEqual([record?.data?.["after"], more.length], [digest, 0]);
  const now = await size();
  await kit.restart();
  assert.deepEqual(await since(now, "config"), [], "nor again at the next start");
});

test("R-LOG-2: what was appended before a crash and not taken away is not recorded twice", async () => {
  const from = await size();
  await kit.restart(async () => {
    await edit("tools.exec.timeoutSeconds", 79);
    const [name = assert.fail("nothing was left")] = readdirSync(folder());
    copyFileSync(join(folder(), name), join(kit.place.root, "kept"));
    writeFileSync(join(kit.place.root, "name"), name);
  });
  await kit.restart(async () =>
    copyFileSync(join(kit.place.root, "kept"), join(folder(), readFileSync(join(kit.place.root, "name"), "utf8"))),
  );
  assert.equal((await since(from, "config")).length, 1);
  assert.deepEqual(readPending(kit.place.state), []);
});

test("R-LOG-2: an edit that ended between its record and the file is recorded as unknown", async () => {
  const from = await size();
  await kit.restart(async () => {
    const text = readFileSync(file());
    await edit("tools.exec.timeoutSeconds", 80);
    writeFileSync(file(), text);
  });
  assert.deepEqual(
    (await since(from, "config")).map((record) => [record.what, record.result]),
    [
      ["config.changed", "unknown"],
      ["config.found", "ok"],
    ],
  );
});

test("R-LOG-2 R-IR-2: a step of an incident that ended between its record and the file is recorded as unknown; those before and behind it are not", async () => {
  const from = await size();
  const parts = { home: homeAt(kit.place.state), files: durable, clock: systemClock };
  const id = "inc_20260101000000abcd";
  const one = newCase({ id, openedMs: 1, by: "owner", reason: "odd", session: null, call: null, sinceMs: 0 });
  await kit.restart(async () => {
    const said = { who: "owner", what: "incident.opened", why: "odd", atMs: 1 };
    openCase({ home: kit.place.state, files: durable }, one, said);
    const before = readFileSync(join(kit.place.state, caseFile(id)));
    const cause = (): unknown =>
      takeStep(parts, id, "incident.cause", (was, word) => ({
        one: withCause(was, word("a page ordered it")),
        why: "",
      }));
    cause();
    writeFileSync(join(kit.place.state, caseFile(id)), before);
    cause();
  });
  assert.deepEqual(
    (await since(from, "incident")).map((record) => [record.what, record.result]),
    [
      ["incident.opened", "ok"],
      ["incident.cause", "unknown"],
      ["incident.cause", "ok"],
    ],
  );
  rmSync(join(kit.place.state, "incidents"), { recursive: true });
  await kit.restart();
});

test("R-LOG-2: an edit that cannot be recorded is not made", async () => {
  const text = readFileSync(file(), "utf8");
  rmSync(folder(), { recursive: true, force: true });
  writeFileSync(folder(), "in the way");
  await assert.rejects(edit("tools.exec.timeoutSeconds", 81), (thrown) => thrown instanceof Fault);
  assert.equal(readFileSync(file(), "utf8"), text);
  rmSync(folder());
  assert.equal((await edit("tools.exec.timeoutSeconds", 81)).changed, true, "the honest twin");
});

test("R-LOG-1: a text that no command put there is recorded with its digests when it first counts", async () => {
  const from = await size();
  await kit.restart(async () => writeFileSync(file(), `${readFileSync(file(), "utf8")}# by hand\n`));
  const found = (await since(from, "config")).filter(({ what }) => what === "config.found");
  assert.deepEqual([found.length, found[0]?.who], [1, "-"]);
});

test("R-LOG-1: what cannot be read as a pending record is recorded as a fault and kept", async () => {
  const from = await size();
  await kit.restart(async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "1.json"), '{"kind":"config","paths":[');
  });
  const faults = (await since(from, "fault")).map(({ what }) => what);
  assert.ok(faults.includes("pending.unreadable"));
  assert.deepEqual(readdirSync(folder()), ["1.json.unreadable"]);
});

test("R-IR-1: a stop that was said while no gateway ran holds at the next start, until resume", async () => {
  const from = await size();
  await kit.restart(async () =>
    leavePending(kit.place.state, { kind: "stop", who: "owner", why: "strange", atMs: systemClock.wallMs() }),
  );
  await assert.rejects(say(kit, "hello"), (thrown) => thrown instanceof Fault && thrown.code === "HALTED");
  const [stop] = await since(from, "stop");
  assert.deepEqual([stop?.what, stop?.data?.["why"]], ["stop.said", "strange"]);
  await kit.restart();
  await assert.rejects(say(kit, "hello"), (thrown) => thrown instanceof Fault && thrown.code === "HALTED");
  await kit.served().wired.gateway.resume(callerOf());
  assert.equal((await say(kit, "hello")).outcome.stop, "done");
  await kit.restart();
  assert.equal((await say(kit, "hello")).outcome.stop, "done", "it was taken once");
});

test("R-IR-1: one that is left while a gateway runs stops that one", async () => {
  leavePending(kit.place.state, { kind: "stop", who: "owner", why: "now", atMs: systemClock.wallMs() });
  for (let waited = 0; !(await kit.served().wired.gateway.status()).halted && waited < 20_000; waited += 100)
    await wait(100);
  assert.equal((await kit.served().wired.gateway.status()).halted, true);
  await kit.served().wired.gateway.resume(callerOf());
});
