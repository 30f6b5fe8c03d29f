/**
 * The wallet of one call: its handles, and the values that they stand for.
 *
 * INVARIANT(bound-secrets): a value is written into a request only toward a
 * host that its credential is bound to, over TLS whose certificate was checked,
 * in a place that is configured. A handle anywhere else refuses the request.
 *
 * @module
 */
import {
  type Credential,
  type CredentialPlace,
  HANDLE,
  handleOf,
  isBoundTo,
  isBoundToHost,
} from "../../core/credential.ts";
import type { HostLimit } from "../../core/decision.ts";
import type { Destination } from "../../core/destination.ts";
import type { Random } from "../../core/ports/random.ts";
import { denied, type Refusal } from "./request.ts";
import { type Scrubber, scrubberFor } from "./scrub.ts";

type Held = { readonly credential: Credential; readonly handle: string; readonly isLive: () => boolean };

/** A request as it would be sent. */
export type Sent = {
  readonly destination: Destination;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Path and query. */
  readonly path: string;
  /** To a server whose certificate was checked. */
  readonly isSecure: boolean;
};

export type Filled =
  | {
      readonly kind: "filled";
      readonly headers: readonly string[];
      readonly path: string;
      readonly used: readonly string[];
    }
  | Refusal;

export type Wallet = {
  readonly isEmpty: boolean;
  /** Name of each credential, with the handle that stands for it in this call. */
  readonly handles: Readonly<Record<string, string>>;
  /** The request with its handles exchanged; refused where one stands where it must not. */
  fill(sent: Sent): Filled;
  /** The same for a body. */
  fillBody(
    body: Buffer,
    sent: Sent,
  ): { readonly kind: "body"; readonly body: Buffer; readonly used: readonly string[] } | Refusal;
  /** Whether handles in the body of such a request are exchanged, rather than refused. */
  takesBody(sent: Sent): boolean;
  /** Handles in a body that passes in pieces. */
  readonly handleBytes: readonly Buffer[];
  readonly scrubber: Scrubber;
};

/** Whether a credential still counts, with the value that this call was opened for. */
export type IsLive = (credential: Credential) => boolean;

/** @param isLive asked for each request: what was revoked or replaced meanwhile is not put into another one. */
export function openWallet(
  credentials: readonly Credential[],
  hosts: readonly HostLimit[],
  random: Random,
  isLive: IsLive = () => true,
): Wallet {
  const held = credentials
    .filter((one) => hosts.some(({ host, port, tls }) => tls !== "passthrough" && isBoundToHost(one, host, port)))
    .map((credential) => ({
      credential,
      handle: handleOf(credential.name, random.bytes(16)),
      isLive: () => isLive(credential),
    }));
  return {
    isEmpty: held.length === 0,
    handles: Object.fromEntries(held.map(({ credential, handle }) => [credential.name, handle])),
    fill: (sent) => fill(held, sent),
    fillBody(body, sent) {
      const used = new Set<string>();
      const text = exchange(held, { sent, place: "body", used }, body.toString("latin1"));
      if (typeof text !== "string") return text;
      return { kind: "body", body: Buffer.from(text, "latin1"), used: [...used] };
    },
    takesBody: (sent) =>
      sent.isSecure &&
      held.some(({ credential }) => credential.places.includes("body") && isBoundTo(credential, sent.destination)),
    handleBytes: held.map(({ handle }) => Buffer.from(handle)),
    scrubber: scrubberFor(held.map(({ credential, handle }) => ({ value: credential.secret, handle }))),
  };
}

function fill(held: readonly Held[], sent: Sent): Filled {
  const used = new Set<string>();
  const headers: string[] = [];
  for (let i = 0; i + 1 < sent.headers.length; i += 2) {
    const [name = "", value = ""] = sent.headers.slice(i, i + 2);
    const filled = header(held, { sent, place: "header", used, header: name.toLowerCase() }, value);
    if (typeof filled !== "string") return filled;
    headers.push(name, filled);
  }
  const [path = "", ...query] = sent.path.split("?");
  if (path.search(HANDLE) >= 0) return misplaced(sent.destination, "in the path");
  const search = exchange(held, { sent, place: "query", used }, query.join("?"));
  if (typeof search !== "string") return search;
  headers.push(...injected(held, sent, used));
  return { kind: "filled", headers, path: query.length === 0 ? path : `${path}?${search}`, used: [...used] };
}

type Spot = {
  readonly sent: Sent;
  readonly place: CredentialPlace;
  readonly used: Set<string>;
  readonly header?: string;
};

const BASIC = /^(basic\s+)([A-Za-z0-9+/]+={0,2})$/i;

/** Also inside `Basic`, where clients put what they hold as a password. */
function header(held: readonly Held[], spot: Spot, value: string): string | Refusal {
  const [, scheme, coded] = BASIC.exec(value) ?? [];
  if (scheme === undefined || coded === undefined) return exchange(held, spot, value);
  const plain = exchange(held, spot, Buffer.from(coded, "base64").toString("latin1"));
  return typeof plain === "string" ? scheme + Buffer.from(plain, "latin1").toString("base64") : plain;
}

/** The text with values for handles. Text is bytes here (Latin-1); values are written as their UTF-8. */
function exchange(held: readonly Held[], spot: Spot, text: string): string | Refusal {
  let refusal: Refusal | null = null;
  const filled = text.replaceAll(HANDLE, (handle) => {
    const own = held.find((one) => one.handle === handle);
    refusal ??= spotFault(own, spot);
    if (own === undefined || refusal !== null) return handle;
    spot.used.add(own.credential.name);
    const { secret } = own.credential;
    return spot.place === "query" ? encodeURIComponent(secret) : Buffer.from(secret).toString("latin1");
  });
  return refusal ?? filled;
}

function spotFault(own: Held | undefined, { sent, place, header: name }: Spot): Refusal | null {
  const { destination, isSecure } = sent;
  if (own === undefined) return misplaced(destination, "of another call");
  const { credential } = own;
  if (!own.isLive())
    return misplaced(destination, `of \`${credential.name}\`, which was revoked or replaced since the command began`);
  if (!isBoundTo(credential, destination))
    return misplaced(destination, `of \`${credential.name}\`, which is not bound to this request`);
  if (!isSecure) return misplaced(destination, `of \`${credential.name}\`, which goes over TLS only`);
  const fits = credential.places.includes(place) && (name === undefined || credential.headers.includes(name));
  return fits
    ? null
    : misplaced(
        destination,
        `of \`${credential.name}\` in ${name === undefined ? `the ${place}` : `the header ${name.slice(0, 40)}`}`,
      );
}

function misplaced(destination: Destination, what: string): Refusal {
  const hint = "a handle works only toward the hosts, and in the places, that `egress.credentials` names for it";
  return denied(`it carries a handle ${what}`, hint, destination);
}

function injected(held: readonly Held[], sent: Sent, used: Set<string>): string[] {
  if (!sent.isSecure) return [];
  const present = new Set(sent.headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const added: string[] = [];
  for (const { credential, isLive } of held) {
    if (!isLive()) continue;
    const [, name, template] = /^([^:\s]+):\s*(.*)$/.exec(credential.inject ?? "") ?? [];
    if (name === undefined || template === undefined || present.has(name.toLowerCase())) continue;
    if (!isBoundTo(credential, sent.destination)) continue;
    present.add(name.toLowerCase());
    used.add(credential.name);
    added.push(
      name,
      template.replace("{}", () => Buffer.from(credential.secret).toString("latin1")),
    );
  }
  return added;
}
