/**
 * From a name to the very address that is connected to.
 *
 * A name is resolved once. Every address that it has is checked, and one that
 * is special refuses them all: a name that stands for a public and a private
 * address at once is an attack. Nothing resolves a second time, so a resolver
 * that changes its answer changes nothing.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { classifyAddress, type Network, parseNetwork } from "../../core/address.ts";

/** Every address of a name, in the order in which they should be tried. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Connects to a literal address; rejects where that fails. */
export type Dial = (address: string, port: number) => Promise<Socket>;

/** What is found out about the outside; a test hands in its own. */
export type World = {
  readonly resolve: Resolve;
  readonly dial: Dial;
  /** Networks that this machine is in, asked at each check because they change. */
  readonly ownNetworks: () => readonly Network[];
};

export type Checked =
  | { readonly kind: "public"; readonly addresses: readonly string[] }
  | { readonly kind: "special"; readonly why: string }
  | { readonly kind: "unresolved"; readonly why: string };

const RESOLVE_MS = 10_000;
const CONNECT_MS = 10_000;
/** A name with more is used up to here; the rest is checked all the same. */
const ADDRESSES_TRIED = 4;

/** The real world: this machine's resolver, and its own sockets. */
export function realWorld(): World {
  return { resolve: systemResolve, dial: dialAddress, ownNetworks };
}

/** @param host as `parseDestination` answers it. */
export async function checkedAddresses(host: string, literal: boolean, world: World): Promise<Checked> {
  const found = literal ? [host] : await resolveInTime(host, world.resolve);
  if (typeof found === "string") return { kind: "unresolved", why: found };
  const own = world.ownNetworks();
  const addresses: string[] = [];
  for (const text of found) {
    const reach = classifyAddress(text, own);
    if (reach.reach === "special") return { kind: "special", why: `${text} is ${reach.why}` };
    addresses.push(reach.address);
  }
  if (addresses.length === 0) return { kind: "unresolved", why: "the name has no address" };
  return { kind: "public", addresses };
}

/** The addresses, or why there are none. */
export async function resolveInTime(host: string, resolve: Resolve): Promise<readonly string[] | string> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("the name was not resolved in time"), RESOLVE_MS);
  try {
    return await Promise.race([resolve(host), late.promise]);
  } catch (error) {
    return `the name does not resolve (${errorCode(error)})`;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Connects to the first address that answers.
 *
 * @throws the last error where none does.
 */
export async function dialFirst(
  addresses: readonly string[],
  port: number,
  dial: Dial,
): Promise<{ readonly socket: Socket; readonly address: string }> {
  let last: unknown = new Error("there is no address");
  for (const address of addresses.slice(0, ADDRESSES_TRIED)) {
    try {
      return { socket: await dial(address, port), address };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function systemResolve(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: "verbatim" });
  return found.map(({ address }) => address);
}

/** `address` is a literal, so nothing is resolved here; the peer is compared all the same. */
export function dialAddress(address: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: address, port, autoSelectFamily: false, allowHalfOpen: true, noDelay: true });
  const timer = setTimeout(() => socket.destroy(timeout()), CONNECT_MS);
  socket.once("error", reject);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", reject);
    const peer = classifyAddress(socket.remoteAddress ?? "");
    const wanted = classifyAddress(address);
    if (peer.reach === "public" && wanted.reach === "public" && peer.address === wanted.address) return resolve(socket);
    socket.destroy();
    reject(new Error("connected to another address than the one that was checked"));
  });
  return promise.finally(() => clearTimeout(timer));
}

function timeout(): Error {
  return Object.assign(new Error("the connection was not made in time"), { code: "ETIMEDOUT" });
}

/** Networks of the interfaces. A block so wide that it holds half the internet counts as its one address. */
function ownNetworks(): readonly Network[] {
  const found: Network[] = [];
  for (const each of Object.values(networkInterfaces()).flat()) {
    const block = parseNetwork(each?.cidr ?? "");
    if (block === null) continue;
    const narrow = block.bits >= (block.version === 4 ? 8 : 32);
    found.push(narrow ? block : { ...block, bits: block.version === 4 ? 32 : 128 });
  }
  return found;
}

/** `ECONNREFUSED` of an error, for people and records; never its text, which may hold anything. */
export function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code.slice(0, 60);
  return error instanceof Error ? error.name : "unknown error";
}
