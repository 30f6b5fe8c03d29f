/** Secrets that lie in clear in an OpenClaw installation. @module */
import { isArray, isObject, type JsonValue } from "../../../core/json.ts";
import type { OpenClawFamily } from "../check.ts";
import { at as valueAt, objectAt } from "../values.ts";
import { isLiteralSecret } from "./literal.ts";

/** What has a check of its own. */
const ELSEWHERE = /^(?:gateway\.auth|hooks\.token|channels|skills\.entries|mcp\.servers|env)(?:\.|$)/;

function secretsIn(value: JsonValue | undefined, path: readonly string[]): readonly string[] {
  const place = path.join(".");
  if (value === undefined || ELSEWHERE.test(place)) return [];
  if (isArray(value)) return value.flatMap((each, i) => secretsIn(each, [...path, String(i)]));
  if (isObject(value)) return Object.entries(value).flatMap(([key, each]) => secretsIn(each, [...path, key]));
  return /(?:apiKey|[tT]oken|[sS]ecret|[pP]assword|privateKey)$/.test(path.at(-1) ?? "") && isLiteralSecret(value)
    ? [place]
    : [];
}

export const secrets: OpenClawFamily = {
  name: "secrets",
  checks: [
    {
      id: "config.secrets.gateway_password_in_config",
      severity: "medium",
      title: "the gateway's password stands in the configuration",
      why: "Backups, editors and whoever reads the file have it.",
      fix: "put it behind a reference",
      references: ["CWE-256"],
      look: ({ config }) =>
        isLiteralSecret(valueAt(config, "gateway.auth.password")) ? ["gateway.auth.password"] : [],
    },
    {
      id: "vambrace.secrets.gateway_token_in_config",
      severity: "medium",
      title: "the gateway's token stands in the configuration",
      why: "OpenClaw writes it there at set-up, in clear; it is the whole authority over the gateway.",
      fix: "put it behind a reference (SecretRef)",
      references: ["CWE-312"],
      look: ({ config }) => (isLiteralSecret(valueAt(config, "gateway.auth.token")) ? ["gateway.auth.token"] : []),
    },
    {
      id: "vambrace.secrets.inline_environment",
      severity: "medium",
      title: "values for the environment stand in the configuration",
      why: "Every child process has them.",
      fix: "put secrets behind references",
      references: ["CWE-526", "CWE-312"],
      look: ({ config }) =>
        ["env", "env.vars"].flatMap((place) =>
          Object.entries(objectAt(config, place)).flatMap(([name, value]) =>
            /(TOKEN|SECRET|PASSWORD|KEY)$/i.test(name) && isLiteralSecret(value) ? [`${place}.${name}`] : [],
          ),
        ),
    },
    {
      id: "vambrace.secrets.in_config",
      severity: "high",
      title: "a key stands in the configuration",
      why: "Backups, editors and whoever reads the file have it.",
      fix: "put it behind a reference (SecretRef); `vambrace migrate openclaw` puts it into a vault",
      references: ["LLM02", "CWE-312", "CWE-798"],
      look: ({ config }) => secretsIn(config, []),
    },
    {
      id: "vambrace.secrets.dot_env",
      severity: "low",
      title: "keys lie in clear in `.env` of the state folder, or in the configuration's `env`",
      why: "Every process that the gateway starts gets them.",
      fix: "`vambrace migrate openclaw` puts them into a vault",
      references: ["CWE-312", "CWE-526"],
      look: ({ home }) => home.variables.filter((name) => /(?:TOKEN|SECRET|PASSWORD|KEY)$/i.test(name)),
    },
    {
      id: "vambrace.secrets.stored_in_clear",
      severity: "high",
      title: "the store of secrets is not encrypted",
      why: "Rows of a database in clear: a backup or another program of this user has them all.",
      fix: "`vambrace migrate openclaw` puts them into an encrypted vault; then remove them here",
      references: ["LLM02", "CWE-312"],
      look: ({ home }) => (home.state?.stored ?? []).map(({ name, kind }) => `${name} (${kind})`),
    },
    {
      id: "vambrace.secrets.bound_to_no_host",
      severity: "low",
      title: "a secret is bound to no host",
      why: "It never is put in by the proxy; somebody passes it on by hand.",
      fix: "`openclaw secrets store set NAME --allow-host HOST`",
      references: ["CWE-522"],
      look: ({ home }) =>
        (home.state?.stored ?? [])
          .filter(({ kind, hosts }) => kind === "secret" && hosts.length === 0)
          .map(({ name }) => name),
    },
  ],
};
