/**
 * What the model may read: of a result, of a message. Sensitive data is taken
 * out first, by rule; then the text of others is sifted. What sifting adds is
 * nobody's.
 *
 * @module
 */
import type { Label } from "../../core/label.ts";
import type { Incoming } from "../../gate.ts";
import type { Outbound } from "../../steps/outbound/outbound.ts";
import { type Brought, sift } from "../../steps/outbound/sift.ts";

export function incoming(outbound: Outbound, text: string, brought: Brought): Incoming {
  return sift(outbound.result(text), brought);
}

/** A person's own words are redacted by rule only, and never sifted. @throws Fault DLP_BLOCKED */
export function readable(
  outbound: Outbound,
  message: { readonly sender: { readonly kind: string }; readonly text: string },
  { trust }: Label,
): string {
  const kept = outbound.message(message.text);
  return message.sender.kind === "elsewhere" ? sift(kept, { effect: "fetch", trust }).text : kept;
}
