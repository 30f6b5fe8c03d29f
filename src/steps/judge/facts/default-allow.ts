/**
 * The default of `tools.exec.allow`: everyday programs that look, count and
 * compare, and two that make an empty file or folder. None of them starts
 * another program in an everyday form, reaches a host or removes anything;
 * where they read and write is judged path by path.
 *
 * @module
 */

const LOOK =
  "ls cat head tail wc nl tac rev stat file du df tree find basename dirname realpath readlink which whereis type pwd date cal uname nproc arch id whoami groups hostname uptime";
const TEXT =
  "grep egrep fgrep rg sort uniq cut paste join comm tr fold fmt expand unexpand column diff cmp sed awk jq seq factor expr numfmt shuf strings od hexdump xxd base32 base64 md5sum sha1sum sha256sum sha512sum cksum iconv";
const PLAIN = "echo printf test [ true false sleep env printenv xargs jobs dirs history help";
const MAKE = "mkdir touch";
const GIT =
  "status log diff show blame shortlog branch tag reflog describe rev-parse rev-list ls-files ls-tree cat-file name-rev show-ref for-each-ref merge-base grep";

export const DEFAULT_ALLOW: readonly string[] = [
  ...[LOOK, TEXT, PLAIN, MAKE].flatMap((names) => names.split(" ")),
  ...GIT.split(" ").map((command) => `git ${command}`),
];
