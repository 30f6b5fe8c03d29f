/**
 * What a caller may do with tokens: the part of the gateway port that deals
 * with them.
 *
 * INVARIANT(no-escalation): a token that a caller makes has no more trust and
 * no other permissions than he has; and he sees and revokes only tokens whose
 * trust he reaches.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { parsePersonId } from "../../core/ids.ts";
import { leastTrust, type Trust, trustRank } from "../../core/label.ts";
import type { Caller, Gateway, TokenInfo } from "../../core/ports/gateway.ts";
import type { Persons } from "./callers.ts";
import type { Tokens } from "./tokens.ts";

type Doors = Gateway["tokens"];
type Wish = Parameters<Doors["create"]>[1];

export function createTokenDoors(tokens: Tokens, persons: Persons): Doors {
  return {
    list: async (caller) => {
      demandConfigure(caller);
      return (await tokens.list()).filter((token) => reaches(caller, token));
    },
    create: async (caller, wish) => {
      demandConfigure(caller);
      const person = parsePersonId(wish.person ?? caller.person);
      const trust = trustFor(caller, wish, persons().get(person)?.trust);
      const extra = wish.permissions.filter((permission) => !caller.permissions.has(permission));
      if (extra.length > 0) throw refused(`your own token does not have \`${extra.join("`, `")}\``);
      const { name, permissions } = wish;
      return tokens.make(
        { name, person, trust, permissions, ...(wish.expiresMs === undefined ? {} : { expiresMs: wish.expiresMs }) },
        caller.person,
      );
    },
    revoke: async (caller, id) => {
      demandConfigure(caller);
      const token = await tokens.find(id);
      return token !== undefined && reaches(caller, token) && tokens.revoke(id, caller.person);
    },
  };
}

function demandConfigure(caller: Caller): void {
  if (!caller.permissions.has("configure")) throw refused("your token does not have `configure`");
}

function reaches(caller: Caller, token: TokenInfo): boolean {
  return trustRank(token.trust) <= trustRank(caller.trust);
}

function trustFor(caller: Caller, wish: Wish, personTrust: Trust | undefined): Trust {
  if (personTrust === undefined) throw refused(`there is no person \`${(wish.person ?? caller.person).slice(0, 40)}\``);
  if (wish.trust !== undefined && trustRank(wish.trust) > trustRank(caller.trust)) {
    throw refused(`your own trust here is \`${caller.trust}\`, less than \`${wish.trust}\``);
  }
  return leastTrust(wish.trust ?? caller.trust, personTrust);
}

function refused(why: string): Fault {
  return new Fault("DENIED", { message: why, hint: "ask for no more than you have, or use a token that has it" });
}
