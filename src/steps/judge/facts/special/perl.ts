/**
 * perl and rename: one-line programs that only compute are as common as sed;
 * everything else is code.
 *
 * @module
 */
import { type Field, shown } from "../fields.ts";
import type { Read } from "../options.ts";
import { applyMeanings, type Run, runCode, usePath } from "../roles.ts";
import { onlyComputes, onlySubstitutes } from "./perl-code.ts";
import { readBy, readOnly, type Special, unclear } from "./special.ts";

/** Two programs have this name: one takes a Perl expression, one takes two texts. */
export const rename: Special = (run, program) => {
  const read = readBy(program, run);
  const [first, second, ...files] = read.operands;
  const plain = first?.kind === "literal" && onlySubstitutes(first.text);
  const code = first !== undefined && (plain || /[/|;{(]/.test(shown(first)));
  if (code && !plain) runCode(first, run);
  for (const file of code ? read.operands.slice(1) : second === undefined ? [] : files) {
    usePath("read", file, run);
    usePath("write", file, run);
  }
  return unclear(run);
};

export const perl: Special = (run, program) => {
  const read = readOnly(program, run);
  const inline = read.seen.has("-e") || read.seen.has("-E");
  const quiet = inline && isQuiet(read);
  applyMeanings(
    read.meanings.filter((meaning) => (meaning.label === "operand" ? !inline : !(quiet && meaning.role === "code"))),
    run,
  );
  if (!inline && read.operands.length === 0) run.issues.push({ says: "takes code from its standard input" });
  for (const file of inline ? read.operands : []) useFile(file, read, run);
  return unclear(run);
};

function isQuiet(read: Read): boolean {
  return read.meanings.every(({ role, label, field }) => {
    if (role === "code") return field.kind === "literal" && (onlySubstitutes(field.text) || onlyComputes(field.text));
    // The separator becomes part of the code; what is behind -i names the copies.
    if (label === "-F") return /^(?:[^\\/()@$`{}'"\s]|\\[ntsw|.])?$/.test(shown(field));
    return label !== "-i" || /^(?:\.\w+)?$/.test(shown(field));
  });
}

/** `<>` opens its files by a rule in which `id|` is a command. */
function useFile(file: Field, read: Read, run: Run): void {
  if (file.kind === "literal" && /[|<>&]/.test(file.text))
    run.analysis.found.hide(`what perl opens as \`${file.text}\``);
  run.analysis.found.plainNames(file, run.call.state);
  usePath("read", file, run);
  if (read.seen.has("-i")) usePath("write", file, run);
}
