/**
 * The environment: read here and nowhere else, and handed on by name.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { homedir } from "node:os";
import { Fault, toFault } from "../../core/fault.ts";

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

/** Variables that make a program load something else than its own code, or believe somebody else. */
const LOADERS =
  /^(?:NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|OPENSSL_CONF|OPENSSL_MODULES|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$/;
const SECRET_NAME =
  /(?:(?:^|_)(?:KEY|TOKEN|SECRET|PAT|PWD|DSN|CREDENTIALS?|WEBHOOK_URL)|API_?KEY|PASSWORD|PASSWD|PASSPHRASE|SSHPASS)(?:_ID)?$/i;
const ADDRESS_WITH_PASSWORD = /^[a-z][\w+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;
/** Named like one, and none. */
const NO_SECRET = /^(?:GPG_KEY|SSH_AUTH_SOCK|XDG_.*|.*_PUBLIC_KEY|.*_KEY_ID|KEY|PWD|OLDPWD)$/i;

/** What an environment holds beside what is read from it. Names only. */
export type Survey = { readonly secrets: readonly string[]; readonly loaders: readonly string[] };

/**
 * @param read names that the configuration refers to.
 * @param source absent: the environment of this process.
 * @param isSecret of a value: whether its shape says so, whatever its name is.
 */
export function surveyEnvironment(
  read: readonly string[],
  source: Readonly<Record<string, string | undefined>> = process.env,
  isSecret: (value: string) => boolean = () => false,
): Survey {
  const known: readonly string[] = [...KNOWN_VARIABLES, ...read];
  const names = Object.keys(source).filter((name) => source[name] !== undefined && source[name] !== "");
  return {
    secrets: names.filter((name) => !known.includes(name) && looksSecret(name, source[name] ?? "", isSecret)).sort(),
    // Any other value than `0` leaves certificates checked.
    loaders: names
      .filter((name) => LOADERS.test(name) && (name !== "NODE_TLS_REJECT_UNAUTHORIZED" || source[name] === "0"))
      .sort(),
  };
}

function looksSecret(name: string, value: string, isSecret: (value: string) => boolean): boolean {
  const isNamed = SECRET_NAME.test(name) && !NO_SECRET.test(name);
  return isNamed || ADDRESS_WITH_PASSWORD.test(value) || isSecret(value);
}

/** The folder of the person who runs it: `HOME`, else what the system has for the user. */
export function userHome(env: Environment): string {
  const home = env.HOME ?? homeOfUser();
  if (isAbsolute(home)) return home;
  throw new Fault("CONFIG_UNSAFE", {
    message: "HOME is not an absolute path",
    hint: "set HOME to the home folder of the user that runs vambrace",
  });
}

function homeOfUser(): string {
  try {
    return homedir();
  } catch (thrown) {
    // A user id without a name, as in a container.
    throw new Fault("CONFIG_UNSAFE", {
      message: "this user has no home folder: HOME is not set, and the system has no name for the user id",
      hint: "set HOME to the home folder of the user that runs vambrace",
      cause: toFault(thrown),
    });
  }
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
