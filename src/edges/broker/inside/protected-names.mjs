/**
 * Names of files that a person's own tools run without asking: editors,
 * shells, git, direnv. A sandboxed program may read them, never write them.
 *
 * Shared by the broker, which mounts them read-only, and by the file tools'
 * helper inside the sandbox, which says so before trying.
 *
 * @module
 */

/** Of the judge's list too (`steps/judge/facts/paths.ts`); a test compares them. */
const START_UP = [
  ".bash_aliases .bash_login .bash_logout .bash_profile .bashrc .cshrc .inputrc .kshrc .login .logout .mkshrc",
  ".pam_environment .profile .tcshrc .xinitrc .xprofile .xsession .zlogin .zlogout .zprofile .zshenv .zshrc",
  ".autoenv .autoenv.zsh .envrc .mise.toml",
  ".claude .cursor .dir-locals-2.el .dir-locals.el .emacs .emacs.d .exrc .fleet .gvimrc .helix .idea .lvimrc",
  ".mcp.json .nvim.lua .nvimrc .vim .vimrc .vscode .zed",
  ".gitconfig",
  ".cargo .curlrc .devcontainer .direnvrc .gdbinit .gnupg .husky .irbrc .lldbinit .nanorc .netrc .npmrc .pnpmfile.cjs",
  ".emacs.el .pryrc .pypirc .pythonrc .screenrc .ssh .tmux.conf .wgetrc .yarnrc .yarnrc.yml",
];

const NAMES = new Set(START_UP.flatMap((line) => line.split(" ")));
const ENDINGS = [".code-workspace", ".sublime-project"];

/** What in a git folder decides what git runs. */
const GIT_NAMES = new Set(["commondir", "config", "config.worktree", "hooks"]);

const ORDINARY = /^[!-~]*[!--/-~]$/;

/** As `core/plain-name.ts`, which is not there inside of a sandbox; a test compares them. */
export const plainName = (/** @type {string} */ name) => {
  if (ORDINARY.test(name)) return name.toLowerCase();
  const drawn = name.normalize("NFKD").replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "");
  return drawn
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, "");
};

export const isProtectedName = (/** @type {string} */ name) => {
  const plain = plainName(name);
  return NAMES.has(plain) || ENDINGS.some((ending) => plain.endsWith(ending));
};

export const isGitFolderName = (/** @type {string} */ name) => [".git", "git~1"].includes(plainName(name));

export const isProtectedInGit = (/** @type {string} */ name) => GIT_NAMES.has(plainName(name));

/** Whether a path from the root down passes through anything protected. */
export const isProtectedPath = (/** @type {string} */ path) => {
  const parts = path.split("/");
  return parts.some((name, i) => {
    if (isProtectedName(name)) return true;
    if (!isGitFolderName(name)) return false;
    return i === parts.length - 1 || parts.slice(i + 1).some(isProtectedInGit);
  });
};
