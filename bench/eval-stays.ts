/**
 * Which ordinary commands read, or stay in the workspace: decided from general
 * knowledge of the programs and from the text alone, so that the measure does
 * not lean on the analysis that it measures.
 *
 * Rough on purpose: a command counts only where every word that stands where a
 * program may stand is on one of two lists, and no word is a path elsewhere.
 *
 * @module
 */

const SHELL =
  "for while until if elif else then do done fi case esac select function time coproc cd pushd popd read set shopt export local declare typeset unset readonly let shift test true false exit return break continue trap wait umask ulimit eval command builtin exec alias";
/** Programs that show, count, compare or rearrange what they read. */
const LOOKS =
  "find ls cat grep egrep fgrep sort uniq wc head tail cut tr sed awk gawk mawk nawk paste join comm diff cmp echo printf column nl fold fmt rev tac od hexdump xxd strings file stat du df tree basename dirname readlink realpath date cal seq expr bc factor shuf md5sum sha1sum sha256sum sha512sum cksum sum base64 which whereis type pwd ps pstree pgrep who w whoami id groups uname hostname uptime free env printenv history jobs sleep yes zcat bzcat xzcat zgrep less more xargs tee test jq look expand unexpand pr tsort iconv numfmt getconf locale tty nproc lsof last users finger vmstat lscpu lsblk man apropos whatis sdiff diff3 colordiff pv watch timeout nice nohup";
/** Programs that make, change, move and remove files where they are told to. */
const CHANGES =
  "cp mv rm rmdir mkdir touch ln chmod chgrp tar gzip gunzip bzip2 bunzip2 xz unxz zip unzip split csplit rename mktemp truncate cpio install dd";

const LISTS = {
  shell: new Set(SHELL.split(" ")),
  looks: new Set(LOOKS.split(" ")),
  changes: new Set(CHANGES.split(" ")),
};

/** A path that is neither in the folder that the command starts in, nor of the system that anybody may read. */
const ELSEWHERE =
  /(?:^|[\s"'=:(<>,@{])(?:~|\/(?!(?:dev\/(?:null|zero|stdin|stdout|stderr|tty|u?random|fd)|tmp|usr|bin|lib)(?:[/\s"';)|&]|$))|\.\.(?:\/|[\s"';)|&]|$))|\$\{?(?:HOME|OLDPWD)/;

/** Where a program may stand: at the beginning, behind an operator, in a substitution, behind what starts another. */
const BEGINS =
  /(?:^|[|&;\n(`{]|\$\(|\b(?:do|then|else|elif|if|while|until|time|exec|command|nohup|sudo|!)\s|-(?:exec|execdir|ok|okdir)\s|\b(?:xargs|env|nice|timeout|watch)(?:\s+-\S+(?:\s+\d+)?)*\s)\s*/g;

/** @returns `no` also where it cannot be told. */
export function staysHere(command: string): "looks" | "changes" | "no" {
  if (ELSEWHERE.test(command) || /\bsudo\b|\b(?:ba|z|k|da)?sh\b|\/dev\/tcp/.test(command)) return "no";
  const words = wordsOf(withoutQuotes(command));
  if (words === undefined || words.length === 0) return "no";
  const known = words.every((word) => LISTS.shell.has(word) || LISTS.looks.has(word) || LISTS.changes.has(word));
  if (!known) return "no";
  const changes =
    words.some((word) => LISTS.changes.has(word)) || /-delete\b|\bsed\b.*\s-\w*i|[^0-9&>]>(?![&(])/.test(command);
  return changes ? "changes" : "looks";
}

/** What stands in quotes is text of a program, except for substitutions in it. */
function withoutQuotes(command: string): string {
  return command.replaceAll(/\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g, (piece) => {
    if (piece.startsWith("\\")) return "_";
    return piece.startsWith('"') ? (piece.match(/\$\([^)]*\)|`[^`]*`/g) ?? []).join(" ") + "_" : "_";
  });
}

function wordsOf(text: string): readonly string[] | undefined {
  const words: string[] = [];
  for (const match of text.matchAll(BEGINS)) {
    const rest = text.slice(match.index + match[0].length).replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, "");
    const word = /^[^\s|&;()`<>{}]+/.exec(rest)?.[0];
    if (word === undefined || word.startsWith("-") || /^[\d_$!%]+$|^\w+=/.test(word)) continue;
    words.push(word);
  }
  return words;
}
