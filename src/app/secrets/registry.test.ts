import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseSecretId } from "../../core/secret-ref.ts";
import { homes } from "../config/fixture.ts";
import { makeFolder } from "../config/durable.ts";
import { systemRandom } from "../system.ts";
import { reminders, secretAges } from "./ages.ts";
import { isRevoked, noteValues, readRegistry, REGISTRY_NAME, revokeRow, writeRegistry } from "./registry.ts";

const DAY_MS = 86_400_000;
const GITHUB = parseSecretId("vault:github").id;
const KEY = parseSecretId("env:OPENAI_API_KEY").id;
const fresh = () => readRegistry("/nowhere/at/all", systemRandom);
const value = (text: string, setMs: number | null = null) => ({ value: text, setMs });

test("R-KEY-2: a key is as old as its place says, else as of when it was first seen; a new value makes it new", () => {
  const first = noteValues(
    fresh(),
    new Map([
      [GITHUB, value("value-one", 5)],
      [KEY, value("key-one1")],
    ]),
    1_000,
  );
  assert.equal(first.rows.get(GITHUB)?.setMs, 5);
  assert.equal(first.rows.get(KEY)?.setMs, 1_000);
  assert.equal(noteValues(first, new Map([[KEY, value("key-one1")]]), 9_000), first, "seen again, nothing is new");
  assert.equal(noteValues(first, new Map([[KEY, value("key-two2")]]), 9_000).rows.get(KEY)?.setMs, 9_000);
});

test("R-KEY-2: at 90 days a key is due, a day before it is not; a revoked one is due never", () => {
  const noted = noteValues(
    fresh(),
    new Map([
      [KEY, value("key-one1")],
      [GITHUB, value("value-one", 0)],
    ]),
    0,
  );
  assert.deepEqual(reminders(noted, 90, 90 * DAY_MS - 1), []);
  assert.equal(reminders(noted, 90, 90 * DAY_MS).length, 2);
  assert.match(reminders(noted, 90, 90 * DAY_MS).join(), /env:OPENAI_API_KEY is 90 days old: `vambrace secrets rotate/);
  assert.equal(reminders(revokeRow(noted, KEY, 1), 90, 200 * DAY_MS).length, 1);
  assert.equal(secretAges(noted, 90, -5)[0]?.ageDays, 0, "a clock that goes back makes nothing younger than new");
});

test("R-KEY-2: an old value that was kept for long is brought to mind", () => {
  const noted = noteValues(fresh(), new Map([[GITHUB, value("value-one", 0)]]), 0);
  const row = noted.rows.get(GITHUB);
  assert.ok(row !== undefined);
  const kept = { ...noted, rows: new Map([[GITHUB, { ...row, oldKept: true }]]) };
  assert.deepEqual(reminders(kept, 90, 6 * DAY_MS), []);
  assert.match(reminders(kept, 90, 7 * DAY_MS).join(), /old value .* --confirm/);
});

test("R-KEY-2: INVARIANT(revoked-stays): a value that was revoked stays so however often it is read; another one counts", () => {
  const VALUE = fc.constantFrom("value-one", "value-two", "value-three");
  const STEP = fc.oneof(
    VALUE.map((read) => ({ read })),
    fc.constant({ read: undefined }),
  );
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 20 }), (steps) => {
      let registry = fresh();
      let last: string | undefined;
      let revoked: string | undefined;
      let isWaiting = false;
      for (const [i, { read }] of steps.entries()) {
        if (read === undefined) {
          if (revoked === undefined && !isWaiting) [revoked, isWaiting] = [last, last === undefined];
          registry = revokeRow(registry, KEY, i);
        } else {
          if (isWaiting) [revoked, isWaiting] = [read, false];
          else if (revoked !== undefined && read !== revoked) revoked = undefined;
          last = read;
          registry = noteValues(registry, new Map([[KEY, value(read)]]), i);
        }
        if (last !== undefined && !isWaiting) assert.equal(isRevoked(registry, KEY, last), revoked === last);
      }
    }),
  );
});

test("R-KEY-1: what is known of secrets holds no value, and comes back as it was written", (t) => {
  const { home } = homes(t);
  makeFolder(home);
  const noted = revokeRow(noteValues(fresh(), new Map([[GITHUB, value("CANARY-value-one")]]), 7), GITHUB, 8);
  writeRegistry(home, noted);
  assert.deepEqual(readRegistry(home, systemRandom), noted);
  assert.doesNotMatch(readFileSync(join(home, REGISTRY_NAME), "utf8"), /CANARY/);
});

test("R-KEY-2: a list that cannot be read stops everything: what was revoked would count again", (t) => {
  const { home } = homes(t);
  makeFolder(home);
  for (const text of [
    "",
    "{",
    '{"format":"vambrace secrets 2"}',
    '{"format":"vambrace secrets 1","salt":"x","rows":{}}',
  ]) {
    writeFileSync(join(home, REGISTRY_NAME), text);
    assert.throws(() => readRegistry(home, systemRandom), { code: "SECRET_DAMAGED" });
  }
  assert.equal(existsSync(join(home, "secrets.json.draft")), false);
});
