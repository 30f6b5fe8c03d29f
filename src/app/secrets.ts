/** Values that this process holds and that must never leave, whatever they look like. @module */
import type { Environment, VariableName } from "./config/environment.ts";
import type { Loaded } from "./config/load.ts";

const SECRET_VARIABLES: readonly VariableName[] = [
  "LLM_API_KEY",
  "ANTHROPIC_API_KEY",
  "OPENAI_API_KEY",
  "GOOGLE_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_GENERATIVE_AI_API_KEY",
  "DEEPSEEK_API_KEY",
  "BRAVE_API_KEY",
];

export function knownSecrets(env: Environment, { config }: Loaded): readonly string[] {
  const keys = Object.values(config.models.providers).map(({ apiKey }) => apiKey);
  const secrets = Object.values(config.egress.credentials).map(({ secret }) => secret);
  const named = [...keys, ...secrets, config.backup.passphrase].flatMap((reference) =>
    reference === undefined ? [] : [reference.slice(2, -1)],
  );
  const values = [...SECRET_VARIABLES.map((name) => env[name]), ...named.map((name) => env.variable(name))];
  return values.filter((value) => value !== undefined);
}
