/** Checks of files and modes: state folder, configuration, program, home. @module */
import type { Mend } from "../../../core/finding.ts";
import { type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import { type Lying, openBits, type PathFacts } from "../facts-files.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0");
export const place = ({ path, mode }: PathFacts): string => `${path} (${octal(mode)})`;
export const take = (paths: readonly PathFacts[], bits: number): readonly Mend[] =>
  paths.map(({ path }) => ({ op: "mode", path, take: bits }));

const OTHERS = 0o077;
const WRITE = 0o022;

const mine =
  (at: Installation) =>
  (one: PathFacts): boolean =>
    one.uid === need(at.host).uid && one.kind !== "link";

function root(at: Installation): readonly PathFacts[] {
  const found = need(at.state).root;
  return found === null ? [] : [found];
}

const state: readonly Check[] = [
  {
    id: "files.state.writable",
    severity: "critical",
    title: "others can write into the state folder",
    why: "They can replace the configuration, the tokens and the ledger, and so be the owner.",
    fix: "`chmod 700` it",
    references: ["ASI03", "CWE-732"],
    look: (at) =>
      root(at)
        .filter(({ mode }) => (mode & WRITE) !== 0)
        .map(place),
    mend: (at) =>
      take(
        root(at).filter(({ mode }) => (mode & WRITE) !== 0),
        OTHERS,
      ),
  },
  {
    id: "files.state.readable",
    severity: "high",
    title: "others can look into the state folder",
    why: "Conversations, memory, the ledger and the command line's token are in it.",
    fix: "`chmod 700` it",
    references: ["LLM02", "CWE-732", "CWE-552"],
    look: (at) =>
      root(at)
        .filter(({ mode }) => (mode & OTHERS) !== 0 && (mode & WRITE) === 0)
        .map(place),
    mend: (at) =>
      take(
        root(at).filter(({ mode }) => (mode & OTHERS) !== 0),
        OTHERS,
      ),
  },
  {
    id: "files.state.entries",
    severity: "high",
    title: "files in the state folder can be used by others",
    why: "The folder above may be closed today; a copy, a backup or a changed mode opens them.",
    fix: "`vambrace harden`, or `vambrace doctor --fix`",
    references: ["LLM02", "CWE-732"],
    look: (at) => open(at).map(place),
    mend: (at) => take(open(at).filter(mine(at)), OTHERS),
  },
  {
    id: "files.state.foreign",
    severity: "critical",
    title: "something in the state folder belongs to another user",
    why: "Its owner can change it at any time, whatever its mode says.",
    fix: "look who put it there; `chown` it, or remove it",
    references: ["CWE-282", "CWE-708"],
    look: (at) =>
      [...root(at), ...need(at.state).wrong]
        .filter(({ uid }) => uid !== need(at.host).uid)
        .map(({ path, uid }) => `${path} (user ${uid})`),
  },
  {
    id: "files.state.links",
    severity: "high",
    title: "there is a link in the state folder",
    why: "What it leads to is not looked at, and who owns that place decides what is read there.",
    fix: "put a file or folder in its place",
    references: ["CWE-59"],
    look: (at) => [...root(at), ...need(at.state).wrong].filter(({ kind }) => kind === "link").map(({ path }) => path),
  },
  {
    id: "files.state.too-many",
    severity: "medium",
    title: "the state folder has too many entries to look at all of them",
    why: "What was not looked at may be open to everybody.",
    fix: "move away what does not belong there",
    references: ["CWE-770"],
    look: (at) => (need(at.state).truncated ? [`looked at ${need(at.state).seen}`] : []),
  },
];

const open = (at: Installation): readonly PathFacts[] =>
  need(at.state).wrong.filter(({ kind, mode }) => kind !== "link" && (mode & OTHERS) !== 0);

const SPACE = 1_073_741_824;

type LyingCheck = Omit<Check, "look"> & { readonly bad: (lying: Lying) => readonly string[] };

function lying({ bad, ...words }: LyingCheck): Check {
  return { ...words, look: (at) => bad(need(at.files).state) };
}

const where: readonly Check[] = [
  lying({
    id: "files.state.synced",
    severity: "high",
    title: "the state folder lies in a folder that is copied to a cloud",
    why: "Conversations and tokens are then with that service and on every device of the account; two writers also break the database.",
    fix: "move it: set VAMBRACE_HOME to a folder outside",
    references: ["LLM02", "CWE-200", "CWE-552"],
    bad: ({ path, synced }) => (synced === null ? [] : [`${path} (${synced})`]),
  }),
  lying({
    id: "files.state.network",
    severity: "medium",
    title: "the state folder lies on a network file system",
    why: "Locks may not hold there, so two gateways may write one ledger; and the server's people can read it.",
    fix: "move it to a local disk: set VAMBRACE_HOME",
    references: ["CWE-667", "CWE-662"],
    bad: ({ fsType }) => (NETWORKED.has(fsType) ? [fsType] : []),
  }),
  lying({
    id: "files.state.in-git",
    severity: "high",
    title: "the state folder lies in a git repository",
    why: "One `git add -A` publishes conversations and tokens.",
    fix: "move it: set VAMBRACE_HOME to a folder outside",
    references: ["LLM02", "AML.T0055", "CWE-540"],
    bad: ({ inGit }) => (inGit === null ? [] : [`in ${inGit}`]),
  }),
  lying({
    id: "files.state.above",
    severity: "high",
    title: "a folder above the state folder can be written by others",
    why: "They can move the whole state folder away and put their own in its place.",
    fix: "`chmod go-w` that folder, or move the state folder",
    references: ["CWE-732", "CWE-379"],
    bad: ({ openAbove }) => openAbove.map(place),
  }),
  lying({
    id: "files.state.space",
    severity: "medium",
    title: "the disk of the state folder is nearly full",
    why: "A ledger that cannot write stops everything.",
    fix: "make room there",
    references: ["CWE-400"],
    bad: ({ freeBytes, freeFiles }) => [
      ...(freeBytes !== null && freeBytes < SPACE ? [`${Math.floor(freeBytes / 1_048_576)} MiB free`] : []),
      ...(freeFiles !== null && freeFiles > 0 && freeFiles < 1_000 ? [`room for ${freeFiles} files`] : []),
    ],
  }),
  lying({
    id: "files.state.not-encrypted",
    severity: "medium",
    title: "the disk of the state folder is not encrypted",
    why: "Sessions, memory and ledger lie there in clear: whoever has the disk, or its backup, reads them.",
    fix: "put it on an encrypted disk (LUKS), or an encrypted home folder",
    references: ["LLM02", "CWE-311", "CWE-312"],
    bad: ({ encrypted, path }) => (encrypted === false ? [path] : []),
  }),
];

const NETWORKED: ReadonlySet<string> = new Set(
  "nfs nfs4 cifs smb3 smbfs 9p afs ceph glusterfs fuse.sshfs fuse.rclone fuse.s3fs davfs".split(" "),
);

const others: readonly Check[] = [
  {
    id: "files.program.open",
    severity: "critical",
    title: "others can change the program",
    why: "The gateway is the wall; who changes its files decides what it checks.",
    fix: "`chmod -R go-w` the installation, owned by root or by you",
    references: ["ASI04", "CWE-732"],
    look: (at) => need(at.files).installationOpen.map(place),
    mend: (at) => take(need(at.files).installationOpen.filter(mine(at)), WRITE),
  },
  {
    id: "files.node.open",
    severity: "critical",
    title: "others can change the Node that runs the gateway",
    why: "All of the gateway's code runs inside of it.",
    fix: "`chmod go-w` it, owned by root or by you",
    references: ["ASI04", "CWE-732"],
    look: (at) => need(at.files).nodeOpen.map(place),
    mend: (at) => take(need(at.files).nodeOpen.filter(mine(at)), WRITE),
  },
  {
    id: "files.home.open",
    severity: "high",
    title: "others can write into your home folder",
    why: "They can put start-up files there that run as you.",
    fix: "`chmod go-w ~`",
    references: ["CWE-732"],
    look: (at) => [need(at.files).home].filter((one) => openBits(one, WRITE) !== 0).map(place),
    mend: (at) =>
      take(
        [need(at.files).home].filter((one) => openBits(one, WRITE) !== 0 && mine(at)(one)),
        WRITE,
      ),
  },
  {
    id: "files.startup.open",
    severity: "high",
    title: "others can change what your shell runs at its start",
    why: "The next terminal runs it as you, with your keys.",
    fix: "`chmod go-w` these files",
    references: ["CWE-732"],
    look: (at) => need(at.files).openStartup.map(place),
    mend: (at) => take(need(at.files).openStartup.filter(mine(at)), WRITE),
  },
  {
    id: "files.drafts.leftover",
    severity: "low",
    title: "a half written file was left in the state folder",
    why: "It is the trace of a crash or a full disk, and may hold what was being written.",
    fix: "look at it, then remove it",
    references: ["CWE-459"],
    look: (at) => drafts(at).map(({ path }) => path),
    mend: (at) => drafts(at).map(({ path }) => ({ op: "away", path })),
  },
];

const drafts = (at: Installation) =>
  need(at.files).leftovers.filter(({ path, ageMs }) => path.endsWith(".draft") && ageMs > 3_600_000);

const SYSTEM =
  /^(?:\/+|\/+(?:home|root|usr|opt|srv|mnt|media|boot|bin|sbin|lib(?:64)?|run|tmp|dev|proc|sys|etc|var)|~|\/+home\/+[^/]+)(?:\/\.?)*$/;

export const files: Family = {
  name: "files",
  says: "files and modes: state folder, program, home, and what tools may touch",
  checks: [
    ...state,
    ...where,
    ...others,
    setting({
      id: "files.workspace-only.off",
      severity: "medium",
      title: "paths outside the workspace are asked about instead of refused",
      why: "Each question is one that a person may answer wrongly.",
      fix: "take the key out: `tools.fs.workspaceOnly` is true",
      references: ["LLM06", "ASI02", "CWE-22"],
      keys: ["tools.fs.workspaceOnly", "fs.workspaceOnly", "tools.fs.workspace_only"],
      bad: isOneOf(false),
    }),
    setting({
      id: "files.allowed-paths.broad",
      severity: "high",
      title: "tools may use a whole home folder or a part of the system",
      why: "It holds far more than the task: profiles, mail, other projects, programs.",
      fix: "name the one folder that is needed",
      references: ["LLM06", "LLM02", "CWE-552"],
      keys: ["tools.fs.allowedPaths[]", "security.file_access.allowed_paths[]", "tools.fs.allowed_paths[]"],
      bad: (value) => (SYSTEM.test(shown(value)) ? shown(value) : null),
    }),
    {
      id: "files.allowed-paths.any",
      severity: "low",
      title: "tools may use folders besides the workspace",
      why: "Each widens what a fooled model can read and change.",
      fix: "copy what is needed into the workspace",
      references: ["LLM06", "CWE-552"],
      look: (at) => need(at.effective).settings.tools.fs.allowedPaths.filter((path) => !SYSTEM.test(path)),
    },
  ],
};
