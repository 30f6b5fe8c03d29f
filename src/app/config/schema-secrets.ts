/** The section `secrets`: where values are kept, how old they may get, and how much each may be used. @module */
import { z } from "zod";
import { parseSecretId } from "../../core/secret-ref.ts";
import { Fault } from "../../core/fault.ts";
import { count, path, secret } from "./schema-words.ts";

const name = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/, "use letters, digits and . _ -");
const mount = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}){0,5}$/, "write the mount's path");

const vault = z
  .strictObject({
    unlock: z.enum(["identity", "passphrase", "keyring"]).default("identity"),
    identity: path.default("~/.config/vambrace/vault.key"),
  })
  .prefault({});

const sopsFile = z.strictObject({ file: path, identity: path.default("~/.config/sops/age/keys.txt") });

const hashicorp = z.strictObject({
  address: z
    .url({ protocol: /^https?$/ })
    .refine((text) => URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, ""), {
      message: "write scheme, host and port: `https://vault.example.net:8200`",
    }),
  mount: mount.default("secret"),
  namespace: mount.optional(),
  token: secret.optional(),
  appRole: z.strictObject({ roleId: name, secretId: secret, mount: mount.default("approle") }).optional(),
});

const secretId = z.string().refine((text) => {
  try {
    return text === parseSecretId(text).id;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}, "write which secret: `vault:NAME`, `env:VARIABLE`, `sops:FILE/KEY` or `hashicorp:PATH#FIELD`");

/** Of one day, UTC. */
const limit = z.strictObject({
  requests: count(1e9).optional(),
  kilobytes: count(1e9).optional(),
  tokens: count(1e12).optional(),
  money: z.number().positive().max(1e9).optional(),
});

export const secrets = z.strictObject({
  rotateDays: count(3_650).default(90),
  vault,
  sops: z.record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "use a-z, 0-9, _ and -"), sopsFile).default({}),
  hashicorp: hashicorp.optional(),
  limits: z.record(secretId, limit).default({}),
  spike: z.strictObject({ factor: z.number().min(2).max(1_000).default(5) }).prefault({}),
});
