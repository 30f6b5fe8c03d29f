/**
 * Models that are known to follow orders hidden in what they read (R-AGENT-5).
 *
 * The gate holds whatever the model does; this is so that nobody gives a weak
 * one dangerous tools unwarned. Data: a pattern over the lower-case name, and
 * why.
 *
 * @module
 */

type Weak = { readonly name: RegExp; readonly says: string };

const SMALL = "small models follow injected orders much more often than large ones";
const OLD = "models of this age were not trained to tell orders from data";

const WEAK: readonly Weak[] = [
  // `llama3.2:3b`, `qwen2.5-coder:7b-instruct`, `gemma-2-9b`: up to nine thousand million parameters.
  { name: /(?:^|[^0-9.])(?:[0-9]|0\.[0-9]+|[1-9]\.[0-9]+)b(?:$|[^a-z0-9])/, says: SMALL },
  { name: /(?:^|[^0-9])(?:135|270|360|500)m(?:$|[^a-z0-9])/, says: SMALL },
  { name: /tinyllama|smollm|\bphi-?[1-4](?:$|[^0-9])|gemma-?2?:(?:latest)?$|orca-mini|stablelm/, says: SMALL },
  { name: /\bnano\b|flash-?lite|\bhaiku\b.*\b3\b|3(?:-5)?-haiku|-8b\b/, says: SMALL },
  { name: /gpt-3\.5|gpt-4(?:$|-0|-turbo)|text-davinci|claude-(?:instant|v?[12](?:$|[.-]))|palm|gemini-1\./, says: OLD },
  { name: /llama-?2(?:$|[^0-9.])|vicuna|alpaca|mistral(?::|$|-7b)|mixtral|falcon|\bzephyr/, says: OLD },
  {
    name: /deepseek-(?:r1|v3|reasoner|chat)/,
    says: "NIST found agents on DeepSeek models far more likely to follow injected orders (CAISI evaluation, September 2025)",
  },
  { name: /uncensored|abliterated|dolphin/, says: "this model was changed to refuse nothing" },
];

/** Why this model should not be given dangerous tools; undefined where nothing is known against it. */
export function knownWeak(model: string): string | undefined {
  const name = model.toLowerCase();
  return WEAK.find((weak) => weak.name.test(name))?.says;
}
