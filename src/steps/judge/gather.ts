/**
 * Gathering: what a call would touch in the world, asked of the fact finders.
 *
 * Nothing is decided here and nothing is guessed: a finder that throws ends the
 * judging, and the call is denied.
 *
 * @module
 */
import type { CommandFacts, HostFact, PathFact, Proposal } from "../../core/call.ts";
import { type JsonValue, leaves } from "../../core/json.ts";
import type { Posture, ToolPosture } from "../../core/posture.ts";
import type { ArgumentRole, Effect } from "../../core/tool.ts";
import type { CommandFinder, HostFinder, PathAccess, PathFinder } from "./facts/types.ts";
import { doorsOf } from "./offered.ts";

export type Finders = {
  readonly command: CommandFinder;
  readonly path: PathFinder;
  readonly host: HostFinder;
};

/** A function makes finders for one call, over the files as they are at that moment. */
export type FinderSource = Finders | (() => Finders);

export type WorldFacts = {
  readonly paths: readonly PathFact[];
  readonly hosts: readonly HostFact[];
  readonly command?: CommandFacts;
  /** Recorded: not looked for again. */
  readonly carries?: readonly string[];
};

export class FinderFault extends Error {
  readonly finder: keyof Finders;

  constructor(finder: keyof Finders, cause: unknown) {
    super(`the ${finder} facts could not be found`, { cause });
    this.name = "FinderFault";
    this.finder = finder;
  }
}

/** More paths, or more hosts, than this in one call are refused: nobody can weigh them. */
export const FACTS_LIMIT = 256;

/** @throws FinderFault */
export async function gather(
  proposal: Proposal,
  effect: Effect,
  options: { readonly posture: Posture; readonly finders: FinderSource; readonly filesByDefault: boolean },
): Promise<WorldFacts> {
  const { posture } = options;
  const finders = typeof options.finders === "function" ? options.finders() : options.finders;
  const paths = await argumentPaths(proposal, effect, { finders, filesByDefault: options.filesByDefault });
  const hosts = argumentHosts(proposal, finders);
  const commands = withRole(proposal, "command");
  if (commands.length === 0) return bounded({ paths, hosts });
  const cwd = paths.find((path) => path.pointer === "/cwd")?.resolved ?? proposal.cwd;
  const rules = programRules(posture, doorsOf(posture, proposal.origin, proposal.principal.within));
  let all: WorldFacts = { paths, hosts };
  for (const { value, pointer } of commands.slice(0, FACTS_LIMIT)) {
    const facts = await findCommand(finders, value, cwd, rules);
    all = bounded({
      paths: [...all.paths, ...(await commandPaths(facts, finders, { pointer, cwd, lived: livedIn(posture) }))],
      hosts: [...all.hosts, ...commandHosts(facts, finders, pointer)],
      command: all.command === undefined ? facts : both(all.command, facts),
    });
  }
  return all;
}

type ProgramRules = Pick<ToolPosture["exec"], "allow" | "block">;

/** By posture and doors: their lists are put together, and so parsed, once. */
const RULES = new WeakMap<Posture, Map<string, ProgramRules>>();

function programRules(posture: Posture, doors: readonly string[]): ProgramRules {
  const known = RULES.get(posture) ?? new Map<string, ProgramRules>();
  RULES.set(posture, known);
  const key = JSON.stringify(doors);
  const rules = known.get(key) ?? joinedRules(posture, doors);
  known.set(key, rules);
  return rules;
}

/** What every door allows, and what any of them blocks; nothing is allowed where one has no rules. */
function joinedRules(posture: Posture, doors: readonly string[]): ProgramRules {
  const rules = doors.map((door): ProgramRules => posture.channels.get(door)?.exec ?? { allow: [], block: [] });
  const [first, ...rest] = rules;
  const allow = (first?.allow ?? []).filter((entry) => rest.every((one) => one.allow.includes(entry)));
  return { allow, block: [...new Set(rules.flatMap(({ block }) => block))] };
}

/** A tool that takes several commands is as bad as the worst of them. */
function both(a: CommandFacts, b: CommandFacts): CommandFacts {
  return {
    programs: [...a.programs, ...b.programs],
    reads: [...a.reads, ...b.reads],
    writes: [...a.writes, ...b.writes],
    deletes: [...a.deletes, ...b.deletes],
    keeps: [...a.keeps.filter((path) => isKeptBy(path, b)), ...b.keeps.filter((path) => isKeptBy(path, a))],
    hosts: [...a.hosts, ...b.hosts],
    wrappers: [...a.wrappers, ...b.wrappers],
    opaque: [...a.opaque, ...b.opaque],
    destructive: a.destructive || b.destructive,
    privileged: a.privileged || b.privileged,
    unlisted: [...a.unlisted, ...b.unlisted],
    blocked: [...a.blocked, ...b.blocked],
    approved: [...a.approved, ...b.approved],
  };
}

function isKeptBy(path: string, { writes, deletes, keeps }: CommandFacts): boolean {
  return keeps.includes(path) || !(writes.includes(path) || deletes.includes(path));
}

function bounded(facts: WorldFacts): WorldFacts {
  if (facts.paths.length > FACTS_LIMIT) throw new FinderFault("path", "too many paths");
  if (facts.hosts.length > FACTS_LIMIT) throw new FinderFault("host", "too many hosts");
  return facts;
}

type Written = { readonly pointer: string; readonly value: string };

function withRole(proposal: Proposal, role: ArgumentRole): readonly Written[] {
  const roles = proposal.declaration?.roles ?? new Map<string, ArgumentRole>();
  return [...roles].flatMap(([name, its]) => (its === role ? written(proposal.arguments[name], name) : []));
}

function written(value: JsonValue | undefined, name: string): readonly Written[] {
  return [...leaves(value, `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)];
}

const ACCESS: Partial<Record<Effect, PathAccess>> = { write: "write", delete: "delete", exec: "read", read: "read" };

async function argumentPaths(
  proposal: Proposal,
  effect: Effect,
  { finders, filesByDefault }: { readonly finders: Finders; readonly filesByDefault: boolean },
): Promise<readonly PathFact[]> {
  const access = ACCESS[effect] ?? "read";
  const named = withRole(proposal, "path");
  // A file tool that was given no path works on the folder it stands in.
  const wanted = named.length === 0 && filesByDefault ? [{ pointer: "/path", value: "." }] : named;
  const found: PathFact[] = [];
  for (const { pointer, value } of wanted.slice(0, FACTS_LIMIT + 1)) {
    found.push(await findPath(finders, { written: value, access, pointer, cwd: proposal.cwd }));
  }
  return found;
}

function argumentHosts(proposal: Proposal, finders: Finders): readonly HostFact[] {
  const method = proposal.declaration?.method ?? proposal.arguments["method"];
  const verb = typeof method === "string" ? method.toUpperCase() : "GET";
  return [
    ...withRole(proposal, "url").map(({ value, pointer }) => findHost(finders, asUrl(value), verb, pointer)),
    ...withRole(proposal, "host").map(({ value, pointer }) => findHost(finders, `https://${value}/`, verb, pointer)),
  ];
}

/** Many tools take `www.example.org/a` for an address, as people write it. */
function asUrl(value: string): string {
  return /^(?:[a-z0-9-]{1,63}\.){1,10}[a-z]{2,63}(?:[/?#]|$)/i.test(value) ? `https://${value}` : value;
}

async function commandPaths(
  facts: CommandFacts,
  finders: Finders,
  { pointer, cwd, lived }: { readonly pointer: string; readonly cwd: string; readonly lived: ReadonlySet<string> },
): Promise<readonly PathFact[]> {
  const wanted = [
    ...facts.reads.map((written) => ({ written, access: "read" as const })),
    ...facts.writes.map((written) => ({ written, access: "write" as const })),
    ...facts.deletes.map((written) => ({ written, access: "delete" as const })),
  ];
  if (wanted.length > FACTS_LIMIT) throw new FinderFault("path", "too many paths");
  const keeps = new Set(facts.keeps);
  const found: PathFact[] = [];
  for (const one of wanted) {
    const path = await findPath(finders, { ...one, pointer, cwd });
    const isKept = one.access !== "read" && keeps.has(one.written);
    if (!isOfSandbox(path, lived)) found.push(isKept ? { ...path, keeps: true } : path);
  }
  return found;
}

/**
 * Places that a command finds in its sandbox whatever is mounted: its own
 * /dev, its own /tmp, the read-only system. They are nothing of the person's.
 */
function isOfSandbox({ resolved, access, zone }: PathFact, lived: ReadonlySet<string>): boolean {
  if (/^\/dev\/(?:null|zero|full|random|urandom|stdin|stdout|stderr|tty|fd\/\d+)$/.test(resolved)) return true;
  if (zone !== "outside") return false;
  if (resolved === "/tmp" || resolved.startsWith("/tmp/")) return !lived.has(topOf(resolved)) && !lived.has("/tmp");
  return access === "read" && /^\/(?:usr|bin|sbin|lib|lib64)(?:\/|$)/.test(resolved);
}

/** Folders of /tmp in which the person's own files lie: what is beside them is the person's too. */
function livedIn({ fs: { home, workspace, allowedPaths, forbiddenPaths } }: Posture): ReadonlySet<string> {
  return new Set([home, workspace, ...allowedPaths, ...forbiddenPaths].map(topOf));
}

/** `/tmp/one` of `/tmp/one/two`. */
function topOf(path: string): string {
  return path.split("/", 3).join("/");
}

function commandHosts(facts: CommandFacts, finders: Finders, pointer: string): readonly HostFact[] {
  return facts.hosts.map((host) =>
    findHost(finders, host.includes("://") ? host : `https://${host}/`, "GET", pointer, facts),
  );
}

async function findCommand(finders: Finders, command: string, cwd: string, rules: ProgramRules): Promise<CommandFacts> {
  try {
    return await finders.command(command, { cwd, ...rules });
  } catch (cause) {
    throw new FinderFault("command", cause);
  }
}

async function findPath(
  finders: Finders,
  ask: { readonly written: string; readonly access: PathAccess; readonly pointer: string; readonly cwd: string },
): Promise<PathFact> {
  try {
    return await finders.path(ask.written, ask.access, ask.pointer, ask.cwd);
  } catch (cause) {
    throw new FinderFault("path", cause);
  }
}

function findHost(finders: Finders, ...[url, method, pointer, command]: Parameters<HostFinder>): HostFact {
  try {
    return finders.host(url, method, pointer, command);
  } catch (cause) {
    throw new FinderFault("host", cause);
  }
}
