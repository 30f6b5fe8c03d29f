/**
 * File operations as jobs: what the file tools ask of the helper inside the
 * sandbox, and what it answers.
 *
 * @module
 */
import { FILES_ARGV } from "../../core/broker-wire.ts";
import type { Limits } from "../../core/decision.ts";
import { type Digest, isObject, type JsonValue } from "../../core/json.ts";
import type { Job, JobResult } from "../../core/ports/executor.ts";
import { readAnswer } from "./file-answer.ts";

/** Of the file that was judged: its digest then, or that there was none. */
export type Expect = Digest | "absent";

/** Paths are absolute and resolved, as they were judged. */
export type FileRequest =
  /** `offset` and `limit` in lines, from 1. */
  | { readonly op: "read"; readonly path: string; readonly offset?: number; readonly limit?: number }
  | {
      readonly op: "write";
      readonly path: string;
      readonly content: string;
      /** `create` refuses what exists; `replace` takes both; `append` adds, and creates where there is nothing. */
      readonly mode: "create" | "replace" | "append";
      readonly expect?: Expect;
    }
  | {
      readonly op: "edit";
      readonly path: string;
      readonly old: string;
      readonly new: string;
      readonly all?: boolean;
      readonly expect?: Expect;
    }
  | { readonly op: "list"; readonly path: string; readonly depth?: number }
  | {
      readonly op: "search";
      readonly path: string;
      readonly pattern: string;
      /** A linear-time regular expression instead of plain text. */
      readonly regex?: boolean;
      readonly glob?: string;
      readonly limit?: number;
    }
  | { readonly op: "stat"; readonly path: string };

export type FileKind = "file" | "folder" | "link" | "special" | "absent";

/** What the helper found or did. Which fields there are depends on the operation. */
export type FileDone = {
  readonly ok: true;
  readonly path: string;
  readonly kind?: FileKind;
  readonly bytes?: number;
  /** Of the file now. */
  readonly digest?: Digest;
  /** `write`, `edit`: of the file before; null where there was none. */
  readonly before?: Digest | null;
  readonly created?: boolean;
  readonly replaced?: number;
  /** `read`: then there is no content. */
  readonly binary?: boolean;
  readonly content?: string;
  /** `read`: lines of the file, and first and last line of `content`. */
  readonly lines?: number;
  readonly from?: number;
  readonly to?: number;
  /** Whether there was more than the answer holds. */
  readonly cut?: boolean;
  readonly entries?: readonly { readonly path: string; readonly kind: FileKind; readonly bytes?: number }[];
  readonly matches?: readonly { readonly path: string; readonly line: number; readonly text: string }[];
};

export type FileRefused = {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
};

export type FileAnswer = FileDone | FileRefused;

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
