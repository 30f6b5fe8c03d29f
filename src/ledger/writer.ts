/**
 * The writer's side of the socket: group commit.
 *
 * Whatever arrived while a batch was being made durable waits in the socket
 * and becomes the next batch; nothing is answered before fdatasync returned.
 * A peer that breaks the form is cut off; a disk that failed ends the writer
 * after it said so. Restarting is the parent's business.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { Fault, toFault } from "../core/fault.ts";
import { type Frame, frameReader, jsonFrame } from "../core/frame.ts";
import { isObject, type JsonValue } from "../core/json.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "./log.ts";

/** Records in one batch: of the largest ones 8 MiB, so that the first byte of a batch's length stays zero (journal.ts). */
const BATCH_RECORDS = 120;
/** How long a record may wait for a checkpoint; how many records and bytes may wait. */
const PUBLISH_AFTER_MS = 1000;
const PUBLISH_RECORDS = 4096;
const PUBLISH_BYTES = 1024 * 1024;

export type WriterOptions = {
  readonly socket: Duplex;
  readonly log: Log;
  readonly clock: Pick<Clock, "sleep">;
};

type Request =
  | { readonly op: "append"; readonly id: number; readonly entry: unknown }
  | { readonly op: "head"; readonly id: number }
  | { readonly op: "seal"; readonly id: number; readonly digest: string };

/** Owned by `serveLedger`. */
type Service = WriterOptions & {
  queue: Request[];
  /** A turn of `serveQueue` is on its way. */
  due: boolean;
  /** A checkpoint is on its way. */
  publishing: boolean;
  readonly stopped: AbortController;
  readonly finish: (why?: Fault) => void;
};

/**
 * Serves one peer until its side of the socket ends.
 *
 * @returns undefined where that was all, or the Fault that ended it.
 */
export async function serveLedger(options: WriterOptions): Promise<Fault | undefined> {
  const { socket } = options;
  const { promise: finished, resolve: finish } = Promise.withResolvers<Fault | undefined>();
  const service: Service = {
    ...options,
    queue: [],
    due: false,
    publishing: false,
    stopped: new AbortController(),
    finish,
  };
  const read = frameReader();
  socket.on("data", (chunk: Buffer) => {
    attempt(service, () => {
      for (const frame of read(chunk)) service.queue.push(parseRequest(frame));
      queueTurn(service);
    });
  });
  socket.on("end", () => finish(undefined));
  socket.on("close", () => finish(undefined));
  // A peer that died before it read an answer: what it asked for is recorded, and nobody waits for the word.
  socket.on("error", () => finish(undefined));
  const why = await finished;
  socket.removeAllListeners("data");
  return lastRites(service, why);
}

/** Publishes what is left and says goodbye. */
function lastRites(service: Service, why: Fault | undefined): Fault | undefined {
  const { socket, log, stopped } = service;
  let fault = why;
  try {
    if (fault === undefined) serveQueue(service);
    log.publish();
  } catch (error) {
    fault ??= toFault(error);
  }
  stopped.abort();
  if (fault !== undefined && socket.writable) socket.write(jsonFrame({ op: "fatal", fault: fault.toJSON() }));
  socket.end(() => socket.destroy());
  log.close();
  return fault;
}

function attempt(service: Service, work: () => void): void {
  if (service.stopped.signal.aborted) return;
  try {
    work();
  } catch (error) {
    service.finish(toFault(error));
  }
}

/** After everything that the socket holds was read: that is the batch. */
function queueTurn(service: Service): void {
  if (service.due) return;
  service.due = true;
  setImmediate(() => {
    service.due = false;
    attempt(service, () => serveQueue(service));
    attempt(service, () => publishWhenDue(service));
  });
}

function serveQueue(service: Service): void {
  while (service.queue.length > 0) {
    const until = service.queue.slice(0, BATCH_RECORDS).findIndex((request) => request.op !== "append");
    const batch = service.queue.splice(0, until < 0 ? BATCH_RECORDS : Math.max(until, 1));
    const [first] = batch;
    if (first?.op === "head") service.socket.write(jsonFrame({ id: first.id, ...service.log.publish() }));
    else if (first?.op === "seal")
      service.socket.write(jsonFrame({ id: first.id, note: service.log.seal(first.digest) }));
    else serveBatch(service, batch);
  }
}

function serveBatch({ socket, log, queue }: Service, batch: readonly Request[]): void {
  try {
    const results = log.append(batch.map((request) => (request.op === "append" ? request.entry : undefined)));
    socket.write(
      Buffer.concat(
        results.map((result, i) => {
          const id = batch[i]?.id ?? -1;
          return jsonFrame(result instanceof Fault ? { id, fault: result.toJSON() } : { id, ...result });
        }),
      ),
    );
  } catch (error) {
    const fault = toFault(error).toJSON();
    for (const { id } of [...batch, ...queue.splice(0)]) socket.write(jsonFrame({ id, fault }));
    throw error;
  }
}

function publishWhenDue(service: Service): void {
  const { log } = service;
  const { records, bytes } = log.unpublished();
  if (records >= PUBLISH_RECORDS || bytes >= PUBLISH_BYTES) {
    log.publish();
  } else if (records > 0 && !service.publishing) {
    service.publishing = true;
    void publishLater(service);
  }
}

/** Never rejects: what fails ends the service. */
async function publishLater(service: Service): Promise<void> {
  try {
    await service.clock.sleep(PUBLISH_AFTER_MS, service.stopped.signal);
  } catch {
    // Woken because the service ends, and that publishes by itself.
    return;
  }
  service.publishing = false;
  attempt(service, () => service.log.publish());
}

/** @throws Fault FRAME_MALFORMED: the only peer is our own client, and it says nothing else. */
function parseRequest(frame: Frame): Request {
  const request: JsonValue = frame.kind === "json" ? frame.value : null;
  if (isObject(request) && Number.isSafeInteger(request["id"])) {
    const id = Number(request["id"]);
    if (request["op"] === "append") return { op: "append", id, entry: request["entry"] };
    if (request["op"] === "head") return { op: "head", id };
    const { digest } = request;
    // Another digest than one would end the writer for everybody: it is no request.
    if (request["op"] === "seal" && typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest))
      return { op: "seal", id, digest };
  }
  throw new Fault("FRAME_MALFORMED", {
    message: "the ledger was asked for something that it does not do",
    hint: "restart the gateway; if it happens again, report it with `vambrace doctor --json`",
  });
}
