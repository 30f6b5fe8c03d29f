/**
 * One job that the broker was asked to run: its output so far, and its end.
 *
 * @module
 */
import type { JobSummary } from "../../core/broker-wire.ts";
import type { Fault } from "../../core/fault.ts";
import type { JobResult, OutputPiece } from "../../core/ports/executor.ts";

export type OpenJob = {
  readonly onOutput: ((piece: OutputPiece) => void) | undefined;
  take(piece: OutputPiece): void;
  end(summary: JobSummary): void;
  fail(fault: Fault): void;
};

/** @param keeps whether the output is part of the result, or only told. */
export function collectJob(
  onOutput: OpenJob["onOutput"],
  keeps: boolean,
): {
  readonly job: OpenJob;
  readonly done: Promise<JobResult>;
} {
  const pieces = { stdout: new Array<Uint8Array>(), stderr: new Array<Uint8Array>() };
  const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
  return {
    done: promise,
    job: {
      onOutput,
      take(piece) {
        if (keeps) pieces[piece.stream].push(piece.bytes);
        onOutput?.(piece);
      },
      end({ end, stdoutLost, stderrLost, wallMs, changed }) {
        const stdout = Buffer.concat(pieces.stdout);
        const result = { end, stdout, stderr: Buffer.concat(pieces.stderr), stdoutLost, stderrLost, wallMs };
        resolve(changed === undefined ? result : { ...result, changed });
      },
      fail: reject,
    },
  };
}
