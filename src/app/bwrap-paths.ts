/** Where bubblewrap is looked for. @module */

/** Where Debian, Fedora, Arch and NixOS have bubblewrap. */
export const BWRAP_PATHS = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"];
