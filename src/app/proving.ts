/**
 * A broker of one's own, to prove the sandbox without a gateway.
 *
 * It works in a folder that is made for it and removed afterwards: the tokens
 * of a running gateway's broker are none of its business. What it tries to see
 * from inside are the real state folder and installation.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerConfig, LimitSources } from "../core/broker-wire.ts";
import { createJobSigner, createSelfTestMint } from "../core/job-token.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Proof, ProofForm, ProofLine, SkippedLine } from "../core/ports/executor.ts";
import type { Random } from "../core/ports/random.ts";
import { openBubblewrapExecutor } from "../edges/executors/bubblewrap.ts";
import { BWRAP_PATHS, PERL_PATH } from "./bwrap-paths.ts";
import { type Home, INSTALLATION, ownProgram } from "./home.ts";
import { startHelper } from "./lifecycle.ts";

type Parts = {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly form: ProofForm;
  readonly tell?: (line: ProofLine | SkippedLine) => void;
  /** The back-end to prove; null: bubblewrap. */
  readonly container: ContainerConfig | null;
};

/** @throws Fault HELPER_FAILED, BROKER_UNAVAILABLE where there is no broker that could try anything. */
export async function proveAlone(parts: Parts): Promise<Proof & { readonly limits: LimitSources }> {
  const { home, clock, random, log, form, tell, container } = parts;
  const folder = mkdtempSync(join(tmpdir(), "vambrace-prove-"));
  const { signer, publicKey } = createJobSigner({ clock });
  try {
    const helper = await startHelper({
      name: "broker",
      program: ownProgram("edges/broker/main.ts"),
      args: [],
      heapMiB: 32,
      log,
    });
    const executor = openBubblewrapExecutor({
      socket: helper.socket,
      config: {
        publicKey,
        folder: join(folder, "broker"),
        forbiddenPaths: [home.root, INSTALLATION],
        nodePath: process.execPath,
        bwrapPaths: BWRAP_PATHS,
        perlPath: PERL_PATH,
        systemPaths: [],
        container,
      },
      probe: { mint: createSelfTestMint({ signer, random }) },
    });
    try {
      const limits = await executor.ready();
      return { limits, ...(await executor.prove(form, tell)) };
    } finally {
      await executor.close();
      await helper.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
