/** Where bubblewrap, and what starts it, are looked for. @module */

/** Where Debian, Fedora, Arch and NixOS have bubblewrap. */
export const BWRAP_PATHS = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"];

/** Debian's perl-base, which is never missing there, and what else calls itself perl. */
export const PERL_PATH = "/usr/bin/perl";
