/**
 * The gateway's side of the ledger: it asks the writer to append, and reads
 * the folder itself to search.
 *
 * INVARIANT(receipts-by-identity): a receipt is an object that this client
 * made after the writer said that the record is durable, and after the client
 * had computed for itself that the recorded bytes are the ones it meant.
 * A look-alike is not a receipt.
 *
 * Nothing is tried again: a record whose answer got lost may be there or not,
 * and writing it twice would say that it happened twice.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { FaultCode } from "../core/fault-codes.ts";
import { Fault, toFault } from "../core/fault.ts";
import { type Frame, frameReader, jsonFrame } from "../core/frame.ts";
import { type Digest, isObject, type JsonObject, type JsonValue, parseDigest } from "../core/json.ts";
import type { Ledger, Receipt } from "../core/ports/ledger.ts";
import { recordMaker } from "./entry.ts";
import type { Head } from "./log.ts";
import { leafHash } from "./merkle.ts";
import { searchLedger } from "./search.ts";

/** Refusals of one entry; every other Fault of the writer means that the ledger is not there. */
const OF_THE_ENTRY: readonly FaultCode[] = ["LEDGER_ENTRY_MALFORMED", "LEDGER_ENTRY_TOO_LARGE", "JSON_UNREPRESENTABLE"];

/**
 * How many requests of one turn travel together: enough to be worth an fdatasync, few enough that the writer is at
 * work on the first while we still spell the last (measured with 64 callers: 24,500 a second against 20,000).
 */
const SENT_TOGETHER = 16;

export type LedgerClient = Ledger & {
  /** A signed note over this digest and the tree as it is now (`seal.ts`). */
  seal(digest: Digest): Promise<string>;
  /** Says that nothing more comes, and waits until the writer has published everything and closed. */
  close(): Promise<void>;
};

type Waiting = { readonly settle: (answer: JsonObject) => void; readonly reject: (fault: Fault) => void };

/** Owned by the client that `openLedgerClient` made. */
type Connection = {
  readonly socket: Duplex;
  readonly waiting: Map<number, Waiting>;
  /** Requests that are not sent yet. */
  readonly outbox: Uint8Array[];
  nextId: number;
  /** Why there is no ledger any more. */
  ended?: Fault;
};

/**
 * @param socket the gateway's end of the socket pair that the writer was born with.
 * @param dir the ledger's folder, read by `search` only.
 */
export function openLedgerClient({ socket, dir }: { socket: Duplex; dir: string }): LedgerClient {
  const connection = listen(socket);
  const given = new WeakSet<Receipt>();
  return {
    append: async (entry) => {
      // Refused before anything else: an entry that cannot be recorded must not begin to be.
      const meant = recordMaker(entry);
      const { index, leaf, time } = await ask(connection, { op: "append", entry });
      if (typeof index !== "number" || typeof leaf !== "string" || typeof time !== "string") throw nonsense(connection);
      if (leafHash(meant(index, time)).toString("hex") !== leaf) throw nonsense(connection);
      const receipt: Receipt = { index, leaf: parseDigest(leaf), entry };
      given.add(receipt);
      return receipt;
    },
    gave: (receipt) => given.has(receipt),
    search: (query) => searchLedger(dir, query),
    head: async () => readHead(connection, await ask(connection, { op: "head" })),
    seal: async (digest) => {
      const { note } = await ask(connection, { op: "seal", digest });
      if (typeof note !== "string") throw nonsense(connection);
      return note;
    },
    close: () => close(connection),
  };
}

function listen(socket: Duplex): Connection {
  const connection: Connection = { socket, waiting: new Map(), outbox: [], nextId: 1 };
  const read = frameReader();
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of read(chunk)) receive(connection, frame);
    } catch (error) {
      end(connection, toFault(error));
    }
  });
  const gone = (): void => end(connection, unavailable("the ledger writer has ended"));
  socket.on("end", gone);
  socket.on("close", gone);
  socket.on("error", gone);
  return connection;
}

function ask(connection: Connection, request: JsonObject): Promise<JsonObject> {
  if (connection.ended !== undefined) return Promise.reject(connection.ended);
  const id = connection.nextId++;
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
  connection.waiting.set(id, { settle: resolve, reject });
  if (connection.outbox.length === 0) process.nextTick(() => send(connection));
  connection.outbox.push(jsonFrame({ ...request, id }));
  if (connection.outbox.length >= SENT_TOGETHER) send(connection);
  return promise;
}

/** Together, because each batch of the writer costs an fdatasync. */
function send({ socket, outbox }: Connection): void {
  const requests = Buffer.concat(outbox.splice(0));
  if (requests.length > 0 && socket.writable) socket.write(requests);
}

function receive(connection: Connection, frame: Frame): void {
  const answer: JsonValue = frame.kind === "json" ? frame.value : null;
  if (!isObject(answer)) throw unavailable("the ledger writer answered nonsense");
  if (answer["op"] === "fatal") throw faultOf(answer["fault"]);
  const id = Number(answer["id"]);
  const waiting = connection.waiting.get(id);
  if (waiting === undefined) throw unavailable("the ledger writer answered what nobody asked");
  connection.waiting.delete(id);
  if (answer["fault"] === undefined) waiting.settle(answer);
  else waiting.reject(faultOf(answer["fault"]));
}

/** From here on there is no ledger: everybody who waits hears so, and everybody who asks. */
function end(connection: Connection, why: Fault): void {
  const { socket, waiting } = connection;
  connection.ended ??= why.code === "LEDGER_UNAVAILABLE" ? why : unavailable(why.message);
  for (const { reject } of waiting.values()) reject(connection.ended);
  waiting.clear();
  socket.destroy();
}

function readHead(connection: Connection, { size, rootHex, checkpoint }: JsonObject): Head {
  if (typeof size === "number" && typeof rootHex === "string" && typeof checkpoint === "string") {
    return { size, rootHex, checkpoint };
  }
  throw nonsense(connection);
}

/** A writer that says something else than it was asked is not believed any more, about anything. */
function nonsense(connection: Connection): Fault {
  const why = unavailable("the ledger writer recorded something else than it was given");
  end(connection, why);
  return why;
}

async function close(connection: Connection): Promise<void> {
  const { socket } = connection;
  if (socket.closed) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  socket.once("close", () => resolve(undefined));
  send(connection);
  if (connection.ended === undefined) socket.end();
  await promise;
}

function faultOf(value: JsonValue | undefined): Fault {
  const { code, message, hint } = isObject(value) ? value : {};
  const says = typeof message === "string" ? message : "the ledger writer failed and did not say why";
  const advice = typeof hint === "string" ? hint : undefined;
  const known = OF_THE_ENTRY.find((known) => known === code);
  return known === undefined ? unavailable(says, advice) : new Fault(known, { message: says, hint: advice ?? "" });
}

function unavailable(message: string, hint?: string): Fault {
  return new Fault("LEDGER_UNAVAILABLE", {
    message,
    hint: hint ?? "nothing is done without the ledger: look at the writer's last words, then restart the gateway",
  });
}
