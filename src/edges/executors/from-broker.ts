/**
 * What the broker says, strictly.
 *
 * @module
 */
import type { FromBroker, LimitSources } from "../../core/broker-wire.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { ChangedFiles, JobEnd } from "../../core/ports/executor.ts";

/** @throws Error for anything else; the stream has no meaning after that. */
export function parseFromBroker(value: JsonObject): FromBroker {
  const type = text(value["type"]);
  switch (type) {
    case "ready":
      return { type: "ready", limits: parseLimits(value["limits"]) };
    case "failed":
      return { type: "failed", message: text(value["message"]), hint: text(value["hint"]) };
    case "stopped":
      return { type: "stopped", id: number(value["id"]) };
    case "ended":
      return {
        type: "ended",
        channel: number(value["channel"]),
        end: parseEnd(value["end"]),
        stdoutLost: number(value["stdoutLost"]),
        stderrLost: number(value["stderrLost"]),
        wallMs: number(value["wallMs"]),
        ...(value["changed"] === undefined ? {} : { changed: parseChanged(value["changed"]) }),
      };
    default:
      throw new Error("not a message of the broker");
  }
}

const KINDS = ["file", "folder", "link", "special"] as const;

function parseChanged(value: JsonValue): ChangedFiles {
  const entries = isObject(value) ? value["entries"] : undefined;
  if (!isObject(value) || !isArray(entries)) throw new Error("not a list of files");
  const parsed = entries.map((one) => {
    if (!isObject(one)) throw new Error("not a file");
    const kind = KINDS.find((each) => each === one["kind"]);
    if (kind === undefined) throw new Error("not a kind of file");
    return { path: text(one["path"]), kind, bytes: number(one["bytes"]) };
  });
  return { entries: parsed, whole: value["whole"] === true };
}

function parseEnd(value: JsonValue | undefined): JobEnd {
  if (!isObject(value)) throw new Error("not an end");
  const how = text(value["how"]);
  switch (how) {
    case "exit":
      return { how, status: number(value["status"]) };
    case "signal":
      return { how, signal: text(value["signal"]) };
    case "timeout":
    case "stopped":
      return { how };
    case "refused":
      return { how, code: text(value["code"]), message: text(value["message"]), hint: text(value["hint"]) };
    default:
      throw new Error("not an end");
  }
}

function parseLimits(value: JsonValue | undefined): LimitSources {
  if (!isObject(value)) throw new Error("not limits");
  const file = source(value["fileBytes"]);
  if (file === "cgroup") throw new Error("not a limit source");
  return { memory: source(value["memory"]), processes: source(value["processes"]), fileBytes: file };
}

function source(value: JsonValue | undefined): LimitSources["memory"] {
  if (value === "cgroup" || value === "rlimit" || value === "none") return value;
  throw new Error("not a limit source");
}

function text(value: JsonValue | undefined): string {
  if (typeof value !== "string") throw new Error("not a text");
  return value;
}

function number(value: JsonValue | undefined): number {
  if (typeof value !== "number") throw new Error("not a number");
  return value;
}
