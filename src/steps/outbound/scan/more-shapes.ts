/**
 * More shapes of secrets, by what their issuers document of prefix, alphabet
 * and length.
 *
 * @module
 */
import { entropy, type Rule } from "./rule.ts";
import { shaped } from "./shapes.ts";

export const MORE_SHAPE_RULES: readonly Rule[] = [
  shaped("1password-key", ["a3-"], /\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b/g),
  shaped("1password-service-token", ["ops_eyj"], /\bops_eyJ[A-Za-z0-9+/]{200,2000}={0,2}/g),
  shaped("adobe-client-secret", ["p8e-"], /\bp8e-[a-z0-9]{32}\b/gi),
  shaped("airtable-token", ["pat"], /\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b/g),
  shaped("alibaba-access-key", ["ltai"], /\bLTAI[A-Za-z0-9]{12,20}\b/g),
  shaped("artifactory-token", ["akcp", "cmvmdgtu"], /\b(?:AKCp[A-Za-z0-9]{69}|cmVmdGtu[A-Za-z0-9]{56})\b/g),
  shaped(
    "aws-bedrock-key",
    ["absk", "bedrock-api-key-"],
    /\b(?:ABSK[A-Za-z0-9+/]{109,269}={0,2}|bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[A-Za-z0-9+/=]{0,2000})/g,
  ),
  shaped("clickhouse-key", ["4b1d"], /\b4b1d[A-Za-z0-9]{38}\b/g),
  shaped("clojars-token", ["clojars_"], /\bCLOJARS_[a-z0-9]{60}\b/gi),
  shaped("cloudflare-origin-key", ["v1.0-"], /\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}\b/g),
  shaped("defined-networking-token", ["dnkey-"], /\bdnkey-[\w=-]{26}-[\w=-]{52}/g),
  shaped("doppler-token", ["dp."], /\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{1,40}\.)?[A-Za-z0-9]{40,44}\b/g),
  shaped("duffel-token", ["duffel_"], /\bduffel_(?:test|live)_[\w=-]{43}/g),
  shaped("dynatrace-token", ["dt0c0", "dt0s0"], /\bdt0[cs]0\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b/gi),
  {
    ...shaped("facebook-app-token", [], /\b\d{13,17}\|[\w-]{27}(?![\w-])/g),
    number: { at: () => 0, may: (_, digits, after) => digits >= 13 && digits <= 17 && after === "|" },
  },
  shaped("flutterwave-key", ["flwpubk", "flwseck"], /\bFLW(?:PUB|SEC)K(?:_TEST|_LIVE)?-[0-9a-z]{12,40}(?:-X)?\b/gi),
  shaped("frameio-token", ["fio-u-"], /\bfio-u-[\w=-]{64}/g),
  shaped("groq-key", ["gsk_"], /\bgsk_[A-Za-z0-9]{52}\b/g),
  shaped("harness-key", ["pat.", "sat."], /\b[ps]at\.[\w-]{22}\.[0-9a-z]{24}\.[A-Za-z0-9]{20}\b/gi),
  shaped("heroku-key", ["hrku-"], /\bHRKU-[\w-]{58,64}/g),
  shaped("infracost-key", ["ico-"], /\bico-[A-Za-z0-9]{32}\b/g),
  {
    ...shaped(
      "mailchimp-key",
      Array.from("123456789", (digit) => `-us${digit}`),
      /\b[0-9a-f]{32}-us\d{1,2}\b/g,
      0.85,
    ),
    at: 32,
  },
  shaped("mapbox-token", ["pk.eyj", "sk.eyj", "tk.eyj"], /\b[pst]k\.eyJ[\w-]{40,200}\.[\w-]{22}\b/g),
  shaped(
    "newrelic-key-other",
    ["nrjs-", "nrii-", "nral-"],
    /\bNR(?:JS-[0-9a-f]{19}|(?:II|AL)-[A-Za-z0-9-]{32,42})\b/gi,
  ),
  shaped("octopus-key", ["api-"], /\bAPI-(?=[A-Z]{0,25}\d)[A-Z0-9]{26}\b/g, 0.8),
  shaped("perplexity-key", ["pplx-"], /\bpplx-[A-Za-z0-9]{48}\b/g),
  shaped("planetscale-token", ["pscale_"], /\bpscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}/g),
  shaped("prefect-key", ["pnu_"], /\bpnu_[A-Za-z0-9]{36}\b/g),
  shaped("readme-key", ["rdme_"], /\brdme_[a-z0-9]{70}\b/g),
  shaped("replicate-token", ["r8_"], /\br8_[A-Za-z0-9]{37}\b/g),
  shaped("settlemint-token", ["sm_pat_", "sm_aat_", "sm_sat_"], /\bsm_[pas]at_[A-Za-z0-9]{16}\b/g),
  shaped("shippo-token", ["shippo_"], /\bshippo_(?:live|test)_[0-9a-f]{40}\b/g),
  shaped("sonar-token", ["squ_", "sqp_", "sqa_"], /\bsq[upa]_[0-9a-f]{40}\b/g),
  shaped(
    "sourcegraph-token",
    ["sgp_", "slk_"],
    /\b(?:sgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}|slk_[0-9a-f]{64})\b/gi,
  ),
  shaped(
    "teams-webhook",
    ["webhook.office.com/"],
    /webhook\.office\.com\/webhookb2\/[0-9a-f-]{36}@[0-9a-f-]{36}\/[A-Za-z]{3,40}\/[0-9a-f]{32}\/[0-9a-f-]{36}/gi,
  ),
  {
    ...shaped("terraform-token", [".atlasv1."], /[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}/gi),
    at: 14,
  },
  shaped("typeform-token", ["tfp_"], /\btfp_[\w.=-]{59}/g),
  {
    ...shaped("twitter-bearer", ["aaaaaaaaaaaaaaaaaaaaaa"], /\bA{22}[A-Za-z0-9%]{80,100}(?![A-Za-z0-9%])/g),
    holds: (value) => entropy(value.slice(22)) > 3,
  },
  shaped("xai-key", ["xai-"], /\bxai-[A-Za-z0-9]{80}\b/g),
  shaped(
    "yandex-key",
    ["aqvn", "ycaj", "t1."],
    /\b(?:AQVN[\w-]{35,38}|YCAJ[\w-]{36}|t1\.[\w-]{1,1000}={0,2}\.[\w-]{86}={0,2})(?![\w-])/g,
  ),
  {
    id: "json-web-token-wrapped",
    kind: "secret",
    hints: ["zxlk"],
    at: 0,
    pattern: /\bZXlK[A-Za-z0-9+/_-]{60,6000}={0,2}/g,
    confidence: 0.9,
    holds: (value) => /^eyJ[\w-]{8,2000}\.eyJ/.test(Buffer.from(value, "base64").toString("latin1")),
  },
];
