/**
 * What a sandbox trusts, as a file beside its socket: the proxy's authority
 * alone, or with the public ones where the call also has tunnels that nobody
 * looks into. The file holds certificates, no key.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { type Authority, AUTHORITY_LIFE_MS } from "./authority.ts";

export const TRUST_NAME = /^(?:ca|all)-[0-9a-f]{16}\.pem(?:\.new)?$/;

/** Where Debian and Fedora have the public authorities. */
const SYSTEM = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** @returns its path. It stays for as long as a call may use it. */
export function trustFile(folder: string, { certificate, madeMs }: Authority, isAlone: boolean): string {
  const name = createHash("sha256").update(certificate).digest("hex").slice(0, 16);
  const path = join(folder, `${isAlone ? "ca" : "all"}-${name}.pem`);
  if (existsSync(path)) return path;
  for (const old of readdirSync(folder)) {
    const isOld = TRUST_NAME.test(old) && statSync(join(folder, old)).mtimeMs < madeMs - AUTHORITY_LIFE_MS;
    if (isOld) unlinkSync(join(folder, old));
  }
  writeFileSync(`${path}.new`, isAlone ? certificate : `${certificate}${publicOnes()}`, { mode: 0o444 });
  renameSync(`${path}.new`, path);
  return path;
}

function publicOnes(): string {
  const system = SYSTEM.find((path) => existsSync(path));
  return system === undefined ? rootCertificates.join("\n") : readFileSync(system, "utf8");
}
