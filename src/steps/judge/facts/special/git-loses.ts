/**
 * git: what throws away work that no commit holds, and what opens an editor.
 *
 * git keeps almost everything, so these are few. They are asked like a file
 * that has no copy is; whoever wants one unasked writes its form out in the
 * allowlist.
 *
 * @module
 */
import { type Field, prefixOf, shown } from "../fields.ts";
import { type Run, usePath } from "../roles.ts";

type Words = { readonly flags: readonly string[]; readonly operands: readonly Field[]; readonly rest: boolean };
type Rule = (words: Words) => boolean;

/** Any of these options: a letter alone or in a bundle, a long one whole or shortened, with a value or without. */
function given(...options: readonly string[]): Rule {
  return ({ flags }) => options.some((option) => flags.some((flag) => isOption(flag, option)));
}

function isOption(flag: string, option: string): boolean {
  if (!option.startsWith("--")) return /^-\w/.test(flag) && flag.includes(option.slice(1));
  const name = flag.split("=", 1)[0] ?? "";
  return name.length > 2 && name.startsWith("--") && option.startsWith(name);
}

function said(...commands: readonly string[]): Rule {
  return ({ operands: [first] }) => first !== undefined && commands.includes(shown(first));
}

const LOSES: Readonly<Record<string, Rule>> = {
  clean: (words) => !given("-n", "--dry-run")(words),
  reset: given("--hard", "--merge"),
  checkout: (words) => given("-f", "--force")(words) || words.rest || words.operands.some((one) => shown(one) === "."),
  switch: given("-f", "--force", "--discard-changes"),
  stash: said("drop", "clear"),
  branch: given("-D", "-f", "--force", "-M", "-C"),
  tag: given("-d", "--delete", "-f", "--force"),
  reflog: said("delete", "expire", "drop"),
  gc: given("--prune", "--aggressive"),
  prune: (words) => !given("-n", "--dry-run")(words),
  "read-tree": given("-u", "--reset"),
  "symbolic-ref": given("-d", "--delete"),
};

const EDITS: Readonly<Record<string, Rule>> = {
  commit: (words) =>
    !given("-m", "--message", "-F", "--file", "-C", "--reuse-message", "--fixup", "--no-edit", "--dry-run")(words),
  notes: (words) =>
    said("add", "append", "edit")(words) && !given("-m", "--message", "-F", "--file", "-C", "--reuse-message")(words),
};

/** @param args the command and its arguments, without what stands before it. */
export function noteLosses(args: readonly Field[], run: Run): void {
  const at = args.findIndex((arg) => !prefixOf(arg).startsWith("-"));
  const command = args[at];
  // Of any command, and before all else.
  if (args.some((arg) => shown(arg) === "--help")) run.issues.push({ says: "`--help` opens a manual in a pager" });
  if (command?.kind !== "literal") return;
  const words = wordsOf(args.slice(at + 1));
  const name = command.text;
  if (Object.hasOwn(LOSES, name) && LOSES[name]?.(words) !== false)
    run.issues.push({ says: `\`git ${name}\` throws away what no commit holds` });
  if (Object.hasOwn(EDITS, name) && EDITS[name]?.(words) !== false)
    run.issues.push({ says: `\`git ${name}\` opens an editor` });
  if (name === "checkout") usePutBack(words, run);
}

/** A branch, or files that are put back as they were. */
function usePutBack(words: Words, run: Run): void {
  if (given("-b", "-B", "--orphan")(words)) return;
  for (const operand of words.operands) usePath("write", operand, run);
}

function wordsOf(args: readonly Field[]): Words {
  const end = args.findIndex((arg) => shown(arg) === "--");
  const before = end < 0 ? args : args.slice(0, end);
  return {
    flags: before.filter((arg) => prefixOf(arg).startsWith("-")).map(shown),
    operands: before.filter((arg) => !prefixOf(arg).startsWith("-")),
    rest: end >= 0 && end < args.length - 1,
  };
}
