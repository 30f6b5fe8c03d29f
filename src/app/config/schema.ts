/**
 * The form of config.yaml: every key that there is, and nothing else.
 *
 * A key is here only where something reads it: a control that nothing reads
 * would only look safe. Keys of the guides that come later are in
 * `vocabulary.ts`, which says so.
 *
 * @module
 */
import { z } from "zod";
import { LOCAL_ONLY_LEVELS } from "../../core/local-only.ts";
import { ARGUMENT_ROLES, EFFECTS } from "../../core/tool.ts";
import { isNameOrAddress, isProxyRange } from "./hosts.ts";
import { sandbox } from "./sandbox.ts";
import { backup } from "./schema-backup.ts";
import { audit } from "./schema-audit.ts";
import { alerts } from "./schema-alerts.ts";
import { browser } from "./schema-browser.ts";
import { dlp } from "./schema-dlp.ts";
import { egress } from "./schema-egress.ts";
import { secrets } from "./schema-secrets.ts";
import { confidentiality, count, id, path, secret, trust, words } from "./schema-words.ts";

/** As the judge knows them (`steps/judge/roles.ts`). */
export const ROLE_PERMISSIONS = [
  "read_files",
  "write_files",
  "execute_commands",
  "use_network",
  "send_messages",
  "pay",
  "automate",
  "manage_skills",
  "manage_config",
  "use_tools",
] as const;

const profile = z.enum(["minimal", "messaging", "coding", "full"]);
const execLayer = {
  security: z.enum(["deny", "allowlist", "full"]).optional(),
  ask: z.enum(["off", "on-miss", "always"]).optional(),
  allow: words.optional(),
  block: words.optional(),
};
const toolLayer = { profile: profile.optional(), allow: words.optional(), deny: words.optional() };

const gateway = z.strictObject({
  mode: z.enum(["local", "remote"]).default("local"),
  bind: z.enum(["loopback", "lan", "custom"]).default("loopback"),
  customBindHost: z.union([z.ipv4(), z.ipv6()]).optional(),
  port: z.int().min(1).max(65_535).default(18_888),
  auth: z.strictObject({ mode: z.literal("token").default("token") }).prefault({}),
  trustedProxies: z
    .array(z.string().refine(isProxyRange, "write an address or a range: `10.0.0.2`, `172.17.0.0/16`"))
    .max(100)
    .default([]),
  allowedHosts: z
    .array(z.string().refine(isNameOrAddress, "write a host name or address, with a port or without"))
    .max(100)
    .default([]),
});

const session = z.strictObject({
  dmScope: z
    .enum(["main", "per-peer", "per-channel-peer", "per-account-channel-peer"])
    .default("per-account-channel-peer"),
});

const channel = z.strictObject({
  enabled: z.boolean().default(true),
  tools: z.strictObject({ ...toolLayer, exec: z.strictObject(execLayer).optional() }).optional(),
});

const declaration = z.strictObject({
  effect: z.enum(EFFECTS).optional(),
  arguments: z.record(z.string(), z.strictObject({ role: z.enum(ARGUMENT_ROLES) })).default({}),
  returns: z
    .strictObject({ trust: trust.default("none"), confidentiality: confidentiality.default("private") })
    .prefault({}),
  directory: z.boolean().default(false),
});

const tools = z.strictObject({
  ...toolLayer,
  fs: z
    .strictObject({
      workspaceOnly: z.boolean().default(true),
      allowedPaths: z.array(path).max(100).default([]),
      blockedPaths: z.array(path).max(1_000).default([]),
    })
    .prefault({}),
  exec: z
    .strictObject({
      ...execLayer,
      timeoutSeconds: count(3_600).default(120),
      outputKilobytes: count(4_096).default(256),
    })
    .prefault({}),
  web: z
    .strictObject({
      search: z
        .strictObject({
          enabled: z.boolean().default(true),
          provider: z.literal("brave").default("brave"),
          apiKey: secret.optional(),
        })
        .prefault({}),
      fetch: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
    })
    .prefault({}),
  browser,
  elevated: z.strictObject({ enabled: z.literal(false).default(false) }).prefault({}),
  declarations: z.record(id, declaration).default({}),
});

const modelRef = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*(?:\/\S{1,200})?$/, "write `provider/model`, or `provider` alone");
const model = z.strictObject({ primary: modelRef, fallbacks: z.array(modelRef).max(8).default([]) });

const used = (defaults: { tokens: number; toolCalls: number; seconds: number }) =>
  z
    .strictObject({
      tokens: count(1e12).default(defaults.tokens),
      toolCalls: count(1e9).default(defaults.toolCalls),
      seconds: count(86_400).default(defaults.seconds),
    })
    .prefault({});

const budgets = z
  .strictObject({
    turn: z
      .strictObject({
        modelRequests: count(1_000).default(40),
        toolCalls: count(10_000).default(80),
        tokens: count(1e9).default(1_000_000),
        outputTokens: count(200_000).default(8_192),
        seconds: count(86_400).default(1_800),
        money: z.number().positive().max(1e6).optional(),
      })
      .prefault({}),
    person: used({ tokens: 5_000_000, toolCalls: 2_000, seconds: 28_800 }),
    day: used({ tokens: 20_000_000, toolCalls: 10_000, seconds: 86_400 }),
  })
  .prefault({});

const quarantine = z
  .strictObject({
    results: z.enum(["off", "large", "all"]).default("large"),
    characters: count(4_000_000).default(20_000),
    bits: count(4_096).default(32),
  })
  .prefault({});

const agents = z.strictObject({
  defaults: z
    .strictObject({
      workspace: path.default("~/vambrace"),
      model: model.optional(),
      sandbox,
      budgets,
      quarantine,
      plan: z.enum(["on", "off"]).default("on"),
    })
    .prefault({}),
  entries: z
    .record(
      id,
      z.strictObject({
        workspace: path,
        model: model.optional(),
        tools: z
          .strictObject({
            profile: profile.optional(),
            deny: words.optional(),
            exec: z.strictObject({ security: execLayer.security, ask: execLayer.ask }).optional(),
          })
          .optional(),
      }),
    )
    .default({}),
});

const provider = z.strictObject({
  type: z.enum(["anthropic", "openai", "google", "deepseek", "openai-compatible", "ollama"]).optional(),
  baseURL: z
    .url({ protocol: /^https?$/ })
    .refine((text) => URL.canParse(text) && new URL(text).username === "", "take user and password out of the address")
    .optional(),
  apiKey: secret.optional(),
  contextTokens: count(100_000_000).optional(),
  maxOutputTokens: count(1_000_000).optional(),
});

const models = z.strictObject({
  localOnly: z.enum(LOCAL_ONLY_LEVELS).default("secret"),
  providers: z.record(id, provider).default({}),
  prices: z
    .record(modelRef, z.strictObject({ input: z.number().min(0).max(1e6), output: z.number().min(0).max(1e6) }))
    .default({}),
});

const person = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  trust,
  roles: z.array(id).max(50).default([]),
});

export const configFile = z.strictObject({
  gateway: gateway.prefault({}),
  session: session.prefault({}),
  channels: z.record(id, channel).default({}),
  tools: tools.prefault({}),
  agents: agents.prefault({}),
  memory: z.strictObject({ encrypt: z.boolean().default(false) }).prefault({}),
  models: models.prefault({}),
  people: z.record(id, person).default({}),
  roles: z.record(id, z.array(z.enum(ROLE_PERMISSIONS)).max(50)).default({}),
  egress: egress.prefault({}),
  dlp: dlp.prefault({}),
  secrets: secrets.prefault({}),
  backup,
  audit: audit.prefault({}),
  alerts: alerts.prefault({}),
  effects: z.partialRecord(z.enum(EFFECTS), trust).default({}),
  folders: z
    .array(
      z.strictObject({
        path,
        trust: trust.default("none"),
        confidentiality: confidentiality.default("private"),
        audience: z.array(id).max(100).exactOptional(),
      }),
    )
    .max(1_000)
    .default([]),
});

/** The configuration with its defaults. What doors offer is put together in `doors.ts`. */
export type Config = z.output<typeof configFile>;
export type ToolLayer = NonNullable<Config["channels"][string]["tools"]>;

/** JSON Schema (draft 2020-12) of config.yaml, for editors and `config schema`. */
export function configSchema(): Record<string, unknown> {
  return z.toJSONSchema(configFile, { io: "input" });
}
