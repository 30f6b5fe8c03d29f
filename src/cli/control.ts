/** `vambrace stop`, `resume` and `status`. @module */
import { plural } from "../core/plural.ts";
import { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { OWNER } from "../app/given.ts";
import { type Home, homeAt } from "../app/home.ts";
import { leavePending } from "../app/pending.ts";
import { isHeld, type Running, stopBySignal } from "../app/running.ts";
import { systemClock } from "../app/system.ts";
import { operatorFault } from "../core/disk-fault.ts";
import { Fault } from "../core/fault.ts";
import { watchStatus } from "../wire/watching.ts";
import { connect, runningOf } from "./client.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { oneLine, paint, table } from "./style.ts";
import { utc } from "./when.ts";

const Done = z.looseObject({});

export const stopCommand: Command = {
  name: "stop",
  words: Number.POSITIVE_INFINITY,
  summary: "halt everything at once: turns, commands, schedules; stays halted across a restart",
  usage: "vambrace stop [REASON]",
  example: 'vambrace stop "it does something strange"',
  options: {},
  help: {},
  async run(args, _flags, io) {
    await stopNow(io, args.join(" ") || "said in a terminal");
    return 0;
  },
};

/** Over HTTP, by a signal, or for the next start: one of them holds when it resolves. */
export async function stopNow(io: Io, reason: string): Promise<void> {
  const home = homeAt(stateFolder(io.env));
  const why = await askToStop(io, reason);
  if (why === undefined) {
    io.err("stopped: nothing runs, and nothing will until `vambrace resume`");
    return;
  }
  const running = runningNow(home);
  if (running === undefined) {
    leaveStop(home, reason);
    io.err(isHeld(home) ? UNSEEN : "no gateway is running; the next one starts stopped, until `vambrace resume`");
    return;
  }
  io.err(`the gateway did not take it over HTTP (${why}); stopping it by a signal`);
  await stopOrLeave(home, running, reason);
  io.err("stopped: nothing runs, and nothing will until `vambrace resume`");
}

/** It looks for what was left for it each second; whether it did cannot be seen from here. */
const UNSEEN =
  "a gateway runs, and where it listens cannot be read: it stops within a second, unless it hangs. " +
  "To be sure, end it: `pgrep -af 'main.[jt]s start'` shows its process. The next one starts stopped, until `vambrace resume`";

/** Whatever becomes of the gateway, the next one starts stopped where this one did not say that it is. */
async function stopOrLeave(home: Home, running: Running, reason: string): Promise<void> {
  try {
    if ((await stopBySignal(home, running)) === "kept") return;
  } catch (thrown) {
    leaveStop(home, reason);
    throw thrown;
  }
  try {
    leaveStop(home, reason);
  } catch (cause) {
    throw new Fault("STATE_UNAVAILABLE", {
      message: `everything is stopped, and it could not be kept: ${operatorFault(cause).message}`,
      hint: "make room, then say `vambrace stop` again; a gateway that is started before that would run",
      cause,
    });
  }
}

function leaveStop(home: Home, why: string): void {
  leavePending(home.root, { kind: "stop", who: OWNER, why, atMs: systemClock.wallMs() });
}

function runningNow(home: Home): Running | undefined {
  try {
    return runningOf(home);
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

/** A stop that waits is none: after this long it is said another way. */
const HTTP_PATIENCE_MS = 3000;

/** @returns why it was not taken. */
async function askToStop(io: Io, reason: string): Promise<string | undefined> {
  try {
    await connect(io).post("/api/stop", { reason }, Done, AbortSignal.timeout(HTTP_PATIENCE_MS));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    return thrown instanceof Error && thrown.name === "TimeoutError" ? "no answer" : String(thrown);
  }
}

export const resumeCommand: Command = {
  name: "resume",
  words: 0,
  summary: "start again after `stop`",
  usage: "vambrace resume",
  example: "vambrace resume",
  options: {},
  help: {},
  async run(_args, _flags, io) {
    await connect(io).post("/api/resume", {}, Done);
    io.err("resumed: requests are taken again");
    return 0;
  },
};

const Status = z.looseObject({
  version: z.string(),
  halted: z.boolean(),
  model: z.looseObject({ provider: z.string(), model: z.string(), remote: z.boolean() }),
  sessions: z.number(),
  turnsRunning: z.number(),
  approvalsOpen: z.number(),
  ledger: z.looseObject({ entries: z.number(), rootHex: z.string() }),
  readiness: z.array(z.looseObject({ control: z.string(), ready: z.boolean(), says: z.string() })),
  downgrades: z.array(z.string()),
  weakModels: z.array(z.string()),
  reminders: z.array(z.string()).default([]),
  watch: watchStatus,
});

export const statusCommand: Command = {
  name: "status",
  words: 0,
  summary: "what runs, with which model, and which controls have proved themselves",
  usage: "vambrace status [--json]",
  example: "vambrace status",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print everything as JSON" },
  async run(_args, flags, io) {
    const client = connect(io);
    const status = await client.get("/api/status", Status);
    const ready = status.readiness.every((control) => control.ready);
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify(status));
      return ready ? 0 : 1;
    }
    const { provider, model, remote } = status.model;
    io.out(
      table([
        [
          "gateway",
          `${client.url}, process ${client.pid}, version ${status.version}${status.halted ? paint(io, "red", ", STOPPED") : ""}`,
        ],
        [
          "model",
          provider === "offline"
            ? "offline planner: no model is configured"
            : `${provider}/${model}${remote ? " (what is sent leaves this machine)" : " (local)"}`,
        ],
        [
          "work",
          `${plural(status.turnsRunning, "turn")} running, ${plural(status.approvalsOpen, "question")} open, ${plural(status.sessions, "session")}`,
        ],
        ["records", `${status.ledger.entries} in the ledger, root ${status.ledger.rootHex.slice(0, 16)}…`],
        ...watchLines(io, status.watch),
        ...status.readiness.map((control) => [
          control.control,
          `${control.ready ? paint(io, "green", "ready") : paint(io, "red", "NOT READY")}: ${oneLine(control.says, 120)}`,
        ]),
        ...status.downgrades.map((line) => ["weaker", paint(io, "yellow", line)]),
        ...status.weakModels.map((line) => ["weak model", paint(io, "yellow", oneLine(line, 300))]),
        ...status.reminders.map((line) => ["due", paint(io, "yellow", oneLine(line, 200))]),
      ]),
    );
    return ready ? 0 : 1;
  },
};

const FROZEN_SHOWN = 10;

function saidLine({ by, why, atMs }: { by: string; why: string; atMs: number }): string {
  return `by ${oneLine(by, 40)}, ${utc(atMs)}: ${oneLine(why, 120)}`;
}

/** What wants to be looked at; one line each, none where all is well. */
function watchLines(io: Io, watch: z.infer<typeof watchStatus>): readonly (readonly string[])[] {
  const { alerts, stopped, frozen, openIncidents, servicesOff, closeWatchUntilMs } = watch;
  const lines: (readonly string[])[] = [];
  if (stopped !== null) lines.push(["stopped", paint(io, "red", saidLine(stopped))]);
  const silent = alerts.silent.length === 0 ? "" : `, silent: ${oneLine(alerts.silent.join(", "), 80)}`;
  const lost = alerts.undelivered === 0 ? "" : paint(io, "red", `, ${alerts.undelivered} not delivered`);
  if (alerts.raised > 0 || silent !== "" || lost !== "") {
    lines.push(["alerts", `${plural(alerts.raised, "alert")} since the start${lost}${silent} (vambrace alerts list)`]);
  }
  if (openIncidents.length > 0)
    lines.push(["incident", paint(io, "red", `open: ${oneLine(openIncidents.join(", "), 120)}`)]);
  if (servicesOff.length > 0)
    lines.push(["off", paint(io, "red", `until brought back: ${oneLine(servicesOff.join(", "), 80)}`)]);
  for (const { session, ...said } of frozen.slice(0, FROZEN_SHOWN)) {
    lines.push(["frozen", paint(io, "yellow", `${session} ${saidLine(said)}`)]);
  }
  const more = frozen.length - FROZEN_SHOWN;
  if (more > 0) lines.push(["frozen", paint(io, "yellow", `${more} more (vambrace status --json)`)]);
  if (closeWatchUntilMs !== null) {
    lines.push([
      "close watch",
      paint(
        io,
        "yellow",
        `until ${new Date(closeWatchUntilMs).toISOString().slice(0, 10)}: everything that changes or leaves something is asked`,
      ),
    ]);
  }
  return lines;
}
