/** Which incident a command takes where none is named, and what a timeline leaves out. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { caseFolder, loadCase } from "../src/app/incidents/cases.ts";
import { openIncident } from "../src/app/incidents/open.ts";
import { incidentShow, incidentVerify } from "../src/cli/incident.ts";
import { incidentTimeline } from "../src/cli/incident-timeline.ts";
import {
  incidentCause,
  incidentCheck,
  incidentClose,
  incidentRestore,
  incidentReview,
} from "../src/cli/incident-close.ts";
import type { Command, Flags } from "../src/cli/command.ts";
import { type Ran, runAt } from "./commands-kit.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { MOST_RECORDS } from "../src/ops/incident/choice.ts";
import { entry, openTestLog } from "./ledger-kit.ts";
import { type Installation, installations, REQUEST, SESSION } from "./incident-disk.ts";

type Here = {
  readonly at: Installation;
  readonly run: (command: Command, args?: readonly string[], flags?: Flags) => Promise<Ran>;
};

function here(t: TestContext): Here {
  const at = installations(t)();
  const env = { HOME: at.home.root, VAMBRACE_HOME: at.home.root, PATH: process.env["PATH"] };
  return { at, run: (command, args = [], flags = {}) => runAt(env, command, args, flags) };
}

test("R-IR-2: where one incident is open it is the one that is meant, and which it is is said", async (t) => {
  const { at, run } = here(t);
  const { one } = await openIncident(at.parts(), REQUEST);
  const about = new RegExp(`about ${one.id}, the only one that is open`);
  for (const command of [incidentShow, incidentTimeline, incidentReview]) {
    const ran = await run(command);
    assert.equal(ran.status, 0, ran.err);
    assert.match(ran.err, about, command.name);
  }
  const verified = await run(incidentVerify, [], { key: at.publicKey });
  assert.match(verified.err, new RegExp(join(caseFolder(at.home.root, one.id), "bundle-1")));
  assert.match(verified.out, /^holds/);

  assert.equal((await run(incidentCause, ["a", "page", "ordered", "it"])).status, 0);
  assert.match((await run(incidentCheck, ["rotate"])).err, about);
  assert.equal((await run(incidentRestore, ["terminal"])).status, 0);
  const now = loadCase(at.home.root, one.id);
  assert.deepEqual(
    [now.cause?.note, now.checklist.filter(({ done }) => done !== null).map(({ id }) => id)],
    ["a page ordered it", ["rotate"]],
  );
  assert.match((await run(incidentClose)).err, /not done: evidence, /);

  // The twins: what is named is taken, and an id is no cause and no item.
  assert.doesNotMatch((await run(incidentShow, [one.id])).err, about);
  assert.match((await run(incidentCause, ["inc_2026", "a page ordered it"])).err, /no incident `inc_2026`/);
  assert.match((await run(incidentCheck, [one.id])).err, /say which item/);
  assert.match((await run(incidentCheck, ["nonsense", "reach"])).err, /no incident `nonsense`/);
});

test("R-IR-2: where several incidents are open none is taken, and all are listed; where none is, that is said", async (t) => {
  const { at, run } = here(t);
  assert.match((await run(incidentShow)).err, /no incident is open/);
  const first = (await openIncident(at.parts(), REQUEST)).one;
  const second = (await openIncident(at.parts(), { ...REQUEST, session: SESSION })).one;
  for (const [command, args] of [
    [incidentShow, []],
    [incidentCause, ["a page ordered it"]],
    [incidentClose, []],
  ] as const) {
    const ran = await run(command, args);
    assert.equal(ran.status, 2);
    assert.match(ran.err, /2 incidents are open: say which/);
    for (const { id } of [first, second]) assert.ok(ran.err.includes(id), id);
    assert.equal(ran.out, "");
  }
  assert.equal(loadCase(at.home.root, first.id).cause, null);
});

test("R-IR-2: what did not fit a timeline is said first where it is read in a pager, and apart from rows that a program reads", async (t) => {
  const { at, run } = here(t);
  const log = openTestLog(nodeFiles(at.home.ledger));
  log.append(Array.from({ length: MOST_RECORDS + 5 }, (_, i) => entry(i)));
  log.close();
  const { one } = await openIncident(at.parts(), REQUEST);
  const says = new RegExp(`^[0-9]+ older records: vambrace incident timeline ${one.id} --before [0-9]+$`);
  const paged = await run(incidentTimeline);
  assert.match(paged.out.split("\n")[0] ?? "", says);
  const rows = await run(incidentTimeline, [], { json: true });
  assert.match(rows.err.trim().split("\n").at(-1) ?? "", says);
  const [, before = ""] = /--before ([0-9]+)/.exec(rows.err) ?? [];
  assert.doesNotMatch((await run(incidentTimeline, [], { before })).out, /older record/);
});
