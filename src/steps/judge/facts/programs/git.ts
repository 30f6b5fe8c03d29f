/**
 * git: which of its commands start nothing.
 *
 * Hooks and the repository's settings are protected files, so what they start
 * was put there by a person. Editors, pagers, helpers and remotes named in the
 * command are another matter.
 *
 * @module
 */
import type { Program } from "./table.ts";

/** A command whose options are all harmless but these. */
function plain(options: string, operands = "text*"): Program {
  return { open: true, options, operands };
}

const DIFF =
  "--output=write --ext-diff! --textconv! -O=read --no-index --exit-code -S=text -G=text -U=text --word-diff-regex=text";
const LOG = `${DIFF} -L=text -n=text --max-count=text --since=text --until=text --author=text --grep=text --format=text --pretty?text --date=text --show-signature!`;
const REMOTE = "reaches the remote of the repository";

const INSPECT: { readonly [name: string]: Program } = {
  status: plain(""),
  log: plain(LOG),
  show: plain(LOG),
  diff: plain(DIFF, "read*"),
  "diff-tree": plain(DIFF),
  "diff-index": plain(DIFF),
  "diff-files": plain(DIFF),
  shortlog: plain(LOG),
  reflog: plain(LOG),
  whatchanged: plain(LOG),
  blame: plain("--contents=read -L=text --ignore-revs-file=read"),
  annotate: plain("--contents=read"),
  "rev-parse": plain(""),
  "rev-list": plain(LOG),
  "ls-files": plain("-X=read --exclude-from=read -x=text --exclude=text"),
  "ls-tree": plain(""),
  "cat-file": plain("--textconv! --filters!"),
  "count-objects": plain(""),
  describe: plain(""),
  "name-rev": plain(""),
  "show-ref": plain(""),
  "for-each-ref": plain(""),
  "merge-base": plain(""),
  "check-ignore": plain(""),
  "check-attr": plain(""),
  cherry: plain(""),
  "verify-pack": plain(""),
  fsck: plain(""),
  version: plain(""),
  var: plain(""),
  whatschanged: plain(LOG),
  grep: plain("-O! --open-files-in-pager! -f=read -e=text --no-index! -A=text -B=text -C=text -m=text --textconv!"),
  "range-diff": plain(DIFF),
};

const CHANGE: { readonly [name: string]: Program } = {
  add: plain("-i! --interactive! -p! --patch! -e! --edit! --pathspec-from-file=read --chmod=text", "read*"),
  rm: plain("--pathspec-from-file=read", "delete*"),
  mv: plain("", "edit* edit"),
  commit: plain(
    "-m,--message=text -F,--file=read -C,--reuse-message=text -c! --reedit-message! -e! --edit! -p! --patch! -t=read --template=read " +
      "--author=text --date=text -S! --gpg-sign! --fixup=text --squash=text --amend! --pathspec-from-file=read --trailer=text",
  ),
  restore: plain("-p! --patch! -s=text --source=text --pathspec-from-file=read", "edit*"),
  checkout: plain("-p! --patch! -b=text -B=text --orphan=text --pathspec-from-file=read"),
  switch: plain("-c=text -C=text --orphan=text"),
  reset: plain("-p! --patch! --pathspec-from-file=read"),
  stash: plain("-p! --patch! -m=text --message=text --pathspec-from-file=read"),
  tag: plain("-m=text -F=read --message=text --file=read -s! --sign! -u! -e! --edit! -v! --verify! -a!"),
  branch: plain("--edit-description!"),
  merge: plain(
    "-m=text -F=read --file=read -s=never --strategy=never -X=text -e! --edit! -S! --gpg-sign! --no-edit --squash --ff-only --abort",
  ),
  "cherry-pick": plain("-e! --edit! -S! --gpg-sign! --strategy=never -s -m=text -X=text -n -x"),
  revert: plain("-e! --edit! -S! --gpg-sign! --strategy=never --no-edit -m=text -X=text -n"),
  init: plain("--template=never --separate-git-dir=never -b=text --initial-branch=text", "write"),
  clean: plain("-e=text --exclude=text -i! --interactive!", "delete*"),
  notes: plain("-F=read -m=text", "text*"),
  gc: plain(""),
  prune: plain(""),
  "update-index": plain("", "read*"),
  apply: plain("--directory=text --unsafe-paths!", "read*"),
  archive: plain("-o,--output=write --remote! --exec! --prefix=text --format=text --add-file=read", "text*"),
  "format-patch": plain("-o,--output-directory=write --signature-file=read --output=write"),
  bundle: plain("", "text write text*"),
  "hash-object": plain("", "read*"),
  "symbolic-ref": plain(""),
  "read-tree": plain(""),
  "write-tree": plain(""),
  "sparse-checkout": plain(""),
};

const CONFIG: Program = {
  open: true,
  options:
    "--global! --system! -f! --file! -e! --edit! --worktree! --blob! --add! --unset! --unset-all! --replace-all! --rename-section!",
  operands: "text never*",
};

export const GIT: Program = {
  options:
    "--version --help! --no-pager -P --html-path --man-path --info-path --no-replace-objects --bare --literal-pathspecs --glob-pathspecs " +
    "--noglob-pathspecs --icase-pathspecs --no-optional-locks --work-tree=config --git-dir=config --namespace=text --exec-path! -p! --paginate! --config-env=never",
  operands: "text*",
  posix: true,
  commands: {
    ...INSPECT,
    ...CHANGE,
    config: CONFIG,
    remote: {
      open: true,
      operands: "text*",
      commands: {
        "-v": plain(""),
        "get-url": plain("", "text"),
        show: REMOTE,
        add: "names a remote",
        "set-url": "names a remote",
      },
    },
    worktree: { open: true, operands: "text*", commands: { list: plain("") } },
    submodule: {
      open: true,
      operands: "text*",
      commands: {
        status: plain(""),
        summary: plain(""),
        foreach: { options: "--recursive --quiet -q", operands: "argv" },
      },
    },
    clone: {
      open: true,
      options:
        "-u,--upload-pack=shell -c,--config=never --template=never -b,--branch=text --depth=text -o,--origin=text --reference=read --separate-git-dir=never " +
        "-j,--jobs=text --filter=text --shallow-since=text --recurse-submodules! --recursive! --bundle-uri=never --server-option=text",
      operands: "url write",
    },
    "ls-remote": {
      open: true,
      options: "--upload-pack=shell --exec=shell -o=text --server-option=text --sort=text",
      operands: "url text*",
    },
    fetch: { open: true, options: "--upload-pack=shell -o=text", operands: "never*", bare: REMOTE },
    pull: {
      open: true,
      options: "--upload-pack=shell -o=text -s=never --strategy=never",
      operands: "never*",
      bare: REMOTE,
    },
    push: { open: true, options: "--receive-pack=shell --exec=shell -o=text", operands: "never*", bare: REMOTE },
    bisect: {
      operands: "text*",
      open: true,
      commands: {
        run: { operands: "argv" },
        start: plain(""),
        good: plain(""),
        bad: plain(""),
        reset: plain(""),
        log: plain(""),
      },
    },
    rebase: {
      open: true,
      options:
        "-x=shell --exec=shell -i! --interactive! -s=never --strategy=never --onto=text -X=text -S! --edit-todo!",
      operands: "text*",
    },
    "filter-branch": {
      options:
        "--env-filter=shell --tree-filter=shell --index-filter=shell --parent-filter=shell --msg-filter=shell --commit-filter=shell --tag-name-filter=shell --subdirectory-filter=text -f,--force",
      operands: "text*",
      posix: true,
    },
    difftool: {
      open: true,
      options: "-x=shell --extcmd=shell -t=never --tool=never",
      operands: "never*",
      never: "starts a viewer",
    },
    mergetool: { open: true, operands: "never*", never: "starts a viewer" },
  },
};
