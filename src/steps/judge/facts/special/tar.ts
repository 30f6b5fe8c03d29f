/**
 * tar: packs and unpacks, and can start a program in a dozen ways.
 *
 * @module
 */
import { below, dropPrefix, type Field, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { grammarOf, type Read, readArguments } from "../options.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, notePart, type Run, runShell, usePath, within } from "../roles.ts";

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
  const read = readArguments(bundle ? unbundled(first.text, others) : run.args, grammarOf(TAR));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  applyMeanings(
    read.meanings.filter((meaning) => meaning.role !== "text"),
    run,
  );
  for (const { label, field } of read.meanings) {
    if (label === "--checkpoint-action") checkpoint(field, run);
    if (label === "-T") filesFrom(field, run);
    if (label === "-f") useArchive(field, read, run);
  }
  useFiles(read, run);
  noteCompressor(read, run);
  return UNCLEAR;
}

function makes(read: Read): boolean {
  return ["-c", "-r", "-u", "-A", "--delete"].some((flag) => read.seen.has(flag));
}

function useFiles(read: Read, run: Run): void {
  const folder = read.meanings.findLast((meaning) => meaning.label === "-C")?.field;
  const inner: Run = folder === undefined ? run : { ...run, call: within(folder, run.call) };
  if (makes(read)) {
    for (const file of read.operands) {
      usePath("read", file, inner);
      if (read.seen.has("--remove-files")) usePath("delete", file, inner);
    }
  } else if (read.seen.has("-x") && !read.seen.has("-O")) usePath("write", below(folder ?? literal(".")), run);
}

const COMPRESSORS: readonly (readonly [flag: string, suffix: RegExp, program: string])[] = [
  ["-z", /\.t?gz$/, "gzip"],
  ["-j", /\.t?bz2?$/, "bzip2"],
  ["-J", /\.t?xz$/, "xz"],
  ["--zstd", /\.t?zst$/, "zstd"],
  ["--lzip", /\.lz$/, "lzip"],
  ["--lzop", /\.lzo$/, "lzop"],
  ["--lzma", /\.lzma$/, "lzma"],
  ["-Z", /\.Z$/, "compress"],
];

/** tar hands the archive to a compressor, through a shell; that is part of what tar does. */
function noteCompressor(read: Read, run: Run): void {
  const archive = read.meanings.findLast((meaning) => meaning.label === "-f")?.field;
  const name = archive === undefined ? "" : shown(archive);
  const guesses = !makes(read) || read.seen.has("-a");
  for (const [flag, suffix, program] of COMPRESSORS) {
    if (read.seen.has(flag) || (guesses && suffix.test(name))) for (const part of ["sh", program]) notePart(part, run);
  }
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

function useArchive(archive: Field, read: Read, run: Run): void {
  const remote = /^([^/]*@)?([^/:]+):/.exec(prefixOf(archive));
  if (remote !== null && !read.seen.has("--force-local")) {
    run.analysis.found.hosts.add(remote[2] ?? "");
    run.issues.push({ says: "an archive on another machine" });
    return;
  }
  usePath(makes(read) ? "write" : "read", archive, run);
  if (makes(read) && !read.seen.has("-c")) usePath("read", archive, run);
}
