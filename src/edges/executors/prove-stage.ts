/**
 * The throw-away of a proof, seen from the gateway: what the broker says of
 * the decoys that it set up, for as long as the proof needs them.
 *
 * @module
 */
import type { AttemptEnv } from "../../core/break-out/attempt.ts";
import { Fault } from "../../core/fault.ts";
import { isObject, type JsonValue } from "../../core/json.ts";
import type { JobResult, OutputPiece } from "../../core/ports/executor.ts";
import type { SelfTest } from "../../core/self-test.ts";

export type BareRun = (
  test: SelfTest,
  options?: { readonly signal?: AbortSignal; readonly onOutput?: (piece: OutputPiece) => void },
) => Promise<JobResult>;

export type Stage = {
  readonly name: string;
  readonly facts: AttemptEnv;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
};

/** @throws Fault SANDBOX_UNPROVED where the broker cannot set it up. */
export async function openStage({ bare }: { readonly bare: BareRun }, decoys: boolean): Promise<Stage> {
  const over = new AbortController();
  const heard = Promise.withResolvers<JsonValue>();
  let text = "";
  const onOutput = ({ bytes }: OutputPiece): void => {
    text += Buffer.from(bytes).toString("utf8");
    if (text.endsWith("\n")) heard.resolve(parsed(text));
  };
  const done = bare({ do: "stage", decoys }, { signal: over.signal, onOutput });
  done.then(({ end }) => heard.reject(cannot(end.how === "refused" ? end.message : end.how)), heard.reject);
  const said = await heard.promise;
  const facts = isObject(said) && isObject(said["facts"]) ? textsOf(said["facts"]) : {};
  const { STAGE, SCRATCH, MARK, MACHINE } = facts;
  const name = isObject(said) ? said["name"] : undefined;
  if (typeof name !== "string" || !STAGE || !SCRATCH || MARK === undefined || !MACHINE) {
    over.abort();
    throw cannot("its facts cannot be read");
  }
  return {
    name,
    facts: { ...facts, STAGE, SCRATCH, MARK, MACHINE },
    async close() {
      over.abort();
      await done;
    },
  };
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no facts: whoever opens the stage is told so
  }
}

function textsOf(value: { readonly [key: string]: JsonValue | undefined }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
  );
}

function cannot(why: string): Fault {
  return new Fault("SANDBOX_UNPROVED", {
    message: `the sandbox cannot be tried out: ${why}`,
    hint: "run `vambrace security prove` and `vambrace doctor`",
  });
}
