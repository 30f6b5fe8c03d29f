/** `vambrace secrets list`, `show` and `reload`: everything about secrets but their values. @module */
import type { Loaded } from "../../app/config/load.ts";
import { boundHosts, namedSecrets, SECRET_VARIABLES } from "../../app/config/secret-settings.ts";
import { secretAges } from "../../app/secrets/ages.ts";
import { type Registry, readRegistry } from "../../app/secrets/registry.ts";
import { readUsage, type UseRow } from "../../app/secrets/usage.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import type { KeyUse, SecretAge } from "../../core/ports/secrets.ts";
import { parseSecretId, type SecretId } from "../../core/secret-ref.ts";
import { type Command, flagOn, type Io } from "../command.ts";
import { oneLine, paint, table } from "../style.ts";
import { refOf, secretGround, type SecretGround, tellGateway } from "./ground.ts";

type Shown = {
  readonly id: SecretId;
  /** `not seen`: named, and no gateway has read it yet. */
  readonly state: "ready" | "revoked" | "old value kept" | "not seen";
  readonly owner: string | null;
  readonly ageDays: number | null;
  readonly dueInDays: number | null;
  readonly lastUsedMs: number | null;
  readonly today: KeyUse | null;
  readonly limits: Loaded["config"]["secrets"]["limits"][string] | null;
  readonly hosts: readonly string[];
  /** Keys of the configuration that name it. */
  readonly usedBy: readonly string[];
  readonly digest: string | null;
};

export const secretsList: Command = {
  name: "secrets list",
  words: 0,
  summary: "every secret: age, owner, last use, what it may still be used for today; never a value",
  usage: "vambrace secrets list [--json]",
  example: "vambrace secrets list",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print them as JSON" },
  async run(_args, flags, io) {
    const all = everyOne(secretGround(io, flags));
    if (flagOn(flags, "json")) io.out(JSON.stringify(all));
    else if (all.length === 0) io.err("no secret is known yet: `vambrace secrets set NAME` keeps one");
    else
      io.out(
        table([
          ["name", "state", "age", "due", "owner", "last used", "today", "hosts"],
          ...all.map((one) => row(io, one)),
        ]),
      );
    return 0;
  },
};

export const secretsShow: Command = {
  name: "secrets show",
  words: 1,
  summary: "all that is known of one secret, but its value",
  usage: "vambrace secrets show NAME [--json]",
  example: "vambrace secrets show github",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print it as JSON" },
  async run([name, ...more], flags, io) {
    if (name === undefined || more.length > 0) throw usage("name one secret", secretsShow);
    const { id } = refOf(name);
    const found = everyOne(secretGround(io, flags)).find((one) => one.id === id);
    if (found === undefined) {
      throw new Fault("SECRET_UNKNOWN", {
        message: `there is no secret \`${id}\``,
        hint: "`vambrace secrets list` shows those that there are",
      });
    }
    if (flagOn(flags, "json")) io.out(JSON.stringify(found));
    else io.out(table(details(found)));
    return 0;
  },
};

export const secretsReload: Command = {
  name: "secrets reload",
  words: 0,
  summary: "have the running gateway read every secret anew, after a change in a sops file or in HashiCorp Vault",
  usage: "vambrace secrets reload",
  example: "vambrace secrets reload",
  options: {},
  help: {},
  async run(_args, _flags, io) {
    const said = await tellGateway(io);
    if (said !== undefined) io.err(said);
    return 0;
  },
};

function everyOne({ loaded, home }: SecretGround): readonly Shown[] {
  const registry = readRegistry(home, systemRandom);
  const use = readUsage(home);
  const named = Map.groupBy(namedSecrets(loaded.config), ({ ref }) => ref.id);
  const ids = [...new Set([...named.keys(), ...registry.rows.keys()])];
  const ages = new Map(
    secretAges(registry, loaded.config.secrets.rotateDays, systemClock.wallMs()).map((age) => [age.id, age]),
  );
  const hosts = boundHosts(loaded.config);
  return ids.sort().map((id): Shown => {
    const used = use.get(id);
    return {
      id,
      ...ageOf(ages.get(id)),
      lastUsedMs: used?.lastMs ?? null,
      today: todayOf(used),
      limits: loaded.config.secrets.limits[id] ?? null,
      hosts: hosts.get(id) ?? [],
      usedBy: (named.get(id) ?? []).map(({ at }) => at),
      digest: digestOf(registry, id),
    };
  });
}

function ageOf(age: SecretAge | undefined): Pick<Shown, "state" | "owner" | "ageDays" | "dueInDays"> {
  if (age === undefined) return { state: "not seen", owner: null, ageDays: null, dueInDays: null };
  const { state, owner, ageDays, dueInDays } = age;
  return { state, owner, ageDays, dueInDays: state === "revoked" ? null : dueInDays };
}

function todayOf(used: UseRow | undefined): KeyUse | null {
  const isToday = used?.day === new Date(systemClock.wallMs()).toISOString().slice(0, 10);
  return used === undefined || !isToday ? null : used.today;
}

function digestOf(registry: Registry, id: SecretId): string | null {
  return registry.rows.get(id)?.digest ?? null;
}

function row(io: Io, one: Shown): readonly string[] {
  const { id, state, ageDays, dueInDays, owner, lastUsedMs, today, limits, hosts } = one;
  const due = dueInDays === null ? "-" : dueInDays > 0 ? `in ${dueInDays} days` : "now";
  return [
    oneLine(id, 80),
    state,
    ageDays === null ? "-" : `${ageDays} days`,
    due === "now" ? paint(io, "yellow", due) : due,
    owner ?? "-",
    lastUsedMs === null ? "never" : new Date(lastUsedMs).toISOString().slice(0, 16).replace("T", " "),
    useText(today, limits),
    hosts.join(", ") || "-",
  ];
}

function useText(today: KeyUse | null, limits: Shown["limits"]): string {
  const parts = [
    part(today?.requests, limits?.requests, "requests"),
    part(today === null ? undefined : Math.ceil(today.bytes / 1024), limits?.kilobytes, "KiB"),
    part(today?.tokens, limits?.tokens, "tokens"),
    part(today === null ? undefined : Math.round(today.money * 100) / 100, limits?.money, "money"),
  ];
  return parts.filter((text) => text !== "").join(", ") || "-";
}

function part(used: number | undefined, most: number | undefined, unit: string): string {
  if (most !== undefined) return `${used ?? 0} of ${most} ${unit}`;
  return used === undefined || used === 0 ? "" : `${used} ${unit}`;
}

function details(one: Shown): readonly (readonly string[])[] {
  const { id, state, owner, ageDays, dueInDays, lastUsedMs, today, limits, hosts, usedBy, digest } = one;
  const since = ageDays === null ? "no gateway has read it yet" : `${ageDays} days`;
  return [
    ["name", id],
    ["state", state],
    ["age", since],
    ["due", dueInDays === null ? "-" : dueInDays > 0 ? `in ${dueInDays} days` : `for ${-dueInDays} days`],
    ["owner", owner ?? "-"],
    ["last used", lastUsedMs === null ? "never" : new Date(lastUsedMs).toISOString()],
    ["today", useText(today, limits)],
    ["hosts", hosts.join(", ") || "-"],
    ["named by", usedBy.join(", ") || (isVariable(id) ? "by itself" : "nothing")],
    ["salted digest", digest === null ? "-" : digest.slice(0, 16)],
  ];
}

function isVariable(id: SecretId): boolean {
  const ref = parseSecretId(id);
  return ref.source === "env" && SECRET_VARIABLES.some((name) => name === ref.name);
}

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
