/**
 * Archives and compression.
 *
 * @module
 */
import type { Table } from "./table.ts";

export const ARCHIVES: Table = {
  "tar bsdtar gtar": { special: "tar" },
  "gzip gunzip bzip2 bunzip2 xz unxz lzma unlzma zstd unzstd lz4 lzip compress uncompress pigz pbzip2 lzop brotli": {
    open: true,
    options:
      "-S,--suffix=text -b=text -T,--threads=text -M,--memlimit=text -p=text -o=write --output=write --files?list --files0?list -F=text --format=text --block-size=text -D=read --train! -w=text -q=text",
    operands: "edit*",
  },
  zip: {
    options:
      "-r,--recurse-paths -q,--quiet -v,--verbose -j,--junk-paths -m,--move -u,--update -f,--freshen -d,--delete -9 -8 -7 -6 -5 -4 -3 -2 -1 -0 " +
      "-e,--encrypt -P,--password=text -x=text -i=text -y,--symlinks -D -X -l -s=text -b=write -T -TT=shell --unzip-command=shell -@ -g -o -k -Z=text -n=text -O=write --out=write -R! -FF -F",
    operands: "edit read*",
    special: "zip",
  },
  unzip: {
    options: "-l -t -v -q -o -n -j -p -c -d=write -x=text -P=text -u -a -C -L -K -X -Z -z -O=text -I=text -f -:!",
    operands: "read text*",
    special: "unpack",
  },
  "7z 7za 7zr 7zz p7zip": { special: "sevenzip" },
  "rar unrar": { open: true, operands: "text edit read*", special: "sevenzip" },
  ar: {
    operands: "text edit edit*",
    options: "-x -t -r -c -s -v -p -q -d -u --plugin=never",
    open: true,
    special: "archive",
  },
  arj: { operands: "text edit edit*" },
  unsquashfs: {
    open: true,
    options: "-d,-dest=write -f -e=config -pf=write -processors=text",
    single: true,
    operands: "read text*",
    special: "unpack",
  },
  "mksquashfs genisoimage mkisofs xorrisofs": {
    options: "-o=write -R -J -r -V=text -l -quiet -noappend",
    single: true,
    operands: "read*",
    never: "writes an image",
  },
  pax: { options: "-r -w -f=edit -v -x=text -d -z", operands: "edit*" },
  "zipinfo zipnote zipgrep funzip": { operands: "text*", options: "-1 -l -m -s -v -h" },
  "gpg gpg2": {
    options:
      "--list-keys --list-secret-keys -k -K --verify --fingerprint --armor -a -d --decrypt -e --encrypt -c --symmetric -s --sign -b --detach-sign -o=write --output=write -r=text --recipient=text --batch --yes --quiet -q --clearsign -u=text",
    operands: "read*",
  },
};
