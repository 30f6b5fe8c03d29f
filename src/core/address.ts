/**
 * Addresses: which of them lie on the public internet.
 *
 * Absent means no: an address that is not known to be public is special, and
 * one that can be read in two ways is not an address.
 *
 * @module
 */

export type Reach =
  /** `address` is canonical, an IPv4-mapped one as the IPv4 address that it stands for. */
  { readonly reach: "public"; readonly address: string } | { readonly reach: "special"; readonly why: string };

/** A block of addresses, from `parseNetwork`. */
export type Network = { readonly version: 4 | 6; readonly value: bigint; readonly bits: number };

/** Where the services of clouds tell credentials to whoever asks; named apart, because two lie in public or odd ranges. */
const METADATA = networks([
  ["169.254.169.254/32", "the metadata service of a cloud"],
  ["169.254.170.2/32", "the metadata service of AWS ECS"],
  ["169.254.170.23/32", "the metadata service of AWS EKS"],
  ["168.63.129.16/32", "the metadata service of Azure"],
  ["100.100.100.200/32", "the metadata service of Alibaba Cloud"],
  ["192.0.0.192/32", "the metadata service of Oracle Cloud"],
  ["fd00:ec2::254/128", "the metadata service of AWS"],
  ["fd00:ec2::23/128", "the metadata service of AWS EKS"],
  ["fd20:ce::254/128", "the metadata service of Google Cloud"],
  ["fd00:42::42/128", "the metadata service of Scaleway"],
]);

/** IANA special-purpose registries (RFC 6890 and its updates), and every form that carries an IPv4 address inside. */
const SPECIAL = networks([
  ["0.0.0.0/8", "this machine"],
  ["10.0.0.0/8", "a private network"],
  ["100.64.0.0/10", "a provider's inner network"],
  ["127.0.0.0/8", "this machine"],
  ["169.254.0.0/16", "the local link"],
  ["172.16.0.0/12", "a private network"],
  ["192.0.0.0/24", "reserved for protocols"],
  ["192.0.2.0/24", "reserved for documents"],
  ["192.31.196.0/24", "reserved for AS112"],
  ["192.52.193.0/24", "reserved for multicast tunnels"],
  ["192.88.99.0/24", "a 6to4 relay"],
  ["192.168.0.0/16", "a private network"],
  ["192.175.48.0/24", "reserved for AS112"],
  ["198.18.0.0/15", "reserved for benchmarks"],
  ["198.51.100.0/24", "reserved for documents"],
  ["203.0.113.0/24", "reserved for documents"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "this machine"],
  ["::1/128", "this machine"],
  ["::/96", "an IPv4-compatible address"],
  ["::ffff:0:0:0/96", "an IPv4-translated address"],
  ["64:ff9b::/96", "a NAT64 address"],
  ["64:ff9b:1::/48", "a local NAT64 address"],
  ["2001::/32", "a Teredo address"],
  ["2001::/23", "reserved for protocols"],
  ["2001:db8::/32", "reserved for documents"],
  ["2002::/16", "a 6to4 address"],
  ["2620:4f:8000::/48", "reserved for AS112"],
  ["3fff::/20", "reserved for documents"],
  ["fc00::/7", "a private network"],
  ["fe80::/10", "the local link"],
  ["fec0::/10", "a private network"],
  ["ff00::/8", "multicast"],
]);

const MAPPED = network("::ffff:0:0/96");
const GLOBAL_UNICAST = network("2000::/3");

/**
 * Whether an address lies on the public internet, after unmapping.
 *
 * @param own networks of this machine: special as well, although their addresses may be public ones.
 */
export function classifyAddress(text: string, own: readonly Network[] = []): Reach {
  const address = parseAddress(text);
  if (address === null) return { reach: "special", why: "not an address" };
  const mapped = inside(address, MAPPED);
  const real: Network = mapped ? { version: 4, value: address.value & 0xffff_ffffn, bits: 32 } : address;
  const why = specialWhy(real) ?? (own.some((block) => inside(real, block)) ? "a network of this machine" : null);
  if (why !== null) return { reach: "special", why };
  return { reach: "public", address: spell(real) };
}

function specialWhy(address: Network): string | null {
  for (const [block, why] of [...METADATA, ...SPECIAL]) if (inside(address, block)) return why;
  if (address.version === 4) return null;
  if (!inside(address, GLOBAL_UNICAST)) return "not a global unicast address";
  const tag = (address.value >> 32n) & 0xfdff_ffffn;
  return tag === 0x5efen ? "an ISATAP address" : null;
}

/** Whether it is spelled as an address. */
export function isAddress(text: string): boolean {
  return parseAddress(text) !== null;
}

function inside(address: Network, block: Network): boolean {
  const shift = BigInt((block.version === 4 ? 32 : 128) - block.bits);
  return address.version === block.version && address.value >> shift === block.value >> shift;
}

/** `10.0.0.0/8`, or null where it is not a block of addresses. */
export function parseNetwork(text: string): Network | null {
  const parts = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(parts?.[1] ?? "");
  const bits = Number(parts?.[2] ?? Number.NaN);
  return address !== null && bits <= address.bits ? { ...address, bits } : null;
}

function network(text: string): Network {
  const block = parseNetwork(text);
  if (block === null) throw new TypeError(`not a network: ${text}`);
  return block;
}

function networks(rows: readonly (readonly [string, string])[]): readonly (readonly [Network, string])[] {
  return rows.map(([text, why]) => [network(text), why] as const);
}

/** Only spellings that mean one thing everywhere: no leading zeros, no short forms of IPv4, no zones. */
function parseAddress(text: string): Network | null {
  const value = text.includes(":") ? parseV6(text) : parseV4(text);
  if (value === null) return null;
  return text.includes(":") ? { version: 6, value, bits: 128 } : { version: 4, value, bits: 32 };
}

function parseV4(text: string): bigint | null {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256))
    return null;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function parseV6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = [groups(halves[0] ?? "", halves.length === 1), groups(halves[1] ?? "", true)];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return all.reduce((value, group) => (value << 16n) | group, 0n);
}

/** @param last the part ends the address, so that it may end as IPv4 does. */
function groups(text: string, last: boolean): bigint[] | null {
  if (text === "") return [];
  const found: bigint[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const v4 = parseV4(part);
      if (v4 === null) return null;
      found.push(v4 >> 16n, v4 & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(BigInt(`0x${part}`));
    else return null;
  }
  return found;
}

function spell({ version, value }: Network): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const hex = value.toString(16).padStart(32, "0").match(/.{4}/g) ?? [];
  return (URL.parse(`http://[${hex.join(":")}]/`)?.hostname ?? "").slice(1, -1);
}
