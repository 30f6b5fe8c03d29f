/**
 * The certificate authority of the egress proxy: what a sandbox trusts, so that
 * the proxy can look into its TLS where a rule needs that.
 *
 * Its key is made in this process and never leaves its memory. It is made anew
 * with each start, and while it runs every few days; nothing outside a sandbox
 * is ever told to trust it. One key serves all hosts that are played.
 *
 * @see RFC 5280, 4.2
 * @module
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Random } from "../../core/ports/random.ts";
import { bits, der, integer, objectId, octets, pem, sequence, set, time, utf8, yes } from "./der.ts";

export type Authority = {
  /** PEM: what is to be trusted. */
  readonly certificate: string;
  readonly madeMs: number;
  /** To speak as this host, a name or a literal address. */
  contextFor(host: string): SecureContext;
};

/** A call lasts an hour at most; whoever began with one ends with it. */
export const AUTHORITY_LIFE_MS = 4 * 24 * 3_600_000;
/** Older than this, the next call gets a new one. */
export const AUTHORITY_RENEWED_MS = 24 * 3_600_000;

const SKEW_MS = 3_600_000;
const CONTEXTS = 1_000;
const ECDSA_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

type Deps = { readonly random: Random; readonly nowMs: () => number };

/** Answers the authority for a call that begins now. */
export function openAuthorities(deps: Deps): () => Authority {
  let current: Authority | null = null;
  return () => {
    const ageMs = deps.nowMs() - (current?.madeMs ?? 0);
    if (current === null || ageMs < 0 || ageMs > AUTHORITY_RENEWED_MS) current = makeAuthority(deps);
    return current;
  };
}

export function makeAuthority({ random, nowMs }: Deps): Authority {
  const madeMs = nowMs();
  const valid = sequence(time(madeMs - SKEW_MS), time(madeMs + AUTHORITY_LIFE_MS));
  const [own, leaf] = [newPair(), newPair()];
  const name = nameOf(`Vambrace egress ${Buffer.from(random.bytes(4)).toString("hex")}`);
  const issue = (key: KeyObject, subject: Buffer, extensions: readonly Buffer[]): string =>
    certificate({ serial: serialOf(random), issuer: name, subject, valid, key, extensions }, own.privateKey);
  const fromOwn = extension("2.5.29.35", false, sequence(der(0x80, keyId(own.publicKey))));
  const ca = issue(own.publicKey, name, [
    // For hosts only: it can make no further authority.
    extension("2.5.29.19", true, sequence(yes(), der(0x02, Buffer.from([0])))),
    extension("2.5.29.15", true, bits(Buffer.from([0b0000_0110]), 1)),
    extension("2.5.29.14", false, octets(keyId(own.publicKey))),
  ]);
  const key = leaf.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const contexts = new Map<string, SecureContext>();
  return {
    certificate: ca,
    madeMs,
    contextFor(host) {
      const found = contexts.get(host);
      if (found !== undefined) return found;
      const cert = issue(leaf.publicKey, nameOf("Vambrace egress"), [
        extension("2.5.29.17", false, sequence(alternative(host))),
        extension("2.5.29.15", true, bits(Buffer.from([0b1000_0000]), 7)),
        extension("2.5.29.37", false, sequence(objectId("1.3.6.1.5.5.7.3.1"))),
        extension("2.5.29.14", false, octets(keyId(leaf.publicKey))),
        fromOwn,
      ]);
      const context = createSecureContext({ key, cert, minVersion: "TLSv1.2" });
      const [oldest] = contexts.keys();
      if (contexts.size >= CONTEXTS && oldest !== undefined) contexts.delete(oldest);
      contexts.set(host, context);
      return context;
    },
  };
}

function newPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

type Claim = {
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly valid: Buffer;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
};

function certificate({ serial, issuer, subject, valid, key, extensions }: Claim, signer: KeyObject): string {
  const version = der(0xa0, integer(Buffer.from([2])));
  const body = sequence(
    version,
    serial,
    ECDSA_SHA256,
    issuer,
    valid,
    subject,
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  return pem("CERTIFICATE", sequence(body, ECDSA_SHA256, bits(sign("sha256", body, signer))));
}

/** Positive, and never nought. */
function serialOf(random: Random): Buffer {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return integer(bytes);
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectId("2.5.4.3"), utf8(commonName))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(isCritical ? [yes()] : []), octets(value));
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

/** Exactly this host: no wildcard, no second name. */
function alternative(host: string): Buffer {
  if (isIPv4(host)) return der(0x87, Buffer.from(host.split(".").map(Number)));
  if (isIPv6(host)) return der(0x87, ipv6Bytes(host));
  return der(0x82, Buffer.from(host, "ascii"));
}

/** @param host in the platform's own spelling, without brackets and without a dotted part. */
function ipv6Bytes(host: string): Buffer {
  const [head = "", tail] = host.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((each) => Number.parseInt(each, 16));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const middle = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Buffer.from([...first, ...middle, ...last].flatMap((each) => [each >> 8, each & 0xff]));
}
