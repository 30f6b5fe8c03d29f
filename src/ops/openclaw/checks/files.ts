/** Modes and places of an OpenClaw installation's files. @module */
import type { OpenClawFile } from "../../../core/openclaw.ts";
import type { OpenClawCheck, OpenClawFamily, Place } from "../check.ts";
import type { Effective } from "../effective.ts";

const GROUP_READ = 0o040;
const GROUP_WRITE = 0o020;
const OTHER_READ = 0o004;
const OTHER_WRITE = 0o002;

const SYNCED =
  /\/(Dropbox|OneDrive[^/]*|Google Drive|GoogleDrive|iCloud[^/]*|Mobile Documents|Nextcloud|ownCloud|Syncthing|pCloudDrive|MEGA)\//;

type Which = (file: OpenClawFile, at: Effective) => boolean;

const isRoot: Which = ({ path }, { home }) => path === home.root;
const isConfig: Which = ({ path }, { home }) => path === home.configPath || path.startsWith(`${home.configPath}.bak`);
const isInclude: Which = ({ path }, { home }) => home.includes.includes(path);
const isAuthDatabase: Which = ({ path }) =>
  /\/(openclaw-agent|openclaw)\.sqlite(-wal|-shm)?$/.test(path) || path.endsWith("/auth-profiles.json");
const isCredential: Which = ({ path }, { home }) => path.startsWith(`${home.root}/credentials`);
const isSession: Which = ({ path }) => /\/sessions(\/|$)/.test(path) || path.endsWith(".jsonl");
const isLog: Which = ({ path }) => path.endsWith(".log");

const isKeyFile: Which = ({ path }, { home }) =>
  /\/(?:\.env|exec-approvals\.json|exec-approvals\.sock|identity|devices)$|\/(?:identity|devices)\//.test(
    path.slice(home.root.length),
  );
const KNOWN: readonly Which[] = [isRoot, isConfig, isInclude, isAuthDatabase, isCredential, isKeyFile];

function modes(which: Which, bits: number): (at: Effective) => readonly Place[] {
  return (at) =>
    at.home.files
      .filter((file) => file.kind !== "link" && which(file, at) && (file.mode & bits) !== 0)
      .map(({ path, mode }) => `${path} (mode ${mode.toString(8)})`);
}

const WHY_WRITE = "Who can write here decides what the agent is, whom it obeys and what it runs.";
const WHY_READ = "Tokens, keys and conversations stand in clear in these files.";

function pair(id: string, what: string, which: Which): readonly OpenClawCheck[] {
  return [
    {
      id: `${id}.perms_writable`,
      severity: "critical",
      title: `others can change ${what}`,
      why: WHY_WRITE,
      fix: "take the write permission of group and others away (`chmod go-w`)",
      references: ["LLM03", "ASI04", "CWE-732"],
      look: modes(which, GROUP_WRITE | OTHER_WRITE),
    },
    {
      id: `${id}.perms_readable`,
      severity: "high",
      title: `others can read ${what}`,
      why: WHY_READ,
      fix: "take the permissions of group and others away (`chmod go=`)",
      references: ["LLM02", "CWE-732", "CWE-522"],
      look: modes(which, GROUP_READ | OTHER_READ),
    },
  ];
}

export const files: OpenClawFamily = {
  name: "files",
  checks: [
    {
      id: "fs.state_dir.perms_world_writable",
      severity: "critical",
      title: "everybody can change the state folder",
      why: WHY_WRITE,
      fix: "chmod 700",
      references: ["ASI04", "CWE-732"],
      look: modes(isRoot, OTHER_WRITE),
    },
    {
      id: "fs.state_dir.perms_group_writable",
      severity: "high",
      title: "a group can change the state folder",
      why: WHY_WRITE,
      fix: "chmod 700",
      references: ["ASI04", "CWE-732"],
      look: modes(isRoot, GROUP_WRITE),
    },
    {
      id: "fs.state_dir.perms_readable",
      severity: "medium",
      title: "others can look into the state folder",
      why: WHY_READ,
      fix: "chmod 700",
      references: ["LLM02", "CWE-732"],
      look: modes(isRoot, GROUP_READ | OTHER_READ),
    },
    {
      id: "fs.state_dir.symlink",
      severity: "medium",
      title: "the state folder is a link",
      why: "Its modes say nothing of the folder that it leads to, and who owns the link decides where that is.",
      fix: "use the folder itself",
      references: ["CWE-59"],
      look: ({ home }) => home.files.filter(({ path, kind }) => path === home.root && kind === "link").map(pathOf),
    },
    {
      id: "fs.config.perms_writable",
      severity: "critical",
      title: "others can change the configuration",
      why: WHY_WRITE,
      fix: "chmod 600",
      references: ["ASI04", "CWE-732"],
      look: modes(isConfig, GROUP_WRITE | OTHER_WRITE),
    },
    {
      id: "fs.config.perms_world_readable",
      severity: "critical",
      title: "everybody can read the configuration",
      why: WHY_READ,
      fix: "chmod 600",
      references: ["LLM02", "CWE-732"],
      look: modes(isConfig, OTHER_READ),
    },
    {
      id: "fs.config.perms_group_readable",
      severity: "medium",
      title: "a group can read the configuration",
      why: WHY_READ,
      fix: "chmod 600",
      references: ["LLM02", "CWE-732"],
      look: modes(isConfig, GROUP_READ),
    },
    {
      id: "fs.config.symlink",
      severity: "medium",
      title: "the configuration is a link",
      why: "OpenClaw takes a regular file only; who owns the link decides what it reads.",
      fix: "put the file itself there",
      references: ["CWE-59"],
      look: ({ home }) =>
        home.files.filter(({ path, kind }) => path === home.configPath && kind === "link").map(pathOf),
    },
    {
      id: "fs.config_include.perms_writable",
      severity: "critical",
      title: "others can change an included part of the configuration",
      why: WHY_WRITE,
      fix: "chmod 600",
      references: ["ASI04", "CWE-732"],
      look: modes(isInclude, GROUP_WRITE | OTHER_WRITE),
    },
    {
      id: "fs.config_include.perms_world_readable",
      severity: "critical",
      title: "everybody can read an included part of the configuration",
      why: WHY_READ,
      fix: "chmod 600",
      references: ["LLM02", "CWE-732"],
      look: modes(isInclude, OTHER_READ),
    },
    {
      id: "fs.config_include.perms_group_readable",
      severity: "medium",
      title: "a group can read an included part of the configuration",
      why: WHY_READ,
      fix: "chmod 600",
      references: ["LLM02", "CWE-732"],
      look: modes(isInclude, GROUP_READ),
    },
    ...pair("fs.auth_profiles", "the databases with keys", isAuthDatabase),
    ...pair("fs.credentials_dir", "credentials of channels", isCredential),
    ...pair("vambrace.fs.keys", "files with keys, approvals or devices", isKeyFile),
    {
      id: "vambrace.fs.others_writable",
      severity: "critical",
      title: "others can change files of the installation",
      why: WHY_WRITE,
      fix: "`chmod -R go-w` the state folder",
      references: ["ASI04", "CWE-732"],
      look: modes((file, at) => !KNOWN.some((one) => one(file, at)), GROUP_WRITE | OTHER_WRITE),
    },
    {
      id: "vambrace.fs.above",
      severity: "high",
      title: "others can write into a folder above the state folder",
      why: "They move it away and put their own in its place.",
      fix: "take the write permission of group and others away (`chmod go-w`)",
      references: ["CWE-732", "CWE-379"],
      look: ({ home }) => home.openAbove.map(({ path, mode }) => `${path} (mode ${mode.toString(8)})`),
    },
    {
      id: "fs.sessions_store.perms_readable",
      severity: "medium",
      title: "others can read conversations",
      why: WHY_READ,
      fix: "chmod 700 for folders, 600 for files",
      references: ["LLM02", "CWE-732"],
      look: modes(isSession, GROUP_READ | OTHER_READ),
    },
    {
      id: "fs.log_file.perms_readable",
      severity: "medium",
      title: "others can read a log",
      why: "Logs are cleaned by patterns only; what no pattern knows stands there.",
      fix: "chmod 600",
      references: ["LLM02", "CWE-532"],
      look: modes(isLog, GROUP_READ | OTHER_READ),
    },
    {
      id: "fs.synced_dir",
      severity: "medium",
      title: "the state folder is copied to a cloud",
      why: "Keys and conversations leave with it, and whoever can write there writes here.",
      fix: "move it out of the synchronised folder",
      references: ["LLM02", "CWE-922"],
      look: ({ home }) => [home.root, home.real].filter((path) => SYNCED.test(`${path}/`)).slice(0, 1),
    },
    {
      id: "vambrace.fs.foreign_owner",
      severity: "high",
      title: "a file of the installation belongs to somebody else",
      why: "Its owner can change it, and its mode as well.",
      fix: "give it to the user that runs the gateway (`chown`)",
      references: ["ASI04", "CWE-282"],
      look: ({ home }) => {
        const owner = home.files.find(({ path }) => path === home.root)?.uid;
        if (owner === undefined) return [];
        return home.files
          .filter(({ uid }) => uid !== owner)
          .map(({ path, uid }) => `${path} (uid ${uid}, not ${owner})`);
      },
    },
    {
      id: "vambrace.unread",
      severity: "high",
      title: "something could not be read",
      why: "What was not looked at is not known to be safe.",
      fix: "run the audit as the user who owns the installation; mend what is broken",
      references: [],
      look: ({ home, listeners }) => [
        ...home.unread.map(({ path, why }) => `${path}: ${why}`),
        ...(listeners === null ? ["which ports are open: the system would not tell"] : []),
      ],
    },
  ],
};

function pathOf({ path }: OpenClawFile): string {
  return path;
}
