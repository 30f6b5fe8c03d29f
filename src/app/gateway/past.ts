/**
 * What was said before, for somebody who comes back: his own conversation on
 * this channel, redacted like everything that goes to him.
 *
 * Of a call the call is shown and not its result: whether he may know that was
 * decided when it was read, and may be decided otherwise today. Where several
 * share a conversation, what others said is left out, and the answers to it.
 *
 * @module
 */
import type { ContextItem } from "../../core/item.ts";
import { mayKnow } from "../../core/label.ts";
import type { Caller, Said } from "../../core/ports/gateway.ts";
import type { Outbound } from "../../steps/outbound/outbound.ts";
import type { Sessions } from "../../steps/session/session.ts";
import { MAIN_AGENT } from "../config/settings.ts";

/** Newest items that are looked at. */
const ITEMS = 120;
/** UTF-16 units of one line; a longer one is cut. */
const LONGEST = 20_000;
const LONGEST_CALL = 300;

export type PastParts = { readonly sessions: Sessions; readonly outbound: Pick<Outbound, "reply"> };

export async function past({ sessions, outbound }: PastParts, caller: Caller): Promise<readonly Said[]> {
  const session = await sessions.known({ agent: MAIN_AGENT, channel: caller.channel, peer: caller.person });
  if (session === undefined) return [];
  const items = await sessions.history(session.id, ITEMS);
  return saidTo(caller.person, items).map((line) => ({ ...line, text: outbound.reply(line.text).slice(0, LONGEST) }));
}

function saidTo(person: string, items: readonly ContextItem[]): readonly Said[] {
  let isHis = false;
  return items.flatMap((item): readonly Said[] => {
    if (item.kind === "person") isHis = item.person === person;
    else if (item.kind === "note") isHis = mayKnow(item.label.audience, person);
    return isHis ? linesOf(item) : [];
  });
}

function linesOf(item: ContextItem): readonly Said[] {
  switch (item.kind) {
    case "person":
      return [{ kind: "person", from: item.person, text: item.text }];
    case "note":
      return [{ kind: "note", from: item.from, text: item.text }];
    case "model": {
      const said: readonly Said[] = item.text === "" ? [] : [{ kind: "agent", from: "vambrace", text: item.text }];
      return [...said, ...item.calls.map((call): Said => ({ kind: "call", from: call.tool, text: callText(call) }))];
    }
    case "result":
    case "system":
      return [];
  }
}

function callText({ tool, arguments: args }: (ContextItem & { readonly kind: "model" })["calls"][number]): string {
  return `${tool} ${JSON.stringify(args)}`.slice(0, LONGEST_CALL).toWellFormed();
}
