/** Checks of commands: at which doors, which programs, how long. @module */
import { above, type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import { openBits, type ProgramFacts } from "../facts-files.ts";
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
  "sh bash rbash dash zsh fish ksh mksh csh tcsh ash nu xonsh elvish pwsh powershell busybox toybox nohup setsid stdbuf nice timeout watch parallel script expect tmux screen at batch",
);
const INTERPRETERS = set(
  "python perl ruby node nodejs tsx ts-node deno bun php lua luajit tclsh R Rscript java jshell ghci ipython pypy julia elixir osascript gdb lldb vim nvim vi nano emacs ed",
);
const PRIVILEGE = set(
  "sudo sudo-rs su su-rs doas run0 pkexec runuser chroot nsenter unshare setcap capsh mount umount docker docker-compose podman podman-compose buildah nerdctl ctr crictl kubectl helm lxc incus virsh machinectl systemctl systemd-run service crontab insmod modprobe",
);
const REACH = set(
  "curl curlie xh httpie wget wget2 nc ncat netcat socat telnet ssh scp sftp rsync ftp tftp lynx aria2c http https openssl rclone aws gcloud az gh nmap mail sendmail mutt",
);
const DESTROY = set(
  "rm rmdir shred dd mkfs wipefs truncate fdisk parted mv unlink chmod chown chattr kill pkill killall reboot shutdown halt",
);
const BUILD = set(
  "npm npx pnpm pnpx yarn bunx pip pipx uv uvx poetry conda mamba cargo go gem bundle composer make cmake ninja mvn gradle apt apt-get dnf yum apk brew snap",
);

type Entry = { readonly program: string; readonly rest: readonly string[] };

/** Names count without folder and version: `/usr/bin/python3.11` is `python`. */
function entryOf(value: JsonValue): Entry {
  const [first = "", ...rest] = (typeof value === "string" ? value : "").trim().split(/\s+/);
  return { program: first.slice(first.lastIndexOf("/") + 1), rest };
}

const unversioned = (name: string): string => name.replace(/-?\d+(?:\.\d+)*$/, "");

function isAmong(names: ReadonlySet<string>, { program }: Entry): boolean {
  return names.has(program) || names.has(unversioned(program));
}

const among =
  (names: ReadonlySet<string>) =>
  (value: JsonValue): string | null =>
    isAmong(names, entryOf(value)) ? shown(value) : null;

/** Options that take code, or load some beside the script. */
const CODE_OPTION = /^-(?:[a-zA-Z]*[cemEr]|p|pe|x)$|^--(?:eval|print|require|import|loader|command|execute)(?:=|$)/;

/** `python3 tools/report.py` names a file that somebody can look at. */
function namesScript({ rest }: Entry): boolean {
  const script = rest.find((word) => !word.startsWith("-"));
  return script !== undefined && /\.\w+$|\//.test(script) && !rest.some((word) => CODE_OPTION.test(word));
}

const FETCHES = set("npx pnpx bunx uvx pipx");
const FETCHING_FORM =
  /^\S+ (?:pip )?(?:exec|x|dlx|create|init|i|install|add|ci|get|require|sync|tool|update|upgrade)(?= |$)/;

/** A form is what the operator wrote out; what is fetched by it is code of others all the same. */
const fetches = (entry: Entry): boolean =>
  isAmong(FETCHES, entry) || FETCHING_FORM.test([entry.program, ...entry.rest].join(" "));

/** Forms that run what their arguments, or a file that those name, say. */
const RUNS_CODE: readonly RegExp[] = [
  /^git (?:(?:-C|--git-dir|--work-tree|--namespace) \S+ |-(?!c)\S* )*(?:-c|--config-env|--exec-path=)/,
  /^git (?:config|submodule|push|clone|daemon|bisect run)\b/,
  /^git .*(?:--exec\b| -O)/,
  /^find .*-(?:exec|execdir|delete|ok|okdir)\b/,
  /^(?:xargs|env) \S/,
  /^tar .*(?:--to-command|--checkpoint-action|--use-compress-program|--rsh-command| -I)/,
  /^[gmn]?awk .*system/,
  /^rsync .*(?: -e|--rsh)/,
  /^sort .*--compress-prog/,
];

function runsCode(value: JsonValue): string | null {
  const { program, rest } = entryOf(value);
  const form = [program, ...rest].join(" ");
  return RUNS_CODE.some((one) => one.test(form)) ? shown(value) : null;
}

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
    bad: (value) => (namesScript(entryOf(value)) ? null : among(INTERPRETERS)(value)),
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
    title: "a package manager or build tool is allowed by its bare name, or in a form that fetches",
    why: "What it fetches is code of others, and most of it runs at once.",
    fix: "write the form that is needed: `npm test`",
    references: ["ASI04", "ASI05", "AML.T0010", "CWE-829"],
    keys: ALLOW,
    bad: (value) => (entryOf(value).rest.length > 0 && !fetches(entryOf(value)) ? null : among(BUILD)(value)),
  }),
  setting({
    id: "exec.allow.runs-code",
    severity: "high",
    title: "an allowed form runs code that its arguments name",
    why: "The operator wrote it out, so that very form runs whatever it does.",
    fix: "take it out of the list",
    references: ["ASI05", "CWE-78", "CWE-88"],
    keys: ALLOW,
    bad: runsCode,
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
    bad: ({ file, inWorkspace, openAbove }) => {
      if (file === null) return null;
      if (inWorkspace) return ` in the workspace: ${file.path}`;
      if (openAbove !== null) return ` ${file.path}, below ${openAbove.path}`;
      return file.uid === 0 && openBits(file, 0o022) === 0 ? null : ` ${file.path}`;
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
