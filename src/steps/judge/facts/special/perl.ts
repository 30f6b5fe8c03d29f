/**
 * perl and rename: one-line substitutions are as common as sed; everything else is code.
 *
 * @module
 */
import { type Field, prefixOf, shown } from "../fields.ts";
import { applyMeanings, runCode, usePath } from "../roles.ts";
import { readBy, readOnly, type Special, unclear } from "./special.ts";

/** Two programs have this name: one takes a Perl expression, one takes two texts. */
export const rename: Special = (run, program) => {
  const read = readBy(program, run);
  const [first, second, ...files] = read.operands;
  const code = first !== undefined && (/[/|;{(]/.test(shown(first)) || isPlainSubstitution(first));
  if (code && !isPlainSubstitution(first)) runCode(first, run);
  for (const file of code ? read.operands.slice(1) : second === undefined ? [] : files) {
    usePath("read", file, run);
    usePath("write", file, run);
  }
  return unclear(run);
};

/**
 * One or more of `s/a/b/`, `y/a/b/`: patterns without code, texts without anything that is evaluated but `$1` and `\\L`.
 */
function isPlainSubstitution(field: Field): boolean {
  return (
    field.kind === "literal" &&
    /^\s*(?:(?:s|y|tr)([/|,#!:@%])(?:(?!\1)[^\\$@({]|\\.|\((?!\?\??\{)|\{\d|\$(?=\1|\)|\|))*\1(?:(?!\1)[^\\$@{]|\\.|\$[\d&](?![[{-]))*\1[gimsx]*\s*(?:;\s*|$))+$/.test(
      field.text,
    )
  );
}

const PERL_PLAIN = /^(?:-[pnlaw0i]*e|-[pni]*i(?:\.\w+)?)$/;

/** One-line substitutions are as common as sed; everything else is code. */
export const perl: Special = (run, program) => {
  const flags = run.args.filter((arg) => prefixOf(arg).startsWith("-")).map(shown);
  const at = run.args.findIndex((arg) => /^-[a-z0]*e$/.test(shown(arg)));
  const code = run.args[at + 1];
  if (
    at >= 0 &&
    code !== undefined &&
    isPlainSubstitution(code) &&
    flags.every((flag) => PERL_PLAIN.test(flag) || /^-[pniwl]+$/.test(flag))
  ) {
    const files = run.args.filter((arg, i) => i !== at + 1 && !prefixOf(arg).startsWith("-"));
    for (const file of files) {
      usePath("read", file, run);
      if (flags.some((flag) => /^-[pnlaw0e]*i/.test(flag))) usePath("write", file, run);
    }
    return unclear(run);
  }
  const read = readOnly(program, run);
  const inline = read.seen.has("-e") || read.seen.has("-E");
  applyMeanings(
    read.meanings.filter((meaning) => meaning.label !== "operand" || !inline),
    run,
  );
  if (!inline && read.operands.length === 0) run.issues.push({ says: "takes code from its standard input" });
  for (const file of inline ? read.operands : []) {
    usePath("read", file, run);
    usePath("write", file, run);
  }
  return unclear(run);
};
