/**
 * Editors and everything else that is steered while it runs.
 *
 * @module
 */
import type { Table } from "./table.ts";

const STEERED = "is steered by keys or by its input, and can start programs";

export const VIEWERS: Table = {
  "vi vim nvim view vimdiff rvim rview gvim ex elvis vimtutor kak helix hx": {
    open: true,
    options:
      "-c=code --cmd=code -S=script -s=script -u=config -U=config -w=write -W=write -i=edit -T=text -t=text -P=code",
    operands: "edit*",
    never: STEERED,
  },
  "emacs emacsclient mg jove zile joe jmacs jstar rjoe jpico nano pico rnano ne micro mcedit mc ranger nnn vifm lf xedit gedit kate ed red":
    {
      open: true,
      options: "--eval=code --execute=code -f=code -l=script --load=script -e=code",
      operands: "edit*",
      never: STEERED,
    },
  "delta hexedit glow newsboat ncmpcpp xpad obsidian lazydocker codex opencode ncdu tig lazygit gitk irssi weechat cmus zathura evince okular xpdf eog feh sxiv dosbox yelp xmore volatility tdbtool jtag joplin taskwarrior":
    {
      open: true,
      operands: "read*",
      never: STEERED,
    },
  "fzf sk peco": { open: true, options: "--preview=shell --bind=code", operands: "text*", never: STEERED },
  "pass sops keepassxc-cli secret-tool kwallet-query": { open: true, operands: "text*", never: "opens secrets" },
  "hashcat john metasploit msfconsole": { open: true, operands: "text*", never: STEERED },
};
