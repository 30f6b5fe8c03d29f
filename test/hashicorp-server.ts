/**
 * A HashiCorp Vault of our own on loopback: the part of its documented HTTP
 * API that is used, answering as its documentation says. Not the real program,
 * which no package of the machines here has.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

export type FakeVault = {
  readonly origin: string;
  /** KV version 2: path → fields, with when they were written. */
  readonly kv: Map<string, { data: Record<string, unknown>; createdTime: string; isDeleted?: boolean }>;
  /** Tokens that may read. */
  readonly tokens: Set<string>;
  /** role id → secret id */
  readonly roles: Map<string, string>;
  /** Paths that no policy lets anybody read. */
  readonly forbidden: Set<string>;
  /** `METHOD path` of each request, in order. */
  readonly asked: string[];
  /** What every request is answered with instead, where it is set. */
  answer: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> } | undefined;
  isSealed: boolean;
  namespace: string | undefined;
  close(): Promise<void>;
};

export async function startVault(mount = "secret"): Promise<FakeVault> {
  const vault: FakeVault = {
    origin: "",
    kv: new Map(),
    tokens: new Set(),
    roles: new Map(),
    forbidden: new Set(),
    asked: [],
    answer: undefined,
    isSealed: false,
    namespace: undefined,
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
  const server = createServer((req, res) => {
    respond(vault, mount, req)
      .then(({ status, body, headers }) => res.writeHead(status, headers).end(body))
      .catch(() => res.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(vault, { origin: `http://127.0.0.1:${port}` });
}

type Answer = { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };

async function respond(vault: FakeVault, mount: string, req: IncomingMessage): Promise<Answer> {
  const path = new URL(req.url ?? "", "http://x").pathname;
  vault.asked.push(`${req.method} ${path}`);
  const body = await bodyOf(req);
  if (vault.answer !== undefined) return vault.answer;
  if (vault.isSealed) return errors(503, ["Vault is sealed"]);
  if (vault.namespace !== undefined && req.headers["x-vault-namespace"] !== vault.namespace)
    return errors(404, ["no handler for route"]);
  const login = /^\/v1\/auth\/([^/]+)\/login$/.exec(path)?.[1];
  if (req.method === "POST" && login !== undefined) return logIn(vault, body);
  const token = String(req.headers["x-vault-token"] ?? "");
  if (!vault.tokens.has(token)) return errors(403, ["permission denied"]);
  if (req.method === "POST" && path === "/v1/auth/token/revoke-self") {
    vault.tokens.delete(token);
    return { status: 204 };
  }
  const prefix = `/v1/${mount}/data/`;
  if (req.method !== "GET" || !path.startsWith(prefix)) return errors(404, []);
  const name = path.slice(prefix.length);
  return vault.forbidden.has(name) ? errors(403, ["permission denied"]) : secret(vault, name);
}

function logIn(vault: FakeVault, body: Record<string, unknown>): Answer {
  if (vault.roles.get(String(body["role_id"])) !== body["secret_id"]) return errors(400, ["invalid role or secret ID"]);
  const token = `hvs.${randomBytes(12).toString("hex")}`;
  vault.tokens.add(token);
  return json(200, {
    request_id: "r",
    lease_id: "",
    renewable: false,
    auth: { client_token: token, accessor: "a", policies: ["default"], lease_duration: 1200, renewable: true },
  });
}

function secret(vault: FakeVault, path: string): Answer {
  const found = vault.kv.get(path);
  if (found === undefined) return errors(404, []);
  const { data, createdTime, isDeleted = false } = found;
  const metadata = {
    created_time: createdTime,
    custom_metadata: null,
    deletion_time: isDeleted ? createdTime : "",
    destroyed: false,
    version: 3,
  };
  return json(isDeleted ? 404 : 200, { request_id: "r", data: { data: isDeleted ? null : data, metadata } });
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const piece of req.setEncoding("utf8")) text += String(piece);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

const errors = (status: number, said: readonly string[]): Answer => json(status, { errors: said });
