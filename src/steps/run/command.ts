/**
 * The command effector: one bash command in a sandbox, with the way out that
 * its permit names and no other.
 *
 * @module
 */
import { COMMAND_ENVIRONMENT } from "../../core/command-environment.ts";
import type { PathFact } from "../../core/call.ts";
import type { Limits, Mount } from "../../core/decision.ts";
import { digestOf } from "../../core/json.ts";
import { join, type Label, mostConfidential, UNKNOWN_LABEL } from "../../core/label.ts";
import type { EgressGate, EgressLease, Executor, Job, JobResult, OutputPiece } from "../../core/ports/executor.ts";
import type { RunOutcome } from "../../core/run.ts";
import type { ShowTo } from "./audience.ts";
import { SCRATCH_HOME, type SessionScratch } from "./scratch.ts";
import { type Effector, limitsOf, textArgument, type Work } from "./run.ts";

export type CommandDeps = {
  readonly executor: Executor;
  readonly egress: EgressGate;
  /** The label of all that it may read. */
  readonly labelOfMounts: (mounts: readonly Mount[]) => Promise<Label>;
  /** Whoever asks may know what has this label, or it does not start. @throws Fault AUDIENCE_REFUSED */
  readonly show: ShowTo;
  /** Notes what may now have been written, and made of what. */
  /** Where what is left in `/tmp` lasts for a session; null: it ends with its call. */
  readonly scratch: SessionScratch | null;
  readonly commandWrote: (mounts: readonly Mount[], label: Label, command: Touched) => Promise<void>;
};

export function commandEffector(deps: CommandDeps): Effector {
  return async (work) => {
    const limits = limitsOf(work);
    // Before it starts: what it prints is streamed.
    const kept = keptFor(deps, work, limits);
    const readable = [await deps.labelOfMounts(limits.mounts), ...(kept?.held ?? [])].reduce(join);
    deps.show(work, readable);
    const lease = await openWay(deps.egress, work, limits);
    let over: (() => void) | undefined;
    try {
      const job = commandJob(work, limits, { lease, kept });
      const token = work.spent.sign(digestOf(job));
      const onOutput = (piece: OutputPiece): void => tell(work, piece);
      // Noted before the start: a crash must not leave files that look more trusted than their writer.
      const { influence } = work.judged.facts;
      await deps.commandWrote(limits.mounts, [influence, ...(kept?.held ?? [])].reduce(join), touchedBy(work));
      over = kept?.note(join(influence, readable));
      const label = printed(work, readable);
      return { ...describe(await deps.executor.run(job, token, { signal: work.signal, onOutput })), label };
    } finally {
      over?.();
      await lease?.close();
    }
  };
}

/** What one call left never meets the way out of another: a call that may reach hosts has a `/tmp` of its own. */
function keptFor({ scratch }: CommandDeps, { proposal }: Work, { hosts }: Limits) {
  return scratch === null || hosts.length > 0 ? null : scratch.of(proposal.origin.session);
}

/** What a command prints may be of anything that it may read, whoever wrote that. */
function printed({ proposal }: Work, { confidentiality, audience }: Label): Label {
  const { trust, confidentiality: least } = proposal.declaration?.returns ?? UNKNOWN_LABEL;
  const source = { kind: "tool", id: proposal.tool, trust, item: proposal.id } as const;
  return { trust, confidentiality: mostConfidential(confidentiality, least), audience, sources: [source] };
}

type Touched = { readonly isKnown: boolean; readonly paths: readonly PathFact[] };

/** Only everyday forms of listed programs touch nothing but what they name; git reads its history too. */
function touchedBy({ judged: { facts } }: Work): Touched {
  const { command, paths } = facts;
  const isKnown =
    command !== undefined &&
    command.opaque.length === 0 &&
    command.unlisted.length === 0 &&
    command.approved.length === 0 &&
    !command.programs.some(({ path }) => path === null || path.endsWith("/git"));
  return { isKnown, paths };
}

async function openWay(egress: EgressGate, work: Work, limits: Limits): Promise<EgressLease | undefined> {
  const { hosts, egressBytes: bytes } = limits;
  if (hosts.length === 0) return undefined;
  const owner = { call: work.proposal.id, session: work.proposal.origin.session };
  return egress.open({ ...owner, hosts, ...(bytes === undefined ? {} : { bytes }) });
}

type Given = { readonly lease: EgressLease | undefined; readonly kept: ReturnType<typeof keptFor> };

function commandJob(work: Work, limits: Limits, { lease, kept }: Given): Job {
  const asked = work.proposal.arguments["timeout_s"];
  const wallMs = typeof asked === "number" ? Math.min(asked * 1000, limits.wallMs) : limits.wallMs;
  const cwdFact = work.judged.facts.paths.find((path) => path.pointer === "/cwd");
  return {
    argv: ["/bin/bash", "--noprofile", "--norc", "-c", textArgument(work, "command")],
    cwd: cwdFact?.resolved ?? work.proposal.cwd,
    mounts: limits.mounts,
    env: { ...COMMAND_ENVIRONMENT, ...(kept === null ? {} : { HOME: SCRATCH_HOME }), ...lease?.env },
    stdin: "",
    wallMs,
    outputBytes: limits.outputBytes,
    memoryBytes: limits.memoryBytes,
    processes: limits.processes,
    fileBytes: limits.fileBytes,
    egressSocket: lease?.socket ?? null,
    ...(lease?.ca === undefined ? {} : { egressCa: lease.ca }),
    runtime: "command",
    ...(limits.cpus === undefined ? {} : { cpus: limits.cpus }),
    ...(kept === null ? {} : { scratch: kept.job }),
  };
}

function tell(work: Work, piece: OutputPiece): void {
  const text = new TextDecoder().decode(piece.bytes);
  work.emit({ type: "call.output", call: work.proposal.id, stream: piece.stream, text });
}

function describe(result: JobResult): RunOutcome {
  const { end } = result;
  const decoder = new TextDecoder();
  const parts = [
    section("", decoder.decode(result.stdout), result.stdoutLost),
    section("stderr:\n", decoder.decode(result.stderr), result.stderrLost),
  ];
  const said = sayEnd(end);
  return {
    ok: end.how === "exit" && end.status === 0,
    text: [...parts, said].filter((part) => part !== "").join("\n"),
    summary: said,
    data: {
      end,
      stdoutBytes: result.stdout.length + result.stdoutLost,
      stderrBytes: result.stderr.length + result.stderrLost,
      ...(result.changed === undefined ? {} : { changed: result.changed }),
    },
  };
}

function section(heading: string, text: string, lost: number): string {
  if (text === "" && lost === 0) return "";
  return `${heading}${text.trimEnd()}${lost > 0 ? `\n[${lost} bytes more were cut off]` : ""}`;
}

function sayEnd(end: JobResult["end"]): string {
  switch (end.how) {
    case "exit":
      return `exit status ${end.status}`;
    case "signal":
      return `ended by ${end.signal}`;
    case "timeout":
      return "stopped: it took longer than it may";
    case "stopped":
      return "stopped by a person";
    case "refused":
      return `not started: ${end.message} (hint: ${end.hint})`;
  }
}
