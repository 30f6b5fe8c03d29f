/**
 * Programs that look at files, and make, move and remove them.
 *
 * @module
 */
import type { Table } from "./table.ts";

export const FILES: Table = {
  "ls dir vdir exa eza": {
    open: true,
    options:
      "-I,--ignore=text --hide=text -T=text -w=text --block-size=text --color?text --format=text --sort=text --time=text --time-style=text --indicator-style=text --quoting-style=text -L=text --level=text",
    operands: "read*",
    special: "ls",
  },
  tree: {
    open: true,
    options:
      "-L=text -P=text -I=text -o=write -H=text -T=text --charset=text --filelimit=text --fromfile! --timefmt=text --sort?text --gitfile=read --infofile=read",
    special: "tree",
  },
  "stat readlink realpath file du df pathchk namei": {
    open: true,
    options:
      "-c,--format=text --printf=text -B,--block-size=text -d,--max-depth=text -t=text -x=text -X,--exclude-from=read --exclude=text --files0-from=list --relative-to=text --relative-base=text -F=text -m=read --magic-file=read -f",
    operands: "read*",
  },
  file: {
    open: true,
    options: "-F,--separator=text -f,--files-from=list -m,--magic-file=read -e,--exclude=text -P=text -C! --compile!",
    operands: "read*",
  },
  stat: { open: true, options: "-c,--format=text --printf=text", operands: "read*" },
  df: {
    open: true,
    options: "-B,--block-size=text -t,--type=text -x,--exclude-type=text --output?text",
    operands: "text*",
  },
  "readlink realpath": {
    open: true,
    options: "--relative-to=text --relative-base=text",
    operands: "text*",
    prints: "operands",
  },
  "basename dirname": { open: true, options: "-s,--suffix=text", operands: "text*", special: "names" },
  find: { special: "find" },
  "locate mlocate plocate updatedb": {
    open: true,
    options: "-d,--database=read -n,--limit=text -l=text",
    operands: "text*",
  },
  "fd fdfind": {
    open: true,
    options:
      "-e=text --extension=text -t=text --type=text -d=text --max-depth=text -E=text --exclude=text -S=text --size=text -c=text --color=text -x! --exec! -X! --exec-batch! --base-directory=folder --search-path=read --ignore-file=read",
    operands: "text read*",
  },
  "cp gcp": {
    open: true,
    options:
      "-t,--target-directory=write -S,--suffix=text --backup?text --sparse=text --preserve?text --no-preserve=text --reflink?text --context?text",
    special: "copy",
  },
  mv: { open: true, options: "-t,--target-directory=write -S,--suffix=text --backup?text", special: "copy" },
  install: {
    open: true,
    options:
      "-t,--target-directory=write -m,--mode=text -o,--owner=text -g,--group=text -S,--suffix=text --strip-program=shell --backup?text -D -s",
    special: "copy",
  },
  ln: { open: true, options: "-t,--target-directory=write -S,--suffix=text --backup?text", special: "copy" },
  link: { operands: "read write" },
  "rm unlink rmdir shred srm trash trash-put wipe": {
    open: true,
    options: "-n,--iterations=text -s,--size=text --random-source=read",
    operands: "delete*",
  },
  "mkdir touch mkfifo": {
    open: true,
    options: "-m,--mode=text -d,--date=text -r,--reference=read -t=text --time=text",
    operands: "add*",
  },
  "truncate fallocate": {
    open: true,
    options:
      "-m,--mode=text -d,--date=text -r,--reference=read -t=text -s,--size=text -l,--length=text -o=text --offset=text --time=text",
    operands: "write*",
  },
  mknod: { options: "-m=text", operands: "write text*", privileged: true },
  mktemp: { open: true, options: "-p=write --tmpdir?write --suffix=text", operands: "text*", special: "temporary" },
  "chmod chown chgrp chattr": {
    open: true,
    options: "--reference=read --from=text",
    special: "modes",
  },
  setfacl: {
    open: true,
    options: "--reference=read -m,--modify=text -x,--remove=text -M=config -X=config --restore=never --from=text",
    special: "modes",
  },
  "getfacl lsattr": { open: true, operands: "read*" },
  rename: { open: true, options: "-e=code", operands: "text*", special: "rename" },
  "prename file-rename perl-rename": { options: "-n -v -f", operands: "code edit*" },
  mmv: { open: true, operands: "text*", never: "renames what its patterns match" },
  dd: { special: "dd" },
  sync: { open: true, operands: "read*" },
  rdfind: { open: true, operands: "edit*" },
  fdupes: { open: true, options: "-d!", operands: "read*" },
  cpio: {
    options:
      "-o,--create -i,--extract -p,--pass-through -t,--list -v,--verbose -d,--make-directories -m,--preserve-modification-time -u,--unconditional " +
      "-a,--reset-access-time -0,--null -H,--format=text -c -B -C=text -L,--dereference --quiet -F,--file=edit -O=write -I=read -D,--directory=folder -E,--pattern-file=read " +
      "-l,--link -f,--nonmatching -r! -M! --rsh-command=shell --to-stdout --no-absolute-filenames -R=text --owner=text",
    operands: "write*",
    special: "archive",
  },
};
