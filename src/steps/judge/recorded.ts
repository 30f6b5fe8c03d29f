/**
 * A recorded session as the judge would have seen it live: which items were in
 * the model request of each call, and with which labels.
 *
 * What was denied did not happen; its result is not in the context. What was
 * asked happened where its result is recorded; that covers this one call, and
 * names and endorses nothing. An endorsement counts as far as the trust of
 * whoever gave it reaches: that of the configuration, whatever the file says.
 *
 * @module
 */
import { type Basis, basisOf, counted, type Endorsed, textDigest, withOwn } from "../../core/basis.ts";
import { Fault } from "../../core/fault.ts";
import { type CallId, type ItemId, parseId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import type { Digest } from "../../core/json.ts";
import {
  type Audience,
  join,
  joinAll,
  type Label,
  leastTrust,
  mostConfidential,
  type Trust,
} from "../../core/label.ts";
import type { Plan, PlannedArgument } from "../../core/plan.ts";
import type { Posture } from "../../core/posture.ts";
import type { Judged } from "../../core/run.ts";
import type { ToolDeclaration } from "../../core/tool.ts";
import type { ReplayEvent, ReplayLabel, ReplaySession } from "../../wire/replay.ts";

type Speaker = { readonly id: string; readonly trust: Trust; readonly roles: readonly string[] };
type CallEvent = Extract<ReplayEvent, { type: "call" }>;
type ResultEvent = Extract<ReplayEvent, { type: "result" }>;
type MessageEvent = Extract<ReplayEvent, { type: "message" }>;
type Made = {
  readonly event: CallEvent;
  readonly id: CallId;
  readonly judged: Judged;
  /** Of what was sent, as it was made. */
  readonly basis: Basis;
  readonly from: Label;
};

export class Recorded {
  readonly principal: Speaker;
  readonly declarations: ReadonlyMap<string, ToolDeclaration>;
  readonly cwd: string;
  readonly #posture: Posture;
  readonly #items: ContextItem[] = [];
  readonly #events = new Map<string, number>();
  readonly #calls = new Map<string, Made>();
  readonly #refused = new Set<string>();
  readonly #kept = new Map<number, ContextItem>();
  readonly #endorsements = new Map<string, Endorsed & { readonly digest: Digest }>();
  #plan: Plan | undefined;
  #isWorking = false;

  constructor(session: ReplaySession, declarations: ReadonlyMap<string, ToolDeclaration>, posture: Posture) {
    this.#posture = posture;
    this.declarations = declarations;
    this.cwd = posture.fs.workspace;
    const { id, trust } = session.person ?? { id: "owner", trust: "full" as const };
    this.principal = { id, trust, roles: posture.persons.get(id)?.roles ?? [] };
  }

  /** What the call was judged with: the items that were sent, and what its handles stood for. */
  contextOf({ quarantined = [] }: CallEvent): readonly ContextItem[] {
    return this.#made(quarantined).map((item) => counted(item, (id, digest) => this.#endorsed(id, digest)));
  }

  /** As it was made, without what was endorsed since. */
  #made(quarantined: readonly number[]): readonly ContextItem[] {
    return [...this.#items, ...quarantined.flatMap((event) => this.#kept.get(event) ?? [])];
  }

  #endorsed(item: ItemId, digest: Digest): Endorsed | undefined {
    const one = this.#endorsements.get(item);
    return one?.digest === digest ? one : undefined;
  }

  plan(): { readonly plan?: Plan } {
    return this.#plan === undefined ? {} : { plan: this.#plan };
  }

  eventOf(item: string): number | undefined {
    return this.#events.get(item);
  }

  callId(index: number): CallId {
    return parseId("call", `call_${spell(index)}`);
  }

  judged(event: CallEvent, index: number, judged: Judged): void {
    const from = this.#made(event.quarantined ?? []);
    this.#calls.set(event.id, { event, id: this.callId(index), judged, basis: basisOf(from), from: labelOf(from) });
    if (judged.decision.verdict === "deny") this.#refused.add(event.id);
    else this.#refused.delete(event.id);
  }

  take(event: Exclude<ReplayEvent, CallEvent>, index: number): void {
    switch (event.type) {
      case "message":
        return this.#message(event, index);
      case "result":
        return this.#result(event, index);
      case "approval":
        if (event.answer === "no") this.#refused.add(event.call);
        return undefined;
      case "answer":
        return this.#close(index, event.text);
      case "plan":
        this.#plan = planOf(event);
        return undefined;
      case "quarantine":
        return this.#quarantine(event.event);
      case "endorse":
        return this.#endorse(event, index);
    }
  }

  /** INVARIANT(labels-fall): the text of that very event, and never above the trust of somebody who is known. */
  #endorse({ event, by, trust, digest }: Extract<ReplayEvent, { type: "endorse" }>, index: number): void {
    const item = this.#items.find((one) => this.#events.get(one.id) === event);
    if (item?.kind !== "result") {
      throw new Fault("REPLAY_MALFORMED", {
        message: `\`events.${index}\` endorses the event ${event}, which is no result that came before it`,
        hint: "give the number of the result's event, counted from 0",
      });
    }
    const text = textDigest(item);
    const own = by.id === this.principal.id ? this.principal.trust : "none";
    const known = this.#posture.persons.get(by.id)?.trust ?? own;
    const reach = leastTrust(leastTrust(trust, by.trust), known);
    if (digest !== undefined && digest !== text) return;
    this.#endorsements.set(item.id, { digest: text, trust: reach });
  }

  #message(event: MessageEvent, index: number): void {
    const speaker = this.#speaker(event.from);
    // The person's next message after work was done begins another request.
    if (speaker.id === this.principal.id && this.#isWorking) this.#close(index, "");
    const said: Label = {
      trust: speaker.trust,
      confidentiality: "private",
      audience: { kind: "persons", persons: [speaker.id] },
      sources: [{ kind: "person", id: speaker.id, trust: speaker.trust }],
    };
    const label = lowered(said, event.label);
    this.#add({ kind: "person", id: itemId(index, 1), person: speaker.id, text: event.text, label }, index);
  }

  #speaker(from: MessageEvent["from"]): Speaker {
    if (typeof from !== "string") return { ...from, roles: [] };
    if (from === this.principal.id) return this.principal;
    const known = this.#posture.persons.get(from);
    return { id: from, trust: known?.trust ?? "none", roles: known?.roles ?? [] };
  }

  #result(event: ResultEvent, index: number): void {
    const made = this.#calls.get(event.id);
    if (made === undefined) {
      throw new Fault("REPLAY_MALFORMED", {
        message: `\`events.${index}\` is a result of \`${event.id.slice(0, 60)}\`, which no call before it has`,
        hint: "give each result the id of its call, after the call",
      });
    }
    if (this.#refused.has(event.id)) return;
    this.#isWorking = true;
    const { basis, from } = made;
    const influence = join(made.judged.facts.influence, from);
    const { tool, arguments: args } = made.event;
    const calls = [{ id: made.id, tool, arguments: args }];
    this.#add({ kind: "model", id: itemId(index, 2), text: "", calls, label: influence, basis }, undefined);
    const own = lowered(this.#returned(tool), event.label);
    const { text, ok = true } = event;
    const id = itemId(index, 3);
    const label = join(influence, own);
    this.#add(
      { kind: "result", id, call: made.id, tool, text, ok, label, ...withOwn(basis, { id, text }, own) },
      index,
    );
  }

  /** The result of that event was replaced by a handle: what stood in for it has the trust of the call that made it. */
  #quarantine(event: number): void {
    const at = this.#items.findIndex((item) => item.kind === "result" && this.#events.get(item.id) === event);
    const item = this.#items[at];
    if (item?.kind !== "result") return;
    const made = [...this.#calls.values()].find(({ id }) => id === item.call);
    if (made === undefined) return;
    this.#kept.set(event, item);
    const text = "[kept out]";
    const own: Label = { ...item.label, trust: "full", sources: [] };
    const label = join(join(made.judged.facts.influence, made.from), own);
    this.#items[at] = { ...item, text, label, ...withOwn(made.basis, { id: item.id, text }, own) };
  }

  #returned(tool: string): Label {
    const { trust, confidentiality } = this.declarations.get(tool)?.returns ?? {
      trust: "none",
      confidentiality: "private",
    };
    const audience: Audience =
      confidentiality === "public" ? { kind: "anyone" } : { kind: "persons", persons: [this.principal.id] };
    return { trust, confidentiality, audience, sources: [{ kind: "tool", id: tool, trust }] };
  }

  #close(index: number, text: string): void {
    this.#isWorking = false;
    const label: Label = { trust: "full", confidentiality: "public", audience: { kind: "anyone" }, sources: [] };
    this.#add({ kind: "model", id: itemId(index, 0), text, calls: [], label }, undefined);
  }

  #add(item: ContextItem, event: number | undefined): void {
    this.#items.push(item);
    if (event !== undefined) this.#events.set(item.id, event);
  }
}

function planOf({ tools, effects = [] }: Extract<ReplayEvent, { type: "plan" }>): Plan {
  const any = tools.map((tool) => ({ tool, count: null, arguments: new Map() }));
  const stated = effects.map(({ tool, count, arguments: args }) => ({
    tool,
    count,
    arguments: new Map(
      Object.entries(args).map(([name, one]): [string, PlannedArgument] => [
        name,
        "value" in one
          ? { kind: "value", value: String(one.value) }
          : { kind: "from", source: one.from, type: one.type, most: one.most },
      ]),
    ),
  }));
  return { effects: [...any, ...stated] };
}

/** A label of its own only lowers trust, raises confidentiality, narrows the audience. */
function lowered(label: Label, own: ReplayLabel | undefined): Label {
  if (own === undefined) return label;
  const audience: Audience =
    own.audience === undefined || own.audience === "anyone"
      ? { kind: "anyone" }
      : { kind: "persons", persons: own.audience };
  return join(label, {
    trust: leastTrust(label.trust, own.trust ?? label.trust),
    confidentiality: mostConfidential(label.confidentiality, own.confidentiality ?? "public"),
    audience,
    sources: [],
  });
}

function labelOf(items: readonly ContextItem[]): Label {
  return joinAll(items.map(({ label }) => label));
}

const itemId = (index: number, part: number): ReturnType<typeof parseId<"itm">> =>
  parseId("itm", `itm_${spell(index * 4 + part)}`);

const spell = (number: number): string => String(number).padStart(26, "0");
