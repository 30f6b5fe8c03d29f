/**
 * Shells: `sh -c TEXT`, `sh FILE`, and commands on the standard input.
 *
 * @module
 */
import { type Field, literal, NO_INPUT, shown, type Stream } from "../fields.ts";
import { childShell, type Run, runScript, runShell } from "../roles.ts";

const UNCLEAR: Stream = { kind: "unknown", why: "a shell prints it" };
/** Options that only change how the shell runs what it is given. */
const PLAIN = /^[-+](?:[abefhklmnptuvxBCEHPTrs]*|o)$|^--(?:posix|noprofile|norc|verbose|noediting|restricted)$/;

export function shell(run: Run): Stream {
  let at = 0;
  let text = false;
  for (; at < run.args.length; at += 1) {
    const field = run.args[at] ?? literal("");
    const arg = shown(field);
    if (arg === "--" || arg === "-") {
      at += 1;
      break;
    }
    if (!/^[-+]./.test(arg)) break;
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg)) text = true;
    if (/^[-+][a-zA-Z]*[oO]$/.test(arg)) at += 1;
    checkFlag(field, arg, run);
    if (/^--(?:rcfile|init-file)$/.test(arg)) at += 1;
  }
  const [first, ...rest] = run.args.slice(at);
  if (text) return first === undefined ? UNCLEAR : runTextOf(first, rest, run);
  if (first !== undefined) {
    runScript(first, run);
    return UNCLEAR;
  }
  return fromInput(run);
}

function checkFlag(field: Field, arg: string, run: Run): void {
  const letters = arg.replace("c", "");
  if (field.kind !== "literal") run.analysis.found.hide(`an option of \`${run.name}\``);
  else if (!PLAIN.test(letters) && !/^[-+][a-zA-Z]*[oOl]$/.test(letters)) {
    run.issues.push({ says: `the option \`${arg.slice(0, 40)}\`` });
  }
  if (/^--(?:rcfile|init-file)/.test(arg)) run.analysis.found.hide(`the start-up file of \`${run.name}\``);
}

/** The first word behind the text is `$0`, the others are `$1` and so on. */
function runTextOf(text: Field, words: readonly Field[], run: Run): Stream {
  const [zero = literal(run.name), ...positional] = words;
  const many = zero.kind === "unknown" && zero.many;
  const call = childShell(run.call, many ? null : positional, zero);
  run.analysis.found.wrappers.add(run.name);
  return run.analysis.text(text, call);
}

/** Without arguments a shell obeys what it reads. Where that is written in the command, it is followed. */
function fromInput(run: Run): Stream {
  const { input } = run.call;
  if (input.kind === "literal")
    return runShell(literal(input.text), { ...run, shell: true, call: { ...run.call, input: NO_INPUT } });
  run.issues.push({ says: "obeys its standard input" });
  if (input.kind !== "none") run.analysis.found.hide(`what \`${run.name}\` reads and runs`);
  return UNCLEAR;
}
