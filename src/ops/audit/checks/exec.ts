/** Checks of commands: at which doors, which programs, how long. @module */
import { above, type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import type { ProgramFacts } from "../facts-files.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import type { JsonValue } from "../../../core/json.ts";

const ALLOW = [
  "tools.exec.allow[]",
  "channels.*.tools.exec.allow[]",
  "tools.exec.allowlist[]",
  "exec.allow[]",
  "exec.allowlist[]",
];

const set = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const SHELLS = set(
  "sh bash dash zsh fish ksh csh tcsh ash busybox toybox env nohup setsid stdbuf nice timeout watch parallel script expect tmux screen at batch",
);
const INTERPRETERS = set(
  "python python2 python3 perl ruby node nodejs deno bun php lua tclsh Rscript java jshell ghci ipython pypy osascript gdb lldb vim vi nano emacs ed",
);
const PRIVILEGE = set(
  "sudo su doas pkexec runuser chroot nsenter unshare setcap capsh mount umount docker podman nerdctl kubectl lxc virsh systemctl systemd-run service crontab insmod modprobe",
);
const REACH = set(
  "curl wget nc ncat netcat socat telnet ssh scp sftp rsync ftp tftp lynx aria2c http https openssl rclone aws gcloud az gh nmap mail sendmail mutt",
);
const DESTROY = set(
  "rm rmdir shred dd mkfs wipefs truncate fdisk parted mv unlink chmod chown chattr kill pkill killall reboot shutdown halt",
);
const BUILD = set(
  "npm npx pnpm yarn pip pip3 pipx uv poetry cargo go gem bundle composer make cmake ninja mvn gradle apt apt-get dnf yum apk brew snap",
);

function programOf(value: JsonValue): string {
  const [first = ""] = (typeof value === "string" ? value : "").trim().split(/\s+/);
  return first.slice(first.lastIndexOf("/") + 1);
}

const among =
  (names: ReadonlySet<string>) =>
  (value: JsonValue): string | null => {
    const name = programOf(value);
    return names.has(name) || (/^python3\.\d+$/.test(name) && names.has("python3")) ? shown(value) : null;
  };

/** Entries of `git` and the like that name a form which runs others' code. */
const RUNS_CODE =
  /^(?:git\s+(?:-c\b|config\b|submodule\b|push\b|clone\b|daemon\b)|find\b.*-(?:exec|delete|ok)|xargs\s+\S|tar\b.*(?:--to-command|--checkpoint-action)|awk\b.*system|rsync\b.*-e\b)/;

const lists: readonly Check[] = [
  setting({
    id: "exec.allow.shell",
    severity: "high",
    title: "a shell, or a program that starts others, is allowed",
    why: "Who may start it may start anything that its words name; approving it approves more than anybody looked at.",
    fix: "take it out of the list, and name the programs that are needed",
    references: ["LLM06", "ASI05", "AML.T0053", "CWE-184"],
    keys: ALLOW,
    bad: among(SHELLS),
  }),
  setting({
    id: "exec.allow.interpreter",
    severity: "high",
    title: "an interpreter or an editor is allowed",
    why: "It runs code that a model wrote a moment ago, or that lies in a file that a stranger wrote.",
    fix: "take it out, or write the whole form that is needed (`python3 tools/report.py`)",
    references: ["LLM06", "ASI05", "AML.T0053", "CWE-94"],
    keys: ALLOW,
    bad: (value) => (typeof value === "string" && /\s\S+\.\w+/.test(value) ? null : among(INTERPRETERS)(value)),
  }),
  setting({
    id: "exec.allow.privilege",
    severity: "critical",
    title: "a program that raises rights or rules the machine is allowed",
    why: "The floor refuses what it sees of this; an entry that approves it says that somebody wanted it otherwise.",
    fix: "take it out of the list",
    references: ["LLM06", "ASI03", "ASI05", "CWE-250"],
    keys: ALLOW,
    bad: among(PRIVILEGE),
  }),
  setting({
    id: "exec.allow.network",
    severity: "medium",
    title: "a program that talks to other machines is allowed",
    why: "What is read can leave with it, to each host that egress lets through.",
    fix: "take it out; `web_fetch` reaches listed hosts, and a question is asked for the rest",
    references: ["LLM02", "ASI02", "AML.T0025", "CWE-200"],
    keys: ALLOW,
    bad: among(REACH),
  }),
  setting({
    id: "exec.allow.destroys",
    severity: "medium",
    title: "a program that removes or overwrites is allowed",
    why: "What has no copy is asked about all the same; the list should not suggest otherwise.",
    fix: "take it out of the list",
    references: ["ASI02", "ASI08", "CWE-732"],
    keys: ALLOW,
    bad: among(DESTROY),
  }),
  setting({
    id: "exec.allow.builds",
    severity: "medium",
    title: "a package manager or build tool is allowed by its bare name",
    why: "Its everyday forms fetch and run code of others.",
    fix: "write the form that is needed: `npm test`",
    references: ["ASI04", "ASI05", "AML.T0010", "CWE-829"],
    keys: ALLOW,
    bad: (value) => (typeof value === "string" && value.trim().includes(" ") ? null : among(BUILD)(value)),
  }),
  setting({
    id: "exec.allow.runs-code",
    severity: "high",
    title: "an allowed form runs code that its arguments name",
    why: "The operator wrote it out, so that very form runs whatever it does.",
    fix: "take it out of the list",
    references: ["ASI05", "CWE-78", "CWE-88"],
    keys: ALLOW,
    bad: (value) => (typeof value === "string" && RUNS_CODE.test(value) ? value : null),
  }),
];

const programs: readonly Check[] = [
  program({
    id: "exec.program.missing",
    severity: "low",
    title: "an allowed program is not installed",
    why: "Whoever puts a program of that name into a folder of programs gets it run unasked.",
    fix: "take it out of the list, or install it",
    references: ["CWE-427"],
    bad: ({ file }) => (file === null ? "" : null),
  }),
  program({
    id: "exec.program.writable",
    severity: "high",
    title: "an allowed program can be changed by others, or is not the system's",
    why: "What was approved by name is another program tomorrow.",
    fix: "install it as root, or take it out of the list",
    references: ["ASI04", "CWE-732", "CWE-426"],
    bad: ({ file, inWorkspace }) => {
      if (file === null) return null;
      if (inWorkspace) return ` in the workspace: ${file.path}`;
      return file.uid === 0 && (file.mode & 0o022) === 0 ? null : ` ${file.path}`;
    },
  }),
];

function program({
  bad,
  ...words
}: Omit<Check, "look"> & { readonly bad: (one: ProgramFacts) => string | null }): Check {
  return {
    ...words,
    look: (at: Installation) =>
      need(at.files).programs.flatMap((one) => {
        const says = bad(one);
        return says === null ? [] : [`${one.entry}${says}`];
      }),
  };
}

const SECURITY = [
  "tools.exec.security",
  "channels.*.tools.exec.security",
  "exec.security",
  "security.exec.security",
  "tools.exec.mode",
];
const ASK = ["tools.exec.ask", "channels.*.tools.exec.ask", "exec.ask"];

export const exec: Family = {
  name: "exec",
  says: "commands: at which doors, which programs, how long",
  checks: [
    setting({
      id: "exec.security.full",
      severity: "high",
      title: "every command may run that the floor does not forbid",
      why: "The allowlist is what keeps a fooled model to programs that somebody looked at.",
      fix: "write `security: allowlist`, or `deny` where no commands are needed",
      references: ["LLM06", "ASI05", "AML.T0053", "CWE-78"],
      keys: SECURITY,
      bad: isOneOf("full", "allow", "none", "off"),
    }),
    setting({
      id: "exec.security.others",
      severity: "high",
      title: "commands can be run from the door of programs",
      why: "A token that leaks is then a shell in the sandbox with your workspace.",
      fix: "take `exec` out of `channels.api.tools`",
      references: ["LLM06", "ASI03", "ASI05", "CWE-78"],
      keys: ["channels.api.tools.exec.security", "channels.default.tools.exec.security"],
      bad: isOneOf("full", "allowlist"),
    }),
    setting({
      id: "exec.ask.off",
      severity: "medium",
      title: "nobody is asked about a command",
      why: "With `full` each runs unasked; with a list what is missing on it fails, and the list grows until it is everything.",
      fix: "write `ask: on-miss` or `always`",
      references: ["LLM06", "ASI09", "CWE-862"],
      keys: ASK,
      bad: isOneOf("off", "never", false),
    }),
    ...lists,
    ...programs,
    {
      id: "exec.path.writable",
      severity: "high",
      title: "a folder where commands find their programs can be written by others",
      why: "A program put there runs under a name that the list allows.",
      fix: "`chmod go-w` the folder, owned by root",
      references: ["CWE-426", "CWE-732"],
      look: (at) => need(at.files).openProgramFolders.map(({ path }) => path),
    },
    setting({
      id: "exec.timeout.long",
      severity: "low",
      title: "a command may run for more than half an hour",
      why: "What hangs, or mines, does so for as long as it is let.",
      fix: "take the key out; the default is two minutes",
      references: ["LLM10", "AML.T0034", "CWE-400"],
      keys: ["tools.exec.timeoutSeconds"],
      bad: above(1_800, "seconds"),
    }),
    setting({
      id: "exec.output.large",
      severity: "low",
      title: "a command may hand more than 1 MiB to the model",
      why: "That is paid for, and what stands far back in it is what a stranger hides.",
      fix: "take the key out; the default is 256 KiB",
      references: ["LLM10", "AML.T0034", "CWE-770"],
      keys: ["tools.exec.outputKilobytes"],
      bad: above(1_024, "KiB"),
    }),
  ],
};
