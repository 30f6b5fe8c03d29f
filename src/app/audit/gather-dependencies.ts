/** What the program is made of. @module */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isObject, type JsonObject } from "../../core/json.ts";
import type { DependencyFacts } from "../../ops/audit/facts-state.ts";
import { bytesOf, linkOf, statOf, textOf, walk } from "./paths.ts";

const LOCK_MOST = 32 * 1_048_576;
const SHOWN = 20;
const LOCKFILES = ["package-lock.json", "npm-shrinkwrap.json"];

/** @throws Error where the program's own package cannot be read. */
export function gatherDependencies(installation: string, isDeep = false): DependencyFacts {
  const own = jsonAt(join(installation, "package.json"));
  if (own === undefined) throw new Error("package.json of the program cannot be read");
  const lock = LOCKFILES.map((name) => jsonAt(join(installation, name))).find((found) => found !== undefined);
  const packages = lock === undefined ? undefined : packagesOf(lock);
  const installed = packagesOf(jsonAt(join(installation, "node_modules", ".package-lock.json")) ?? {});
  return {
    node: process.versions.node,
    locked: packages === undefined ? null : lockedOf(packages),
    scriptsOff: /^\s*ignore-scripts\s*=\s*true\s*$/m.test(textOf(join(installation, ".npmrc")) ?? ""),
    unpinned: unpinnedIn(own),
    ...comparison(packages ?? new Map(), installed),
    programDigest: digestOfProgram(installation),
    nodeDigest: nodeMark(),
    packages: isDeep ? digestsOf(installation, packages ?? installed) : null,
  };
}

function jsonAt(path: string): JsonObject | undefined {
  const text = textOf(path, LOCK_MOST);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Packages = ReadonlyMap<string, JsonObject>;

function packagesOf(lock: JsonObject): Packages {
  const found = isObject(lock["packages"]) ? Object.entries(lock["packages"]) : [];
  return new Map(found.flatMap(([name, value]) => (name !== "" && isObject(value) ? [[name, value] as const] : [])));
}

const bare = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + 13);

function lockedOf(packages: Packages): NonNullable<DependencyFacts["locked"]> {
  const all = [...packages].filter(([, one]) => one["link"] !== true);
  const names = (holds: (one: JsonObject) => boolean): readonly string[] =>
    all.flatMap(([name, one]) => (holds(one) ? [bare(name)] : [])).slice(0, SHOWN);
  return {
    packages: all.length,
    withoutIntegrity: names((one) => typeof one["integrity"] !== "string" && one["inBundle"] !== true),
    oddSources: names((one) => typeof one["resolved"] === "string" && !/^https:\/\/[^@]+\.tgz$/.test(one["resolved"])),
    scripts: names((one) => one["hasInstallScript"] === true),
  };
}

function unpinnedIn(own: JsonObject): readonly string[] {
  const found = isObject(own["dependencies"]) ? Object.entries(own["dependencies"]) : [];
  return found.flatMap(([name, range]) =>
    typeof range === "string" && /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(range)
      ? []
      : [`${name} ${typeof range === "string" ? range : "?"}`],
  );
}

function comparison(
  locked: Packages,
  installed: Packages,
): Pick<DependencyFacts, "differing" | "missing" | "extraneous"> {
  // Nothing says what npm installed: there is nothing to compare with, as in a release that ships whole.
  if (installed.size === 0) return { differing: [], missing: [], extraneous: [] };
  const differing: string[] = [];
  const missing: string[] = [];
  for (const [path, { version, optional, dev, peer }] of locked) {
    const there = installed.get(path);
    if (there === undefined) {
      if (optional !== true && dev !== true && peer !== true) missing.push(bare(path));
    } else if (there["version"] !== version)
      differing.push(`${bare(path)} ${textIn(there["version"])}, locked ${textIn(version)}`);
  }
  const extraneous = [...installed.keys()].filter((path) => !locked.has(path)).map(bare);
  return {
    differing: differing.slice(0, SHOWN),
    missing: missing.slice(0, SHOWN),
    extraneous: extraneous.slice(0, SHOWN),
  };
}

const textIn = (value: unknown): string => (typeof value === "string" ? value : "none");

const FILES_MOST = 20_000;

const FILE_MOST = 256 * 1_048_576;

/** Over names and contents of what runs; packages are looked at by themselves, which takes longer. */
function digestOfProgram(installation: string): string {
  return digestOfFolders(
    installation,
    ["bin", "src", "dist", "web"].map((top) => join(installation, top)),
  );
}

/** Of each package that is not for development alone; those inside of it count for themselves. */
function digestsOf(installation: string, packages: Packages): ReadonlyMap<string, string> {
  const run = [...packages].filter(
    ([path, { dev, link }]) => dev !== true && link !== true && lies(installation, path),
  );
  return new Map(run.map(([path]) => [path, digestOfFolders(installation, [join(installation, path)])]));
}

function lies(installation: string, path: string): boolean {
  return statOf(join(installation, path))?.isDirectory() === true;
}

/** @throws Error where not all of it can be read: what was left out would look unchanged. */
function digestOfFolders(installation: string, folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const { found, truncated } = walk(folder, FILES_MOST, (name) => name === "node_modules");
    if (truncated) throw new Error(`${folder} has more than ${FILES_MOST} files`);
    for (const { path, kind } of [...found].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const says = kind === "link" ? linkOf(path) : kind === "file" ? bytesOf(path, FILE_MOST) : "";
      if (says === undefined) throw new Error(`${path} cannot be read`);
      hash
        .update(`${path.slice(installation.length)}\0`)
        .update(says)
        .update("\0");
    }
  }
  return hash.digest("hex");
}

/** Version, size and time of the binary: its hundred megabytes are not read each time. */
function nodeMark(): string {
  const found = statOf(process.execPath);
  return createHash("sha256")
    .update(`${process.versions.node} ${found?.size} ${found?.mtimeMs} ${found?.ino}`)
    .digest("hex");
}
