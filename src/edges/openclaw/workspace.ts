/** The folders that OpenClaw's agents work in: notes and skills, as files. @module */
import { createHash } from "node:crypto";
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { isArray, isObject, type JsonObject } from "../../core/json.ts";
import type { OpenClawFile, OpenClawSkill, OpenClawWorkspace } from "../../core/openclaw.ts";
import { fileOf, leadsOut } from "./file.ts";
import { objectOf, parsed } from "./state.ts";

const NOTES = ["MEMORY.md", "USER.md", "SOUL.md", "IDENTITY.md", "AGENTS.md", "HEARTBEAT.md", "DREAMS.md"];
const MOST_SKILLS = 500;
const MOST_FILES = 2_000;
const MOST_BYTES = 8 * 1024 * 1024;

export function readWorkspaces(root: string, config: JsonObject): readonly OpenClawWorkspace[] {
  return workspacePaths(root, config).map(({ agent, path }) => readWorkspace(agent, path));
}

/** The installation's own skills, which every agent has. */
export function readSharedSkills(root: string): readonly OpenClawSkill[] {
  return skillsIn(join(root, "skills"));
}

function workspacePaths(
  root: string,
  config: JsonObject,
): readonly { readonly agent: string; readonly path: string }[] {
  const agents = objectIn(config, "agents");
  const shared = objectIn(agents, "defaults")["workspace"];
  const first = typeof shared === "string" ? placeOf(shared, root) : join(root, "workspace");
  const entries = objectIn(agents, "entries");
  const legacy = agents["list"];
  const named = [
    ...Object.entries(entries).map(([id, value]) => ({ id, value })),
    ...(isArray(legacy) ? legacy : []).flatMap((value) => {
      const id = isObject(value) ? value["id"] : undefined;
      return typeof id === "string" ? [{ id, value }] : [];
    }),
  ];
  if (named.length === 0) return [{ agent: "main", path: first }];
  return named.map(({ id, value }) => {
    const own = isObject(value ?? null) ? objectOf(value ?? null)?.["workspace"] : undefined;
    return { agent: id, path: typeof own === "string" ? placeOf(own, root) : first };
  });
}

function objectIn(object: JsonObject, key: string): JsonObject {
  return objectOf(object[key] ?? null) ?? {};
}

function placeOf(path: string, root: string): string {
  if (path.startsWith("~/")) return join(root, "..", path.slice(2));
  return isAbsolute(path) ? path : join(root, path);
}

function readWorkspace(agent: string, path: string): OpenClawWorkspace {
  const present = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!present) return { agent, path, present, notes: [], skills: [], dotEnv: false, open: [] };
  const daily = entriesOf(join(path, "memory")).filter((one) => one.isFile() && one.name.endsWith(".md"));
  const notes = [...NOTES, ...daily.map((one) => join("memory", one.name)).sort()].filter((name) =>
    isFile(join(path, name)),
  );
  const skills = [...skillsIn(join(path, "skills")), ...skillsIn(join(path, ".agents", "skills"))];
  const obeyed = [
    path,
    ...["memory", "skills", ...notes].map((name) => join(path, name)),
    ...skills.flatMap(({ folder }) => [folder, join(folder, "SKILL.md")]),
  ];
  return { agent, path, present, notes, skills, dotEnv: isFile(join(path, ".env")), open: obeyed.flatMap(openAt) };
}

/** Where others may write it. */
function openAt(path: string): readonly OpenClawFile[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (stat.mode & 0o022) !== 0 ? [fileOf(path, stat)] : [];
}

/** A link is not followed: what it leads to is not this workspace's. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function entriesOf(folder: string): readonly Dirent[] {
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
}

function skillsIn(folder: string): readonly OpenClawSkill[] {
  return entriesOf(folder)
    .filter((one) => existsSync(join(folder, one.name, "SKILL.md")))
    .slice(0, MOST_SKILLS)
    .map((one) => readSkill(join(folder, one.name), one.name));
}

function readSkill(folder: string, name: string): OpenClawSkill {
  const { digest, changedMs } = contentOf(folder);
  const originPath = join(folder, ".clawhub", "origin.json");
  const origin = isFile(originPath) ? objectOf(parsed(readFileSync(originPath, "utf8"))) : null;
  const links = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((inner) => join(folder, inner))
    .filter((path) => lstatSync(path).isSymbolicLink());
  return {
    name,
    folder,
    digest,
    changedMs,
    origin,
    originMs: origin === null ? null : Math.floor(statSync(originPath).mtimeMs),
    escapes: [folder, ...links].some((path) => leadsOut(path, join(folder, ".."))),
  };
}

/** What its own record of origin says is not part of it. */
function contentOf(folder: string): { readonly digest: string; readonly changedMs: number } {
  const hash = createHash("sha256");
  let changedMs = 0;
  let bytes = 0;
  const files = filesBelow(folder, "").slice(0, MOST_FILES);
  for (const name of files) {
    const path = join(folder, name);
    const stat = statSync(path);
    changedMs = Math.max(changedMs, Math.floor(stat.mtimeMs));
    bytes += stat.size;
    hash.update(`${name}\0${stat.size}\0`);
    if (bytes <= MOST_BYTES) hash.update(readFileSync(path));
  }
  return { digest: hash.digest("hex"), changedMs };
}

function filesBelow(folder: string, under: string): readonly string[] {
  return entriesOf(join(folder, under))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((one) => {
      const name = under === "" ? one.name : `${under}/${one.name}`;
      if (name === ".clawhub") return [];
      if (one.isDirectory()) return filesBelow(folder, name);
      return one.isFile() ? [name] : [];
    });
}
