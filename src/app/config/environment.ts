/**
 * The environment: read here and nowhere else, and handed on by name.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { homedir } from "node:os";
import { Fault } from "../../core/fault.ts";

/** What vambrace looks at by itself; the configuration may name others as `${NAME}`. */
export const KNOWN_VARIABLES = [
  "VAMBRACE_HOME",
  "HOME",
  "PATH",
  "LLM_PROVIDER",
  "LLM_MODEL",
  "LLM_BASE_URL",
  "LLM_API_KEY",
  "ANTHROPIC_API_KEY",
  "OPENAI_API_KEY",
  "GOOGLE_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_GENERATIVE_AI_API_KEY",
  "DEEPSEEK_API_KEY",
  "OLLAMA_HOST",
  "BRAVE_API_KEY",
  "VAMBRACE_VAULT_PASSPHRASE",
  "NO_COLOR",
] as const;
export type VariableName = (typeof KNOWN_VARIABLES)[number];

export type Environment = { readonly [Name in VariableName]?: string } & {
  /** The value of a variable that the configuration names; an empty one is absent. */
  readonly variable: (name: string) => string | undefined;
};

/** The environment of this process. The only place that reads it. */
export function readEnvironment(): Environment {
  return environmentOf(process.env);
}

export function environmentOf(source: Readonly<Record<string, string | undefined>>): Environment {
  const variable = (name: string): string | undefined => {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    return value === "" ? undefined : value;
  };
  const known: { [Name in VariableName]?: string } = {};
  for (const name of KNOWN_VARIABLES) {
    const value = variable(name);
    if (value !== undefined) known[name] = value;
  }
  return Object.freeze({ ...known, variable });
}

/** The folder of the person who runs it: `HOME`, else what the system has for the user. */
export function userHome(env: Environment): string {
  const home = env.HOME ?? homedir();
  if (isAbsolute(home)) return home;
  throw new Fault("CONFIG_UNSAFE", {
    message: "HOME is not an absolute path",
    hint: "set HOME to the home folder of the user that runs vambrace",
  });
}

/** The state folder: `VAMBRACE_HOME`, else `.vambrace` in the home folder. */
export function stateFolder(env: Environment): string {
  if (env.VAMBRACE_HOME === undefined) return join(userHome(env), ".vambrace");
  if (isAbsolute(env.VAMBRACE_HOME)) return env.VAMBRACE_HOME;
  throw new Fault("CONFIG_UNSAFE", {
    message: "VAMBRACE_HOME is not an absolute path",
    hint: "write it from the root: `VAMBRACE_HOME=/srv/vambrace`",
  });
}
