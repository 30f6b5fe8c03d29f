/**
 * The metrics against the real thing: Debian's promtool reads the rules and
 * what the gateway exports, and a real Prometheus scrapes it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { createMetrics } from "../src/app/metrics.ts";
import { call } from "./campaign.ts";
import { temporaryFolder } from "./egress-support.ts";
import { callerOf, type Kit, say, startKit } from "./gateway-kit.ts";

const PROMTOOL = "/usr/bin/promtool";
const PROMETHEUS = "/usr/bin/prometheus";
const absent = existsSync(PROMTOOL) && existsSync(PROMETHEUS) ? false : "Prometheus is not installed";
const at = (path: string): string => fileURLToPath(new URL(`../deploy/${path}`, import.meta.url));

/** Names of series in an expression; functions and words of the language are none. */
function metricsIn(expression: string): readonly string[] {
  return [...expression.replaceAll(/\{[^}]*\}/g, "").matchAll(/\b((?:vambrace|process|nodejs)_[a-z_]+)\b/g)].map(
    ([, name = ""]) => name,
  );
}

function expressionsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(expressionsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === "expr" && typeof member === "string" ? [member] : expressionsIn(member),
  );
}

async function exported(): Promise<ReadonlySet<string>> {
  const text = await createMetrics(() => 0).text();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({ name, type }));
  return new Set(
    names.flatMap(({ name, type }) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

test("R-ALERT-3: every metric that the dashboard and the rules name is one that the gateway exports, and most are shown", async () => {
  const known = await exported();
  const dashboard: unknown = JSON.parse(readFileSync(at("grafana/vambrace.json"), "utf8"));
  const rules: unknown = parse(readFileSync(at("prometheus/vambrace.rules.yml"), "utf8"));
  const [shown, ruled] = [expressionsIn(dashboard), expressionsIn(rules)];
  assert.ok(shown.length >= 25 && ruled.length >= 10, `${shown.length} and ${ruled.length} expressions`);
  for (const expression of [...shown, ...ruled]) {
    for (const name of metricsIn(expression)) assert.ok(known.has(name), `${name} in ${expression}`);
  }
  const named = new Set(shown.flatMap(metricsIn));
  assert.deepEqual(
    [...known].filter((name) => !named.has(name) && !/_(sum|count)$/.test(name)),
    [],
  );
});

test("R-ALERT-3: promtool reads the rules and the configuration that ship", { skip: absent }, (t) => {
  const folder = temporaryFolder(t);
  for (const file of globSync(at("prometheus/*.yml"))) {
    writeFileSync(
      join(folder, file.slice(file.lastIndexOf("/") + 1)),
      readFileSync(file, "utf8").replace("/etc/prometheus", folder),
    );
  }
  writeFileSync(join(folder, "vambrace.token"), "token");
  const rules = spawnSync(PROMTOOL, ["check", "rules", join(folder, "vambrace.rules.yml")], { encoding: "utf8" });
  assert.equal(rules.status, 0, rules.stdout + rules.stderr);
  assert.match(rules.stdout, /\d+ rules found/);
  const config = spawnSync(PROMTOOL, ["check", "config", join(folder, "prometheus.yml")], { encoding: "utf8" });
  assert.equal(config.status, 0, config.stdout + config.stderr);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A Prometheus that scrapes this gateway every second. */
async function prometheus(t: TestContext, kit: Kit, token: string): Promise<string> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  writeFileSync(join(folder, "token"), token, { mode: 0o600 });
  writeFileSync(join(folder, "rules.yml"), readFileSync(at("prometheus/vambrace.rules.yml")));
  const config = readFileSync(at("prometheus/prometheus.yml"), "utf8")
    .replace("15s", "1s\n  evaluation_interval: 1s")
    .replace("vambrace.rules.yml", join(folder, "rules.yml"))
    .replace("/etc/prometheus/vambrace.token", join(folder, "token"))
    .replace("127.0.0.1:18888", new URL(kit.served().url).host);
  writeFileSync(join(folder, "prometheus.yml"), config);
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const gone = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  return `http://127.0.0.1:${port}`;
}

async function valueOf(url: string, query: string): Promise<number | undefined> {
  try {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await answer.json()) as { data?: { result?: { value?: [number, string] }[] } };
    const [first] = body.data?.result ?? [];
    return first?.value === undefined ? undefined : Number(first.value[1]);
  } catch {
    return undefined; // it is not up yet
  }
}

test("R-ALERT-3: a real Prometheus scrapes the gateway with a token that may nothing else, and its rules see what happens", {
  skip: absent,
}, async (t) => {
  const kit = await startKit();
  t.after(() => kit.close());
  const { token } = await kit
    .served()
    .wired.gateway.tokens.create(callerOf(), { name: "prometheus", permissions: ["metrics"] });
  assert.equal((await call(kit.served().url, token, "/api/status")).status, 403);
  const answer = await fetch(`${kit.served().url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  const lint = spawnSync(PROMTOOL, ["check", "metrics"], { input: text, encoding: "utf8" });
  assert.equal(lint.status, 0, lint.stdout + lint.stderr);
  kit.plays.set("list", [{ calls: [{ tool: "list", arguments: { path: "." } }] }]);
  await say(kit, "play list");
  await kit.served().wired.gateway.stop(callerOf(), "for a metric");
  const url = await prometheus(t, kit, token);
  const wait = async (query: string, wanted: number): Promise<void> => {
    let seen: number | undefined;
    for (let i = 0; i < 120; i++) {
      seen = await valueOf(url, query);
      if (seen === wanted) return;
      await pause(250);
    }
    assert.equal(seen, wanted, query);
  };
  await wait('up{job="vambrace"}', 1);
  await wait('sum(vambrace_calls_total{tool="list",verdict="allow"})', 1);
  await wait('vambrace_file_access_total{access="read"}', 1);
  await wait("vambrace_halted", 1);
  await wait('ALERTS{alertname="VambraceHalted",alertstate="firing"}', 1);
});
