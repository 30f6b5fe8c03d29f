/**
 * Plugins that OpenClaw installed, held against what it recorded then: when,
 * and the digests of manifest and package. It compares records only; files can
 * be changed under them.
 *
 * BUG(set-back): a changed file whose time was set back, and that is neither
 * manifest nor package, is not seen: nothing of it was recorded.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isArray, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { OpenClawPlugin } from "../../core/openclaw.ts";
import { leadsOut } from "./file.ts";
import { objectOf, textOf } from "./state.ts";

/** Writing the record takes a moment. */
const SLACK_MS = 60_000;
const MOST_FILES = 20_000;
const MANIFEST = "openclaw.plugin.json";

export type ReadPlugins = {
  readonly plugins: readonly OpenClawPlugin[];
  readonly unread: readonly { readonly path: string; readonly why: string }[];
};

/** @param index `plugins.installedIndex` of its state; null: it installed none. */
export function readPlugins(index: JsonObject | null): ReadPlugins {
  const plugins: OpenClawPlugin[] = [];
  const unread: { path: string; why: string }[] = [];
  for (const [name, value] of Object.entries(objectOf(index?.["installRecords"] ?? null) ?? {})) {
    const record = objectOf(value ?? null) ?? {};
    const folder = textOf(record["installPath"]);
    if (folder === null || !existsSync(folder)) continue;
    try {
      const installedMs = timeOf(record["installedAt"]);
      if (installedMs === null) throw new Error("when it was installed is not recorded: nothing can be compared");
      const changed = new Set([...strange(folder, installedMs), ...unlike(folder, entryOf(index, name))]);
      plugins.push({ name, folder, installedMs, changed: [...changed] });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      unread.push({ path: folder, why: error.message.slice(0, 200) });
    }
  }
  return { plugins, unread };
}

function timeOf(value: JsonValue | undefined): number | null {
  const at = Date.parse(textOf(value) ?? "");
  return Number.isNaN(at) ? null : at;
}

function entryOf(index: JsonObject | null, name: string): JsonObject {
  const all = index?.["plugins"];
  const entries = isArray(all) ? all.map((one) => objectOf(one) ?? {}) : [];
  return entries.find((one) => one["pluginId"] === name) ?? {};
}

/** What was written since, and links that lead out of it: what lies there was never compared. */
function strange(folder: string, installedMs: number): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  if (names.length > MOST_FILES) throw new Error(`more than ${MOST_FILES} files`);
  return names.filter((name) => {
    const found = lstatSync(join(folder, name));
    const isNewer = !found.isDirectory() && found.mtimeMs > installedMs + SLACK_MS;
    return isNewer || (found.isSymbolicLink() && leadsOut(join(folder, name), folder));
  });
}

function unlike(folder: string, entry: JsonObject): readonly string[] {
  const recorded: readonly (readonly [string, string | null])[] = [
    [MANIFEST, textOf(entry["manifestHash"])],
    ["package.json", textOf(objectOf(entry["packageJson"] ?? null)?.["hash"])],
  ];
  return recorded.flatMap(([name, meant]) => (meant === null || digestOf(join(folder, name)) === meant ? [] : [name]));
}

function digestOf(path: string): string | null {
  return existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : null;
}
