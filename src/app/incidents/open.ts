/**
 * Opening an incident, in the order that a night needs: contain, then write
 * the case down, then end access, then keep the evidence. A step that fails is
 * said and the next one is taken all the same: the more is kept the better.
 *
 * @module
 */
import { join } from "node:path";
import { toFault } from "../../core/fault.ts";
import type { Digest } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import { parseSecretId } from "../../core/secret-ref.ts";
import { type Bundle, makeBundle } from "../../ops/incident/bundle.ts";
import { type Case, newCase } from "../../ops/incident/case.ts";
import { toRotate, usedSecrets } from "../../ops/incident/rotate.ts";
import type { Environment } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";
import { credentialSecrets, namedSecrets, SECRET_VARIABLES } from "../config/secret-settings.ts";
import { agentSettings } from "../config/settings.ts";
import { OWNER } from "../given.ts";
import type { Home } from "../home.ts";
import { changeRegistry } from "../secrets/changes.ts";
import { revokeRow } from "../secrets/registry.ts";
import { caseFolder, INCIDENTS, saveCase } from "./cases.ts";

/** What is done differently with a gateway and without one. */
export type Reachable = {
  readonly isRunning: boolean;
  readonly stop: (reason: string) => Promise<void>;
  readonly freeze: (session: string, why: string) => Promise<void>;
  /** Ids of the tokens that were ended; undefined: none could be. */
  readonly endAccess: (why: string) => Promise<readonly string[] | undefined>;
  /** Everything that was appended can be read as tiles; answers the checkpoint. */
  readonly publish: () => Promise<string>;
  readonly seal: (digest: Digest) => Promise<string>;
};

export type IncidentParts = {
  readonly home: Home;
  /** Undefined where it cannot be read: then what it names is not known, and that is said. */
  readonly loaded: Loaded | undefined;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly gateway: Reachable;
  readonly tell: (line: string) => void;
};

export type OpenRequest = {
  readonly session: string | null;
  readonly call: string | null;
  readonly reason: string;
  readonly sinceMs: number;
  readonly withoutWorkspace: boolean;
};

export type Opened = { readonly one: Case; readonly bundle: Bundle | undefined; readonly failed: readonly string[] };

export async function openIncident(parts: IncidentParts, request: OpenRequest): Promise<Opened> {
  const { home, clock, gateway } = parts;
  const failed: string[] = [];
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      failed.push(`${what}: ${toFault(thrown).message}`);
      parts.tell(`FAILED: ${what}: ${toFault(thrown).message}`);
      return undefined;
    }
  };
  const { session, call, reason, sinceMs } = request;
  const id = newIncidentId(parts);
  await step("contain", () =>
    session === null ? gateway.stop(`incident ${id}`) : gateway.freeze(session, `incident ${id}`),
  );
  const one = newCase({ id, openedMs: clock.wallMs(), by: OWNER, reason, session, call, sinceMs });
  // What stands in it is enforced: it comes right after what ends things now.
  saveCase(home.root, one, { who: OWNER, what: "incident.opened", why: reason, atMs: clock.wallMs() });
  parts.tell(`opened ${id}: ${session === null ? "everything is stopped" : `the session ${session} is frozen`}`);
  // Tokens reach every session of their person; one frozen session does not end them.
  const ended = session === null ? await step("end access", () => gateway.endAccess(`incident ${id}`)) : [];
  const bundle = await step("keep the evidence", () =>
    bundleFor(parts, one, { ended, withoutWorkspace: request.withoutWorkspace }),
  );
  if (bundle === undefined) return { one, bundle, failed };
  const kept: Case = { ...one, bundle: bundle.manifest };
  saveCase(home.root, kept, { who: OWNER, what: "incident.bundled", why: bundle.manifest, atMs: clock.wallMs() });
  return { one: kept, bundle, failed };
}

/** Names sort as they were opened. */
function newIncidentId({ clock, random }: IncidentParts): string {
  const time = new Date(clock.wallMs())
    .toISOString()
    .replaceAll(/[^0-9]/g, "")
    .slice(0, 14);
  return `inc_${time}${Buffer.from(random.bytes(4)).toString("hex")}`;
}

/** Makes a bundle; a further one of the same incident stands beside the first. */
export async function bundleFor(
  parts: IncidentParts,
  one: Case,
  known: {
    readonly ended: readonly string[] | undefined;
    readonly withoutWorkspace: boolean;
    readonly number?: number;
  },
): Promise<Bundle> {
  const { home, loaded, gateway } = parts;
  const workspaces = loaded === undefined ? [] : agentSettings(loaded.config, loaded.places);
  return makeBundle({
    one,
    folder: join(caseFolder(home.root, one.id), `bundle-${known.number ?? 1}`),
    ledger: home.ledger,
    publish: gateway.publish,
    seal: gateway.seal,
    progress: parts.tell,
    snapshots: [
      {
        name: "state",
        roots: [{ name: "state", path: home.root }],
        without: [home.ledger, home.run, join(home.root, INCIDENTS), home.cliToken],
      },
      ...(known.withoutWorkspace
        ? []
        : workspaces.map(({ id, workspace }) => ({
            name: `workspace-${id}`,
            roots: [{ name: "workspace", path: workspace }],
            without: [home.root],
          }))),
    ],
    async rotate(reach) {
      const credentials = loaded === undefined ? new Map() : credentialSecrets(loaded.config);
      return toRotate(reach, {
        credentials,
        secrets: heldSecrets(parts),
        endedTokens: known.ended ?? [],
        tokensLeft: known.ended === undefined,
        revoked: await revokeUsed(parts, one, [...usedSecrets(reach, { credentials })]),
      });
    },
  });
}

/** Keys that were put into requests count no longer, at once. @returns those; none where that could not be done, which is said. */
async function revokeUsed(parts: IncidentParts, one: Case, used: readonly string[]): Promise<ReadonlySet<string>> {
  const held = new Set(heldSecrets(parts));
  const ids = used.filter((id) => held.has(id)).map((id) => parseSecretId(id).id);
  if (ids.length === 0) return new Set();
  const { home, clock, random } = parts;
  const change = { home: home.root, clock, random, who: OWNER, why: `incident ${one.id}` };
  try {
    await changeRegistry(change, "secret.revoked", ids, (registry, nowMs) =>
      ids.reduce((now, id) => revokeRow(now, id, nowMs), registry),
    );
    parts.tell(`revoked here: ${ids.join(", ")}`);
    return new Set(ids);
  } catch (thrown) {
    parts.tell(`FAILED: revoke ${ids.join(", ")}: ${toFault(thrown).message}`);
    return new Set();
  }
}

function heldSecrets({ loaded, env }: IncidentParts): readonly string[] {
  const named = loaded === undefined ? [] : namedSecrets(loaded.config).map(({ ref }) => ref.id as string);
  const set = SECRET_VARIABLES.filter((name) => env[name] !== undefined).map((name) => `env:${name}`);
  const unknown = loaded === undefined ? ["every secret that the configuration names (it could not be read)"] : [];
  return [...new Set([...named, ...set, ...unknown])];
}
