/**
 * The whole environment that a command starts with. The judge reads commands by
 * it and the run step gives it to them: one table, so that they differ in
 * nothing but HOME, which the judge takes for the person's own.
 *
 * @module
 */

/** Where program names are looked up, first hit wins. */
export const COMMAND_PATH: readonly string[] = ["/usr/local/bin", "/usr/bin", "/bin"];

export const COMMAND_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: COMMAND_PATH.join(":"),
  // The sandbox's own: empty at each start, gone at its end.
  HOME: "/tmp",
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  TERM: "dumb",
  PAGER: "cat",
  GIT_CONFIG_NOSYSTEM: "1",
  // A folder that only looks like a repository has settings that no one protects, and they name programs.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "safe.bareRepository",
  GIT_CONFIG_VALUE_0: "explicit",
  GIT_TERMINAL_PROMPT: "0",
};
