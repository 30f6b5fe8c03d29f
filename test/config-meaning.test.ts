/** What a change of the configuration means, as the live judge answers it; and that every change becomes a version. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { meaningOfChange } from "../src/app/config-meaning.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { configHistory, configVersion } from "../src/app/config/versions.ts";
import type { JsonObject } from "../src/core/json.ts";
import { isWidening, type Meaning } from "../src/ops/history/meaning.ts";
import { answers, makeHome } from "./cli-kit.ts";
import { startKit } from "./gateway-kit.ts";

const where = { home: "/nowhere/state", env: environmentOf({ HOME: "/nowhere" }), installation: "/opt/vambrace" };
// One door, so that fewer calls are asked.
const ONE_DOOR = { webchat: { enabled: false }, api: { enabled: false }, default: { enabled: false } };
const loaded = (config: JsonObject) => parseConfig(stringify({ channels: ONE_DOOR, ...config }), where);
const change = (before: JsonObject, after: JsonObject): Promise<Meaning> =>
  meaningOfChange(loaded(before), loaded(after), []);
const tools = (shifts: Meaning["opens"]): readonly string[] => [...new Set(shifts.map(({ tool }) => tool))];

test("R-OPS-1: listing a host opens calls to it and to no other, and taking it out closes them", async () => {
  const there = await change({}, { egress: { allow: ["example.org"] } });
  assert.ok(there.asked > 200);
  assert.ok(tools(there.opens).includes("web_fetch"));
  assert.deepEqual(there.closes, []);
  for (const { destinations } of there.opens)
    for (const destination of destinations) assert.match(destination, /example\.org/);
  const back = await change({ egress: { allow: ["example.org"] } }, {});
  assert.deepEqual(tools(back.closes), tools(there.opens));
  assert.ok(isWidening(there) && !isWidening(back));
});

test("R-OPS-1: a new person opens calls of hers alone, and a block closes what it names", async () => {
  const person = await change({}, { people: { ana: { trust: "limited", roles: ["viewer"] } } });
  assert.ok(person.opens.length > 0);
  assert.deepEqual([...new Set(person.opens.flatMap(({ persons }) => persons))], ["ana"]);
  const block = await change({}, { tools: { exec: { block: ["cat"] } } });
  assert.deepEqual([tools(block.opens), tools(block.closes)], [[], ["exec"]]);
});

test("R-OPS-1: what no judge decides by is said to open nothing", async () => {
  const meaning = await change({}, { gateway: { port: 19_000 } });
  assert.deepEqual([meaning.asked, meaning.opens, meaning.closes], [0, [], []]);
});

test("R-OPS-1: a dry run says what it would mean and changes nothing; the change keeps its meaning in the history", async (t) => {
  const home = makeHome(t);
  const text = stringify({ channels: ONE_DOOR });
  const path = home.file(".vambrace/config.yaml", text);
  const words = ["config", "set", "egress.allow", '["example.org"]'];
  const dry = await home.run([...words, "--dry-run"]);
  assert.equal(dry.status, 0);
  assert.match(dry.err, /\+ web_fetch runs unasked, and was asked: a listed host \(example\.org\)/);
  assert.equal(fs.readFileSync(path, "utf8"), text);
  assert.deepEqual(fs.readdirSync(home.state), ["config.yaml"], "nothing is left behind");
  assert.equal((await home.run([...words, "--why", "the handbook"])).status, 0);
  const [version] = configHistory(home.state);
  assert.equal(version?.why, "the handbook");
  assert.ok(version.meaning.some((line) => line.includes("web_fetch")));
  const [diff, back] = [await home.run(["config", "diff", "1"]), await home.run(["config", "rollback", "1", "--json"])];
  assert.match(diff.out, /\+ egress:/);
  assert.match(diff.err, /web_fetch/);
  assert.ok(
    JSON.stringify(answers(back)[0]).includes("- web_fetch is asked, and ran unasked"),
    "a rollback has a meaning too",
  );
  assert.equal(fs.readFileSync(path, "utf8"), text);
});

test("R-OPS-1: a text that somebody put there by hand becomes a version at the next start, and at the next edit", async (t) => {
  const kit = await startKit();
  t.after(() => kit.close());
  const { state } = kit.place;
  const path = join(state, "config.yaml");
  const first = fs.readFileSync(path, "utf8");
  assert.deepEqual(configHistory(state), []);
  await kit.restart(async () => fs.appendFileSync(path, "# by hand\n"));
  const [found] = configHistory(state);
  assert.deepEqual([found?.who, configVersion(state, 1)], ["-", first]);
  assert.match(found?.why ?? "", /by hand/);
  await kit.restart();
  assert.equal(configHistory(state).length, 1, "once");
});
