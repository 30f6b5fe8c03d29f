/**
 * File operations as jobs: what the file tools ask of the helper inside the
 * sandbox, and what it answers.
 *
 * @module
 */
import { FILES_ARGV } from "../../core/broker-wire.ts";
import type { Limits } from "../../core/decision.ts";
import { isObject, type JsonValue } from "../../core/json.ts";
import type { Job, JobResult } from "../../core/ports/executor.ts";
import type { FileAnswer, FileRefused, FileRequest } from "../../core/ports/files.ts";
import { readAnswer } from "./file-answer.ts";

/** Room for the largest answer: a mebibyte of text, escaped. */
const ANSWER_BYTES = 7 * 1024 * 1024;
const LEAST_MEMORY = 256 * 1024 * 1024;
const LEAST_PROCESSES = 32;

/** The job that does one file operation. The mounts are what the permit names, nothing more. */
export function fileJob(
  request: FileRequest,
  limits: Pick<Limits, "mounts" | "wallMs" | "fileBytes"> & Partial<Limits>,
): Job {
  return {
    argv: FILES_ARGV,
    cwd: "/tmp",
    mounts: limits.mounts,
    env: {},
    stdin: JSON.stringify(request),
    wallMs: limits.wallMs,
    outputBytes: ANSWER_BYTES,
    memoryBytes: Math.max(limits.memoryBytes ?? 0, LEAST_MEMORY),
    processes: Math.max(limits.processes ?? 0, LEAST_PROCESSES),
    fileBytes: limits.fileBytes,
    egressSocket: null,
    runtime: "files",
  };
}

/** What the helper answered; a helper that did not get so far is a refusal too. */
export function parseFileAnswer(result: JobResult): FileAnswer {
  const { end } = result;
  if (end.how === "refused") return { ok: false, code: end.code, message: end.message, hint: end.hint };
  if (end.how !== "exit" || end.status !== 0 || result.stdoutLost > 0) return failed(end.how);
  try {
    const value: JsonValue = JSON.parse(Buffer.from(result.stdout).toString("utf8"));
    return isObject(value) ? readAnswer(value) : failed("malformed");
  } catch {
    return failed("malformed");
  }
}

function failed(how: string): FileRefused {
  return {
    ok: false,
    code: "FILE_FAILED",
    message: `the file operation did not finish (${how})`,
    hint: "try a smaller piece; `vambrace doctor` tries the sandbox",
  };
}
