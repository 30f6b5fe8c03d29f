/**
 * File operations: what the file tools ask of the helper inside the sandbox,
 * and what it answers.
 *
 * @module
 */
import type { Digest } from "../json.ts";
import type { Limits } from "../decision.ts";
import type { Job, JobResult } from "./executor.ts";

/** Of the file that was judged: its digest then, or that there was none. */
export type Expect = Digest | "absent";

/** Paths are absolute and resolved, as they were judged. */
export type FileRequest =
  /** `offset` and `limit` in lines, from 1. */
  | {
      readonly op: "read";
      readonly path: string;
      readonly offset?: number;
      readonly limit?: number;
      /** The file with a second name that a person said yes to; any other that has one is refused. */
      readonly shared?: Digest;
    }
  | {
      readonly op: "write";
      readonly path: string;
      readonly content: string;
      /** How `content` spells the bytes; absent: as text. */
      readonly encoding?: "base64";
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
      /** Of the one file that `path` may be; files below a folder are left out where they have a second name. */
      readonly shared?: Digest;
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

/** Makes the job of one file operation, and reads its answer. */
export type FileJobs = {
  job(request: FileRequest, limits: Limits): Job;
  answer(result: JobResult): FileAnswer;
};
