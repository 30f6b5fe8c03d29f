/**
 * Callers: what a person may do through one credential. Never more than the
 * person has now, never more than the credential was made for.
 *
 * @module
 */
import type { Caller } from "../../core/ports/gateway.ts";
import type { PersonId, TokenId } from "../../core/ids.ts";
import { leastTrust, type Trust } from "../../core/label.ts";
import type { Permission } from "../../core/person.ts";

/** The configured persons, by id; asked anew for each request, so that a change counts at once. */
export type Persons = () => ReadonlyMap<string, { readonly trust: Trust; readonly roles: readonly string[] }>;

/** What a credential was made for. */
export type Grant = {
  readonly id: TokenId;
  readonly person: PersonId;
  readonly trust: Trust;
  readonly permissions: readonly Permission[];
  readonly channel: string;
  /** The token that it was given for, and with which it ends. */
  readonly via?: TokenId;
};

/** INVARIANT(weakest-influence): trust is the least of the grant's and the person's. */
export function callerOf(grant: Grant, persons: Persons): Caller | undefined {
  const person = persons().get(grant.person);
  if (person === undefined) return undefined;
  return {
    token: grant.id,
    person: grant.person,
    trust: leastTrust(grant.trust, person.trust),
    roles: person.roles,
    permissions: new Set(grant.permissions),
    channel: grant.channel,
  };
}
