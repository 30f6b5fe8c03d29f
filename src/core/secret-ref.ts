/**
 * References to secrets: what stands in the configuration, in records and on
 * the screen where a value must not.
 *
 * | written | where the value is |
 * |---|---|
 * | `${NAME}` | a variable of the gateway's environment |
 * | `${vault:NAME}` | the encrypted vault |
 * | `${sops:FILE/KEY.KEY}` | a sops file that the configuration names |
 * | `${hashicorp:PATH#FIELD}` | a KV version 2 path of a HashiCorp Vault |
 *
 * @module
 */
import type { Brand } from "./brand.ts";
import { Fault } from "./fault.ts";

/** `env:NAME`, `vault:name`, `sops:file/key.key`, `hashicorp:path#field`: one secret, wherever its value is. */
export type SecretId = Brand<string, "SecretId">;

export type SecretRef =
  | { readonly source: "env"; readonly id: SecretId; readonly name: string }
  | { readonly source: "vault"; readonly id: SecretId; readonly name: string }
  | { readonly source: "sops"; readonly id: SecretId; readonly file: string; readonly keys: readonly string[] }
  | { readonly source: "hashicorp"; readonly id: SecretId; readonly path: string; readonly field: string };
export type SecretSourceName = SecretRef["source"];

const VARIABLE = /^[A-Z_][A-Z0-9_]{0,127}$/;
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;
const SOPS = /^([a-z0-9][a-z0-9_-]{0,63})\/([A-Za-z0-9_-]{1,128}(?:\.[A-Za-z0-9_-]{1,128}){0,19})$/;
const HASHICORP =
  /^([A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}){0,19})#([A-Za-z0-9_.-]{1,128})$/;

/** Of `${…}` and nothing around it; undefined where it is none. */
export function parseReference(text: string): SecretRef | undefined {
  const inner = /^\$\{([^${}]+)\}$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  return VARIABLE.test(inner) ? env(inner) : fromId(inner);
}

/** @throws Fault SECRET_UNKNOWN where it is no name of a secret. */
export function parseSecretId(text: string): SecretRef {
  const found = fromId(text) ?? (VARIABLE.test(text) ? env(text) : undefined);
  if (found !== undefined) return found;
  throw new Fault("SECRET_UNKNOWN", {
    message: "not the name of a secret",
    hint: "write `vault:NAME`, `env:VARIABLE`, `sops:FILE/KEY` or `hashicorp:PATH#FIELD`; `vambrace secrets list` shows those that there are",
  });
}

/** What stands in the configuration for it. */
export function referenceTo(ref: SecretRef): string {
  return ref.source === "env" ? `\${${ref.name}}` : `\${${ref.id}}`;
}

export function isVaultName(text: string): boolean {
  return NAME.test(text);
}

/** @throws Fault SECRET_UNKNOWN where the vault takes no such name. */
export function vaultRef(name: string): Extract<SecretRef, { source: "vault" }> {
  if (NAME.test(name)) return { source: "vault", id: branded(`vault:${name}`), name };
  throw new Fault("SECRET_UNKNOWN", {
    message: "not a name that a secret can have",
    hint: "use lower-case letters, digits and . _ @ + -, such as `github` or `openai.team`",
  });
}

function env(name: string): SecretRef {
  return { source: "env", id: branded(`env:${name}`), name };
}

function fromId(text: string): SecretRef | undefined {
  const [, source = "", rest = ""] = /^([a-z]+):(.{1,2000})$/s.exec(text) ?? [];
  switch (source) {
    case "env":
      return VARIABLE.test(rest) ? env(rest) : undefined;
    case "vault":
      return NAME.test(rest) ? vaultRef(rest) : undefined;
    case "sops":
      return sops(rest);
    case "hashicorp":
      return hashicorp(rest);
    default:
      return undefined;
  }
}

function sops(rest: string): SecretRef | undefined {
  const [, file, keys] = SOPS.exec(rest) ?? [];
  if (file === undefined || keys === undefined) return undefined;
  return { source: "sops", id: branded(`sops:${rest}`), file, keys: keys.split(".") };
}

function hashicorp(rest: string): SecretRef | undefined {
  const [, path, field] = HASHICORP.exec(rest) ?? [];
  if (path === undefined || field === undefined) return undefined;
  return { source: "hashicorp", id: branded(`hashicorp:${rest}`), path, field };
}

function branded(text: string): SecretId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a SecretId is made
  return text as SecretId;
}
