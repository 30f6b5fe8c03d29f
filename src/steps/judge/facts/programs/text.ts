/**
 * Programs that read text and print text.
 *
 * @module
 */
import type { Table } from "./table.ts";

const GREP =
  "-e,--regexp=text -f,--file=read -A,--after-context=text -B,--before-context=text -C,--context=text -m,--max-count=text --label=text " +
  "--include=text --exclude=text --exclude-dir=text --exclude-from=read --color?text --colour?text -d,--directories=text -D,--devices=text " +
  "--binary-files=text --group-separator=text";

export const TEXT: Table = {
  cat: { open: true, operands: "read*", prints: "input" },
  tac: { open: true, options: "-s,--separator=text", operands: "read*", prints: "input" },
  "rev strings md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum md5 shasum": {
    open: true,
    options: "-n,--bytes=text -t,--radix=text -e,--encoding=text -l,--length=text -a=text",
    operands: "read*",
  },
  wc: { open: true, options: "--files0-from=list --total=text", operands: "read*", special: "count" },
  "expand unexpand": { open: true, options: "-t,--tabs=text", operands: "read*" },
  "fold fmt": { open: true, options: "-w,--width=text -p,--prefix=text -g,--goal=text", operands: "read*" },
  nl: {
    open: true,
    options: "-b,--body-numbering=text -d=text -f=text -h=text -i=text -l=text -n=text -s=text -v=text -w=text",
    operands: "read*",
  },
  pr: {
    open: true,
    options: "-D=text -h=text -l=text -o=text -w=text -W=text -N=text -e?text -i?text -n?text -s?text",
    operands: "read*",
  },
  "base32 base64 basenc": { open: true, options: "-w,--wrap=text -o=write -i=read -D -d", operands: "read*" },
  "od hexdump hd": {
    open: true,
    options:
      "-A,--address-radix=text -j,--skip-bytes=text -N,--read-bytes=text -S?text -t,--format=text -w?text -n=text -s=text -e=text -f=read",
    operands: "read*",
  },
  xxd: { open: true, options: "-c=text -g=text -l=text -o=text -s=text -n=text", operands: "read write" },
  iconv: { open: true, options: "-f,--from-code=text -t,--to-code=text -o,--output=write", operands: "read*" },
  "zcat bzcat xzcat lzcat zstdcat gzcat": { open: true, operands: "read*" },
  paste: { open: true, options: "-d,--delimiters=text", operands: "read*" },
  "head tail": {
    open: true,
    options: "-n,--lines=text -c,--bytes=text --pid=text -s,--sleep-interval=text --max-unchanged-stats=text",
    operands: "read*",
    prints: "input",
  },
  sort: {
    open: true,
    options:
      "-k,--key=text -t,--field-separator=text -S,--buffer-size=text -T,--temporary-directory=write -o,--output=write --parallel=text " +
      "--batch-size=text --compress-program=shell --files0-from=list --random-source=read --sort=text",
    operands: "read*",
    prints: "input",
  },
  uniq: {
    open: true,
    options: "-f,--skip-fields=text -s,--skip-chars=text -w,--check-chars=text --group?text -D --all-repeated?text",
    operands: "read write",
    prints: "input",
  },
  shuf: {
    open: true,
    options: "-n,--head-count=text -i,--input-range=text -o,--output=write --random-source=read",
    operands: "read*",
    prints: "input",
  },
  cut: {
    open: true,
    options: "-b,--bytes=text -c,--characters=text -d,--delimiter=text -f,--fields=text --output-delimiter=text",
    operands: "read*",
  },
  tr: { open: true, operands: "text*", special: "translate" },
  "grep egrep fgrep zgrep bzgrep xzgrep": { open: true, options: GREP, special: "grep" },
  rg: {
    open: true,
    options:
      `${GREP} -g,--glob=text --iglob=text -t,--type=text -T,--type-not=text -r,--replace=text -j,--threads=text -M=text --max-depth=text ` +
      "--pre=shell --pre-glob=text --hostname-bin=shell --ignore-file=read -z! --search-zip! --type-add=text --sort=text --sortr=text -E=text --engine=text",
    special: "grep",
  },
  "ag ack": { open: true, options: `${GREP} -G=text --pager=shell --output=text -p=read`, special: "grep" },
  diff: {
    open: true,
    options:
      "-U=text --unified?text -C=text --context?text -I=text -x,--exclude=text -X=read --exclude-from=read -S=text --starting-file=text --from-file=read " +
      "--to-file=read -W=text --width=text -F=text -D=text --ifdef=text --label=text -L=text --tabsize=text --horizon-lines=text --color?text",
    operands: "read*",
  },
  "diff3 sdiff": {
    open: true,
    options: "-L,--label=text --diff-program=shell -o,--output=never -w=text",
    operands: "read*",
  },
  "cmp comm": {
    open: true,
    options: "-i,--ignore-initial=text -n,--bytes=text --output-delimiter=text",
    operands: "read read text*",
  },
  join: { open: true, options: "-1=text -2=text -a=text -e=text -j=text -o=text -t=text -v=text", operands: "read*" },
  look: { open: true, options: "-t=text", operands: "text read" },
  column: {
    open: true,
    options:
      "-c=text -s,--separator=text -o=text -N=text -O=text -R=text -T=text -W=text -H=text -E=text -d=text -C=text -n=text -p=text -r=text -i=text",
    operands: "read*",
  },
  tsort: { operands: "read*" },
  ptx: {
    open: true,
    options: "-o=text -i=read -b=read -F=text -w=text -g=text -S=text -W=text -M=text",
    operands: "read write",
  },
  split: {
    open: true,
    options:
      "-a,--suffix-length=text -b,--bytes=text -C,--line-bytes=text -l,--lines=text -n,--number=text -t=text --filter=shell --additional-suffix=text --numeric-suffixes?text --hex-suffixes?text",
    special: "split",
  },
  csplit: { open: true, options: "-b=text -f,--prefix=write -n=text", operands: "read text*", special: "split" },
  tee: { options: "-a,--append -i,--ignore-interrupts -p --output-error?text", operands: "write*", special: "tee" },
  "sed gsed": { special: "sed" },
  "awk gawk mawk nawk": { special: "awk" },
  jq: {
    open: true,
    options:
      "-f=script --from-file=script -L=never --argfile=never --slurpfile=never --rawfile=never --arg=never --argjson=never --indent=text",
    operands: "query read*",
  },
  yq: {
    open: true,
    options: "-i! --inplace! -f=read --from-file=read -o=text -p=text -I=text",
    operands: "query read*",
  },
  xmllint: {
    open: true,
    options:
      "-o,--output=write --output=write --xpath=text --schema=read --relaxng=read --dtdvalid=read --path=text --encode=text --pattern=text --shell! --catalogs! --load-trace",
    single: true,
    operands: "read*",
  },
  bc: { open: true, operands: "script*" },
  dc: { options: "-e=code -f=script --expression=code --file=script", operands: "script*", obeysInput: true },
  seq: {
    open: true,
    options: "-f,--format=text -s,--separator=text -w",
    operands: "text*",
    special: "sequence",
  },
  "factor expr numfmt": {
    open: true,
    options:
      "-f,--format=text -s,--separator=text --from=text --to=text -d=text --field=text --suffix=text --padding=text",
    operands: "text*",
  },
  "cal ncal": { open: true, options: "-m=text -d=text -A=text -B=text", operands: "text*" },
  "yes printenv": { open: true, operands: "text*" },
  "banner figlet cowsay cowthink toilet lolcat fortune": {
    options: "-n -b -d -g -p -s -t -w -y -W=text -T=text -e=text -c -l -r",
    operands: "text*",
  },
  "dos2unix unix2dos mac2unix": { open: true, options: "-n! -i?text -c=text -D=text", operands: "edit*" },
  uuencode: { operands: "read text", options: "-m" },
  uudecode: { options: "-o=write", operands: "read*", never: "writes where its input says" },
  pandoc: {
    options: "-f=text -t=text -r=text -w=text -o=write -s --from=text --to=text --output=write --standalone --toc",
    operands: "read*",
  },
  "csvcut csvgrep csvlook csvsort csvstat csvjson in2csv": {
    open: true,
    options: "-c=text -m=text -r=text -f=read -d=text -q=text -e=text",
    operands: "read*",
  },
  "aspell ispell hunspell": { options: "-l -a list -d=text", operands: "text*", never: "takes commands while it runs" },
  "bat batcat": {
    options:
      "-n -p -A -l=text --language=text --style=text --color=text --paging=text -r=text --line-range=text -H=text --plain --number",
    operands: "read*",
  },
  "less more most pg": {
    options: "-N -S -R -F -X -i -I -n -r -e -E -f -s -u -c -d -l -p=text -K -M -m -q -Q -G -g",
    operands: "read*",
    special: "pager",
  },
  "zless zmore bzless bzmore xzless xzmore lzless lzmore": { operands: "read*" },
};
