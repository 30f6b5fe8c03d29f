/**
 * dd, ssh, tar and git.
 *
 * @module
 */
import { dropPrefix, type Field, joined, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { grammarOf, readArguments } from "../options.ts";
import { byTable } from "../programs.ts";
import { GIT } from "../programs/git.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run, usePath, within } from "../roles.ts";

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

const TAR: Program = {
  options:
    "-A,--catenate,--concatenate -c,--create -d,--diff,--compare --delete -r,--append -t,--list --test-label -u,--update -x,--extract,--get " +
    "-f,--file=text -C,--directory=text -z,--gzip,--gunzip,--ungzip -j,--bzip2 -J,--xz --lzip --lzma --lzop --zstd -Z,--compress,--uncompress " +
    "-a,--auto-compress --no-auto-compress -v,--verbose -w! -k,--keep-old-files --skip-old-files --keep-newer-files -U,--unlink-first " +
    "--overwrite --overwrite-dir --no-overwrite-dir --recursive-unlink -O,--to-stdout -p,--preserve-permissions,--same-permissions " +
    "--no-same-permissions --same-owner --no-same-owner -o -m,--touch --strip-components=text -T,--files-from=config -X,--exclude-from=read " +
    "--exclude=text --wildcards --no-wildcards --anchored --no-anchored -h,--dereference --hard-dereference -P! --absolute-names! " +
    "-S,--sparse -b,--blocking-factor=text -B,--read-full-records -i,--ignore-zeros -W,--verify -N,--newer,--after-date=text " +
    "--newer-mtime=text --mtime=text --owner=text --group=text --mode=text --numeric-owner --sort=text --transform,--xform=text -s " +
    "--remove-files --one-file-system --totals?text --checkpoint?text --checkpoint-action=shell --to-command=shell " +
    "-I,--use-compress-program=shell -F,--info-script,--new-volume-script=shell --rsh-command=shell --rmt-command=shell --index-file=write " +
    "-g,--listed-incremental=edit -G,--incremental -M! --multi-volume! -L,--tape-length=text -K,--starting-file=text -l --no-recursion " +
    "--recursion --exclude-vcs --exclude-vcs-ignores --exclude-caches --exclude-backups --format=text -H=text --force-local --full-time " +
    "-R,--block-number --utc --show-transformed-names --occurrence?text --warning=text --one-top-level?write --acls --xattrs --selinux " +
    "--no-acls --no-xattrs --null --no-null --quoting-style=text --backup?text --suffix=text --record-size=text --pax-option=text -V,--label=text",
  operands: "text*",
};

const UNCLEAR: Stream = { kind: "unknown", why: "`tar` prints it" };

export function tar(run: Run): Stream {
  const [first, ...others] = run.args;
  const bundle = first?.kind === "literal" && /^[A-Za-z]+$/.test(first.text);
  const args = bundle ? unbundled(first.text, others) : run.args;
  const read = readArguments(args, grammarOf(TAR));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  const folder = read.meanings.findLast((meaning) => meaning.label === "-C")?.field;
  const inner: Run = folder === undefined ? run : { ...run, call: within(folder, run.call) };
  applyMeanings(
    read.meanings.filter((meaning) => meaning.role !== "text"),
    run,
  );
  const does = (letter: string): boolean => read.seen.has(letter);
  const archive = read.meanings.findLast((meaning) => meaning.label === "-f")?.field;
  if (archive !== undefined) useArchive(archive, does, run);
  if (does("-c") || does("-r") || does("-u") || does("-A")) {
    for (const file of read.operands) {
      usePath("read", file, inner);
      if (does("--remove-files")) usePath("delete", file, inner);
    }
  } else if (does("-x") && !does("-O")) usePath("write", folder ?? literal("."), run);
  return UNCLEAR;
}

/** `tar cfC FILE DIR`: each letter with a value takes the next word, in order. */
function unbundled(letters: string, rest: readonly Field[]): readonly Field[] {
  const values = [...rest];
  const options: Field[] = [];
  for (const letter of letters) {
    options.push(literal(`-${letter}`));
    if (grammarOf(TAR).options.get(`-${letter}`)?.value === "required") {
      const value = values.shift();
      if (value !== undefined) options.push(value);
    }
  }
  return [...options, ...values];
}

function useArchive(archive: Field, does: (letter: string) => boolean, run: Run): void {
  const remote = /^([^/]*@)?([^/:]+):/.exec(prefixOf(archive));
  if (remote !== null && !does("--force-local")) {
    run.analysis.found.hosts.add(remote[2] ?? "");
    run.issues.push({ says: "an archive on another machine" });
    return;
  }
  const makes = does("-c") || does("-r") || does("-u") || does("-A") || does("--delete");
  usePath(makes ? "write" : "read", archive, run);
  if (makes && !does("-c")) usePath("read", archive, run);
}

/** Settings of `git -c` that change how things look, or who is named as author. */
const GIT_SETTING =
  /^(?:color\.|user\.(?:name|email)=|advice\.|core\.(?:quotepath|autocrlf|abbrev|safecrlf|ignorecase|filemode|precomposeunicode|longpaths|fscache|preloadindex|untrackedcache)=|init\.defaultbranch=|log\.(?:date|decorate|abbrevcommit|follow|showsignature)=|diff\.(?:renames|renamelimit|context|algorithm|color\w+|mnemonicprefix|noprefix|wserrorhighlight)=|status\.|commit\.gpgsign=false|tag\.(?:sort|gpgsign=false)|gc\.auto=|pull\.(?:rebase|ff)=|push\.default=|merge\.(?:ff|conflictstyle|renamelimit)=|rebase\.auto(?:stash|squash)=|fetch\.prune=|column\.|help\.autocorrect=0|safe\.barerepository=explicit|protocol\.version=|http\.(?:postbuffer|lowspeedlimit|lowspeedtime)=)/i;

export function git(run: Run): Stream {
  const args: Field[] = [];
  let { call } = run;
  for (let at = 0; at < run.args.length; at += 1) {
    const field = run.args[at] ?? literal("");
    const text = prefixOf(field);
    if (!text.startsWith("-")) {
      args.push(...run.args.slice(at));
      break;
    }
    if (text === "-c" || text.startsWith("-c")) {
      const setting = text === "-c" ? run.args[(at += 1)] : dropPrefix(field, 2);
      if (setting !== undefined) checkSetting(setting, run);
    } else if (text === "-C") {
      at += 1;
      const folder = run.args[at] ?? literal("");
      usePath("read", folder, { ...run, call });
      call = within(folder, call);
    } else args.push(field);
  }
  return byTable(GIT, { ...run, args, call });
}

function checkSetting(setting: Field, run: Run): void {
  if (setting.kind === "literal" && GIT_SETTING.test(setting.text)) return;
  run.issues.push({ says: `the setting \`${shown(setting).slice(0, 40)}\`` });
  const shellCommand = /^alias\.[^=]*=!/.exec(prefixOf(setting))?.[0];
  if (shellCommand !== undefined) run.analysis.text(dropPrefix(setting, shellCommand.length), run.call);
}
