/**
 * Shapes of tokens of platforms, registries and model providers, by what their
 * issuers document of prefix, alphabet and length.
 *
 * @module
 */
import { entropy, type Rule } from "./rule.ts";
import { shaped } from "./shapes.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/** Where the prefix is short, what stands behind it has to look random. */
function shortened(id: string, hints: readonly string[], pattern: RegExp): Rule {
  const rule = shaped(id, hints, pattern, 0.8);
  return { ...rule, holds: (value) => rule.holds?.(value, value) === true && /\d/.test(value) && entropy(value) > 3.5 };
}

export const PLATFORM_RULES: readonly Rule[] = [
  { ...shaped("asana-token", [], /\b[12]\/\d{13,18}(?:\/\d{13,18})?:[0-9a-f]{32}\b/g), hints: ["1/", "2/"] },
  shaped("azure-signature", ["sig="], /\bsig=(?<value>[A-Za-z0-9%+/]{40,90}%3D)(?=[&\s"']|$)/gi, 0.9),
  shaped("buildkite-token", ["bkua_", "bkaa_", "bkct_", "bkpt_"], /\bbk(?:ua|aa|ct|pt)_[0-9a-f]{40}\b/g),
  shaped("cerebras-key", ["csk-"], /\bcsk-[a-z0-9]{48}\b/g),
  shaped("circleci-token", ["ccipat_", "cciprj_"], /\bCCI(?:PAT|PRJ)_[A-Za-z0-9]{20,24}_[0-9a-f]{40}\b/g),
  shaped("contentful-token", ["cfpat-"], /\bCFPAT-[\w-]{43}(?![\w-])/g),
  shortened("crates-token", ["cio"], /\bcio[A-Za-z0-9]{32}\b/g),
  shaped("figma-token", ["figd_", "figo_", "figu_", "figor_"], /\bfig(?:d|o|u|or)_[\w-]{40,60}(?![\w-])/g),
  shortened("fireworks-key", ["fw_"], /\bfw_[A-Za-z0-9]{22,24}\b/g),
  shaped("google-access-token", ["ya29."], /\bya29\.[\w-]{30,1000}/g),
  { ...shaped("google-refresh-token", [], /(?<![\w/:.-])1\/\/0[\w-]{40,200}/g), hints: ["1//0"] },
  shaped("langsmith-key", ["lsv2_"], /\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b/g),
  shaped("lob-key", ["live_", "test_"], /\b(?:live|test)_[0-9a-f]{35}\b/g, 0.85),
  shaped("netlify-token", ["nfp_", "nfc_", "nfo_", "nfu_", "nfb_"], /\bnf[pcoub]_[A-Za-z0-9]{36}\b/g),
  shortened("nuget-key", ["oy2"], /\boy2[a-z0-9]{43}\b/g),
  shaped("nvidia-key", ["nvapi-"], /\bnvapi-[\w-]{60,70}(?![\w-])/g),
  {
    ...shaped(
      "paypal-token",
      ["access_token$"],
      /\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}\b/g,
    ),
  },
  shaped("pinecone-key", ["pcsk_"], /\bpcsk_[\w-]{60,80}(?![\w-])/g),
  shaped(
    "plaid-token",
    ["access-production-", "access-sandbox-", "access-development-"],
    new RegExp(`\\baccess-(?:production|sandbox|development)-${UUID}\\b`, "g"),
  ),
  shaped("stripe-webhook-secret", ["whsec_"], /\bwhsec_[A-Za-z0-9+/]{24,64}={0,2}/g, 0.9),
  shaped("supabase-token", ["sbp_", "sb_secret_"], /\bsb(?:p_(?:v0_)?[0-9a-f]{40}\b|_secret_[\w-]{30,60})/g),
  shaped(
    "tailscale-key",
    ["tskey-"],
    /\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,40}\b/g,
  ),
  shaped("together-key", ["tgp_v1_"], /\btgp_v1_[\w-]{43}(?![\w-])/g),
  {
    // The login file of many programs: the name of the machine and the password stand on one line, or below each other.
    ...shaped(
      "netrc-password",
      ["machine "],
      /\bmachine\s{1,4}\S{1,200}\s{1,4}login\s{1,4}\S{1,200}\s{1,4}password\s{1,4}(?<value>\S{4,300})/g,
      0.85,
    ),
  },
  {
    id: "putty-private-key",
    kind: "secret",
    hints: ["private-lines:"],
    at: 0,
    pattern: /Private-Lines: \d{1,3}\r?\n(?<value>(?:[A-Za-z0-9+/=]{16,80}\r?\n?){1,200})/g,
    confidence: 0.95,
  },
  {
    // Name and password, as a registry's login is kept.
    id: "registry-login",
    kind: "secret",
    hints: ['"auth":'],
    pattern: /"auth":\s{0,4}"(?<value>[A-Za-z0-9+/]{12,1000}={0,2})"/g,
    confidence: 0.85,
    holds: (value) =>
      /^[\x21-\x39\x3b-\x7e]{1,200}:[\x20-\x7e]{6,}$/.test(Buffer.from(value, "base64").toString("latin1")),
  },
];
