/**
 * Credentials that the egress proxy puts into requests: the model and the
 * sandbox hold a handle, which is worth nothing anywhere else.
 *
 * @module
 */
import { coversRequest, type Destination, listsHost } from "./destination.ts";

/** Where in a request a handle may stand. */
export const CREDENTIAL_PLACES = ["header", "query", "body"] as const;
export type CredentialPlace = (typeof CREDENTIAL_PLACES)[number];

/** What a credential is bound to; everything but its value. */
export type CredentialBinding = {
  readonly name: string;
  /** As in egress rules; only these are ever given the value. */
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly methods: readonly string[];
  /** Path rules; absent: every path. */
  readonly paths?: readonly string[];
  readonly places: readonly CredentialPlace[];
  /** Lower case: the headers in which a handle may stand. */
  readonly headers: readonly string[];
  /** `Authorization: Bearer {}`: put in where the request has no such header; absent: only handles are exchanged. */
  readonly inject?: string;
};

export type Credential = CredentialBinding & {
  /** The value itself. Never recorded, never in an error. */
  readonly secret: string;
};

/** A value that is shorter could not be told from ordinary text in an answer. */
export const SHORTEST_SECRET = 8;

/** What sandboxes get instead. The end is random and new for each call. */
export const HANDLE = /vmb-secret-[a-z0-9._@+-]{1,128}-[0-9a-f]{32}/g;

export function handleOf(name: string, random: Uint8Array): string {
  return `vmb-secret-${name}-${Buffer.from(random).toString("hex")}`;
}

export function isBoundTo(credential: CredentialBinding, destination: Destination): boolean {
  const { ports, methods, paths } = credential;
  const rule = { ports, methods, ...(paths === undefined ? {} : { paths }) };
  return credential.hosts.some((host) => coversRequest(destination, { host, ...rule }));
}

/** Whether some request to this host and port may be given it. */
export function isBoundToHost({ hosts, ports, methods }: CredentialBinding, host: string, port: number): boolean {
  return hosts.some((one) => listsHost(host, port, { host: one, ports, methods }));
}
