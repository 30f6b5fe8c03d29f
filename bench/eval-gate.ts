/** Addresses and paths that lie, put to `check url` and `check path`. @module */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { toPosture } from "../src/app/config/posture.ts";
import type { Ground } from "../src/cli/judging.ts";
import { openQuestions, type Questions } from "../src/cli/questions.ts";
import type { Row } from "./eval-commands.ts";
import { missing, of, row } from "./eval-sessions.ts";

/** The shipped configuration for a person whose home folder is this. */
export function shippedGround(home: string): Ground {
  const loaded = parseConfig("", { home: join(home, ".vambrace"), env: environmentOf({ HOME: home }) });
  return { loaded, posture: toPosture(loaded.config, loaded.places), policies: [] };
}

/** A home folder with a workspace in it, gone afterwards. */
export async function inHome<T>(use: (home: string) => Promise<T>): Promise<T> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "vambrace-eval-")));
  mkdirSync(join(home, "vambrace/notes"), { recursive: true });
  try {
    return await use(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Wider than any configuration may be, so that what refuses is the address and not the list. */
function withWideEgress(ground: Ground): Ground {
  const rule = { ports: [80, 443, 8080], methods: ["GET", "HEAD"] };
  const egress = ["*.com", "*.org", "*.net", "*.io"].map((host) => ({ host, ...rule }));
  return { ...ground, posture: { ...ground.posture, egress } };
}

type SsrfLine = {
  readonly url: string;
  readonly whatwg: {
    readonly parse: string;
    readonly protocol?: string;
    readonly host?: string;
    readonly target?: string;
  };
};

export async function evalUrls(folder: string): Promise<readonly Row[]> {
  const file = join(folder, "ssrf-urls/ssrf.jsonl");
  if (!existsSync(file)) return [missing("ssrf-urls")];
  return inHome(async (home) => {
    const questions = await openQuestions(withWideEgress(shippedGround(home)));
    return [
      ...(await ssrfRows(file, questions)),
      ...(await whatwgRows(join(folder, "ssrf-urls/whatwg-urltestdata.json"), questions)),
    ];
  });
}

async function ssrfRows(file: string, questions: Questions): Promise<readonly Row[]> {
  const kinds = new Map<string, { all: number; open: number; asked: number }>();
  let hosts = 0;
  let same = 0;
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const { url, whatwg }: SsrfLine = JSON.parse(line);
    const answer = await questions.url({ url });
    const kind = whatwg.target ?? whatwg.parse;
    const count = kinds.get(kind) ?? { all: 0, open: 0, asked: 0 };
    count.all += 1;
    count.open += answer.verdict === "allow" ? 1 : 0;
    count.asked += answer.verdict === "ask" ? 1 : 0;
    kinds.set(kind, count);
    if (whatwg.parse !== "ok" || !/^https?:$/.test(whatwg.protocol ?? "")) continue;
    hosts += 1;
    same += answer.host === (whatwg.host ?? "").replaceAll(/^\[|\]$/g, "") ? 1 : 0;
  }
  const rows = [...kinds].map(([kind, { all, open, asked }]) => {
    const special = kind !== "name";
    return row(
      `ssrf, ${kind}: fetched, or asked`,
      `${open} and ${asked} of ${all}`,
      !special || open + asked === 0,
      special ? "0" : "",
    );
  });
  return [...rows, row("ssrf, http hosts read as the platform reads them", of(same, hosts), same === hosts, "all")];
}

type Whatwg = {
  readonly input: string;
  readonly base: string | null;
  readonly failure?: boolean;
  readonly hostname?: string;
};

/** Absolute http addresses only: everything else is no address for a fetcher. */
async function whatwgRows(file: string, questions: Questions): Promise<readonly Row[]> {
  if (!existsSync(file)) return [missing("whatwg-urltestdata")];
  const cases: readonly (Whatwg | string)[] = JSON.parse(readFileSync(file, "utf8"));
  const counts = { parsed: 0, same: 0, failing: 0, open: 0 };
  for (const one of cases) {
    if (typeof one === "string" || !/^https?:\/\//i.test(one.input)) continue;
    const answer = await questions.url({ url: one.input });
    if (one.failure === true) {
      counts.failing += 1;
      counts.open += answer.verdict === "deny" ? 0 : 1;
    } else {
      counts.parsed += 1;
      counts.same += answer.host === (one.hostname ?? "").replaceAll(/^\[|\]$/g, "") ? 1 : 0;
    }
  }
  return [
    row(
      "whatwg, absolute http addresses: same host",
      of(counts.same, counts.parsed),
      counts.same === counts.parsed,
      "all",
    ),
    row("whatwg, addresses that must fail: not denied", of(counts.open, counts.failing), counts.open === 0, "0"),
  ];
}

/**
 * A real tree with links that lead out, and the kernel's own answer beside ours.
 *
 * @param every takes one string in so many; 1 takes all.
 */
export async function evalPaths(folder: string, every = 1): Promise<readonly Row[]> {
  const file = join(folder, "path-traversal/payloads.jsonl");
  if (!existsSync(file)) return [missing("path-traversal")];
  return inHome(async (home) => {
    const workspace = join(home, "vambrace");
    writeFileSync(join(home, "outside.txt"), "x");
    symlinkSync("..", join(workspace, "up"));
    symlinkSync("/", join(workspace, "root"));
    symlinkSync("notes", join(workspace, "inner"));
    const questions = await openQuestions(shippedGround(home));
    const counts = { all: 0, escaped: 0, allowed: 0 };
    const lines = readFileSync(file, "utf8").trim().split("\n");
    for (const line of lines.filter((_, i) => i % every === 0)) {
      const { payload }: { readonly payload: string } = JSON.parse(line);
      for (const path of [payload, `up/${payload}`, `root/${payload}`, `inner/${payload}`]) {
        for (const access of path === payload ? (["read", "write"] as const) : (["read"] as const)) {
          const answer = await questions.path({ path, access });
          counts.all += 1;
          if (answer.verdict === "deny") continue;
          counts.allowed += 1;
          const led = [answer.resolved, really(join(workspace, "."), path)];
          if (led.some((to) => to !== null && to !== workspace && !to.startsWith(`${workspace}/`))) counts.escaped += 1;
        }
      }
    }
    return [
      row(
        "path traversal: leads out of the workspace and is not denied",
        of(counts.escaped, counts.all),
        counts.escaped === 0,
        "0",
      ),
      row("path traversal: stays inside, by its own name", of(counts.allowed, counts.all)),
    ];
  });
}

/** Where the kernel says that it leads; null where there is nothing. */
function really(folder: string, path: string): string | null {
  try {
    return realpathSync.native(path.startsWith("/") ? path : `${folder}/${path}`);
  } catch {
    // Nothing is there, or it is no path at all.
    return null;
  }
}
