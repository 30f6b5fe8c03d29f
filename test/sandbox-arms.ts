/**
 * The back-ends that the same rules are run over, in both scopes; bubblewrap
 * is started in two ways. Each rule is one test for each, with their names in the title; scripts are what a plain `sh`
 * with the usual small programs understands.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { ContainerConfig } from "../src/core/broker-wire.ts";
import { tryEngine } from "./container-kit.ts";
import { type Kit, type KitOptions, missing, startBroker, tempRoot } from "./sandbox-kit.ts";

export type ArmOptions = KitOptions & { readonly container?: Partial<ContainerConfig> };

export type Arm = {
  readonly name: "bubblewrap" | "container";
  readonly scope: "call" | "session";
  readonly skip: string | false;
  /** A broker of its own. */
  start(options?: ArmOptions): Promise<Kit>;
  /** A folder for one that is started more than once. */
  root(name: string): string;
  /** Shell words that fetch an address through the proxy that the environment names, and print what came. */
  readonly fetch: (url: string) => string;
};

const { engine, skip } = await tryEngine();

type Backend = Pick<Arm, "name" | "skip" | "start" | "fetch"> & {
  /** In how many scopes. */
  readonly scopes: readonly Arm["scope"][];
  readonly title: string;
};

const bubblewrap = {
  name: "bubblewrap",
  skip: missing(),
  fetch: (url: string) => `python3 -c "import urllib.request as u; print(u.urlopen('${url}').read().decode())"`,
} as const;

const BACKENDS: readonly Backend[] = [
  {
    ...bubblewrap,
    title: "bubblewrap",
    scopes: ["call", "session"],
    start: ({ container: _container, ...options } = {}) => startBroker(options),
  },
  {
    ...bubblewrap,
    title: "bubblewrap without perl",
    scopes: ["call"],
    start: ({ container: _container, config, ...options } = {}) =>
      startBroker({ ...options, config: { ...config, perlPath: "/nowhere/perl" } }),
  },
  {
    name: "container",
    title: "container",
    scopes: ["call", "session"],
    skip,
    start: (options) => {
      if (engine === null) throw new Error(skip);
      return engine.broker(options);
    },
    fetch: (url) => `echo "$(wget -q -O - ${url})"`,
  },
];

/** What a session keeps stands at `/tmp`, so a workspace cannot. */
const WITHIN = { call: tmpdir(), session: "/var/tmp" } as const;

const ARMS: readonly (Arm & { readonly title: string })[] = BACKENDS.flatMap(({ start, scopes, ...backend }) =>
  scopes.map((scope) => ({
    ...backend,
    scope,
    title: `${backend.title}, per ${scope}`,
    start: (options) => start({ within: WITHIN[scope], scope, ...options }),
    root: (name) => tempRoot(name, WITHIN[scope]),
  })),
);

const kits = new Map<string, Promise<Kit>>();

/** One rule over every back-end, with a broker that the rules of one file share. @param scope this one alone */
export function rule(title: string, run: (kit: Kit, arm: Arm) => Promise<void>, scope?: Arm["scope"]): void {
  for (const arm of ARMS) {
    if (scope !== undefined && arm.scope !== scope) continue;
    const name = arm.title;
    test(`${title} (${name})`, { skip: arm.skip }, async () => {
      const kit = kits.get(name) ?? arm.start();
      kits.set(name, kit);
      await run(await kit, arm);
    });
  }
}

/**
 * A rule in which what a session keeps has no part: `npm run test:full` runs it in both scopes too, `npm test` only
 * per call.
 */
export function ruleOfEither(title: string, run: (kit: Kit, arm: Arm) => Promise<void>): void {
  rule(title, run, process.env["VAMBRACE_CAMPAIGN"] === "full" ? undefined : "call");
}

/** After the last rule of a file. */
export async function closeArms(): Promise<void> {
  for (const kit of kits.values()) await (await kit).close();
  await engine?.close();
}
