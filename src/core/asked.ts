/**
 * What the policies were asked about one call, and on whose behalf: all that a
 * decision depends on beside the policies. It is recorded with the decision, so
 * that another set of policies can be asked the same.
 *
 * @module
 */
import type { JsonObject, JsonValue } from "./json.ts";
import type { Trust } from "./label.ts";
import type { Effect } from "./tool.ts";

export type AskedPerson = { readonly person: string; readonly trust: Trust; readonly roles: readonly string[] };

type Attributes = { readonly [name: string]: string | number | boolean | readonly string[] };

export type AskedRequest = {
  readonly action: Effect;
  readonly resource: { readonly type: string; readonly id: string; readonly attributes: Attributes };
  readonly context: Attributes;
};

export type Asked = {
  readonly principal: AskedPerson;
  /** Who could have been asked then. */
  readonly reachable: readonly AskedPerson[];
  readonly requests: readonly AskedRequest[];
};

/** As it is recorded: contexts once each, since the requests of a call share theirs. */
export function writeAsked({ principal, reachable, requests }: Asked): JsonObject {
  const contexts: JsonValue[] = [];
  const places = new Map<string, number>();
  const placeOf = (context: Attributes): number => {
    const key = JSON.stringify(context);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, contexts.push({ ...context }) - 1);
    return contexts.length - 1;
  };
  const asked = requests.map(({ action, resource, context }) => ({
    action,
    resource: { ...resource, attributes: { ...resource.attributes } },
    context: placeOf(context),
  }));
  return { principal: plain(principal), reachable: reachable.map(plain), contexts, requests: asked };
}

const plain = ({ person, trust, roles }: AskedPerson): JsonObject => ({ person, trust, roles: [...roles] });
