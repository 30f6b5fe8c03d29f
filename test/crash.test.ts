/**
 * Kill -9, again and again, while messages come in: of the gateway, and of each
 * of its helpers alone. `VAMBRACE_CAMPAIGN=full` kills 200 times each; else a
 * sample whose seed is printed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { parseId } from "../src/core/ids.ts";
import type { JsonObject } from "../src/core/json.ts";
import { clean } from "../src/edges/store/fixture.ts";
import { openStore } from "../src/edges/store/open.ts";
import { systemClock } from "../src/app/system.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import {
  checkLedger,
  helpersOf,
  makePlace,
  type Place,
  recordsOf,
  type Running,
  type Said,
  sayUntilAnswered,
  seeded,
  startProcess,
  tokenOf,
} from "./campaign.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const full = process.env["VAMBRACE_CAMPAIGN"] === "full";
const KILLS = full ? 200 : 8;
const FEW = full ? 60 : 3;
const seed = Number(process.env["VAMBRACE_SEED"] ?? Date.now() % 1_000_000);

/** A gateway that is started again whenever it is gone. */
type Keeper = {
  readonly at: () => { readonly url: string; readonly token: string } | undefined;
  readonly running: () => Running;
  /** Ends it in this way and starts another. */
  again(end: "kill" | "stop"): Promise<void>;
  close(): Promise<void>;
};

async function keep(place: Place): Promise<Keeper> {
  let running = await startProcess(place);
  let token = tokenOf(place);
  let isUp = true;
  return {
    at: () => (isUp ? { url: running.url, token } : undefined),
    running: () => running,
    async again(end) {
      isUp = false;
      if (end === "kill") running.kill();
      else running.child.kill("SIGTERM");
      await running.gone;
      running = await startProcess(place);
      token = tokenOf(place);
      isUp = true;
    },
    close: () => running.stop(),
  };
}

type Ending = "gateway" | "writer" | "broker" | "egress";
/** A helper that dies often is started again ever later: a gateway that is started anew begins with short pauses. */
const KILLS_PER_GATEWAY = 4;

type Plan = {
  readonly what: Ending;
  readonly kills: number;
  readonly random: () => number;
  readonly said: readonly Said[];
};

/** Some answers further, or some time, whichever is first; then a random moment of whatever goes on. */
async function someMoment({ random, said }: Plan): Promise<void> {
  const wanted = said.length + Math.floor(random() * 3);
  for (let waited = 0; waited < 4_000 && said.length < wanted; waited += 20) await wait(20);
  await wait(random() * 300);
}

async function killAgainAndAgain(keeper: Keeper, plan: Plan): Promise<void> {
  const { what, kills } = plan;
  for (let done = 1; done <= kills; done++) {
    const pid = what === "gateway" ? undefined : await helper(keeper.running().pid, what);
    await someMoment(plan);
    if (pid === undefined || what === "gateway") {
      await keeper.again("kill");
      continue;
    }
    process.kill(pid, "SIGKILL");
    while (helpersOf(keeper.running().pid).get(what) === pid) await wait(5);
    if (done % KILLS_PER_GATEWAY === 0) await keeper.again("stop");
  }
}

async function helper(gateway: number, what: Exclude<Ending, "gateway">): Promise<number> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    const pid = helpersOf(gateway).get(what);
    if (pid !== undefined) return pid;
    await wait(20);
  }
  throw new Error(`the ${what} did not come back`);
}

async function campaign(t: TestContext, what: Ending, kills: number): Promise<void> {
  const random = seeded(seed + what.length);
  const place = makePlace();
  const keeper = await keep(place);
  const said: Said[] = [];
  const stage = { over: false };
  const deadline = performance.now() + kills * 15_000 + 60_000;
  const talk = async (name: string): Promise<void> => {
    for (let i = 0; !stage.over; i++) {
      const key = `${name}${i}`;
      const text = `${i % 2 === 0 ? "write" : "run"} ${key}`;
      said.push(await sayUntilAnswered(keeper.at, { key, text }, deadline));
      // Now and then the same message once more, as a client does whose answer got lost.
      if (random() < 0.3) said.push(await sayUntilAnswered(keeper.at, { key, text }, deadline));
    }
  };
  try {
    const talkers = Promise.all(["a", "b", "c"].map(talk));
    await Promise.race([killAgainAndAgain(keeper, { what, kills, random, said }), talkers]);
    stage.over = true;
    await talkers;
    await keeper.close();
    const counted = await count(place, said);
    t.diagnostic(`seed ${seed}: ${kills} kills of the ${what}, ${JSON.stringify(counted)}`);
  } catch (error) {
    t.diagnostic(`seed ${seed}; the gateway said: ${keeper.running().said().slice(-2000)}`);
    throw error;
  } finally {
    stage.over = true;
    keeper.running().kill();
    if (process.env["VAMBRACE_KEEP"] === undefined) place.remove();
    else t.diagnostic(`kept: ${place.root}`);
  }
}

async function count(place: Place, said: readonly Said[]): Promise<JsonObject> {
  const records = await recordsOf(place.state);
  const { problems, prepared, outcomes, open } = checkLedger(records);
  assert.deepEqual(problems, []);
  assert.deepEqual(open, [], "every prepared call has an outcome, `unknown` where nobody knows");
  const verified = await verifyLedger(join(place.state, "ledger"));
  assert.equal(verified.consistent, true, verified.problem);
  assert.equal(verified.entries, records.length, "the campaign is read whole");
  const finished = new Set(records.filter((record) => record.what === "turn.finished").map((record) => record.turn));
  const received = new Set(records.filter((record) => record.what === "message.received").map((record) => record.turn));
  const unknown = records.filter((record) => record.kind === "outcome" && record.result === "unknown");
  const store = await openStore({ dir: join(place.state, "store"), clock: systemClock, clean });
  try {
    assert.deepEqual(await store.sessions.unfinished(), [], "no turn is left behind");
    assert.deepEqual(await store.sessions.openCalls(), [], "no call is left open");
    const answers = new Map<string, string>();
    for (const { key, outcome } of said) {
      const { turn, text, stop } = outcome;
      assert.ok(
        typeof turn === "string" && typeof text === "string" && text !== "",
        `\`${key}\` was answered nothing: ${JSON.stringify(outcome)}`,
      );
      assert.equal(answers.get(key) ?? text, text, `\`${key}\` was answered twice, differently`);
      answers.set(key, text);
      const row = await store.sessions.turn(parseId("trn", turn));
      assert.equal(row?.state, "finished");
      assert.equal(row.reply, text);
      assert.ok(received.has(turn), `the message of \`${key}\` is not recorded`);
      assert.ok(finished.has(turn), `the end of the turn of \`${key}\` is not recorded (${String(stop)})`);
    }
    for (const record of unknown) {
      const row = await store.sessions.turn(parseId("trn", record.turn ?? ""));
      const items = row === undefined ? [] : await store.sessions.items(row.session, 10_000);
      const told = [row?.reply ?? "", ...items.map((item) => item.text)].some(
        (text) => text.includes(record.call ?? "?") || text.includes("it is unknown whether this happened"),
      );
      assert.ok(told, `nobody was told that the outcome of ${record.call} is unknown`);
    }
    const marks = Map.groupBy(readdirSync(place.workspace), (name) => name.split("-")[1] ?? "");
    for (const [key, files] of marks)
      assert.equal(files.length, 1, `the effect of \`${key}\` happened ${files.length} times`);
    for (const [key, text] of answers) {
      if (/created|exit status 0/.test(text)) assert.ok(marks.has(key), `\`${key}\` is said to be done and is not`);
    }
    return {
      messages: answers.size,
      answers: said.length,
      retried: said.filter(({ tries }) => tries > 1).length,
      records: records.length,
      prepared,
      outcomes,
      unknown: unknown.length,
      effects: marks.size,
    };
  } finally {
    await store.close();
  }
}

test(
  `R-LOG-2 R-AGENT-1: kill -9 of the gateway ${KILLS} times loses no acknowledged message and does nothing twice`,
  { skip },
  (t) => campaign(t, "gateway", KILLS),
);

test(
  `R-LOG-2: kill -9 of the ledger writer ${KILLS} times: nothing unrecorded is done, nothing recorded is lost, the gateway stays up`,
  { skip },
  (t) => campaign(t, "writer", KILLS),
);

test(`R-BOX-4: kill -9 of the broker ${FEW} times: what was under way is unknown, and said to be`, { skip }, (t) =>
  campaign(t, "broker", FEW),
);

test(`R-NET-1: kill -9 of the egress proxy ${FEW} times disturbs nothing that stays inside`, { skip }, (t) =>
  campaign(t, "egress", FEW),
);
