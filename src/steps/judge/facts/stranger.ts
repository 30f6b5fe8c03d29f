/**
 * Strangers: programs that the table does not have.
 *
 * Nothing is known of their options, so an everyday form is one whose
 * arguments cannot be code, a program, settings, or a place elsewhere: plain
 * words, numbers, and files of the workspace that are no scripts. Every file
 * that is named counts as read and written.
 *
 * @module
 */
import { dropPrefix, type Field, prefixOf, shown } from "./fields.ts";
import { programNamed } from "./programs/index.ts";
import type { Run } from "./roles.ts";

/** Options that in many programs take a program, code, settings or a file to write. */
const DANGEROUS_LONG =
  /exec|command|cmd|run|shell|script|eval|code|expr|plugin|module|load|lib|hook|edit|pager|browser|prog|bin|config|conf|rc|init|prel|output|write|dump|save|log|proxy|rsh|ssh|interp|filter|batch|open|import|require|include|macro|call|action|trigger|root|host|server|url|connect|listen|daemon|user|chroot|prefix|helper|wrapper|viewer|file|dir|env|spawn|macro|repl|interactive|install|add|set|define|arg/;
/** The same among options of one letter. */
const DANGEROUS_SHORT = /[cdeEfFiIloOrSxX]/;
/** Words that as a subcommand start, change or open something. */
const DANGEROUS_WORD =
  /^(?:exec|eval|run|shell|sh|cmd|commands?|script|repl|console|db|sql|query|call|start|serve|server|daemon|debug|edit|editor|plugins?|install|uninstall|add|remove|hooks?|tests?|build|make|deploy|launch|spawn|init|attach|login|ssh|tunnel|open|watch|apply|load|import|upload|download|push|pull|publish|send|fetch|clone|sync|update|upgrade|config|set|enable|disable)$/i;
const SCRIPT =
  /\.(?:sh|bash|zsh|ksh|csh|fish|py|pyc|pyz|rb|pl|pm|js|mjs|cjs|ts|mts|lua|php|phar|tcl|r|R|jl|jar|class|war|groovy|kts?|scala|clj|exs?|erl|go|rs|c|cc|cpp|so|dll|exe|ps1|psm1|awk|sed|gdb|vim|el|scm|lisp|m4|mk|cfg|conf|ini|rc|toml|ya?ml|bat|cmd|command|desktop|service|wasm|nse|sql|gp|plt|m|ml|hs|nix|rake|gemspec|gradle|cmake|tf|pp|spec|bats|t|nu|elv|raku|d|nim|zig|v|ipynb|qml|xslt?|ps|tex)$/;
const BARE_WORD = /^[A-Za-z0-9_.,:@%+=-]*$/;

export function strangerIssues(run: Run): void {
  const { issues, analysis, call, name } = run;
  if (call.input.kind !== "none") issues.push({ says: "takes input, and what it does with it is not known" });
  for (const arg of run.args) {
    const why = speaksAgainst(arg);
    if (why !== undefined) issues.push({ says: why });
    for (const path of pathsIn(arg)) {
      analysis.found.path("read", path, call.state);
      analysis.found.path("write", path, call.state);
    }
  }
  if (run.args.length === 0) issues.push({ says: `what \`${name.slice(0, 40)}\` does without arguments is not known` });
}

function speaksAgainst(arg: Field): string | undefined {
  const text = shown(arg).slice(0, 60);
  if (arg.kind === "unknown") return `the argument \`${text}\` is not known`;
  const full = shown(arg);
  if (full.startsWith("--"))
    return DANGEROUS_LONG.test(full.split("=")[0] ?? "") ? `the option \`${text}\`` : valueIssue(full, text);
  if (full.startsWith("-")) return DANGEROUS_SHORT.test(full) ? `the option \`${text}\`` : undefined;
  return operandIssue(full, text);
}

function valueIssue(full: string, text: string): string | undefined {
  const at = full.indexOf("=");
  return at < 0 ? undefined : operandIssue(full.slice(at + 1), text);
}

function operandIssue(full: string, text: string): string | undefined {
  if (SCRIPT.test(full)) return `\`${text}\` may be a script`;
  if (/^[a-z][a-z0-9+.-]*:/i.test(full)) return `\`${text}\` may be an address`;
  const looksLikePath = /^[\w.*?[\]@%+,/~-]+$/.test(full);
  if (!looksLikePath && !BARE_WORD.test(full)) return `\`${text}\` may be code`;
  if (
    programNamed(full.slice(full.lastIndexOf("/") + 1)) !== undefined &&
    !/^(?:test|file|time|date|info|check|id|top|sort|last|size|host|look|users|groups|strings|who|w|type)$/.test(full)
  ) {
    return `\`${text}\` may be a program`;
  }
  if (DANGEROUS_WORD.test(full)) return `\`${text}\` may start something`;
  return /^[A-Za-z_]\w*=/.test(full) ? `\`${text}\` may be a setting` : undefined;
}

function pathsIn(arg: Field): readonly Field[] {
  const text = prefixOf(arg);
  if (!text.startsWith("-")) return [arg];
  const at = text.indexOf("=");
  return at > 0 && text.includes("/") ? [dropPrefix(arg, at + 1)] : [];
}
