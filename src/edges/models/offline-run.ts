/** Plans that run commands. @module */
import { type About, couldNot, type Intent, type Plan, quote, simple, use } from "./offline-plan.ts";
import { type Clause, isQuoted, pathOf, rawOf, valueOf } from "./offline-text.ts";

/** What a folder holds, and what runs its tests then; the first that fits. Only these commands are ever proposed. */
const TEST_RUNNERS: readonly { readonly file: string; readonly command: string }[] = [
  { file: "run-tests.sh", command: "./run-tests.sh" },
  { file: "run_tests.sh", command: "./run_tests.sh" },
  { file: "package.json", command: "npm test" },
  { file: "Makefile", command: "make test" },
  { file: "Cargo.toml", command: "cargo test" },
  { file: "go.mod", command: "go test ./..." },
  { file: "pytest.ini", command: "pytest" },
  { file: "pyproject.toml", command: "pytest" },
  { file: "setup.py", command: "pytest" },
  { file: "conftest.py", command: "pytest" },
  { file: "test.sh", command: "./test.sh" },
];

const TESTS =
  /^(?:run|execute|start|do)\s+(?:all\s+|all of\s+)?(?:the\s+|my\s+|our\s+|its\s+)?(?:unit\s+)?tests?(?:\s+suite)?(?:\s+(?:in|of|under|for)\s+(.+?))?[.!?]*$|^test\s+(?:it|this|the (?:code|project)|everything)[.!?]*$|^do the tests pass[?.!]*$/i;

export const tests: Intent = (clause, about) => {
  const found = TESTS.exec(clause.text);
  if (found === null) return undefined;
  const where = found[1]?.trim() ?? "";
  const isHere = where === "" || /^(?:here|(?:this|the)(?: \w+)?)$/i.test(where);
  const path = isHere ? undefined : pathOf(where, clause);
  return isHere || path !== undefined ? testing(about, path) : undefined;
};

function* testing(about: About, path: string | undefined): Plan {
  const listed = yield* use(about, "list", path === undefined ? {} : { path });
  if (!listed.ok) return couldNot("look which tests there are", listed);
  const names = new Set(listed.text.split(/[\s"',]+/).map((word) => word.split("/").at(-1) ?? ""));
  const runner = TEST_RUNNERS.find((candidate) => names.has(candidate.file));
  if (runner === undefined) {
    const known = TEST_RUNNERS.map((candidate) => `\`${candidate.file}\``).join(", ");
    return `I do not know how to run the tests here: there is none of ${known}. Tell me the command: run \`…\`.`;
  }
  return yield* running(about, runner.command, path);
}

function* running(about: About, command: string, cwd?: string): Plan {
  const args = { command, ...(cwd === undefined ? {} : { cwd }) };
  const reply = yield* use(about, "exec", args);
  if (reply.ok) return `I ran \`${command}\`:\n\n${quote(reply.text)}`;
  return `\`${command}\` did not succeed. I was told:\n\n${quote(reply.text)}`;
}

const RUN =
  /^(?:run|execute|exec|call|start|launch)\s+(?:the\s+)?(?:(?:shell\s+)?command\s+|program\s+|script\s+)?:?\s*([\s\S]+?)$/i;
const QUOTED_IN = /^(\uE000\d+\uE001)\s+(?:in|from|inside)\s+(.+?)[.!]*$/;

export const run: Intent = (clause, about) => {
  if (isQuoted(clause.text) && clause.quotes[0]?.startsWith("`") === true) return named(about, clause.text, clause);
  const [, rest] = RUN.exec(clause.text) ?? [];
  if (rest === undefined || /^(?:a |an )?(?:sub-?)?agent\b/i.test(rest)) return undefined;
  const [, quoted, folder = ""] = QUOTED_IN.exec(rest) ?? [];
  if (quoted === undefined) return named(about, rest, clause);
  const cwd = pathOf(folder, clause);
  return cwd === undefined ? undefined : running(about, valueOf(quoted, clause).trim(), cwd);
};

/** The command as it was written; a full stop behind the last word is the sentence's. */
function named(about: About, text: string, clause: Clause): Plan | undefined {
  const command = isQuoted(text) ? valueOf(text, clause) : rawOf(text, clause).replace(/(?<=\w)[.!]$/, "");
  return command.trim() === "" ? undefined : running(about, command.trim());
}

const KNOWN_PROGRAMS =
  /^(?:git|npm|npx|node|python3?|pip|make|cargo|go|pytest|ls|cat|grep|head|tail|wc|echo|pwd|date|whoami|uname|du|df|ps|env|mkdir|touch|cp|mv|rm|sed|awk|sort|curl|wget|tar)\b/;

/** A line that already is a command. Words that are also English are left to the other plans, which come first. */
export const bareCommand: Intent = (clause, about) => {
  const raw = rawOf(clause.text, clause);
  return KNOWN_PROGRAMS.test(raw) && !/[?]$/.test(raw) ? running(about, raw) : undefined;
};

export const asks: Intent = (clause, about) => {
  const done = (text: string): string => quote(text);
  const ask = (command: string, what: string): Plan =>
    simple(about, { tool: "exec", arguments: { command } }, { what, done });
  if (/^what(?:'s| is) the (?:time|date|day)|^what (?:time|date|day) is it/i.test(clause.text))
    return ask("date", "look at the clock");
  if (
    /^(?:where (?:am i|are (?:we|you))|what(?:'s| is) the (?:current|working) (?:folder|directory))/i.test(clause.text)
  ) {
    return ask("pwd", "see where we are");
  }
  const git = /^(?:what(?:'s| is)|show(?: me)?)\s+(?:the\s+)?git\s+(status|log|diff)/i.exec(clause.text);
  return git === null ? undefined : ask(`git ${(git[1] ?? "status").toLowerCase()}`, "ask git");
};
