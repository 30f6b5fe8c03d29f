/**
 * dd, ssh and git.
 *
 * @module
 */
import { dropPrefix, type Field, joined, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { grammarOf, readArguments } from "../options.ts";
import { GIT } from "../programs/git.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run, usePath, within } from "../roles.ts";
import { noteLosses } from "./git-loses.ts";
import type { Special } from "./special.ts";

/** `if=FILE of=FILE`; everything else is numbers and words. */
export function dd(run: Run): Stream {
  for (const arg of run.args) {
    const text = prefixOf(arg);
    if (text.startsWith("if=")) usePath("read", dropPrefix(arg, 3), run);
    else if (text.startsWith("of=")) usePath("write", dropPrefix(arg, 3), run);
    else if (arg.kind === "unknown" && text === "") run.analysis.found.hide(`an argument of dd: ${arg.why}`);
  }
  return { kind: "unknown", why: "`dd` prints it" };
}

const SSH: Program = {
  options:
    "-4 -6 -A! -a -B=text -b=text -C -c=text -D=never -E=write -e=text -F=config -f -G -g! -I=never -i=read -J=host -K -k -L=never " +
    "-l=text -M -m=text -N -n -O=text -o=text -P=text -p=text -Q=text -q -R=never -S=read -s -T -t -V -v -W=host -w=never -X! -x -Y! -y",
  operands: "host text*",
  posix: true,
};

/** Options of `-o` that can neither start a program nor name a file. */
const SSH_OPTION =
  /^(?:AddressFamily|BatchMode|CheckHostIP|Ciphers|Compression|Connect(?:ionAttempts|Timeout)|HashKnownHosts|HostKeyAlgorithms|IdentitiesOnly|IPQoS|KexAlgorithms|LogLevel|MACs|NumberOfPasswordPrompts|PasswordAuthentication|Port|PreferredAuthentications|PubkeyAuthentication|RequestTTY|ServerAlive(?:CountMax|Interval)|StrictHostKeyChecking|TCPKeepAlive|User|VerifyHostKeyDNS)[= ]/i;

export function ssh(run: Run): Stream {
  const read = readArguments(run.args, grammarOf(SSH));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  for (const { label, field } of read.meanings) {
    if (label === "-o" && !(field.kind === "literal" && SSH_OPTION.test(field.text))) {
      run.issues.push({ says: `the option \`-o ${shown(field).slice(0, 40)}\`` });
      const command = /^(?:ProxyCommand|LocalCommand|KnownHostsCommand)[= ]+/i.exec(prefixOf(field))?.[0];
      if (command !== undefined) run.analysis.text(dropPrefix(field, command.length), run.call);
    }
  }
  applyMeanings(
    read.meanings.filter((meaning) => meaning.role !== "text"),
    run,
  );
  const remote = read.operands.slice(1);
  if (remote.length > 0) elsewhere(joined(remote), run);
  return { kind: "unknown", why: "another machine prints it" };
}

/** The programs of a command that runs on another machine are named; its paths are not of this one. */
function elsewhere(command: Field, run: Run): void {
  const { found } = run.analysis;
  const before = new Map(found.paths);
  run.issues.push({ says: "runs a command on another machine" });
  found.wrappers.add(run.name);
  run.analysis.text(command, { ...run.call, state: { ...run.call.state, places: ["/"] } });
  for (const key of found.paths.keys()) if (!before.has(key)) found.paths.delete(key);
}

/** Settings of `git -c` that change how things look, or who is named as author. */
const GIT_SETTING =
  /^(?:color\.|user\.(?:name|email)=|advice\.|core\.(?:quotepath|autocrlf|abbrev|safecrlf|ignorecase|filemode|precomposeunicode|longpaths|fscache|preloadindex|untrackedcache)=|init\.defaultbranch=|log\.(?:date|decorate|abbrevcommit|follow|showsignature)=|diff\.(?:renames|renamelimit|context|algorithm|color\w+|mnemonicprefix|noprefix|wserrorhighlight)=|status\.|commit\.gpgsign=false|tag\.(?:sort|gpgsign=false)|gc\.auto=|pull\.(?:rebase|ff)=|push\.default=|merge\.(?:ff|conflictstyle|renamelimit)=|rebase\.auto(?:stash|squash)=|fetch\.prune=|column\.|help\.autocorrect=0|safe\.barerepository=explicit|protocol\.version=|http\.(?:postbuffer|lowspeedlimit|lowspeedtime)=)/i;

export const git: Special = (run, _program, byTable) => {
  const { args, call } = beforeCommand(run);
  const out = byTable(GIT, { ...run, args, call });
  noteLosses(args, { ...run, call });
  const lists = args[0]?.kind === "literal" && args[0].text === "ls-files";
  const plain = !args.some((arg) => /^-[so]|^--(?:stage|format|debug|eol)/.test(shown(arg)));
  return lists && plain ? { kind: "paths", fields: [{ kind: "pattern", text: "**" }] } : out;
};

/** `-c` and `-C` stand before the command and are done here; the rest is left. */
function beforeCommand(run: Run): { readonly args: readonly Field[]; readonly call: Run["call"] } {
  const kept: Field[] = [];
  let { call } = run;
  for (let at = 0; at < run.args.length; at += 1) {
    const field = run.args[at] ?? literal("");
    const text = prefixOf(field);
    if (!text.startsWith("-")) return { args: [...kept, ...run.args.slice(at)], call };
    const value = run.args[at + 1] ?? literal("");
    if (text === "-C") {
      usePath("read", value, { ...run, call });
      call = within(value, call);
    } else if (text.startsWith("-c")) checkSetting(text === "-c" ? value : dropPrefix(field, 2), run);
    else kept.push(field);
    if (text === "-C" || text === "-c") at += 1;
  }
  return { args: kept, call };
}

function checkSetting(setting: Field, run: Run): void {
  if (setting.kind === "literal" && GIT_SETTING.test(setting.text)) return;
  run.issues.push({ says: `the setting \`${shown(setting).slice(0, 40)}\`` });
  const shellCommand = /^alias\.[^=]*=!/.exec(prefixOf(setting))?.[0];
  if (shellCommand !== undefined) run.analysis.text(dropPrefix(setting, shellCommand.length), run.call);
}
