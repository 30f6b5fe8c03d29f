/**
 * HashiCorp Vault: its KV engine, version 2, over the HTTP API.
 *
 * With AppRole a token is taken for one reading and given back after it: the
 * gateway holds none in between. Redirects are not followed; an answer is read
 * strictly, and never repeated in a fault.
 *
 * @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 * @see https://developer.hashicorp.com/vault/api-docs/auth/approle
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { Net } from "../../core/ports/net.ts";
import type { SecretSource, SecretValue } from "../../core/ports/secrets.ts";
import type { SecretId, SecretRef } from "../../core/secret-ref.ts";

export type HashicorpAuth =
  | { readonly kind: "token"; readonly token: () => string }
  | { readonly kind: "approle"; readonly mount: string; readonly roleId: string; readonly secretId: () => string };

export type HashicorpServer = {
  /** Scheme, host and port: `https://vault.example.net:8200`. */
  readonly origin: string;
  /** Of the KV engine. */
  readonly mount: string;
  readonly namespace?: string;
  readonly auth: HashicorpAuth;
};

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 4 * 1024 * 1024;

const READ = z.looseObject({
  data: z.looseObject({
    data: z.record(z.string(), z.unknown()),
    metadata: z.looseObject({ created_time: z.string() }),
  }),
});
const LOGIN = z.looseObject({ auth: z.looseObject({ client_token: z.string().regex(/^[\x21-\x7e]{4,4096}$/) }) });

type Call = (
  request: { readonly method: "GET" | "POST"; readonly path: string; readonly token?: string; readonly body?: unknown },
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly text: string }>;

export function hashicorpSource(server: HashicorpServer, net: Pick<Net, "fetchFor">): SecretSource {
  const call = caller(server, net.fetchFor({ kind: "origin", origin: server.origin }));
  return {
    async read(refs, signal) {
      const own = refs.filter((ref) => ref.source === "hashicorp");
      if (own.length === 0) return new Map();
      const token = await tokenOf(server.auth, call, signal);
      try {
        return await readAll(own, { call, token, mount: server.mount }, signal);
      } finally {
        if (server.auth.kind === "approle") await giveBack(call, token);
      }
    },
  };
}

type Reading = { readonly call: Call; readonly token: string; readonly mount: string };

/** Each path once, however many of its fields are named. */
async function readAll(
  refs: readonly Extract<SecretRef, { source: "hashicorp" }>[],
  reading: Reading,
  signal: AbortSignal,
): Promise<ReadonlyMap<SecretId, SecretValue>> {
  const found = new Map<SecretId, SecretValue>();
  for (const path of new Set(refs.map((ref) => ref.path))) {
    const fields = await readPath(path, reading, signal);
    if (fields === undefined) continue;
    for (const { id, field } of refs.filter((ref) => ref.path === path)) {
      const value = Object.hasOwn(fields.data, field) ? fields.data[field] : undefined;
      if (typeof value === "string" && value !== "") found.set(id, { value, setMs: fields.setMs });
    }
  }
  return found;
}

async function readPath(
  path: string,
  { call, token, mount }: Reading,
  signal: AbortSignal,
): Promise<{ readonly data: Readonly<Record<string, unknown>>; readonly setMs: number | null } | undefined> {
  const { status, text } = await call({ method: "GET", path: `/v1/${mount}/data/${path}`, token }, signal);
  // Never there, or its newest version was deleted: the same to us.
  if (status === 404) return undefined;
  if (status !== 200) throw refused(status);
  const parsed = READ.safeParse(json(text));
  if (!parsed.success) throw unreadable();
  const setMs = Date.parse(parsed.data.data.metadata.created_time);
  return { data: parsed.data.data.data, setMs: Number.isNaN(setMs) ? null : setMs };
}

async function tokenOf(auth: HashicorpAuth, call: Call, signal: AbortSignal): Promise<string> {
  if (auth.kind === "token") return auth.token();
  const body = { role_id: auth.roleId, secret_id: auth.secretId() };
  const { status, text } = await call({ method: "POST", path: `/v1/auth/${auth.mount}/login`, body }, signal);
  if (status !== 200) throw refused(status);
  const parsed = LOGIN.safeParse(json(text));
  if (!parsed.success) throw unreadable();
  return parsed.data.auth.client_token;
}

/** What cannot be given back ends by itself, by its time to live. @returns whether it was taken back. */
async function giveBack(call: Call, token: string): Promise<boolean> {
  try {
    const asked = { method: "POST", path: "/v1/auth/token/revoke-self", token } as const;
    return (await call(asked, AbortSignal.timeout(TIMEOUT_MS))).status === 204;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function caller({ origin, namespace }: HashicorpServer, fetcher: typeof globalThis.fetch): Call {
  return async ({ method, path, token, body }, signal) => {
    const headers = {
      "x-vault-request": "true",
      ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
      ...(token === undefined ? {} : { "x-vault-token": token }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const init = {
      method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    try {
      const answer = await fetcher(new URL(path, origin), init);
      return { status: answer.status, text: await textOf(answer) };
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Fault) throw cause;
      throw unavailable("it does not answer", "look whether it runs, and at `secrets.hashicorp.address`", cause);
    }
  };
}

async function textOf(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  if (answer.body !== null) {
    for await (const piece of answer.body) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) throw unreadable();
      pieces.push(piece);
    }
  }
  return Buffer.concat(pieces).toString("utf8");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its words may be a secret's.
    throw unreadable();
  }
}

const SAYS: ReadonlyMap<number, readonly [string, string]> = new Map([
  [400, ["it does not understand the request", "is `secrets.hashicorp.mount` a KV engine of version 2?"]],
  [403, ["the token, or the role, may not read this", "give its policy `read` on the path `MOUNT/data/…`"]],
  [429, ["it is a standby, or is asked too often", "name the active server in `secrets.hashicorp.address`"]],
  [473, ["it is a standby", "name the active server in `secrets.hashicorp.address`"]],
  [503, ["it is sealed, or in maintenance", "unseal it: `vault operator unseal`"]],
]);

function refused(status: number): Fault {
  const [why, hint] = SAYS.get(status) ?? [`it answered ${status}`, "look into its log"];
  return unavailable(why, hint);
}

function unreadable(): Fault {
  return unavailable("it answered in another form than its API has", "is `secrets.hashicorp.address` a Vault?");
}

function unavailable(why: string, hint: string, cause?: unknown): Fault {
  return new Fault("SECRET_UNAVAILABLE", { message: `HashiCorp Vault cannot be read: ${why}`, hint, cause });
}
