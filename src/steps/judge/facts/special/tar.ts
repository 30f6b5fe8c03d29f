/**
 * tar: packs and unpacks, and can start a program in a dozen ways.
 *
 * @module
 */
import { dropPrefix, type Field, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { grammarOf, readArguments } from "../options.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run, runShell, usePath, within } from "../roles.ts";

const TAR: Program = {
  options:
    "-A,--catenate,--concatenate -c,--create -d,--diff,--compare --delete -r,--append -t,--list --test-label -u,--update -x,--extract,--get " +
    "-f,--file=text -C,--directory=text -z,--gzip,--gunzip,--ungzip -j,--bzip2 -J,--xz --lzip --lzma --lzop --zstd -Z,--compress,--uncompress " +
    "-a,--auto-compress --no-auto-compress -v,--verbose -w! -k,--keep-old-files --skip-old-files --keep-newer-files -U,--unlink-first " +
    "--overwrite --overwrite-dir --no-overwrite-dir --recursive-unlink -O,--to-stdout -p,--preserve-permissions,--same-permissions " +
    "--no-same-permissions --same-owner --no-same-owner -o -m,--touch --strip-components=text -T,--files-from=text -X,--exclude-from=read " +
    "--exclude=text --wildcards --no-wildcards --anchored --no-anchored -h,--dereference --hard-dereference -P! --absolute-names! " +
    "-S,--sparse -b,--blocking-factor=text -B,--read-full-records -i,--ignore-zeros -W,--verify -N,--newer,--after-date=text " +
    "--newer-mtime=text --mtime=text --owner=text --group=text --mode=text --numeric-owner --sort=text --transform,--xform=text -s " +
    "--remove-files --one-file-system --totals?text --checkpoint?text --checkpoint-action=text --to-command=shell " +
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
  for (const { label, field } of read.meanings) {
    if (label === "--checkpoint-action") checkpoint(field, run);
    if (label === "-T") filesFrom(field, run);
  }
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

/** `exec=COMMAND` is run by a shell; the other actions print or wait. */
function checkpoint(action: Field, run: Run): void {
  const text = prefixOf(action);
  if (text.startsWith("exec=")) runShell(dropPrefix(action, 5), run);
  else if (!/^(?:\.|dot|bell|echo|ttyout|sleep|totals|wait)\b|^\.$/.test(text))
    run.issues.push({ says: "an action at checkpoints" });
}

/** A list of names may hold options as well, unless it comes from a command that lists files. */
function filesFrom(list: Field, run: Run): void {
  const { input } = run.call;
  if (shown(list) === "-" && input.kind === "paths") for (const field of input.fields) usePath("read", field, run);
  else {
    usePath("read", list, run);
    run.issues.push({ says: `takes names from \`${shown(list).slice(0, 60)}\`` });
  }
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
