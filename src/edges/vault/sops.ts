/**
 * sops files (YAML or JSON), encrypted for an age key: read, never written.
 *
 * INVARIANT(sops-whole): a value is given out only from a file whose every value opened in its place and whose MAC
 * verified over all of them. What stands in clear is never given out as a secret.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { parseDocument } from "yaml";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { SecretSource, SecretValue } from "../../core/ports/secrets.ts";
import type { SecretId, SecretRef } from "../../core/secret-ref.ts";
import { isAge, unseal } from "./age.ts";
import { parseIdentities } from "./key.ts";
import { readPrivate, readShared } from "./private-file.ts";
import { openValue, type SopsLeaf } from "./sops-value.ts";
import { type Rules, type SopsTree, walkTree } from "./sops-tree.ts";

export type SopsFile = {
  /** How references name it. */
  readonly id: string;
  /** Absolute. */
  readonly file: string;
  /** Absolute: the age key, as `age-keygen` writes one. */
  readonly identity: string;
};

const text = z.string().max(100_000);
const optional = z.union([text, z.null()]).optional();
/** Of what sops keeps about its file, that on which opening depends; services' keys are passed over. */
const METADATA = z.looseObject({
  age: z.array(z.looseObject({ recipient: text, enc: text })).min(1),
  lastmodified: text,
  mac: text,
  version: optional,
  unencrypted_suffix: optional,
  encrypted_suffix: optional,
  unencrypted_regex: optional,
  encrypted_regex: optional,
  mac_only_encrypted: z.union([z.boolean(), z.null()]).optional(),
  key_groups: z.union([z.array(z.unknown()).max(1), z.null()]).optional(),
  unencrypted_comment_regex: z.union([z.literal(""), z.null()]).optional(),
  encrypted_comment_regex: z.union([z.literal(""), z.null()]).optional(),
});
type Metadata = z.infer<typeof METADATA>;

/** The SHA-256 of `sops`: the MAC begins with it where it covers only what is encrypted. */
const ONLY_ENCRYPTED = createHash("sha256").update("sops").digest();

export type OpenedSops = { readonly values: ReadonlyMap<string, string>; readonly modifiedMs: number | null };

/** @throws Fault SECRET_DAMAGED, SECRET_LOCKED, SECRET_UNSAFE, SECRET_UNAVAILABLE; none repeats what stands in the file. */
export async function openSops(content: string, identities: readonly string[], name: string): Promise<OpenedSops> {
  const { metadata, tree } = parsed(content, name);
  const key = await dataKey(metadata, identities, name);
  const mac = createHash("sha512");
  if (metadata.mac_only_encrypted === true) mac.update(ONLY_ENCRYPTED);
  const values = new Map<string, string>();
  for (const { keys, leaf, isOpened } of walkTree(tree, key, rulesOf(metadata))) {
    if (leaf === undefined) throw damaged(name, `the value at \`${keys.join(".").slice(0, 200)}\` does not open`);
    if (isOpened || metadata.mac_only_encrypted !== true) mac.update(leaf.bytes);
    if (isOpened) values.set(keys.join("."), leaf.bytes.toString("utf8"));
  }
  verifyMac(openValue(metadata.mac, key, metadata.lastmodified), mac.digest("hex").toUpperCase(), name);
  const modifiedMs = Date.parse(metadata.lastmodified);
  return { values, modifiedMs: Number.isNaN(modifiedMs) ? null : modifiedMs };
}

function verifyMac(kept: SopsLeaf | undefined, computed: string, name: string): void {
  const wanted = Buffer.from(computed);
  if (kept !== undefined && kept.bytes.length === wanted.length && timingSafeEqual(kept.bytes, wanted)) return;
  throw damaged(name, "its MAC does not verify: a value was changed, added, taken out or moved");
}

function parsed(content: string, name: string): { readonly metadata: Metadata; readonly tree: SopsTree } {
  const isJson = content.trimStart().startsWith("{");
  const tree = isJson ? json(content, name) : yaml(content, name);
  const { sops, ...rest } = tree;
  const metadata = METADATA.safeParse(plain(sops));
  if (metadata.success) return { metadata: metadata.data, tree: rest };
  const isOther = metadata.error.issues.some(({ path }) => path[0] === "age" || path[0] === "key_groups");
  throw new Fault("SECRET_UNAVAILABLE", {
    message: `the sops file \`${name}\` ${isOther ? "is not encrypted for one age key" : "has no metadata that this version reads"}`,
    hint: "encrypt it with `sops --encrypt --age RECIPIENT`, as YAML or JSON; several key groups and comment rules are not read",
  });
}

function json(content: string, name: string): SopsTree {
  try {
    const value: unknown = JSON.parse(content);
    if (isMap(value)) return value;
  } catch {
    throw damaged(name, "it is not valid JSON");
  }
  throw damaged(name, "it is not a map of keys and values");
}

/** Whole numbers as they are written: a large one would lose digits, and the MAC would not verify. */
function yaml(content: string, name: string): SopsTree {
  const doc = parseDocument(content, {
    version: "1.2",
    schema: "core",
    intAsBigInt: true,
    uniqueKeys: true,
    logLevel: "error",
  });
  if (doc.errors.length > 0) throw damaged(name, "it is not valid YAML");
  const value = withoutAliases(doc, name);
  if (isMap(value)) return value;
  throw damaged(name, "it is not a map of keys and values");
}

/** Sops knows no aliases: what they name would be counted twice in the MAC. */
function withoutAliases(doc: { toJS(options: { readonly maxAliasCount: number }): unknown }, name: string): unknown {
  try {
    return doc.toJS({ maxAliasCount: 0 });
  } catch {
    throw damaged(name, "it has aliases, or is nested too deeply");
  }
}

function isMap(value: unknown): value is SopsTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The metadata's own numbers are small. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null, (_, one: unknown) => (typeof one === "bigint" ? Number(one) : one)));
}

async function dataKey({ age }: Metadata, identities: readonly string[], name: string): Promise<Uint8Array> {
  for (const { enc } of age) {
    const bytes = Buffer.from(enc.trim());
    if (!isAge(bytes)) throw damaged(name, "its data key is not an age file");
    const key = await unseal(bytes, { kind: "identities", identities }).catch((thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code === "SECRET_LOCKED") return undefined;
      throw thrown;
    });
    if (key !== undefined && key.length === 32) return key;
  }
  throw new Fault("SECRET_LOCKED", {
    message: `the sops file \`${name}\` is not encrypted for the age key that is configured`,
    hint: `\`secrets.sops.${name}.identity\` names the key; \`sops updatekeys\` adds a recipient`,
  });
}

function rulesOf(from: Metadata): Rules {
  const word = (value: string | null | undefined): string => value ?? "";
  const [unencrypted, encrypted] = [word(from.unencrypted_suffix), word(from.encrypted_suffix)];
  return {
    unencryptedSuffix: unencrypted,
    encryptedSuffix: encrypted,
    unencryptedRegex: pattern(word(from.unencrypted_regex)),
    encryptedRegex: pattern(word(from.encrypted_regex)),
  };
}

function pattern(source: string): RegExp | undefined {
  if (source === "") return undefined;
  try {
    return new RegExp(source.slice(0, 1_000), "u");
  } catch (cause) {
    throw new Fault("SECRET_UNAVAILABLE", {
      message: "a sops file says what is encrypted by a pattern that this version does not read",
      hint: "use a plain one, such as `^(data|stringData)$`",
      cause,
    });
  }
}

export function sopsSource(files: readonly SopsFile[]): SecretSource {
  return {
    async read(refs) {
      const found = new Map<SecretId, SecretValue>();
      for (const file of files) {
        const own = refs.filter((ref) => ref.source === "sops" && ref.file === file.id);
        if (own.length > 0) for (const [id, value] of await readFile(file, own)) found.set(id, value);
      }
      return found;
    },
  };
}

async function readFile(
  { id, file, identity }: SopsFile,
  refs: readonly SecretRef[],
): Promise<ReadonlyMap<SecretId, SecretValue>> {
  const key = readPrivate(identity, `the key of the sops file \`${id}\``);
  if (key === undefined) throw absent(`there is no key file \`${identity}\` for the sops file \`${id}\``);
  const bytes = readShared(file, `the sops file \`${id}\``);
  if (bytes === undefined) throw absent(`there is no sops file \`${file}\``);
  const content = Buffer.from(bytes).toString("utf8");
  const opened = await openSops(content, parseIdentities(Buffer.from(key).toString("utf8")), id);
  return new Map(
    refs.flatMap((ref) => {
      const value = ref.source === "sops" ? opened.values.get(ref.keys.join(".")) : undefined;
      return value === undefined ? [] : [[ref.id, { value, setMs: opened.modifiedMs }] as const];
    }),
  );
}

function absent(what: string): Fault {
  return new Fault("SECRET_UNAVAILABLE", { message: what, hint: "`secrets.sops` names file and key" });
}

function damaged(name: string, why: string): Fault {
  return new Fault("SECRET_DAMAGED", {
    message: `the sops file \`${name}\`: ${why}`,
    hint: "nothing of it is used; compare it with the copy in your repository, and look at it with `sops --decrypt`",
  });
}
