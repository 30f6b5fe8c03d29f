/**
 * Shapes that issuers made unmistakable: a fixed prefix and a fixed alphabet.
 *
 * @module
 */
import { isMadeUp, isPlaceholder } from "./made-up.ts";
import { isPublished } from "./published.ts";
import type { Rule } from "./rule.ts";

/** A shape that its issuer made unmistakable: a fixed prefix and a fixed alphabet. */
export function shaped(id: string, hints: readonly string[], pattern: RegExp, confidence = 0.95): Rule {
  const anchor = hints.length === 0 ? {} : { at: 0 };
  return { id, kind: "secret", hints, ...anchor, pattern, confidence, holds: (value) => !isMadeUp(value) };
}

/** Of Slack's tokens the ids in front are public; the last part is the secret, and has letters in it. */
function hasSecretPart(value: string): boolean {
  const [, ...parts] = value.split("-");
  const secret = parts.at(-1) ?? "";
  // Ids of teams and users have nine digits and more; shorter ones stand for them in an explanation.
  return secret.length >= 8 && /[a-z]/i.test(secret) && !parts.slice(0, -1).some((id) => /^\d{2,5}$/.test(id));
}

const AZURE = /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/g;

export const SHAPE_RULES: readonly Rule[] = [
  shaped("aws-access-key", ["akia", "asia", "abia", "acca"], /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g),
  shaped("anthropic-key", ["sk-ant-"], /\bsk-ant-(?:api|admin|oat)\d{2}-[\w-]{20,140}/g),
  shaped("openai-key", ["sk-"], /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}/g, 0.9),
  // Every key of Google's begins with these six letters and has 33 more.
  {
    ...shaped("google-api-key", ["aizasy"], /\bAIzaSy[\w-]{33}(?![\w-])/g),
    holds: (value) => !isMadeUp(value) && !isPublished(value),
  },
  {
    // Three characters, a digit, `Q~`: the digit is what a search can begin with.
    ...shaped(
      "azure-client-secret",
      Array.from("0123456789", (digit) => `${digit}q~`),
      AZURE,
    ),
    at: 3,
  },
  shaped("openshift-token", ["sha256~"], /\bsha256~[\w-]{43}/g),
  shaped(
    "sentry-token",
    ["sntrys_", "sntryu_"],
    /\bsntrys_eyJ[A-Za-z0-9+/=]{20,400}_[A-Za-z0-9+/]{16,60}|\bsntryu_[0-9a-f]{64}\b/g,
  ),
  shaped(
    "fly-token",
    ["fo1_", "fm1a_", "fm1r_", "fm2_"],
    /\b(?:fo1_[\w-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,4000}={0,3})/g,
  ),
  shaped("easypost-key", ["ezak", "eztk"], /\bEZ[AT]K[A-Za-z0-9]{54}\b/g),
  shaped("facebook-token", ["eaa"], /\bEAA[MC][A-Za-z0-9]{80,400}\b/g),
  shaped("google-oauth-secret", ["gocspx-"], /\bGOCSPX-[\w-]{28}/g),
  shaped("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g),
  shaped("github-fine-grained", ["github_pat_"], /\bgithub_pat_\w{22,255}/g),
  shaped(
    "gitlab-token",
    [
      "glpat-",
      "gldt-",
      "glrt-",
      "glcbt-",
      "glptt-",
      "glsoat-",
      "glft-",
      "glimt-",
      "glagent-",
      "gloas-",
      "glffct-",
      "glrtr-",
    ],
    /\bgl(?:pat|dt|rtr?|cbt|ptt|soat|ft|imt|agent|oas|ffct)-[\w-]{20,100}/g,
  ),
  {
    id: "slack-token",
    kind: "secret",
    hints: ["xox"],
    at: 0,
    pattern: /\bxox[abeoprs]-(?:\d+-)*[A-Za-z0-9-]{10,250}/g,
    confidence: 0.95,
    holds: (value) => !isMadeUp(value) && hasSecretPart(value),
  },
  shaped("slack-app-token", ["xapp-"], /\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,100}/gi),
  shaped(
    "slack-webhook",
    ["hooks.slack.com"],
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9+/]{30,90}/g,
  ),
  shaped(
    "discord-webhook",
    ["discord.com/api/", "discordapp.com/api/"],
    /discord(?:app)?\.com\/api\/webhooks\/\d{16,20}\/[\w-]{60,80}/g,
  ),
  shaped("discord-bot-token", [], /\b[MNO][A-Za-z\d]{23,25}\.[\w-]{6}\.[\w-]{27,38}\b/g, 0.85),
  shaped("telegram-bot-token", [":aa"], /(?<=\b\d{8,10}):AA[\w-]{33}\b/g),
  shaped(
    "stripe-key",
    ["sk_live", "rk_live", "sk_test", "rk_test", "sk_prod", "rk_prod"],
    /\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}\b/g,
  ),
  shaped("sendgrid-key", ["sg."], /\bSG\.[\w-]{22}\.[\w-]{43}\b/g),
  shaped(
    "twilio-key",
    Array.from("0123456789abcdef", (digit) => `sk${digit}`),
    /\bSK[0-9a-f]{32}\b/g,
    0.85,
  ),
  shaped("mailgun-key", ["key-"], /\bkey-[0-9a-f]{32}\b/g, 0.85),
  shaped("npm-token", ["npm_"], /\bnpm_[A-Za-z0-9]{36}\b/g),
  shaped("pypi-token", ["pypi-"], /\bpypi-AgEIcHlwaS5vcmc[\w-]{50,1000}/g),
  shaped("rubygems-token", ["rubygems_"], /\brubygems_[0-9a-f]{48}\b/g),
  shaped("docker-token", ["dckr_"], /\bdckr_(?:pat|oat)_[\w-]{27,36}/g),
  shaped("huggingface-token", ["hf_"], /\bhf_[A-Za-z]{34}\b/g),
  shaped("digitalocean-token", ["doo_v1_", "dop_v1_", "dor_v1_"], /\bdo[opr]_v1_[0-9a-f]{64}\b/g),
  shaped("shopify-token", ["shp"], /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b/g),
  shaped("databricks-token", ["dapi"], /\bdapi[0-9a-f]{32}(?:-\d)?\b/g),
  shaped("hashicorp-vault-token", ["hvs.", "hvb."], /\bhv[sb]\.[\w-]{24,300}/g),
  shaped("linear-key", ["lin_api_"], /\blin_api_[A-Za-z0-9]{40}\b/g),
  shaped("notion-key", ["ntn_", "secret_"], /\b(?:ntn_\d{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})\b/g),
  shaped("postman-key", ["pmak-"], /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b/gi),
  shaped("atlassian-token", ["atatt3"], /\bATATT3[\w=-]{180,200}/g),
  shaped("grafana-token", ["glsa_", "glc_"], /\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})/g),
  shaped("newrelic-key", ["nrak-"], /\bNRAK-[A-Z0-9]{27}\b/gi),
  shaped("square-token", ["sq0", "eaaa"], /\b(?:sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60})/g),
  shaped("age-key", ["age-secret-key-"], /\bAGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,1200}/gi),
  shaped("vambrace-token", ["vmb_"], /\bvmb_[A-Za-z0-9_-]{40,64}/g),
  {
    id: "private-key",
    kind: "secret",
    hints: ["-----begin"],
    at: 0,
    pattern:
      /-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){16,16384}-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----/g,
    confidence: 1,
  },
  {
    id: "private-key-cut",
    kind: "secret",
    hints: ["-----begin"],
    at: 0,
    pattern: /-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\]{40,16384}/g,
    confidence: 0.95,
  },
  {
    id: "json-web-token",
    kind: "secret",
    hints: ["eyj"],
    at: 0,
    pattern: /\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{16,1000}/g,
    confidence: 0.9,
  },
  {
    id: "password-in-url",
    kind: "secret",
    hints: ["://"],
    at: 0,
    pattern: /:\/\/[^\s/:@"'`<>]{0,100}:(?<value>[^\s/:@"'`<>]{3,200})@[\w.-]{1,255}/g,
    confidence: 0.85,
    holds: (value) => !isPlaceholder(value) && !/^(?:pass(?:word)?|secret|token)$/i.test(value),
  },
];
