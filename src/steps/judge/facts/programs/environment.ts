/**
 * Variables that programs are known to use for how things look only. Any other
 * one (`PAGER`, `GIT_SSH_COMMAND`, `LD_PRELOAD`, `NODE_OPTIONS`, …) may name a
 * program, a library or a file, and makes a form one that is not everyday.
 *
 * @module
 */
export const INERT_VARIABLES =
  /^(?:LC_[A-Z]+|LANG|LANGUAGE|TZ|COLUMNS|LINES|TERM|NO_COLOR|FORCE_COLOR|CLICOLOR|CI|IFS|DEBIAN_FRONTEND|NODE_ENV|TIMEFORMAT|BLOCKSIZE|POSIXLY_CORRECT)$/;
