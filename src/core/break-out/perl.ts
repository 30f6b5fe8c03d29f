/**
 * Attempts as perl: what a shell cannot do, perl-base can, on any Debian.
 *
 * @module
 */
import type { Attempt } from "./attempt.ts";

/** x64, arm64; null: that machine never had it. */
export type CallNumber = readonly [x64: number | null, arm64: number | null];

export const UNSHARE: CallNumber = [272, 97];

/** CLONE_NEWUSER with others: rights of its own over nothing of anybody's. */
export const OWN = { user: 0x10000000, mount: 0x10020000, uts: 0x14000000, net: 0x50000000 } as const;

/** Perl text in a shell script. It must hold no single quote. */
export function perl(text: string): string {
  if (text.includes("'")) throw new RangeError("perl text for a shell holds no single quote");
  return `perl -e '${text}'`;
}

/** The number on the machine that runs it. */
export function numberIn([x64, arm64]: CallNumber): string {
  return `($ENV{MACHINE} eq "arm64" ? ${arm64 ?? -1} : ${x64 ?? -1})`;
}

/** Strings must be variables: perl takes no text that stands in the program, because the kernel may write to it. */
const WORDS =
  'my ($no, $root, $tmpfs, $buf) = ("/nonexistent/self-test", "/", "tmpfs", "\\0" x 4096); my $pid = $ENV{DECOY_PID} + 0;';

/**
 * A call of the kernel with arguments that change nothing. It got out where the kernel looked at the call: any
 * answer but "not permitted" (1), "access denied" (13) and "no such call" (38).
 *
 * @param options.own namespaces of its own first, where that is allowed: an ordinary user has rights only there
 */
export function call(
  name: string,
  numbers: CallNumber,
  options: { readonly args: string; readonly says: string; readonly own?: number },
): Attempt {
  const own = options.own === undefined ? "" : `syscall(${numberIn(UNSHARE)}, ${options.own});`;
  const text = [
    WORDS,
    `my $n = ${numberIn(numbers)}; exit 1 if $n < 0; ${own}`,
    `my $r = syscall($n, ${options.args}); my $e = $! + 0;`,
    'print $r == -1 ? "error $e" : "answer $r"; exit($r == -1 && ($e == 1 || $e == 13 || $e == 38) ? 1 : 0)',
  ].join(" ");
  return { id: `call-${name}`, says: options.says, needs: ["perl"], script: perl(text) };
}

/** Perl that ends with 0 where it reached what it was after. */
export function perlAttempt(id: string, says: string, text: string): Attempt {
  return { id, says, needs: ["perl"], script: perl(`${WORDS} ${text}`) };
}
