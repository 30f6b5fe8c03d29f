/**
 * The evidence of an incident, from what this installation is: what the ledger
 * says, keys that were used and count no longer, and a bundle of all of it.
 *
 * Keys are revoked before anything is written: a full disk ends no containment.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseSecretId } from "../../core/secret-ref.ts";
import type { VerifyOptions } from "../../ledger/verify.ts";
import { type Bundle, type Kept, makeBundle } from "../../ops/incident/bundle.ts";
import type { Case } from "../../ops/incident/case.ts";
import { type Counts, countsOf } from "../../ops/incident/counts.ts";
import { gather } from "../../ops/incident/gather.ts";
import type { Reach } from "../../ops/incident/reach.ts";
import { type ToRotate, toRotate, usedSecrets } from "../../ops/incident/rotate.ts";
import { readPast } from "../audit/past.ts";
import { credentialSecrets, namedSecrets, SECRET_VARIABLES } from "../config/secret-settings.ts";
import { agentSettings } from "../config/settings.ts";
import { OWNER } from "../given.ts";
import { changeRegistry } from "../secrets/changes.ts";
import { revokeRow } from "../secrets/registry.ts";
import { caseFolder, INCIDENTS } from "./cases.ts";
import type { Attempts, IncidentParts } from "./open.ts";

export type Evidence = {
  readonly counts: Counts;
  readonly reach: Reach;
  readonly rotate: readonly ToRotate[];
  readonly bundle: Bundle | undefined;
};

export async function keepEvidence(
  parts: IncidentParts,
  one: Case,
  { attempt, note }: Attempts,
  { withoutWorkspace }: { readonly withoutWorkspace: boolean },
): Promise<Evidence> {
  const { home, gateway, tell, files } = parts;
  const seen = (await attempt("compare with the last audit", () => lastSeen(home.root))) ?? {};
  const gathered = await gather({ one, ledger: home.ledger, publish: gateway.publish, seen, progress: tell });
  const problems = [...gathered.problems];
  if (parts.loaded === undefined && !withoutWorkspace)
    problems.push("keep the workspaces: the configuration cannot be read, so it is not known where they are");
  for (const problem of problems) note(problem);
  const { credentials, held } = secretsOf(parts);
  const used = [...usedSecrets(gathered.reach, { credentials })].filter((id) => held.includes(id));
  const revoked = used.length === 0 ? used : await attempt(`revoke ${used.join(", ")}`, () => revoke(parts, one, used));
  if (revoked === undefined) problems.push(`revoke ${used.join(", ")}: see \`rotate.json\``);
  const rotate = toRotate(gathered.reach, {
    credentials,
    secrets: held,
    endedTokens: one.tokensEnded ?? [],
    tokensLeft: one.tokensEnded === null,
    isReachWhole: gathered.isWhole,
    revoked: new Set(revoked),
  });
  const bundle = await attempt("keep the evidence", () =>
    makeBundle({
      one,
      folder: freeFolder(home.root, one.id),
      files,
      gathered,
      rotate,
      problems,
      seal: gateway.seal,
      snapshots: snapshotsOf(parts, withoutWorkspace, gathered.problems.length > 0),
      progress: tell,
    }),
  );
  for (const problem of bundle?.problems ?? []) note(problem);
  return { counts: countsOf(one, gathered.records.length, gathered.left), reach: gathered.reach, rotate, bundle };
}

function lastSeen(home: string): VerifyOptions {
  const past = readPast(home);
  if (past === null) return {};
  return {
    ...(past.publicKey === null ? {} : { publicKey: past.publicKey }),
    ...(past.checkpoint === null ? {} : { checkpoint: past.checkpoint }),
  };
}

/** A bundle that was begun and not ended stays where it is: it may hold what is not there any more. */
function freeFolder(home: string, id: string): string {
  for (let number = 1; ; number++) {
    const folder = join(caseFolder(home, id), `bundle-${number}`);
    if (!existsSync(folder)) return folder;
  }
}

/** A ledger that is not as it should be is evidence itself: then its folder is kept as it lies, without the key. */
function snapshotsOf({ home, loaded }: IncidentParts, withoutWorkspace: boolean, withLedger: boolean): readonly Kept[] {
  const workspaces = loaded === undefined || withoutWorkspace ? [] : agentSettings(loaded.config, loaded.places);
  return [
    ...(withLedger
      ? [{ name: "ledger", roots: [{ name: "ledger", path: home.ledger }], without: [join(home.ledger, "key")] }]
      : []),
    {
      name: "state",
      roots: [{ name: "state", path: home.root }],
      without: [home.ledger, home.run, join(home.root, INCIDENTS), home.cliToken],
    },
    ...workspaces.map(({ id, workspace }) => ({
      name: `workspace-${id}`,
      roots: [{ name: "workspace", path: workspace }],
      without: [home.root],
    })),
  ];
}

/** Keys that were put into requests count no longer, at once. @returns those. */
async function revoke(parts: IncidentParts, one: Case, used: readonly string[]): Promise<readonly string[]> {
  const { home, clock, random, files } = parts;
  const ids = used.map((id) => parseSecretId(id).id);
  const change = { home: home.root, clock, random, who: OWNER, why: `incident ${one.id}`, files };
  await changeRegistry(change, "secret.revoked", ids, (registry, nowMs) =>
    ids.reduce((now, id) => revokeRow(now, id, nowMs), registry),
  );
  parts.tell(`revoked here: ${ids.join(", ")}`);
  return ids;
}

function secretsOf({ loaded, env }: IncidentParts): {
  readonly credentials: ReadonlyMap<string, string>;
  readonly held: readonly string[];
} {
  const named = loaded === undefined ? [] : namedSecrets(loaded.config).map(({ ref }) => ref.id as string);
  const set = SECRET_VARIABLES.filter((name) => env[name] !== undefined).map((name) => `env:${name}`);
  const unknown = loaded === undefined ? ["every secret that the configuration names (it could not be read)"] : [];
  return {
    credentials: loaded === undefined ? new Map() : credentialSecrets(loaded.config),
    held: [...new Set([...named, ...set, ...unknown])],
  };
}
