/** What OpenClaw's shared database holds, without the values of secrets. @module */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { OpenClawJob, OpenClawState } from "../../core/openclaw.ts";
import { type ForeignDatabase, type ForeignRow, lookInto } from "./database.ts";

export type ReadState = {
  readonly state: OpenClawState | null;
  readonly unread: readonly { path: string; why: string }[];
};

export function readState(root: string): ReadState {
  const path = sharedDatabase(root);
  if (!existsSync(path)) return { state: null, unread: [] };
  try {
    return { state: lookInto(path, stateIn), unread: [] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { state: null, unread: [{ path, why: error.message.slice(0, 200) }] };
  }
}

export function sharedDatabase(root: string): string {
  return join(root, "state", "openclaw.sqlite");
}

function stateIn(database: ForeignDatabase): OpenClawState {
  const [meta] = database.rows("schema_meta", ["meta_key", "schema_version", "app_version"]).filter(isPrimary);
  const [approvals] = database.rows("exec_approvals_config", ["raw_json"]);
  return {
    schema: typeof meta?.["schema_version"] === "number" ? meta["schema_version"] : null,
    version: textOf(meta?.["app_version"]),
    jobs: database.rows("cron_jobs", ["job_id", "job_json"]).flatMap(jobIn),
    paired: database.rows("channel_pairing_allow_entries", ["channel_key", "account_id", "entry"]).map((row) => ({
      channel: textOf(row["channel_key"]) ?? "",
      account: textOf(row["account_id"]) ?? "",
      entry: textOf(row["entry"]) ?? "",
    })),
    stored: database
      .rows("secret_store_entries", ["name", "kind", "allowed_hosts", "deleted_at_ms"])
      .filter((row) => row["deleted_at_ms"] === null)
      .map((row) => ({
        name: textOf(row["name"]) ?? "",
        kind: row["kind"] === "env" ? "env" : "secret",
        hosts: strings(parsed(textOf(row["allowed_hosts"]))),
      })),
    approvals: objectOf(parsed(textOf(approvals?.["raw_json"]))),
    installed: installedIn(database),
    devices: database.rows("device_pairing_paired", ["device_id"]).length,
    oauthStores: database.rows("mcp_oauth_stores", ["store_key"]).length,
    backupRuns: database.rows("backup_runs", ["rowid"]).length,
  };
}

function installedIn(database: ForeignDatabase): JsonObject | null {
  const rows = database.rows("config_machine_state", ["state_key", "value_json"]);
  const row = rows.find((one) => one["state_key"] === "plugins.installedIndex");
  return objectOf(objectOf(parsed(textOf(row?.["value_json"])))?.["index"] ?? null);
}

const isPrimary = (row: ForeignRow): boolean => row["meta_key"] === "primary";

/** A job that is no JSON is told as one without a message: it is there, and nobody knows what it does. */
function jobIn(row: ForeignRow): readonly OpenClawJob[] {
  const id = textOf(row["job_id"]);
  if (id === null) return [];
  const job = objectOf(parsed(textOf(row["job_json"]))) ?? {};
  const payload = objectOf(job["payload"] ?? null) ?? {};
  return [
    {
      id,
      name: textOf(job["name"]) ?? id,
      enabled: job["enabled"] !== false,
      agent: textOf(job["agentId"]),
      schedule: job["schedule"] ?? null,
      payload: textOf(payload["kind"]) ?? "unknown",
      message: textOf(payload["message"]),
      declaredBy: textOf(job["declarationKey"]),
    },
  ];
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function objectOf(value: JsonValue): JsonObject | null {
  return isObject(value) ? value : null;
}

export function parsed(text: string | null): JsonValue {
  if (text === null) return null;
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function strings(value: JsonValue): readonly string[] {
  return isArray(value) ? value.flatMap((each) => (typeof each === "string" ? [each] : [])) : [];
}
