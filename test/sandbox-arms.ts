/**
 * The back-ends that the same rules are run over. Each rule is one test for
 * each back-end, with its name in the title; scripts are what a plain `sh`
 * with the usual small programs understands.
 *
 * @module
 */
import { test } from "node:test";
import type { ContainerConfig } from "../src/core/broker-wire.ts";
import { tryEngine } from "./container-kit.ts";
import { type Kit, type KitOptions, missing, startBroker } from "./sandbox-kit.ts";

export type ArmOptions = KitOptions & { readonly container?: Partial<ContainerConfig> };

export type Arm = {
  readonly name: "bubblewrap" | "container";
  readonly skip: string | false;
  /** A broker of its own. */
  start(options?: ArmOptions): Promise<Kit>;
  /** Shell words that fetch an address through the proxy that the environment names, and print what came. */
  readonly fetch: (url: string) => string;
};

const { engine, skip } = await tryEngine();

export const ARMS: readonly Arm[] = [
  {
    name: "bubblewrap",
    skip: missing(),
    start: ({ container: _container, ...options } = {}) => startBroker(options),
    fetch: (url) => `python3 -c "import urllib.request as u; print(u.urlopen('${url}').read().decode())"`,
  },
  {
    name: "container",
    skip,
    start: (options) => {
      if (engine === null) throw new Error(skip);
      return engine.broker(options);
    },
    fetch: (url) => `echo "$(wget -q -O - ${url})"`,
  },
];

const kits = new Map<string, Promise<Kit>>();

/** One rule over every back-end, with a broker that the rules of one file share. */
export function rule(title: string, run: (kit: Kit, arm: Arm) => Promise<void>): void {
  for (const arm of ARMS) {
    test(`${title} (${arm.name})`, { skip: arm.skip }, async () => {
      const kit = kits.get(arm.name) ?? arm.start();
      kits.set(arm.name, kit);
      await run(await kit, arm);
    });
  }
}

/** After the last rule of a file. */
export async function closeArms(): Promise<void> {
  for (const kit of kits.values()) await (await kit).close();
  await engine?.close();
}
