/**
 * What has to be given out anew after an incident, by whom, and why. What the
 * gateway can end by itself it has ended; the rest is said plainly, because a
 * key that nobody rotates is the incident that goes on.
 *
 * @module
 */
import { z } from "zod";
import type { Reach } from "./reach.ts";

const toRotateList = z.array(
  z.strictObject({
    name: z.string(),
    /** `ended`: done. `by hand`: a person has to. */
    state: z.enum(["ended", "by hand"]),
    why: z.string(),
    how: z.string(),
  }),
);
export type ToRotate = Readonly<z.output<typeof toRotateList>[number]>;

/** @throws Error where it is no such list. */
export function parseRotate(text: string): readonly ToRotate[] {
  return toRotateList.parse(JSON.parse(text));
}

export type Held = {
  /** Credentials that the egress proxy may put into requests, by the name that connections are recorded under. */
  readonly credentials: ReadonlyMap<string, string>;
  /** Ids of every secret that the gateway holds: `env:NAME`, `vault:name`, …. */
  readonly secrets: readonly string[];
  readonly endedTokens: readonly string[];
  /** Tokens could not be ended, because no gateway ran or it did not take it. */
  readonly tokensLeft: boolean;
  /** Every record of the incident was read: what is not in the reach was not used. */
  readonly isReachWhole: boolean;
  /** Ids of secrets that nothing here uses any more. */
  readonly revoked: ReadonlySet<string>;
};

/** Ids of the secrets that were put into requests; what names none is the name itself. */
export function usedSecrets(reach: Reach, { credentials }: Pick<Held, "credentials">): ReadonlySet<string> {
  return new Set(reach.secrets.map(({ what: name }) => credentials.get(name) ?? name));
}

export function toRotate(reach: Reach, held: Held): readonly ToRotate[] {
  const used = usedSecrets(reach, held);
  const others = held.secrets.filter((id) => !used.has(id));
  const unseen = held.isReachWhole
    ? "the gateway holds it; it was not seen in use"
    : "the gateway holds it; not all records could be read, so it may have been used";
  const wasRead = reach.secretPlaces.map((file) => file.what);
  return [
    ...tokens(held),
    ...[...used].map((id) =>
      held.revoked.has(id) ? revoked(id) : secret(id, "it was put into requests in this incident"),
    ),
    ...others.map((id) => secret(id, unseen)),
    ...wasRead.map((path) =>
      byHand(
        path,
        "a file that looks like a secret was named in a call that ran",
        "end what stands in it, wherever it counts",
      ),
    ),
    ...unlisted(reach),
  ];
}

/** Lists are bounded, and what did not fit is no reason to think that there was nothing. */
function unlisted({ more }: Reach): readonly ToRotate[] {
  const how = "read the timeline from the newest of these records on: `vambrace incident timeline ID --before INDEX`";
  return (["secrets", "secretPlaces"] as const).flatMap((name) => {
    const { things, first, last } = more[name] ?? { things: 0, first: 0, last: 0 };
    const what = name === "secrets" ? "credentials that were put into requests" : "files that look like secrets";
    return things === 0 ? [] : [byHand(`up to ${things} more ${what}`, `in records ${first} to ${last}`, how)];
  });
}

function tokens({ endedTokens, tokensLeft }: Held): readonly ToRotate[] {
  const how =
    "start the gateway (it starts stopped), then `vambrace token list` and `vambrace token revoke ID` for each";
  const left = tokensLeft
    ? [byHand("access tokens", "no gateway ran, or it did not take it, so they may still count", how)]
    : [];
  const again = "make a new one where it is needed: `vambrace token create`";
  return [
    ...endedTokens.map(
      (name): ToRotate => ({ name, state: "ended", why: "an access token that was valid", how: again }),
    ),
    ...left,
  ];
}

/** Here it counts no longer; at its service it does until a person ends it there. */
function revoked(id: string): ToRotate {
  return byHand(
    id,
    "it was put into requests in this incident; revoked here, nothing here uses it any more",
    `end it at its service, then \`vambrace secrets rotate ${id}\``,
  );
}

function secret(id: string, why: string): ToRotate {
  return byHand(
    id,
    why,
    `\`vambrace secrets revoke ${id}\`, end it at its service, then \`vambrace secrets rotate ${id}\``,
  );
}

function byHand(name: string, why: string, how: string): ToRotate {
  return { name, state: "by hand", why, how };
}
